/** The two servers of a simulated site, each a real node in its shell. */
import { createHash, createHmac } from 'node:crypto';
import type { Configuration } from '@holdfast/centre';
import { assert, type Millis, unreachable } from '@holdfast/kernel';
import type { ConfigRequest, DeskReply, DeskRequest } from '@holdfast/protocol';
import {
  type ConfigServerEffect,
  type ConfigServerInput,
  ConfigServerNode,
  readSipServerConfiguration,
  type SipServerEffect,
  type SipServerInput,
  SipServerNode,
  type TokenContent,
  type TokenReading,
} from '@holdfast/servers';
import type { Hashes, LookupAnswer, SipMessage, Source } from '@holdfast/sip';
import { toOf, writeSdp } from '@holdfast/sip';
import { EventKind } from './event-heap.ts';
import { NodeProgram, SIP_PORT } from './node-program.ts';
import type { Process } from './process.ts';
import type { RuleCensus } from './rule-census.ts';

export const CLIENT_PORT = 7_000;
export const CONFIG_PORT = 7_001;
/** argon2id takes about so long, off the main thread. */
const PASSWORD_CHECK_MS = 11;

export const nodeHashes: Hashes = {
  md5: (text) => createHash('md5').update(text).digest('hex'),
  sha256: (text) => createHash('sha256').update(text).digest('hex'),
  hmacSha256: (key, text) => createHmac('sha256', key).update(text).digest('hex'),
};

/** ME4, whole: mistakes that the checkers must find within 500 seeds. */
export const WHOLE_DEFECTS = [
  /** LL1: the lease counts from when the answer is read. */
  'lease-from-answer',
  /** LL2: nobody looks whether a lease has ended. */
  'no-lease-check',
  /** LL6: the site does not notice that its host has slept. */
  'sleep-unnoticed',
  /** LL8: a desk that has just started logs in at once. */
  'no-wait-at-start',
  /** LG1: a follower takes a position for its number alone. */
  'resume-by-number',
] as const;
export type WholeDefect = (typeof WHOLE_DEFECTS)[number];

/** What a check may want to know of every INVITE that leaves for a phone. */
export type OfferObserver = (server: SipServerProgram, dn: string, transaction: string) => void;

export class SipServerProgram extends NodeProgram<SipServerInput, SipServerEffect> {
  readonly node: SipServerNode;
  readonly #offered: OfferObserver;
  readonly #census: RuleCensus;
  readonly #defect: WholeDefect | undefined;
  readonly #leaseLengthMs: Millis;
  /** Of the last input, on this process's clock. */
  #toldAt: Millis | undefined;
  /** DNs whose agent was last seen logged in and not routable. */
  readonly #unroutable = new Set<string>();

  constructor(
    process: Process,
    options: {
      configuration: Configuration;
      application: string;
      offered: OfferObserver;
      census: RuleCensus;
      defect: WholeDefect | undefined;
    },
    now: Millis,
  ) {
    super(process);
    this.#offered = options.offered;
    this.#census = options.census;
    this.#defect = options.defect;
    const read = readSipServerConfiguration(options.configuration, options.application);
    assert(read.ok, read.ok ? '' : read.text);
    const host = process.host.name;
    this.#leaseLengthMs = read.configuration.leaseLengthMs;
    const leaseLengthMs = this.#defect === 'no-lease-check' ? NEVER_MS : this.#leaseLengthMs;
    this.node = new SipServerNode({
      configuration: { ...read.configuration, leaseLengthMs },
      random: process.world.fork(process.index * 1_000 + process.life),
      hashes: nodeHashes,
      wallOffsetMs: process.wallOffsetMs(),
      now,
      sentBy: () => ({ host, port: SIP_PORT }),
      verifyToken: readToken,
      logEntriesMax: 5_000,
    });
    process.listenDatagrams(SIP_PORT);
    process.listenStreams(CLIENT_PORT);
  }

  /** LL2: whether a call that came now would be offered to the agent on this DN. */
  isRoutable(dn: string): boolean {
    const { centre, lease } = this.node.parts;
    // The state itself: a view of it would be made for each look.
    const agent = centre.stateToCheck.dns.get(dn)?.agent;
    const isRoutable =
      agent !== undefined && lease.isRoutable(agent.agentId, agent.epoch, this.process.now());
    if (agent === undefined || isRoutable) this.#unroutable.delete(dn);
    else if (this.process.state === 'running' && !this.#unroutable.has(dn)) {
      this.#unroutable.add(dn);
      this.#census.count('AG14');
      this.#census.count('SS14');
    }
    return isRoutable;
  }

