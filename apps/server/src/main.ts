/**
 * One binary for all server roles. A process is told its application name and where a Configuration Server is,
 * and reads the rest from its Application object; the Configuration Server itself has a database or files, and the supervisor
 * starts a site's processes on one host, with a database of its own (PGlite in the data folder) where none is named.
 *
 *     server.mjs --application config-north --files DIR
 *     server.mjs --application config-north --store pglite:FOLDER [--files DIR] [--data DIR]
 *     server.mjs --application proxy-north --proxy --config 127.0.0.1:5110,127.0.0.1:5210 --data DIR
 *     server.mjs --application sip-north --config 127.0.0.1:5110,127.0.0.1:5210 [--data DIR]
 *     server.mjs --application stat-north --config 127.0.0.1:5110,127.0.0.1:5210
 *     server.mjs supervisor --site north --files DIR --data DIR [--store …|--files-only] [--host HOST] [--no-restart] [--outlive]
 *     server.mjs drain north --config 127.0.0.1:5110 …   what `holdfast drain` runs: see operator/drain-command.ts
 *     server.mjs promote sip-north-b --config 127.0.0.1:5110   and demote: see operator/role-command.ts
 *     server.mjs rotate-keys token nonce secret --config 127.0.0.1:5110   see operator/keys-command.ts
 *     server.mjs act-alone sip-north-b --data DIR --yes      with neither mate nor arbiter: see operator/act-alone-command.ts
 *     server.mjs config get Person/kim --config 127.0.0.1:5110   and set, apply …: see operator/config-command.ts
 *
 * SIGTERM and SIGINT end it in order; SIGHUP makes a Configuration Server that has files alone read them again; SIGUSR2 makes a
 * server log how busy it is (process-load), and the supervisor start what is down. Exit status: 0 ended in order,
 * 1 failed, 2 could not run (the reason is on stderr), 3 ended after a graceful shutdown, not to be started again.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { ServerSecret } from '@holdfast/servers';
import type { ConfigProxyStart } from './config-proxy.ts';
import type { HealthPortOptions } from './health-port.ts';
import { ENDED_FOR_GOOD, onProcessEnd } from './io/process-end.ts';
import { reportLoad } from './io/process-load.ts';
import { processLog } from './log.ts';
import { CannotRun, type ReportingRole, type RoleOptions, type RunningRole, STORE_VARIABLE } from './role.ts';

const USAGE = `usage: server --application NAME --files DIR
       server --application NAME --store postgres://…|pglite:FOLDER [--files DIR] [--data DIR]
       server --application NAME --config HOST:PORT[,HOST:PORT…] [--secret-file FILE] [--data DIR] [--outlive]
       server --application NAME --proxy --config HOST:PORT[,HOST:PORT…] --data DIR [--secret-file FILE]
       server supervisor --site SITE --files DIR --data DIR [--store postgres://…|pglite:FOLDER] [--host HOST] [--no-restart] [--outlive]
       server supervisor --site SITE --files DIR --files-only --data DIR …`;

/** Ending in order takes no longer; then the process ends all the same. */
const STOP_MAX_MS = 4_000;

/**
 * The server secret of the Keys object, from the supervisor; a person may name a file instead. While it is being changed a
 * second line holds the former one (ID7).
 */
export const SECRET_VARIABLE = 'HOLDFAST_SERVER_SECRET';

