/**
 * For tests: two user agents, "alice" and "bob", joined by a link that a test may make lose, repeat, delay and
 * reorder messages, all in virtual time. Messages cross as bytes. What an owner does about an event is said in a
 * table: `on('bob', 'incoming', (event) => …)`.
 */
import {
  Deadlines,
  fromRecord,
  type HeldRecord,
  type Millis,
  type Plain,
  seededRandom,
  toRecord,
} from '@holdfast/kernel';
import { legRecordFrom } from '../agent/leg-record.ts';
import { SipUserAgent } from '../agent/user-agent.ts';
import type { UserAgentOptions, UserAgentOutput } from '../agent/user-agent-options.ts';
import { createRequest, type HeaderLines } from '../message/build-message.ts';
import type { SipMessage } from '../message/message.ts';
import { parseMessage } from '../message/parse-message.ts';
import { serializeMessage } from '../message/serialize-message.ts';
import { connectionFlow, type Target, type TransportName } from '../target.ts';
import type { InviteOptions, LegId, UserAgentEvent } from '../user-agent-types.ts';

export type Side = 'alice' | 'bob';
export type EventOf<Type extends UserAgentEvent['type']> = Extract<UserAgentEvent, { type: Type }>;

export const HOST: Readonly<Record<Side, string>> = { alice: '10.0.0.1', bob: '10.0.0.2' };
export const OFFER = text('v=0 offer');
export const ANSWER = text('v=0 answer');

export function text(words: string): Uint8Array {
  return Uint8Array.from(words, (character) => character.charCodeAt(0));
}

export function read(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : String.fromCharCode(...bytes);
}

/** What the link does with one message: the delays after which copies of it arrive. None: it is lost. */
export type Link = (from: Side, message: SipMessage, scenario: Scenario) => readonly Millis[];

export interface ScenarioOptions {
  readonly link?: Link;
  readonly seed?: number;
  readonly alice?: Partial<UserAgentOptions>;
  readonly bob?: Partial<UserAgentOptions>;
  readonly transport?: TransportName;
  /** Each side has a mate that could go on. */
  readonly isFollowed?: boolean;
}

export class Scenario {
  now: Millis = 0;
  #takeovers = 0;
  link: Link;
  readonly ends: Record<Side, SipUserAgent>;
  readonly events: Readonly<Record<Side, UserAgentEvent[]>> = { alice: [], bob: [] };
  /** Every message that was sent. */
  readonly sent: {
    readonly at: Millis;
    readonly side: Side;
    readonly message: SipMessage;
    readonly target: Target;
  }[] = [];
  readonly transport: TransportName;
  /** What a mate of each side would hold. */
  readonly #records: Readonly<Record<Side, Map<LegId, HeldRecord>>> = { alice: new Map(), bob: new Map() };
  readonly #make: (side: Side, seed: number) => SipUserAgent;
  readonly #reactions = new Map<string, (event: never) => void>();
  readonly #flying = new Deadlines<{ readonly to: Side; readonly bytes: Uint8Array }>();

  constructor(options: ScenarioOptions = {}) {
    const { seed = 1, transport = 'UDP' } = options;
    this.link = options.link ?? (() => [1]);
    this.transport = transport;
    this.#make = (side, own) =>
      new SipUserAgent({
        random: seededRandom(seed * 1_000 + own),
        isFollowed: options.isFollowed ?? false,
        sentBy: () => ({ host: HOST[side], port: 5060 }),
        contact: `sip:${side}@${HOST[side]}:5060${transport === 'TCP' ? ';transport=tcp' : ''}`,
        ...options[side],
      });
    this.ends = { alice: this.#make('alice', 1), bob: this.#make('bob', 2) };
  }

  /** What the owner of this side does about an event of this type. */
  on<Type extends UserAgentEvent['type']>(
    side: Side,
    type: Type,
    react: (event: EventOf<Type>) => void,
  ): void {
    this.#reactions.set(`${side} ${type}`, react as (event: never) => void);
  }

  perform(side: Side, output: UserAgentOutput): void {
    this.#follow(side);
    for (const effect of output.effects) {
      if (effect.type === 'transmit') this.#transmit(side, effect.message, effect.target);
    }
    for (const event of output.events) {
      this.events[side].push(event);
      this.#reactions.get(`${side} ${event.type}`)?.(event as never);
    }
  }

  /** Before anything goes out, the mate holds what has changed (LG2); by what survives JSON alone. */
  #follow(side: Side): void {
    const records = this.#records[side];
    for (const leg of this.ends[side].takeTouched()) {
      const record = this.ends[side].legRecord(leg);
      if (record === undefined) records.delete(leg);
      else {
        const value: Plain = JSON.parse(JSON.stringify(toRecord(record, this.now)));
        records.set(leg, { value, heldAt: this.now });
      }
    }
  }

