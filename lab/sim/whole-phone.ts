/** A simulated phone: of an agent, over UDP or TCP, or the gateway of all callers, a phone with many lines. */
import { type Millis, type Random, unreachable } from '@holdfast/kernel';
import {
  callIdOf,
  cseqOf,
  fromOf,
  type LookupAnswer,
  type PhoneEffect,
  type PhoneFact,
  type PhoneInput,
  PhoneNode,
  type PhoneOptions,
  type SipMessage,
  type SipResponse,
  type Source,
  type Target,
  toOf,
  writeSdp,
} from '@holdfast/sip';
import { SIP_PORT } from './node-program.ts';
import type { Process } from './process.ts';
import type { RuleCensus } from './rule-census.ts';
import { nodeHashes } from './whole-servers.ts';
import { SipProgram } from './whole-sip-program.ts';

export interface PhonePorts {
  readonly options: Omit<PhoneOptions, 'hashes' | 'random' | 'sentBy' | 'media'>;
  readonly lines: number;
  readonly census: RuleCensus;
  /** A gateway whose far end can be heard before it answers: its ringing carries a description (183). */
  readonly hasEarlyMedia?: boolean;
  /** Whoever is rejected is sent there (302). */
  readonly redirectsTo?: string | undefined;
  /** Where a proxy sends what that address does not answer; absent without a proxy. */
  otherSite?(address: string): string | undefined;
  told(process: Process, phone: PhoneProgram, fact: PhoneFact): void;
}

/** A call that both ends have taken, as this phone sees it. */
export interface StandingLeg {
  /** The tag of the other end of its dialog: the leg's name at the site. */
  readonly remote: string | undefined;
  /** Undefined while it stands, and where the phone has died. */
  endedBy: Extract<PhoneFact, { name: 'ended' }>['by'] | undefined;
}

const MEDIA_PORT_FIRST = 30_000;
const FAREWELLS_MAX = 1_000;
const GIVEN_UP_AT = 3;

export class PhoneProgram extends SipProgram<PhoneInput, PhoneEffect> {
  readonly node: PhoneNode;
  readonly standing = new Map<string, StandingLeg>();
  readonly #ports: PhonePorts;
  readonly #registered = new Set<string>();
  /** By the tag of our end, that of the other, for every INVITE dialog seen. */
  readonly #remoteTags = new Map<string, string>();
  /** BYEs, and how often each was sent. */
  readonly #farewells = new Map<string, number>();
  /** Whom the phone dials while nobody has given a sign of life. */
  #dialled: string | undefined;

  constructor(process: Process, ports: PhonePorts, now: Millis) {
    super(process);
    this.#ports = ports;
    const host = process.host.name;
    const random: Random = process.world.fork(process.index * 1_000 + process.life);
    this.node = new PhoneNode({
      ...ports.options,
      hashes: nodeHashes,
      random,
      sentBy: () => ({ host, port: SIP_PORT }),
      media: { host, ports: Array.from({ length: ports.lines }, (_, line) => MEDIA_PORT_FIRST + 2 * line) },
    });
    process.listenDatagrams(SIP_PORT);
    process.listenStreams(SIP_PORT);
    if (ports.options.scheme !== 'none') this.tell(now, { type: 'command', command: { name: 'register' } });
  }