async function main(args: readonly string[]): Promise<void> {
  if (args[0] === 'drain') {
    const { drain } = await import('./operator/drain-command.ts');
    process.exit(await drain(args.slice(1), readAddress, (line) => process.stdout.write(`${line}\n`)));
  }
  if (args[0] === 'promote' || args[0] === 'demote') {
    const { changeRole } = await import('./operator/role-command.ts');
    const say = (line: string) => void process.stdout.write(`${line}\n`);
    process.exit(await changeRole(args[0], args.slice(1), readAddress, say));
  }
  if (args[0] === 'rotate-keys') {
    const { rotateKeys } = await import('./operator/keys-command.ts');
    const say = (line: string) => void process.stdout.write(`${line}\n`);
    process.exit(await rotateKeys(args.slice(1), readAddress, say));
  }
  if (args[0] === 'act-alone') {
    const { actAlone } = await import('./operator/act-alone-command.ts');
    process.exit(await actAlone(args.slice(1), (line) => process.stdout.write(`${line}\n`)));
  }
  if (args[0] === 'config') {
    const { configure } = await import('./operator/config-command.ts');
    // Whoever reads has read enough, as behind `| head`.
    process.stdout.on('error', () => process.exit(0));
    const say = (line: string) => void process.stdout.write(`${line}\n`);
    const tell = (line: string) => void process.stderr.write(`holdfast: ${line}\n`);
    process.exitCode = await configure(args.slice(1), readAddress, { say, tell });
    return;
  }
  const { values, positionals } = readArguments(args);
  if (positionals[0] === 'supervisor') {
    const { site, host, files, data } = values;
    const named = takeStore(values.store);
    if (site === undefined || data === undefined) throw new CannotRun(USAGE);
    const log = processLog(`supervisor-${site}`);
    const { chosenStore } = await import('./supervisor/chosen-store.ts');
    const { startSupervisor } = await import('./supervisor/supervisor.ts');
    const store = chosenStore({ files, store: named, filesOnly: values['files-only'], data });
    const entry = process.argv[1] ?? '';
    const restarts = !values['no-restart'];
    return runUntilEnded(
      startSupervisor({ site, host, files, store, data, entry, restarts, outlive: values.outlive, log }),
    );
  }
  if (positionals.length > 0 || values.application === undefined) throw new CannotRun(USAGE);
  return runUntilEnded(startRole(values.application, values), values.outlive);
}

/** What is started by this process learns it only where it is told. */
function takeStore(named: string | undefined): string | undefined {
  const store = named ?? process.env[STORE_VARIABLE];
  delete process.env[STORE_VARIABLE];
  return store;
}

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        application: { type: 'string' },
        config: { type: 'string' },
        files: { type: 'string' },
        store: { type: 'string' },
        data: { type: 'string' },
        site: { type: 'string' },
        host: { type: 'string' },
        'secret-file': { type: 'string' },
        'files-only': { type: 'boolean', default: false },
        'no-restart': { type: 'boolean', default: false },
        proxy: { type: 'boolean', default: false },
        outlive: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    // An unknown or incomplete option.
    throw new CannotRun(`${(error as Error).message}\n${USAGE}`);
  }
}

interface RoleArguments {
  readonly files?: string | undefined;
  readonly store?: string | undefined;
  readonly config?: string | undefined;
  readonly 'secret-file'?: string | undefined;
  readonly data?: string | undefined;
  readonly proxy?: boolean | undefined;
}

async function startProxy(
  application: string,
  { config = '', data, 'secret-file': secretFile }: RoleArguments,
  { log, lines }: Pick<ConfigProxyStart, 'log' | 'lines'>,
): Promise<RunningRole> {
  if (data === undefined) throw new CannotRun(`A proxy keeps a copy: say where (--data).\n${USAGE}`);
  process.on('SIGHUP', () => {});
  const { secretOfLines } = await import('@holdfast/servers');
  const { startConfigProxy } = await import('./config-proxy.ts');
  const servers = config.split(',').map(readAddress);
  const secret = await readSecret(secretFile, secretOfLines);
  const copy = join(data, `${application}.copy`);
  const proxy = await startConfigProxy({ application, servers, secret, copy, log, lines });
  return withHealth(proxy, { application, configuration: proxy.configuration, lines });
}

