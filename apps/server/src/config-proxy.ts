/**
 * The process of a Configuration Server Proxy: it follows a Configuration Server and serves what it has read there, reads and
 * log-ins alike, for as long as nobody answers. It keeps a copy on its disk, from which it starts when everybody else is dead.
 */
import { performance } from 'node:perf_hooks';
import type { Configuration } from '@holdfast/centre';
import type { LineCounts, ServerAddress, ServerSecret } from '@holdfast/servers';
import { ConfigClient } from './config-client.ts';
import type { Log } from './log.ts';
import type { ReportingRole } from './role.ts';
import { type ServedNode, type ServingConfiguration, serveConfiguration } from './serve-configuration.ts';
import { CopyKeeper } from './store/copy-keeper.ts';
import { configurationOfCopy } from './store/open-configuration.ts';

export interface ConfigProxyStart {
  readonly application: string;
  /** Of Configuration Servers, tried in this order. */
  readonly servers: readonly ServerAddress[];
  readonly secret?: ServerSecret | undefined;
  /** File of the copy. */
  readonly copy: string;
  readonly log: Log;
  readonly lines: LineCounts;
}

export interface RunningConfigProxy extends ReportingRole {
  /** As it was at the start. */
  readonly configuration: Configuration;
}

/** Resolves with the first configuration, of the copy or of a Configuration Server. Rejects with CannotRun. */
export async function startConfigProxy(start: ConfigProxyStart): Promise<RunningConfigProxy> {
  const startedAt = performance.now();
  const { application, servers, secret, copy, log, lines } = start;
  const keeper = new CopyKeeper(copy, log);
  const copied = await configurationOfCopy(copy, log);
  let serving: ServingConfiguration | undefined;
  let asking: ServedNode | undefined;
  let first: (configuration: Configuration) => void = () => undefined;
  const heard = new Promise<Configuration>((resolve) => {
    first = resolve;
  });
  const client = new ConfigClient({
    ...{
      application,
      servers,
      held: copied?.configuration,
      log,
      ...(secret === undefined ? {} : { secret }),
    },
    kept: copied?.lines ?? { held: undefined, owed: [] },
    onConfiguration: (configuration, news) => {
      first(configuration);
      serving?.input({ type: 'configuration', configuration, ...news });
      keep(configuration);
    },
    onHandedBack: () => keep(client.configuration),
    onAnswer: (answer) => asking?.input(answer),
  });
  function keep(configuration: Configuration | undefined): void {
    if (configuration === undefined) return;
    const { revision, objects } = configuration;
    keeper.keep({ revision, objects, lines: client.kept });
  }
  client.start();
  const configuration = copied?.configuration ?? (await heard);
  serving = await serveConfiguration({
    ...{ application, type: 'ConfigurationServerProxy', configuration, log, lines, startedAt },
    asked: (effect, node) => {
      asking = node;
      if (effect.type === 'passOn') client.pass(effect.id, effect.request);
    },
    followed: () => client.followed,
  });
  // What came while it was starting.
  const newest = client.configuration;
  if (newest !== undefined) serving.input({ type: 'configuration', configuration: newest });
  return {
    ...serving,
    configuration,
    async stop() {
      client.stop();
      await serving?.stop();
      await keeper.settled();
    },
  };
}
