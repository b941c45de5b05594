/**
 * What every process that serves the configuration has: the node of a Configuration Server, its clients' port and the
 * checking of passwords. Where the configuration comes from, and where edits go, is its caller's.
 */
import { performance } from 'node:perf_hooks';
import type { Configuration } from '@holdfast/centre';
import {
  type ApplicationType,
  type Branch,
  type ConfigReply,
  type ConfigRequest,
  configRequest,
  type Entry,
  type Revision,
} from '@holdfast/protocol';
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
import { hashPassword, nodeHashes, verifyNoPassword, verifyPassword } from './crypto.ts';
import { freshKeys } from './fresh-keys.ts';
import type { Log } from './log.ts';
import { LogBudget } from './log-budget.ts';
import { InnerClients } from './rest/inner-clients.ts';
import type { RestPort } from './rest/open-rest.ts';
import { ageOf, type Followed, standingOf } from './rest/standing.ts';
import { CannotRun, type ReportingRole } from './role.ts';
import { signPersonToken, verifyPersonToken } from './tokens.ts';

export interface ServedConfiguration {
  readonly application: string;
  /** What its Application has to be. */
  readonly type: Extract<ApplicationType, 'ConfigurationServer' | 'ConfigurationServerProxy'>;
  readonly configuration: Configuration;
  /** Where it has a store: what that holds. */
  readonly stored?: Revision | undefined;
  /** The last entries that it came from, where a copy has them. */
  readonly recent?: readonly Entry[] | undefined;
  /** Where edits can be kept while that is out of reach, and what is there already. */
  readonly branchFile?: { readonly branch?: Branch | undefined } | undefined;
  readonly log: Log;
  readonly lines: LineCounts;
  /** `performance.now()` when its start began. */
  readonly startedAt: number;
  /** Where its node asks the store or the branch's file, or passes an edit on. */
  asked?(
    effect: Extract<ConfigServerEffect, { type: 'store' | 'branch' | 'passOn' }>,
    node: ServedNode,
  ): void;
  /** Of a proxy. */
  followed?(): Followed;
}

/** It asks before its ports are open, and is answered then. */
export interface ServedNode {
  readonly node: ConfigServerNode;
  input(input: ConfigServerInput): void;
}

export interface ServingConfiguration extends ReportingRole, ServedNode {}

/** Rejects with CannotRun. */
export async function serveConfiguration(served: ServedConfiguration): Promise<ServingConfiguration> {
  const { application, type, configuration, stored, recent, branchFile, log, lines } = served;
  const listen = whereToListen(configuration, application, type);
  const clock = new ProcessClock();
  const node = new ConfigServerNode({
    ...{ application, configuration, passesOn: type === 'ConfigurationServerProxy' },
    ...(stored === undefined ? {} : { stored }),
    ...(recent === undefined ? {} : { recent }),
    ...(branchFile === undefined ? {} : { branchFile }),
    now: clock.now(),
    wallOffsetMs: clock.wallOffset(),
    hashes: nodeHashes,
    random: cryptoRandom(),
    signToken: signPersonToken,
    verifyToken: verifyPersonToken,
  });
  const own: ServedNode = { node, input: (input) => running.input(input) };
  let links: LinkServer<ConfigReply> | undefined;
  const running = runNode<ConfigServerInput, ConfigServerEffect>(node, {
    now: () => clock.now(),
    perform(effect) {
      if (effect.type === 'send') {
        if (!inner.send(effect.connection, effect.message)) links?.send(effect.connection, effect.message);
      } else if (effect.type === 'close') {
        if (!inner.close(effect.connection, effect.why)) links?.close(effect.connection, effect.why);
      } else if (effect.type === 'verifyPassword') verify(effect);
      else if (effect.type === 'hashPassword') hash(effect);
      else if (effect.type === 'makeKeys')
        running.input({ type: 'keysMade', id: effect.id, fresh: freshKeys() });
      else if (effect.type !== 'log') served.asked?.(effect, own);
      else if (effect.sender === undefined) log(effect.line);
      else strangers.line(effect.line, effect.sender);
    },
  });
  function verify({ id, hash, password }: Extract<ConfigServerEffect, { type: 'verifyPassword' }>): void {
    const verified = hash === undefined ? verifyNoPassword(password) : verifyPassword(hash, password);
    verified.then((ok) => running.input({ type: 'passwordVerified', id, ok }));
  }
  function hash({ id, password }: Extract<ConfigServerEffect, { type: 'hashPassword' }>): void {
    hashPassword(password).then((kept) => running.input({ type: 'passwordHashed', id, hash: kept }));
  }
  const strangers = new LogBudget(log, { lines });
  const inner = new InnerClients((input) => running.input(input));
  clock.onJump(() => running.input({ type: 'clockJumped', wallOffsetMs: clock.wallOffset() }));
  links = await openClientPort<ConfigRequest, ConfigReply>({
    ...listen,
    schema: configRequest,
    strangers,
    input: (input) => running.input(input),
  });
  const rest = await openRestOf(served, { node, inner, strangers, now: () => clock.now() });
  log({
    level: 'info',
    what: 'configuration server ready',
    detail: {
      port: links.port,
      revision: node.configuration.revision,
      objects: configuration.objects.length,
      tookMs: Math.round(performance.now() - served.startedAt),
    },
  });
  return {
    ports: { default: links.port, ...(rest === undefined ? {} : { rest: rest.port }) },
    ...own,
    report: () => {
      const { revision, objects } = node.configuration;
      const followed = served.followed?.();
      const ageMs = followed === undefined ? node.ageMs(clock.now()) : ageOf(followed, clock.now());
      return configServerReport({ objects: objects.length, revision, ageMs, log: node.logStanding });
    },
    async stop() {
      await rest?.stop();
      running.stop();
      strangers.stop();
      await links?.stop();
    },
  };
}

interface Served {
  readonly node: ConfigServerNode;
  readonly inner: InnerClients;
  readonly strangers: LogBudget;
  now(): number;
}

/** RE1: where its Application has the port. What it takes is loaded only then. */
async function openRestOf(
  { application, configuration, followed }: ServedConfiguration,
  { node, inner, strangers, now }: Served,
): Promise<RestPort | undefined> {
  const own = configuration.get('Application', application);
  const host = configuration.get('Host', own?.host ?? '')?.address;
  const port = own?.ports.rest;
  if (host === undefined || port === undefined) return undefined;
  const { openRest } = await import('./rest/open-rest.ts');
  return openRest({
    ...{ application, host, port, strangers },
    attach: (from, handlers) => inner.attach(from, handlers),
    configuration: () => node.configuration,
    standing: () => standingOf(node.standing, followed?.(), now()),
  });
}

function whereToListen(
  configuration: Configuration,
  name: string,
  type: ServedConfiguration['type'],
): ServerAddress {
  const application = configuration.get('Application', name);
  if (application?.type !== type || !application.enabled)
    throw new CannotRun(`There is no enabled Application "${name}" of type ${type}.`);
  const host = configuration.get('Host', application.host ?? '');
  const port = application.ports.default;
  if (host === undefined || port === undefined)
    throw new CannotRun(`Application "${name}" has no Host or no port "default".`);
  return { host: host.address, port };
}
