/**
 * The process of a Configuration Server: its node, its links, and the files of its site's own copy of the
 * configuration. SIGHUP reads the files again; a copy with a mistake in it changes nothing.
 */
import { performance } from 'node:perf_hooks';
import { type Configuration, type LoadedConfiguration, problemLine } from '@holdfast/centre';
import { type ConfigReply, type ConfigRequest, configRequest } from '@holdfast/protocol';
import {
  type ConfigServerEffect,
  type ConfigServerInput,
  ConfigServerNode,
  configServerReport,
  type LineCounts,
  type ServerAddress,
} from '@holdfast/servers';
import { cryptoRandom, type LinkServer, ProcessClock, runNode } from '@holdfast/shell';
import { openClientPort } from './client-port.ts';
import { nodeHashes, verifyNoPassword, verifyPassword } from './crypto.ts';
import type { Log } from './log.ts';
import { LogBudget } from './log-budget.ts';
import { CannotRun, type ReportingRole } from './role.ts';
import { loadFiles } from './store/read-files.ts';
import { signPersonToken, verifyPersonToken } from './tokens.ts';

export interface ConfigServerStart {
  readonly application: string;
  /** Folder of the configuration files. */
  readonly files: string;
  readonly log: Log;
  readonly lines: LineCounts;
}

export interface RunningConfigServer extends ReportingRole {
  /** As it was read at the start. */
  readonly configuration: Configuration;
  /** Reads the files again. False when they have problems; then the former revision goes on being served. */
  reload(): Promise<boolean>;
}

export async function startConfigServer({
  application,
  files,
  log,
  lines,
}: ConfigServerStart): Promise<RunningConfigServer> {
  const startedAt = performance.now();
  const configuration = await readFirst(files, log);
  const listen = whereToListen(configuration, application);
  const clock = new ProcessClock();
  const node = new ConfigServerNode({
    application,
    configuration,
    now: clock.now(),
    wallOffsetMs: clock.wallOffset(),
    hashes: nodeHashes,
    random: cryptoRandom(),
    signToken: signPersonToken,
    verifyToken: verifyPersonToken,
  });
  let links: LinkServer<ConfigReply> | undefined;
  const running = runNode<ConfigServerInput, ConfigServerEffect>(node, {
    now: () => clock.now(),
    perform(effect) {
      if (effect.type === 'send') links?.send(effect.connection, effect.message);
      else if (effect.type === 'close') links?.close(effect.connection, effect.why);
      else if (effect.type === 'verifyPassword') verify(effect);
      else if (effect.type === 'log' && effect.sender === undefined) log(effect.line);
      else if (effect.type === 'log') strangers.line(effect.line, effect.sender ?? '');
    },
  });
  function verify({ id, hash, password }: Extract<ConfigServerEffect, { type: 'verifyPassword' }>): void {
    const verified = hash === undefined ? verifyNoPassword(password) : verifyPassword(hash, password);
    verified.then((ok) => running.input({ type: 'passwordVerified', id, ok }));
  }
  const strangers = new LogBudget(log, { lines });
  clock.onJump(() => running.input({ type: 'clockJumped', wallOffsetMs: clock.wallOffset() }));
  links = await openClientPort<ConfigRequest, ConfigReply>({
    ...listen,
    schema: configRequest,
    strangers,
    input: (input) => running.input(input),
  });
  let current = configuration;
  log({
    level: 'info',
    what: 'configuration server ready',
    detail: {
      port: links.port,
      revision: configuration.revision,
      objects: configuration.objects.length,
      tookMs: Math.round(performance.now() - startedAt),
    },
  });
  return {
    ports: { default: links.port },
    configuration,
    report: () => configServerReport(current.objects.length),
    async reload() {
      const next = await loadFiles(files);
      tellWarnings(next, log);
      if (next.ok) {
        current = next.configuration;
        running.input({ type: 'configuration', configuration: current });
      } else
        for (const problem of next.problems)
          log({ level: 'error', what: 'new configuration not taken', because: problemLine(problem) });
      return next.ok;
    },
    async stop() {
      running.stop();
      strangers.stop();
      await links?.stop();
    },
  };
}

/** Without a first revision there is nothing to serve. */
async function readFirst(files: string, log: Log): Promise<Configuration> {
  const loaded = await loadFiles(files);
  tellWarnings(loaded, log);
  if (loaded.ok) return loaded.configuration;
  throw new CannotRun(
    `The configuration in ${files} has problems:\n${loaded.problems.map(problemLine).join('\n')}`,
  );
}

function tellWarnings({ warnings }: LoadedConfiguration, log: Log): void {
  for (const warning of warnings)
    log({ level: 'warn', what: 'configuration', because: problemLine(warning) });
}

function whereToListen(configuration: Configuration, name: string): ServerAddress {
  const application = configuration.get('Application', name);
  if (application?.type !== 'ConfigurationServer' || !application.enabled)
    throw new CannotRun(`There is no enabled Application "${name}" of type ConfigurationServer.`);
  const host = configuration.get('Host', application.host ?? '');
  const port = application.ports.default;
  if (host === undefined || port === undefined)
    throw new CannotRun(`Application "${name}" has no Host or no port "default".`);
  return { host: host.address, port };
}
