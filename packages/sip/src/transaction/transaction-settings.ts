/**
 * What all transactions of one endpoint share: its names, its limits, its timers, its table of deadlines and what
 * it has counted.
 */
import type { Deadlines, Millis, Random } from '@holdfast/kernel';
import type { TimerValues } from '../endpoint-types.ts';
import { withBrackets } from '../locate/address-literal.ts';
import type { OverloadPort } from '../overload.ts';
import { isReliable, type TransportName } from '../target.ts';
import type { ClientTransaction } from './client-transaction.ts';
import type { ServerTransaction } from './server-transaction.ts';
import { type Timers, timersFor } from './timers.ts';

export interface EndpointLimits {
  /** Requests that the owner has not answered yet; beyond, 503 with Retry-After. */
  readonly pendingMax: number;
  /**
   * Server transactions in all, also those that only absorb retransmissions; beyond, the oldest REGISTER or OPTIONS
   * that has its answer is forgotten, and where there is none the new request gets 503 with Retry-After.
   */
  readonly serverTransactionsMax: number;
  /** Of them, REGISTER and OPTIONS that have their answer; beyond, the oldest is forgotten before its time. */
  readonly repeatableMax: number;
  /** Client transactions in all; beyond, `sendRequest` fails with "transport". */
  readonly clientTransactionsMax: number;
  /** The longest Retry-After of those 503s, s; each names a random part of it, so that clients do not return together. */
  readonly retryAfterMaxS: number;
  /** A request over UDP that is longer goes over TCP (RFC 3261 §18.1.1). */
  readonly udpRequestBytesMax: number;
  /** How long a target that gave no answer is tried last, ms. */
  readonly troubledMs: Millis;
  /** The same for a target that answered 503 without naming a period, and the least for one that did, ms. */
  readonly refusedMs: Millis;
}

/**
 * 300,000 server transactions are 64*T1 of 4,500 calls a second, two each. 65,536 answers to REGISTER and OPTIONS
 * are 64*T1 of 2,000 a second, and 3 s of 20,000: a client whose answer was lost asks again after 0.5 and 1.5 s. They
 * take about 45 MB.
 */
export const DEFAULT_LIMITS: EndpointLimits = {
  pendingMax: 20_000,
  serverTransactionsMax: 300_000,
  repeatableMax: 65_536,
  clientTransactionsMax: 300_000,
  retryAfterMaxS: 10,
  udpRequestBytesMax: 1_300,
  troubledMs: 30_000,
  refusedMs: 5_000,
};

/** Since the start, for logs and tests. */
export interface EndpointCounts {
  /** Retransmitted requests that were answered or absorbed here. */
  absorbedRequests: number;
  /** Responses that belong to no request of ours, or came with the wrong Via. */
  droppedResponses: number;
  /** Requests refused with 503 at a limit. */
  refusedBusy: number;
  /** Requests answered 482: a copy that came another way, or one of our own come back. */
  refusedLoops: number;
  malformed: number;
  /** Requests that went on to another target or transport. */
  triedNext: number;
}

/** Whoever may look for a target. */
export type TransactionOwner = ClientTransaction | ServerTransaction;

export interface TransactionSettings {
  readonly random: Random;
  readonly sentBy: (transport: TransportName) => { readonly host: string; readonly port: number };
  readonly limits: EndpointLimits;
  readonly values: TimerValues;
  readonly unreliable: Timers;
  readonly reliable: Timers;
  readonly deadlines: Deadlines<ClientTransaction | ServerTransaction>;
  readonly overload: OverloadPort | undefined;
  readonly counts: EndpointCounts;
}

export function timersOf(settings: TransactionSettings, transport: TransportName, giveUpMs?: Millis): Timers {
  if (giveUpMs !== undefined) return timersFor(settings.values, transport, giveUpMs);
  return isReliable(transport) ? settings.reliable : settings.unreliable;
}

/** The host and port that stand in our Vias for this transport. */
export function ownSentBy(settings: TransactionSettings, transport: TransportName): string {
  const { host, port } = settings.sentBy(transport);
  return `${withBrackets(host).toLowerCase()}:${port}`;
}

/** The table is touched only when the deadline has really moved. */
export function schedule(
  settings: TransactionSettings,
  transaction: ClientTransaction | ServerTransaction,
  dueAt: Millis | null,
): void {
  if (transaction.dueAt === dueAt) return;
  transaction.dueAt = dueAt;
  if (dueAt === null) settings.deadlines.clear(transaction);
  else settings.deadlines.set(transaction, dueAt);
}
