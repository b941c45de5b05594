/**
 * The process of a Configuration Server: its node, its links, and the files of its site's own copy of the
 * configuration. SIGHUP reads the files again; a copy with a mistake in it changes nothing.
 */
import { performance } from 'node:perf_hooks';
import { type Configuration, type LoadedConfiguration, problemLine } from '@holdfast/centre';
import { type ConfigReply, type ConfigRequest, configRequest } from '@holdfast/protocol';
import { type ConfigServerEffect, type ConfigServerInput, ConfigServerNode } from '@holdfast/servers';
import { type LinkServer, ProcessClock, runNode, startLinkServer } from '@holdfast/shell';
import { verifyNoPassword, verifyPassword } from './crypto.ts';
import type { Log } from './log.ts';
import { LogBudget } from './log-budget.ts';
import { CannotRun, type RunningRole } from './role.ts';
import { loadFiles } from './store/read-files.ts';
import { signPersonToken, verifyPersonToken } from './tokens.ts';

export interface ConfigServerStart {
  readonly application: string;
  /** Folder of the configuration files. */
  readonly files: string;
  readonly log: Log;
}

export interface RunningConfigServer extends RunningRole {
  /** Reads the files again. False when they have problems; then the former revision goes on being served. */
  reload(): Promise<boolean>;
}

export async function startConfigServer({
  application,
  files,
  log,
}: ConfigServerStart): Promise<RunningConfigServer> {
  const startedAt = performance.now();
  const loaded = await loadFiles(files);
  tellWarnings(loaded, log);
  if (!loaded.ok)
    throw new CannotRun(
      `The configuration in ${files} has problems:\n${loaded.problems.map(problemLine).join('\n')}`,
    );
  const { configuration } = loaded;
  const { address, port } = whereToListen(configuration, application);
  const clock = new ProcessClock();
  const node = new ConfigServerNode({
    application,
    configuration,
    wallOffsetMs: clock.wallOffset(),
    signToken: signPersonToken,
    verifyToken: verifyPersonToken,
  });
  let links: LinkServer<ConfigReply> | undefined;
  const running = runNode<ConfigServerInput, ConfigServerEffect>(node, {
    now: () => clock.now(),
    perform(effect) {
      if (effect.type === 'send') links?.send(effect.connection, effect.message);
      else if (effect.type === 'close') links?.close(effect.connection, effect.why);
      else if (effect.type === 'log') log(effect.line);
      else verify(effect);
    },
  });
  function verify({ id, hash, password }: Extract<ConfigServerEffect, { type: 'verifyPassword' }>): void {
    const verified = hash === undefined ? verifyNoPassword(password) : verifyPassword(hash, password);
    verified.then((ok) => running.input({ type: 'passwordVerified', id, ok }));
  }
  const strangers = new LogBudget(log);
  clock.onJump(() => running.input({ type: 'clockJumped', wallOffsetMs: clock.wallOffset() }));
  links = await startLinkServer<ConfigRequest, ConfigReply>({
    host: address,
    port,
    schema: configRequest,
    handlers: {
      opened: (connection) => running.input({ type: 'opened', connection }),
      message: (connection, message) => running.input({ type: 'message', connection, message }),
      closed: (connection) => running.input({ type: 'closed', connection }),
      trouble: (line, remote) => strangers.line(line, remote),
    },
  }).catch((error: Error) => {
    throw new CannotRun(error.message);
  });
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
    async reload() {
      const next = await loadFiles(files);
      tellWarnings(next, log);
      if (next.ok) running.input({ type: 'configuration', configuration: next.configuration });
      else
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

function tellWarnings({ warnings }: LoadedConfiguration, log: Log): void {
  for (const warning of warnings)
    log({ level: 'warn', what: 'configuration', because: problemLine(warning) });
}

function whereToListen(
  configuration: Configuration,
  name: string,
): { readonly address: string; readonly port: number } {
  const application = configuration.get('Application', name);
  if (application?.type !== 'ConfigurationServer' || !application.enabled)
    throw new CannotRun(`There is no enabled Application "${name}" of type ConfigurationServer.`);
  const host = configuration.get('Host', application.host ?? '');
  const port = application.ports.default;
  if (host === undefined || port === undefined)
    throw new CannotRun(`Application "${name}" has no Host or no port "default".`);
  return { address: host.address, port };
}
