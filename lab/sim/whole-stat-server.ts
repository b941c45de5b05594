/** The Stat Server of a simulated site, a real node in its shell, which reads its configuration over a link. */
import type { Configuration } from '@holdfast/centre';
import { assert, type Millis, unreachable } from '@holdfast/kernel';
import type { DeskReply, StatRequest } from '@holdfast/protocol';
import {
  readStatServerConfiguration,
  type ServerAddress,
  type StatServerEffect,
  type StatServerInput,
  StatServerNode,
} from '@holdfast/servers';
import { NodeProgram } from './node-program.ts';
import type { Address, CloseReason, Process } from './process.ts';
import type { RuleCensus } from './rule-census.ts';
import type { StreamEnd } from './stream.ts';
import { FollowedConfiguration } from './whole-configuration.ts';
import { asFollowed, type WholeDefect } from './whole-defects.ts';
import { readToken, STAT_PORT } from './whole-servers.ts';

export interface StatServerProgramOptions {
  readonly application: string;
  readonly secret: string;
  /** Where the configuration is read, the own site's first. */
  readonly configServers: readonly ServerAddress[];
  readonly census: RuleCensus;
  readonly defect: WholeDefect | undefined;
}

export class StatServerProgram extends NodeProgram<StatServerInput, StatServerEffect> {
  /** Only once the first configuration has been read: until then no port is open. */
  declare readonly node: StatServerNode;
  readonly #options: StatServerProgramOptions;
  readonly #followed: FollowedConfiguration;
  #sip: { readonly attempt: number; readonly end: StreamEnd } | undefined;

  constructor(process: Process, options: StatServerProgramOptions, now: Millis) {
    super(process);
    this.#options = options;
    const { application, secret, configServers: servers, census } = options;
    this.#followed = new FollowedConfiguration(process, {
      ...{ application, secret, servers, now, census },
      random: process.world.fork(process.index * 1_000 + 500 + process.life),
      took: (at, configuration) => this.#configured(at, configuration),
    });
  }

  #configured(now: Millis, configuration: Configuration): void {
    const { application, secret } = this.#options;
    const read = readStatServerConfiguration(configuration, application);
    assert(read.ok, read.ok ? '' : read.text);
    if (this.#isOpen) return this.tell(now, { type: 'configuration', configuration: read.configuration });
    const { process } = this;
    const node = new StatServerNode({
      configuration: read.configuration,
      random: process.world.fork(process.index * 1_000 + process.life),
      now,
      wallOffsetMs: process.wallOffsetMs(),
      verifyToken: readToken,
      serverSecret: secret,
    });
    (this as { node: StatServerNode }).node = node;
    process.listenStreams(STAT_PORT);
  }

  get #isOpen(): boolean {
    return (this.node as StatServerNode | undefined) !== undefined;
  }

  override opened(now: Millis, end: StreamEnd): void {
    if (this.#followed.owns(end)) return this.#followed.opened(now, end);
    const attempt = this.#attemptOf(end);
    if (attempt === undefined) return end.close();
    this.tell(now, { type: 'sipOpened', attempt });
  }

  override message(now: Millis, end: StreamEnd, message: unknown): void {
    if (this.#followed.owns(end)) return this.#followed.message(now, end, message);
    const attempt = this.#attemptOf(end);
    if (attempt === undefined) return super.message(now, end, message);
    const reply = message as DeskReply;
    if (reply.type === 'RegisteredAll') this.#options.census.count('SS62');
    this.tell(now, { type: 'sipMessage', attempt, message: asFollowed(this.#options.defect, reply) });
  }

  override closed(now: Millis, end: StreamEnd, reason: CloseReason): void {
    if (this.#followed.owns(end)) return this.#followed.closed(now, end, reason);
    if (end.tag !== SIP_TAG) return super.closed(now, end, reason);
    const attempt = this.#attemptOf(end);
    if (attempt === undefined) return;
    this.#sip = undefined;
    this.tell(now, { type: 'sipClosed', attempt, why: reason });
  }

  #attemptOf(end: StreamEnd): number | undefined {
    return this.#sip?.end === end ? this.#sip.attempt : undefined;
  }

  override clockJumped(now: Millis, wallOffsetMs: Millis): void {
    if (this.#isOpen) super.clockJumped(now, wallOffsetMs);
  }

  override nextDeadline(): Millis | undefined {
    const followed = this.#followed.nextDeadline();
    const own = this.#isOpen ? this.node.nextDeadline() : undefined;
    if (followed === undefined || own === undefined) return followed ?? own;
    return Math.min(followed, own);
  }

  override expire(now: Millis): void {
    this.#followed.expire(now);
    if (this.#isOpen) super.expire(now);
  }

  protected sip(): StatServerInput {
    throw new Error('a Stat Server hears no SIP');
  }

  protected connectionOpened(connection: string): StatServerInput {
    return { type: 'opened', connection };
  }

  protected connectionClosed(connection: string): StatServerInput {
    return { type: 'closed', connection };
  }

  protected connectionMessage(connection: string, message: unknown): StatServerInput {
    return { type: 'message', connection, message: message as StatRequest };
  }

  protected answered(): StatServerInput {
    throw new Error('a Stat Server asks no DNS');
  }

  protected jumped(wallOffsetMs: Millis): StatServerInput {
    return { type: 'clockJumped', wallOffsetMs };
  }

  protected perform(_now: Millis, effect: StatServerEffect): void {
    switch (effect.type) {
      case 'sipConnect': {
        const end = this.process.connect(effect.server as Address);
        end.tag = SIP_TAG;
        this.#sip = { attempt: effect.attempt, end };
        return;
      }
      case 'sipSend':
        if (effect.attempt === this.#sip?.attempt) this.#sip.end.send(effect.message);
        return;
      case 'sipClose':
        if (effect.attempt !== this.#sip?.attempt) return;
        this.#sip.end.close();
        this.#sip = undefined;
        return;
      case 'send':
        return this.send(effect.connection, effect.message);
      case 'close':
        return this.close(effect.connection);
      case 'log':
        return this.process.world.note(this.process.name, effect.line.what, effect.line);
      default:
        unreachable(effect);
    }
  }
}

const SIP_TAG = 'sip';