async function startRole(application: string, values: RoleArguments): Promise<RunningRole> {
  const { LineCounts, secretOfLines } = await import('@holdfast/servers');
  const lines = new LineCounts();
  const log = processLog(application, lines);
  reportLoad(log);
  const { files, data } = values;
  const store = takeStore(values.store);
  if (values.config === undefined && (files !== undefined || store !== undefined)) {
    const { startConfigServer } = await import('./config-server.ts');
    const copy = data === undefined ? undefined : join(data, `${application}.copy`);
    const branch = data === undefined ? undefined : join(data, `${application}.branch`);
    const server = await startConfigServer({ application, files, store, copy, branch, log, lines });
    process.on('SIGHUP', () => void server.reload());
    return withHealth(server, { application, configuration: server.configuration, lines });
  }
  if (values.config === undefined) throw new CannotRun(USAGE);
  if (values.proxy) return startProxy(application, values, { log, lines });
  // A process that follows the configuration reads it anew by itself.
  process.on('SIGHUP', () => {});
  const servers = values.config.split(',').map(readAddress);
  const secret = await readSecret(values['secret-file'], secretOfLines);
  const { followConfiguration } = await import('./config-client.ts');
  const followed = await followConfiguration({
    application,
    servers,
    log,
    ...(secret === undefined ? {} : { secret }),
  });
  const { configuration, subscribe } = followed;
  const { type } = configuration.get('Application', application) ?? {};
  const options: RoleOptions = {
    application,
    configuration,
    subscribe,
    log,
    lines,
    secret,
    data: values.data,
  };
  let role: ReportingRole;
  if (type === 'SIPServer') role = await (await import('./sip-server.ts')).startSipServer(options);
  else if (type === 'StatServer') role = await (await import('./stat-server.ts')).startStatServer(options);
  else {
    followed.stop();
    throw new CannotRun(
      `Application "${application}" is of type ${type}; this release runs ConfigurationServer, ConfigurationServerProxy (with --proxy), SIPServer and StatServer.`,
    );
  }
  const running = {
    ...role,
    async stop() {
      followed.stop();
      await role.stop();
    },
  };
  return withHealth(running, options);
}

/** HR1 to HR4: last, so that nobody is told of what is still being opened. */
async function withHealth(
  role: ReportingRole,
  told: Omit<HealthPortOptions, 'report'>,
): Promise<RunningRole> {
  const { openHealthPort } = await import('./health-port.ts');
  const health = await openHealthPort({ ...told, report: () => role.report() });
  if (health === undefined) return role;
  return {
    ...role,
    ports: { ...role.ports, health: health.port },
    async stop() {
      await health.stop();
      await role.stop();
    },
  };
}

function readAddress(text: string): { readonly host: string; readonly port: number } {
  const parts = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text.trim());
  const host = parts?.[1] ?? parts?.[2];
  const port = Number(parts?.[3]);
  if (host === undefined || port < 1 || port > 65_535)
    throw new CannotRun(`--config: "${text}" is not HOST:PORT.`);
  return { host, port };
}

async function readSecret(
  file: string | undefined,
  read: (lines: string) => ServerSecret,
): Promise<ServerSecret | undefined> {
  const told = process.env[SECRET_VARIABLE];
  if (file === undefined) return told === undefined ? undefined : read(told);
  const { readFile } = await import('node:fs/promises');
  try {
    return read((await readFile(file, 'utf8')).trim());
  } catch (error) {
    // It is missing or may not be read.
    throw new CannotRun(`--secret-file: ${(error as Error).message}`);
  }
}

/** `outlive`: go on when the supervisor that started this process is gone (PR7). */
async function runUntilEnded(starting: Promise<RunningRole>, outlive = false): Promise<void> {
  let role: RunningRole | undefined;
  let isEnding = false;
  const end = (status: number) => {
    if (isEnding) return;
    isEnding = true;
    // While it starts nobody depends on it yet.
    if (role === undefined) process.exit(status);
    setTimeout(() => process.exit(1), STOP_MAX_MS).unref();
    role.stop().then(
      () => process.exit(status),
      (error: unknown) => {
        process.stderr.write(`holdfast: ending failed: ${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  onProcessEnd(() => end(0), { signals: ['SIGTERM', 'SIGINT'], outlive });
  role = await starting;
  void role.done?.then(() => end(ENDED_FOR_GOOD));
  process.send?.({ type: 'ready', ports: role.ports });
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const isForPeople = error instanceof CannotRun;
  process.stderr.write(
    `holdfast: ${isForPeople ? error.message : String((error as Error)?.stack ?? error)}\n`,
  );
  process.exit(isForPeople ? 2 : 1);
});