  /** What the phone's facts show of its rules; where it registered before decides what a registration is. */
  #watch(fact: PhoneFact): void {
    const { census, options } = this.#ports;
    census.phoneTells(fact);
    if (fact.name === 'registered') {
      const isHome = fact.site === options.sites[0]?.site;
      const isElsewhere = options.scheme === 'dual' || !isHome;
      census.count(this.#registered.has(fact.site) ? 'PH5' : isElsewhere ? 'PH1' : 'PH5');
      this.#registered.add(fact.site);
    }
    if (fact.name === 'lost') {
      this.#registered.delete(fact.site);
      if (options.transport === 'TCP') census.count('PH7');
    }
    if (fact.name === 'dialing') {
      if (this.#dialled === fact.to) census.count('PH3');
      this.#dialled = fact.to;
    }
    if (fact.name === 'progress' || fact.name === 'ended') this.#dialled = undefined;
    if (fact.name === 'ended') {
      const leg = this.standing.get(fact.leg);
      if (leg !== undefined) leg.endedBy = fact.by;
      this.standing.delete(fact.leg);
      this.#remoteTags.delete(fact.leg);
    }
    if (fact.name === 'established')
      this.standing.set(fact.leg, { remote: this.#remoteTags.get(fact.leg), endedBy: undefined });
  }

  /** The tags of a dialog are its two legs' names, here and at the site. */
  #noteDialog(message: SipMessage, isOurs: boolean): void {
    if (message.kind === 'request' || message.status <= 100 || message.status >= 300) return;
    if (cseqOf(message)?.method !== 'INVITE') return;
    const from = fromOf(message)?.params.get('tag');
    const to = toOf(message)?.params.get('tag');
    if (typeof from !== 'string' || typeof to !== 'string') return;
    if (isOurs) this.#remoteTags.set(to, from);
    else this.#remoteTags.set(from, to);
  }

  protected sip(message: SipMessage, source: Source): PhoneInput {
    this.#noteDialog(message, false);
    if (message.kind === 'request' && message.method === 'OPTIONS') this.#ports.census.count('PH13');
    return { type: 'sip', message, source };
  }

  protected sipFailed(what: { transaction?: string; flow?: string }): PhoneInput {
    return { type: 'transportFailed', ...what };
  }

  protected connectionOpened(): PhoneInput {
    throw new Error('a phone has connections for SIP only');
  }

  protected connectionClosed(): PhoneInput {
    throw new Error('a phone has connections for SIP only');
  }

  protected connectionMessage(): PhoneInput {
    throw new Error('a phone has connections for SIP only');
  }

  protected answered(id: string, answer: unknown): PhoneInput {
    return { type: 'lookedUp', id, answer: answer as LookupAnswer };
  }

  protected jumped(): undefined {
    return undefined;
  }

  protected perform(_now: Millis, effect: PhoneEffect): void {
    switch (effect.type) {
      case 'transmit':
        this.#noteDialog(effect.message, true);
        return this.transmit({
          ...effect,
          target: this.#byProxy(effect),
          message: this.#asThisPhone(effect.message),
        });
      case 'lookup':
        return this.process.lookup(effect.id, effect.record, effect.name);
      case 'media':
        return;
      case 'phone':
        this.process.world.note(this.process.name, effect.fact.name, effect.fact);
        this.#watch(effect.fact);
        return this.#ports.told(this.process, this, effect.fact);
      default:
        unreachable(effect);
    }
  }

  /** A good-bye that is not answered goes to the other site from its third repetition on. */
  #byProxy({ message, target }: Extract<PhoneEffect, { type: 'transmit' }>): Target {
    const { otherSite } = this.#ports;
    if (otherSite === undefined || message.kind !== 'request' || message.method !== 'BYE') return target;
    const name = `${callIdOf(message)} ${cseqOf(message)?.number}`;
    const times = (this.#farewells.get(name) ?? 0) + 1;
    if (this.#farewells.size > FAREWELLS_MAX) this.#farewells.clear();
    this.#farewells.set(name, times);
    const host = times < GIVEN_UP_AT ? undefined : otherSite(target.host);
    return host === undefined ? target : { ...target, host };
  }

  /** What some phones do otherwise than ours: they can be heard before they answer, or send a caller elsewhere. */
  #asThisPhone(message: SipMessage): SipMessage {
    if (message.kind !== 'response') return message;
    const { hasEarlyMedia, redirectsTo } = this.#ports;
    if (hasEarlyMedia === true && message.status === 180) {
      const media = { host: this.process.host.name, port: MEDIA_PORT_FIRST - 2, session: 1, version: 1 };
      const body = writeSdp({ ...media, direction: 'sendrecv' });
      return changed(
        message,
        { status: 183, reason: 'Session Progress' },
        ['Content-Type', 'application/sdp'],
        body,
      );
    }
    if (redirectsTo !== undefined && (message.status === 603 || message.status === 480)) {
      const status = { status: 302, reason: 'Moved Temporarily' };
      return changed(message, status, ['Contact', `<${redirectsTo}>`], message.body);
    }
    return message;
  }
}

function changed(
  message: SipResponse,
  start: Pick<SipResponse, 'status' | 'reason'>,
  [name, value]: readonly [string, string],
  body: Uint8Array,
): SipResponse {
  const key = name.toLowerCase();
  const kept = message.headers.filter((field) => field.key !== 'content-length' && field.key !== key);
  return { ...message, ...start, headers: [...kept, { key, name, value }], body };
}
