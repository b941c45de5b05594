/**
 * For tests: two endpoints, "alice" and "bob", joined by a link that a test may make lose, repeat and delay
 * messages, all in virtual time. Messages cross as bytes, so that what one side sends is what the other parses.
 */
import { Deadlines, type Millis, seededRandom } from '@holdfast/kernel';
import { type EndpointOptions, SipEndpoint } from '../endpoint.ts';
import type { EndpointEffect, EndpointEvent, EndpointOutput } from '../endpoint-types.ts';
import { createRequest, createResponse, type HeaderLines } from '../message/build-message.ts';
import { prependHeader } from '../message/edit-message.ts';
import type { SipMessage, SipRequest } from '../message/message.ts';
import { parseMessage } from '../message/parse-message.ts';
import { serializeMessage } from '../message/serialize-message.ts';
import { connectionFlow, type Source, type Target, type TransportName } from '../target.ts';

export type Side = 'alice' | 'bob';
export type Transmit = Extract<EndpointEffect, { type: 'transmit' }>;

export const ADDRESS: Readonly<Record<Side, { readonly host: string; readonly port: number }>> = {
  alice: { host: '10.0.0.1', port: 5060 },
  bob: { host: '10.0.0.2', port: 5060 },
};

/** What the link does with one message: the delays after which copies of it arrive. None: it is lost. */
export type Link = (from: Side, message: SipMessage, count: number) => readonly Millis[];

export interface PairOptions {
  readonly link?: Link;
  readonly alice?: Partial<EndpointOptions>;
  readonly bob?: Partial<EndpointOptions>;
  /** What the owner of this side does about an event. */
  readonly react?: (pair: EndpointPair, side: Side, event: EndpointEvent) => void;
}

export class EndpointPair {
  now: Millis = 0;
  readonly ends: Readonly<Record<Side, SipEndpoint>>;
  readonly events: Readonly<Record<Side, EndpointEvent[]>> = { alice: [], bob: [] };
  /** Every message that was sent, in order: `at side what`. */
  readonly wire: string[] = [];
  readonly transmits: { readonly at: Millis; readonly side: Side; readonly effect: Transmit }[] = [];
  readonly lookups: { readonly side: Side; readonly id: string }[] = [];
  readonly #link: Link;
  readonly #react: PairOptions['react'];
  readonly #flying = new Deadlines<{
    readonly to: Side;
    readonly bytes: Uint8Array;
    readonly transport: TransportName;
  }>();

  constructor(options: PairOptions = {}) {
    this.#link = options.link ?? (() => [1]);
    this.#react = options.react;
    const make = (side: Side, seed: number, extra: Partial<EndpointOptions> = {}) =>
      new SipEndpoint({ random: seededRandom(seed), sentBy: () => ADDRESS[side], ...extra });
    this.ends = { alice: make('alice', 1, options.alice), bob: make('bob', 2, options.bob) };
  }

  perform(side: Side, output: EndpointOutput): void {
    for (const effect of output.effects) {
      if (effect.type === 'lookup') this.lookups.push({ side, id: effect.id });
      else this.#transmit(side, effect);
    }
    for (const event of output.events) {
      this.events[side].push(event);
      this.#react?.(this, side, event);
    }
  }

  #transmit(side: Side, effect: Transmit): void {
    const { message, target } = effect;
    this.transmits.push({ at: this.now, side, effect });
    this.wire.push(`${this.now} ${side} ${nameOf(message)}`);
    const to: Side = side === 'alice' ? 'bob' : 'alice';
    if (target.host !== ADDRESS[to].host) return;
    for (const delay of this.#link(side, message, this.transmits.length)) {
      this.#flying.set(
        { to, bytes: serializeMessage(message), transport: target.transport },
        this.now + delay,
      );
    }
  }

  /** Runs until nothing is left to happen before `until`. */
  run(until: Millis): void {
    for (;;) {
      const next = Math.min(
        this.#flying.next() ?? Number.POSITIVE_INFINITY,
        this.ends.alice.nextDeadline() ?? Number.POSITIVE_INFINITY,
        this.ends.bob.nextDeadline() ?? Number.POSITIVE_INFINITY,
      );
      if (next > until) break;
      this.now = Math.max(this.now, next);
      const arrived = this.#flying.takeDue(this.now);
      if (arrived !== undefined) this.#arrive(arrived.to, arrived.bytes, arrived.transport);
      this.perform('alice', this.ends.alice.expire(this.now));
      this.perform('bob', this.ends.bob.expire(this.now));
    }
    this.now = until;
  }

  #arrive(to: Side, bytes: Uint8Array, transport: TransportName): void {
    const from = ADDRESS[to === 'alice' ? 'bob' : 'alice'];
    const parsed = parseMessage(bytes);
    if (!parsed.ok) throw new Error(`a message of ours cannot be parsed: ${parsed.reason}`);
    const flow = transport === 'UDP' ? `UDP ${to}` : connectionFlow(transport, from.host, from.port);
    this.perform(to, this.ends[to].receive(this.now, parsed.message, { transport, ...from, flow }));
  }

  /** Sends a request from one side to the other; the id of the transaction. */
  send(
    side: Side,
    request: SipRequest,
    target: Target = targetOf(side === 'alice' ? 'bob' : 'alice'),
  ): string {
    const { transaction, output } = this.ends[side].sendRequest(this.now, request, {
      type: 'target',
      target,
    });
    this.perform(side, output);
    return transaction;
  }

  count(what: string): number {
    return this.wire.filter((line) => line.endsWith(` ${what}`)).length;
  }

  /** When each message of this kind was sent. */
  times(what: string): number[] {
    return this.wire.filter((line) => line.endsWith(` ${what}`)).map((line) => Number.parseInt(line, 10));
  }
}

