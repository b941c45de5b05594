/** The two servers of a simulated site, each a real node in its shell. */
import { createHash, createHmac } from 'node:crypto';
import type { Configuration } from '@holdfast/centre';
import { assert, type Millis, unreachable } from '@holdfast/kernel';
import type { ConfigRequest, DeskRequest } from '@holdfast/protocol';
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
export const WHOLE_DEFECTS = ['lease-from-answer', 'sleep-unnoticed', 'no-wait-at-start'] as const;
export type WholeDefect = (typeof WHOLE_DEFECTS)[number];

/** What a check may want to know of every INVITE that leaves for a phone. */
export type OfferObserver = (server: SipServerProgram, dn: string, transaction: string) => void;

export class SipServerProgram extends NodeProgram<SipServerInput, SipServerEffect> {
  readonly node: SipServerNode;
  readonly #offered: OfferObserver;
  readonly #decided: (rule: string) => void;
  readonly #defect: WholeDefect | undefined;

  constructor(
    process: Process,
    options: {
      configuration: Configuration;
      application: string;
      offered: OfferObserver;
      decided: (rule: string) => void;
      defect: WholeDefect | undefined;
    },
    now: Millis,
  ) {
    super(process);
    this.#offered = options.offered;
    this.#decided = options.decided;
    this.#defect = options.defect;
    const read = readSipServerConfiguration(options.configuration, options.application);
    assert(read.ok, read.ok ? '' : read.text);
    const host = process.host.name;
    this.node = new SipServerNode({
      configuration: read.configuration,
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
    const agent = centre.agentOn(dn);
    return agent !== undefined && lease.isRoutable(agent.agentId, agent.epoch, this.process.now());
  }

  protected sip(message: SipMessage, source: Source): SipServerInput {
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
        return this.send(effect.connection, effect.message);
      case 'close':
        return this.close(effect.connection);
      case 'treatmentStart': {
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
        const rule = /^[A-Z]{2}\d+[a-z]?/.exec(effect.line.because ?? '');
        if (rule !== null) this.#decided(rule[0]);
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
    if (message.kind !== 'request' || message.method !== 'INVITE' || transaction === undefined) return;
    // Inside a dialog it offers no new call.
    if (toOf(message)?.params.has('tag') === true) return;
    const dn = /^sip:([^@;]+)@/.exec(message.uri)?.[1];
    if (dn !== undefined) this.#offered(this, dn, transaction);
  }
}

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
function writeToken({ person, expiresAt }: TokenContent): string {
  return `sim ${person} ${expiresAt}`;
}

function readToken(token: string, wall: Millis): TokenReading {
  const [mark, person, expires] = token.split(' ');
  const expiresAt = Number(expires);
  if (mark !== 'sim' || person === undefined || !Number.isFinite(expiresAt))
    return { ok: false, code: 'token-invalid' };
  return wall < expiresAt ? { ok: true, person, expiresAt } : { ok: false, code: 'token-expired' };
}
