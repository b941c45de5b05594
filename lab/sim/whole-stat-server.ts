/** The Stat Server of a simulated site, a real node in its shell, which reads its configuration over a link. */
import type { Configuration } from '@holdfast/centre';
import { assert, type Millis, unreachable } from '@holdfast/kernel';
import type { StatRequest } from '@holdfast/protocol';
import {
  readStatServerConfiguration,
  type ServerAddress,
  type SipLinkInput,
  type StatServerEffect,
  type StatServerInput,
  StatServerNode,
} from '@holdfast/servers';
import { NodeProgram } from './node-program.ts';
import type { CloseReason, Process } from './process.ts';
import type { RuleCensus } from './rule-census.ts';
import { statServerSays } from './statistics-census.ts';
import type { StreamEnd } from './stream.ts';
import { FollowedConfiguration } from './whole-configuration.ts';
import { asFollowed, type WholeDefect } from './whole-defects.ts';
import { WholeServerLink } from './whole-server-link.ts';
import { nodeHashes, readToken, STAT_PORT } from './whole-servers.ts';

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
  readonly #sip: WholeServerLink;

  constructor(process: Process, options: StatServerProgramOptions, now: Millis) {
    super(process);
    this.#options = options;
    this.#sip = new WholeServerLink(process);
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
      hashes: nodeHashes,
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
    this.#hears(now, this.#sip.opened(end));
  }

  override message(now: Millis, end: StreamEnd, message: unknown): void {
    if (this.#followed.owns(end)) return this.#followed.message(now, end, message);
    if (!this.#sip.owns(end)) return super.message(now, end, message);
    const heard = this.#sip.message(end, message);
    if (heard?.type !== 'sipMessage') return;
    if (heard.message.type === 'RegisteredAll') this.#options.census.count('SS62');
    if (heard.message.type === 'ServerInfo' && heard.message.resumed) this.#options.census.count('SV6');
    this.#hears(now, { ...heard, message: asFollowed(this.#options.defect, heard.message) });
  }

  override closed(now: Millis, end: StreamEnd, reason: CloseReason): void {
    if (this.#followed.owns(end)) return this.#followed.closed(now, end, reason);
    if (!this.#sip.owns(end)) return super.closed(now, end, reason);
    this.#hears(now, this.#sip.closed(end, reason));
  }

  #hears(now: Millis, input: SipLinkInput | undefined): void {
    if (input !== undefined) this.tell(now, input);
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
      case 'sipConnect':
        this.#options.census.count('SV5');
        return this.#sip.perform(effect);
      case 'sipSend':
      case 'sipClose':
        return this.#sip.perform(effect);
      case 'send':
        statServerSays(this.#options.census, effect.message);
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