export function targetOf(side: Side, transport: TransportName = 'UDP'): Target {
  return { transport, ...ADDRESS[side] };
}

export function nameOf(message: SipMessage): string {
  return message.kind === 'request' ? message.method : String(message.status);
}

/** A request as a user agent makes it, without Via. */
export function makeTestRequest(
  method: string,
  extra: HeaderLines = [],
  cseq = 1,
  callId = 'call-1',
): SipRequest {
  return createRequest({
    method,
    uri: 'sip:bob@10.0.0.2',
    headers: [
      ['Max-Forwards', '70'],
      ['From', '<sip:alice@10.0.0.1>;tag=a1'],
      ['To', '<sip:bob@10.0.0.2>'],
      ['Call-ID', callId],
      ['CSeq', `${cseq} ${method}`],
      ...extra,
    ],
  });
}

/** The owner answers each request at once with these statuses, in this order. */
export function answering(...statuses: number[]): NonNullable<PairOptions['react']> {
  return (pair, side, event) => {
    if (event.type === 'request') for (const status of statuses) answer(pair, side, event, status);
  };
}

export function answer(pair: EndpointPair, side: Side, event: EndpointEvent, status: number): void {
  if (event.type !== 'request') throw new Error(`not a request: ${event.type}`);
  const response = createResponse(event.request, status, { toTag: `${side}1` });
  pair.perform(side, pair.ends[side].sendResponse(pair.now, event.transaction, response));
}

export function statuses(events: readonly EndpointEvent[]): (number | string)[] {
  return events.map((event) => (event.type === 'response' ? event.response.status : event.type));
}

export function kinds(events: readonly EndpointEvent[]): string[] {
  return events.map((event) => event.type);
}

export function sentBy(pair: EndpointPair, side: Side, what: string): Transmit[] {
  const effects = pair.transmits.filter((each) => each.side === side).map((each) => each.effect);
  return effects.filter((effect) => nameOf(effect.message) === what);
}

/** What both ends still hold: 0 when everything has ended by itself. */
export function leftOver(pair: EndpointPair): number {
  let sum = 0;
  for (const end of Object.values(pair.ends)) {
    const { clientTransactions, serverTransactions, pending, deadlines, lookups, flows } = end.status();
    sum += clientTransactions + serverTransactions + pending + deadlines + lookups + flows;
    if (end.nextDeadline() !== undefined) sum++;
  }
  return sum;
}

export const FROM_ALICE: Source = { transport: 'UDP', ...ADDRESS.alice, flow: 'UDP bob' };

/** A request as it comes from somebody else's stack. */
export function foreign(method: string, via: string, callId = 'call-1'): SipRequest {
  return prependHeader(makeTestRequest(method, [], 1, callId), 'Via', via);
}