  override tell(now: Millis, input: SipServerInput): void {
    // LL2: an input after a stop longer than a lease is decided on with the leases as they are now.
    if (this.#toldAt !== undefined && now - this.#toldAt > this.#leaseLengthMs) this.#census.count('LL2');
    this.#toldAt = now;
    super.tell(now, input);
  }

  protected sip(message: SipMessage, source: Source): SipServerInput {
    if (message.kind === 'response') this.#census.siteHears(message);
    return { type: 'sip', message, source };
  }

  protected connectionOpened(connection: string): SipServerInput {
    return { type: 'opened', connection };
  }

  protected connectionClosed(connection: string): SipServerInput {
    return { type: 'closed', connection };
  }

  protected connectionMessage(connection: string, message: unknown): SipServerInput {
    return { type: 'message', connection, message: this.#asRead(message as DeskRequest) };
  }

  /** The request as it is, unless a defect has the lease count from when an answer is read (LL1). */
  #asRead(message: DeskRequest): DeskRequest {
    if (this.#defect !== 'lease-from-answer') return message;
    if (message.type !== 'StampAnswer' && message.type !== 'AgentLogin') return message;
    return { ...message, stamp: this.node.parts.lease.stamp(this.process.now()) };
  }

  /** The site that never looks at a lease still tells desks its true length. */
  #asSaid(message: DeskReply): DeskReply {
    if (this.#defect !== 'no-lease-check' || message.type !== 'ServerInfo') return message;
    return { ...message, leaseLengthMs: this.#leaseLengthMs };
  }

  protected answered(id: string, answer: unknown): SipServerInput {
    return { type: 'lookedUp', id, answer: answer as LookupAnswer };
  }

  protected jumped(wallOffsetMs: Millis): SipServerInput | undefined {
    if (this.#defect === 'sleep-unnoticed') return undefined;
    return { type: 'clockJumped', wallOffsetMs };
  }

  protected perform(now: Millis, effect: SipServerEffect): void {
    switch (effect.type) {
      case 'transmit':
        this.#observe(effect);
        return this.transmit(effect);
      case 'lookup':
        return this.process.lookup(effect.id, effect.record, effect.name);
      case 'send':
        if (effect.message.type !== 'Stamp') this.#census.siteSays(effect.message);
        return this.send(effect.connection, this.#asSaid(effect.message));
      case 'close':
        this.#census.siteCloses(effect.why);
        return this.close(effect.connection);
      case 'treatmentStart': {
        this.#census.count('QU10');
        // The announcer of a simulated site is always ready, and nobody listens.
        const media = {
          host: this.process.host.name,
          port: 20_000,
          direction: 'sendonly',
          session: 1,
          version: 1,
        };
        return this.tell(now, {
          type: 'treatmentReady',
          id: effect.id,
          sdp: writeSdp({ ...media, direction: 'sendonly' }),
        });
      }
      case 'treatmentRemote':
      case 'treatmentStop':
        return;
      case 'log': {
        this.#census.because(effect.line.because);
        if (effect.line.level !== 'debug')
          this.process.world.note(this.process.name, effect.line.what, effect.line);
        return;
      }
      default:
        unreachable(effect);
    }
  }

  #observe(effect: Extract<SipServerEffect, { type: 'transmit' }>): void {
    const { message, transaction } = effect;
    this.#census.siteTransmits(message);
    if (message.kind !== 'request' || message.method !== 'INVITE' || transaction === undefined) return;
    // Inside a dialog it offers no new call.
    if (toOf(message)?.params.has('tag') === true) return;
    const dn = /^sip:([^@;]+)@/.exec(message.uri)?.[1];
    if (dn !== undefined) this.#offered(this, dn, transaction);
  }
}

/** Longer than any world. */
const NEVER_MS = 1e12;

export class ConfigServerProgram extends NodeProgram<ConfigServerInput, ConfigServerEffect> {
  readonly node: ConfigServerNode;

  constructor(process: Process, options: { configuration: Configuration; application: string }) {
    super(process);
    this.node = new ConfigServerNode({
      application: options.application,
      configuration: options.configuration,
      wallOffsetMs: process.wallOffsetMs(),
      signToken: (content) => writeToken(content),
      verifyToken: (token, wall) => readToken(token, wall),
    });
    process.listenStreams(CONFIG_PORT);
  }

  protected sip(): ConfigServerInput {
    throw new Error('a Configuration Server hears no SIP');
  }

  protected connectionOpened(connection: string): ConfigServerInput {
    return { type: 'opened', connection };
  }

  protected connectionClosed(connection: string): ConfigServerInput {
    return { type: 'closed', connection };
  }

  protected connectionMessage(connection: string, message: unknown): ConfigServerInput {
    return { type: 'message', connection, message: message as ConfigRequest };
  }

  protected answered(id: string, ok: unknown): ConfigServerInput {
    return { type: 'passwordVerified', id: Number(id), ok: ok === true };
  }

  protected jumped(wallOffsetMs: Millis): ConfigServerInput {
    return { type: 'clockJumped', wallOffsetMs };
  }

  protected perform(_now: Millis, effect: ConfigServerEffect): void {
    switch (effect.type) {
      case 'send':
        return this.send(effect.connection, effect.message);
      case 'close':
        return this.close(effect.connection);
      case 'verifyPassword': {
        const { world, life } = this.process;
        const ok = effect.hash !== undefined && effect.password === PASSWORD;
        return world.schedule(
          world.at + PASSWORD_CHECK_MS,
          EventKind.lookedUp,
          this.process,
          life,
          String(effect.id),
          ok,
        );
      }
      case 'log':
        return;
      default:
        unreachable(effect);
    }
  }
}

/** Of every person of the simulated world. */
export const PASSWORD = 'secret';

/** A token as readable text: forging tokens is not what this world is about. */
export function writeToken({ person, expiresAt }: Pick<TokenContent, 'person' | 'expiresAt'>): string {
  return `sim ${person} ${expiresAt}`;
}

function readToken(token: string, wall: Millis): TokenReading {
  const [mark, person, expires] = token.split(' ');
  const expiresAt = Number(expires);
  if (mark !== 'sim' || person === undefined || !Number.isFinite(expiresAt))
    return { ok: false, code: 'token-invalid' };
  return wall < expiresAt ? { ok: true, person, expiresAt } : { ok: false, code: 'token-expired' };
}
