/** A simulated agent: a desk, a phone, and a person who wants to work. And a caller, who is a phone with many lines. */
import { type DeskEffect, type DeskInput, type DeskLocalData, DeskNode, type DeskView } from '@holdfast/desk';
import { type Millis, type Random, unreachable } from '@holdfast/kernel';
import type { ConfigReply, DeskReply } from '@holdfast/protocol';
import {
  type LookupAnswer,
  type PhoneEffect,
  type PhoneFact,
  type PhoneInput,
  PhoneNode,
  type PhoneOptions,
  type SipMessage,
  type Source,
} from '@holdfast/sip';
import { DeskWatch } from './desk-watch.ts';
import { NodeProgram, SIP_PORT } from './node-program.ts';
import type { CloseReason, Process } from './process.ts';
import type { RuleCensus } from './rule-census.ts';
import type { StreamEnd } from './stream.ts';
import { nodeHashes, PASSWORD, type WholeDefect } from './whole-servers.ts';

/** What outlives a run of the desk: the browser's local storage (LL7). */
export interface DeskStorage {
  epoch: number;
  runs: number;
}

export interface DeskPorts {
  readonly user: string;
  readonly place: string;
  readonly localData: Omit<DeskLocalData, 'desk' | 'epochStored' | 'firstLogin'>;
  readonly storage: DeskStorage;
  readonly defect: WholeDefect | undefined;
  readonly census: RuleCensus;
  /** What the lab's ledger is told (ME1). */
  fact(effect: Extract<DeskEffect, { type: 'fact' }>): void;
  stampAnswered(): void;
  /** The person looks at the screen whenever it changes. */
  seen(process: Process, view: DeskView): void;
}

export class DeskProgram extends NodeProgram<DeskInput, DeskEffect> {
  readonly node: DeskNode;
  readonly #ports: DeskPorts;
  readonly #watch: DeskWatch;
  readonly #established = new Set<string>();
  view: DeskView | undefined;

  constructor(process: Process, ports: DeskPorts, now: Millis) {
    super(process);
    this.#ports = ports;
    this.#watch = new DeskWatch(ports.census);
    this.node = new DeskNode({ random: process.world.fork(process.index * 1_000 + process.life) });
    const { user, place, localData, storage, defect } = ports;
    storage.runs++;
    this.tell(now, {
      type: 'start',
      user,
      password: PASSWORD,
      place,
      localData: {
        ...localData,
        desk: `${user}-${storage.runs}`,
        epochStored: storage.epoch,
        firstLogin: storage.runs === 1 || defect === 'no-wait-at-start' ? 'nothingBefore' : 'wait',
      },
      wallOffset: process.wallOffsetMs(),
    });
  }

  /** A person's hand on the desk. */
  press(now: Millis, input: DeskInput): void {
    this.#watch.isHandOn = true;
    this.tell(now, input);
    this.#watch.isHandOn = false;
  }

  override closed(now: Millis, end: StreamEnd, reason: CloseReason): void {
    const siteBefore = this.view?.site ?? null;
    const hasStood = this.#established.delete(end.tag);
    super.closed(now, end, reason);
    this.#watch.lost(end.tag, { byDesk: false, hasStood, siteBefore });
  }

  override clockJumped(now: Millis, wallOffsetMs: Millis): void {
    this.#watch.isShaken = true;
    super.clockJumped(now, wallOffsetMs);
    this.#watch.isShaken = false;
  }

  protected sip(): DeskInput {
    throw new Error('a desk hears no SIP');
  }

  protected connectionOpened(connection: string): DeskInput {
    return { type: 'opened', connection };
  }

  protected connectionClosed(connection: string, reason: CloseReason): DeskInput {
    const hasStood = reason === 'closed' || reason === 'reset';
    return { type: hasStood ? 'closed' : 'failed', connection, how: reason };
  }

  protected connectionMessage(connection: string, message: unknown): DeskInput {
    const read = message as DeskReply | ConfigReply;
    if (read.type !== 'Stamp') {
      this.#watch.hears(connection, read);
      if (read.type === 'Registered' || read.type === 'LoggedIn') this.#established.add(connection);
    }
    return { type: 'message', connection, message: read };
  }

  protected answered(): DeskInput {
    throw new Error('a desk asks no DNS');
  }

  protected jumped(wallOffset: Millis): DeskInput {
    return { type: 'clockJumped', wallOffset };
  }

  protected perform(_now: Millis, effect: DeskEffect): void {
    switch (effect.type) {
      case 'connect':
        return this.connect(effect.connection, effect);
      case 'close': {
        const hasStood = this.#established.delete(effect.connection);
        this.#watch.lost(effect.connection, { byDesk: true, hasStood, siteBefore: this.view?.site ?? null });
        return this.close(effect.connection);
      }
      case 'send':
        if (effect.message.type === 'StampAnswer') this.#ports.stampAnswered();
        this.#watch.sends(effect.connection, effect.message);
        return this.send(effect.connection, effect.message);
      case 'persist':
        this.#ports.storage.epoch = effect.epoch.number;
        return;
      case 'view':
        this.view = effect.view;
        this.#watch.sees(effect.view);
        return this.#ports.seen(this.process, effect.view);
      case 'decision':
        this.#watch.decides(effect.what, effect.because.rule);
        return this.process.world.note(
          this.process.name,
          `decides: ${effect.what} ${effect.site}`,
          effect.because,
        );
      case 'fact':
        return this.#ports.fact(effect);
      case 'answerPhone':
      case 'log':
        return;
      default:
        unreachable(effect);
    }
  }
}

export interface PhonePorts {
  readonly options: Omit<PhoneOptions, 'hashes' | 'random' | 'sentBy' | 'media'>;
  readonly lines: number;
  readonly census: RuleCensus;
  told(process: Process, phone: PhoneProgram, fact: PhoneFact): void;
}

export class PhoneProgram extends NodeProgram<PhoneInput, PhoneEffect> {
  readonly node: PhoneNode;
  readonly #ports: PhonePorts;
  readonly #registered = new Set<string>();
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
      media: { host, ports: Array.from({ length: ports.lines }, (_, line) => 30_000 + 2 * line) },
    });
    process.listenDatagrams(SIP_PORT);
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
    if (fact.name === 'lost') this.#registered.delete(fact.site);
    if (fact.name === 'dialing') {
      if (this.#dialled === fact.to) census.count('PH3');
      this.#dialled = fact.to;
    }
    if (fact.name === 'progress' || fact.name === 'ended') this.#dialled = undefined;
  }

  protected sip(message: SipMessage, source: Source): PhoneInput {
    if (message.kind === 'request' && message.method === 'OPTIONS') this.#ports.census.count('PH13');
    return { type: 'sip', message, source };
  }

  protected connectionOpened(): PhoneInput {
    throw new Error('a simulated phone has no connections');
  }

  protected connectionClosed(): PhoneInput {
    throw new Error('a simulated phone has no connections');
  }

  protected connectionMessage(): PhoneInput {
    throw new Error('a simulated phone has no connections');
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
        return this.transmit(effect);
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
}