  /** The process of this side dies, and its mate goes on at the same address with what it holds. */
  takeOver(side: Side): void {
    this.#takeovers++;
    this.ends[side] = this.#make(side, 10 * this.#takeovers + (side === 'alice' ? 1 : 2));
    const records = [...this.#records[side].values()].map(({ value, heldAt }) => {
      const record = legRecordFrom(fromRecord(value, heldAt));
      if (typeof record === 'string') throw new Error(record);
      return record;
    });
    this.act(side, (agent, now) => agent.loadLegs(now, records));
  }

  /** An order of the owner: `act('bob', (agent, now) => agent.answer(now, leg, {}))`. */
  act(side: Side, order: (agent: SipUserAgent, now: Millis) => UserAgentOutput): void {
    this.perform(side, order(this.ends[side], this.now));
  }

  /** A call from one side to the other, with an offer unless `options` says otherwise. */
  invite(side: Side = 'alice', options: Partial<InviteOptions> = { sdp: OFFER }): LegId {
    const to = side === 'alice' ? 'bob' : 'alice';
    const { leg, output } = this.ends[side].invite(this.now, {
      uri: `sip:${to}@${HOST[to]}:5060`,
      destination: { type: 'target', target: { transport: this.transport, host: HOST[to], port: 5060 } },
      from: `<sip:${side}@example.org>`,
      to: `<sip:${to}@example.org>`,
      contact: this.ends[side].contactFor(this.transport),
      ...options,
    });
    this.perform(side, output);
    return leg;
  }

  /** Bob answers every call at once. */
  bobAnswers(sdp: Uint8Array | undefined = ANSWER): void {
    this.on('bob', 'incoming', (event) =>
      this.act('bob', (agent, now) => agent.answer(now, event.leg, sdp === undefined ? {} : { sdp })),
    );
  }

  /** A call that stands: the two ends of it. */
  connect(): { readonly alice: LegId; readonly bob: LegId } {
    this.bobAnswers();
    const alice = this.invite();
    this.run(this.now + 100);
    const bob = this.last('bob', 'incoming').leg;
    return { alice, bob };
  }

  #transmit(side: Side, message: SipMessage, target: Target): void {
    this.sent.push({ at: this.now, side, message, target });
    const to: Side = side === 'alice' ? 'bob' : 'alice';
    if (target.host !== HOST[to]) return;
    const bytes = serializeMessage(message);
    for (const delay of this.link(side, message, this)) this.#flying.set({ to, bytes }, this.now + delay);
  }

  /** Gives bytes to one side as if the other had sent them. */
  inject(to: Side, bytes: Uint8Array): void {
    this.#flying.set({ to, bytes }, this.now);
  }

  /** Runs until nothing is left to happen before `until`. */
  run(until: Millis): void {
    for (;;) {
      const { alice, bob } = this.ends;
      const next = Math.min(
        this.#flying.next() ?? Number.POSITIVE_INFINITY,
        alice.nextDeadline() ?? Number.POSITIVE_INFINITY,
        bob.nextDeadline() ?? Number.POSITIVE_INFINITY,
      );
      if (next > until) break;
      this.now = Math.max(this.now, next);
      const arrived = this.#flying.takeDue(this.now);
      if (arrived !== undefined) this.#arrive(arrived.to, arrived.bytes);
      this.perform('alice', alice.expire(this.now));
      this.perform('bob', bob.expire(this.now));
    }
    this.now = until;
  }

  #arrive(to: Side, bytes: Uint8Array): void {
    const host = HOST[to === 'alice' ? 'bob' : 'alice'];
    const parsed = parseMessage(bytes);
    if (!parsed.ok) throw new Error(`a message of ours cannot be parsed: ${parsed.field} ${parsed.reason}`);
    const flow = this.transport === 'UDP' ? `UDP ${to}` : connectionFlow(this.transport, host, 5060);
    const source = { transport: this.transport, host, port: 5060, flow };
    this.perform(to, this.ends[to].receive(this.now, parsed.message, source));
  }

  /** The messages of one side in order: "INVITE", "180", … */
  wire(side?: Side): string[] {
    return this.sent
      .filter((each) => side === undefined || each.side === side)
      .map((each) => nameOf(each.message));
  }

  count(side: Side, what: string): number {
    return this.wire(side).filter((name) => name === what).length;
  }

  /** Every message of one side with this name. */
  messages(side: Side, what: string): SipMessage[] {
    const all = this.sent.filter((each) => each.side === side).map((each) => each.message);
    return all.filter((message) => nameOf(message) === what);
  }

  times(side: Side, what: string): Millis[] {
    return this.sent
      .filter((each) => each.side === side && nameOf(each.message) === what)
      .map((each) => each.at);
  }

  told(side: Side): string[] {
    return this.events[side].map((event) => event.type);
  }

  last<Type extends UserAgentEvent['type']>(side: Side, type: Type): EventOf<Type> {
    const found = this.events[side].findLast((event) => event.type === type);
    if (found === undefined)
      throw new Error(`${side} was not told "${type}" but ${this.told(side).join(', ')}`);
    return found as EventOf<Type>;
  }

  /** Everything that is held on both sides; all 0 when nothing goes on any more. */
  held(): number {
    let all = 0;
    for (const agent of [this.ends.alice, this.ends.bob]) {
      for (const size of Object.values(agent.sizes())) all += size;
      const { clientTransactions, serverTransactions, deadlines } = agent.status();
      all += clientTransactions + serverTransactions + deadlines;
    }
    return all;
  }
}

export function nameOf(message: SipMessage): string {
  return message.kind === 'request' ? message.method : String(message.status);
}

/** Where Bob listens. */
export const BOB = { transport: 'UDP', host: '10.0.0.2', port: 5060 } as const;

/** A request to Bob outside of any call. */
export function outsideRequest(
  method: string,
  extra: HeaderLines = [],
  to = '<sip:bob@example.org>',
  body?: Uint8Array,
) {
  return createRequest({
    method,
    uri: 'sip:bob@10.0.0.2',
    headers: [
      ['Max-Forwards', '70'],
      ['From', '<sip:alice@example.org>;tag=out'],
      ['To', to],
      ['Call-ID', 'outside'],
      ['CSeq', `1 ${method}`],
      ...extra,
    ],
    ...(body !== undefined && { body }),
  });
}
