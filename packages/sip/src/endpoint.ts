/**
 * The endpoint: transactions, matching and target look-up in one object (RFC 3261 §17, §18; RFC 3263). Below it is
 * a shell that sends, receives and resolves names; above it is an owner, a user agent or a server's core.
 *
 *        owner    sendRequest  cancel  sendResponse  sendAck     ▲ events
 *                      │                                         │
 *        endpoint      └──► client transactions   server transactions
 *                                │      locator      │           ▲
 *        shell            ▼ effects: transmit, lookup            receive, lookedUp, transportFailed
 *
 * Each method takes `now` and answers with effects for the shell, to be performed in order, and events for the
 * owner. After each call `nextDeadline` may have changed. Nothing here throws on what comes from outside, and
 * whatever a message opens here closes by a timer or at a stated limit.
 */
import { Deadlines, type Millis, type Random } from '@holdfast/kernel';
import type {
  Destination,
  EndpointOutput,
  StatelessRefusal,
  TimerValues,
  TransactionId,
} from './endpoint-types.ts';
import { Locator } from './locate/locator.ts';
import type { LookupAnswer } from './locate/lookup.ts';
import type { HeaderLines } from './message/build-message.ts';
import { headerField } from './message/header-names.ts';
import type { SipMessage, SipRequest, SipResponse } from './message/message.ts';
import type { ParseFailure } from './message/parse-message.ts';
import type { OverloadPort } from './overload.ts';
import type { Source, Target, TransportName } from './target.ts';
import { ClientTransactions, type RequestOptions } from './transaction/client-transactions.ts';
import type { SavedClientTransaction, SavedServerTransaction } from './transaction/saved-transactions.ts';
import { ServerTransactions } from './transaction/server-transactions.ts';
import { timersFor, timerValues } from './transaction/timers.ts';
import {
  DEFAULT_LIMITS,
  type EndpointCounts,
  type EndpointLimits,
  type TransactionOwner,
  type TransactionSettings,
} from './transaction/transaction-settings.ts';

export interface EndpointOptions {
  readonly random: Random;
  /** Host and port of our Via for each transport; asked anew for each request. */
  readonly sentBy: (transport: TransportName) => { readonly host: string; readonly port: number };
  readonly timers?: Partial<TimerValues>;
  readonly limits?: Partial<EndpointLimits>;
  /** Transports that the shell can send on, best first. UDP and TCP when absent. */
  readonly transports?: readonly TransportName[];
  /** Address records to ask for, the second only when the first led nowhere. A, then AAAA, when absent. */
  readonly families?: readonly ('A' | 'AAAA')[];
  /**
   * Asked about each new request outside a dialog, other than ACK and CANCEL, before it gets a transaction. What it
   * refuses is answered once for each time that it comes, and nothing is held: so a stranger's INVITE costs no memory
   * and no retransmissions (RFC 3261 §8.2.7, §22.1).
   */
  readonly screen?: (now: Millis, request: SipRequest, source: Source) => StatelessRefusal | undefined;
  /** Overload control with neighbours (RFC 7339); absent: none. */
  readonly overload?: OverloadPort;
  /** Stands as Server in the responses that the endpoint makes itself. */
  readonly userAgent?: string;
}

/** How many transactions there are now, and what was counted since the start. */
export interface EndpointStatus extends Readonly<EndpointCounts> {
  readonly clientTransactions: number;
  readonly serverTransactions: number;
  readonly pending: number;
  readonly deadlines: number;
  readonly lookups: number;
  /** Connections that unanswered requests wait on. */
  readonly flows: number;
}

export type SavedTransaction = SavedServerTransaction | SavedClientTransaction;

export class SipEndpoint {
  readonly #settings: TransactionSettings;
  readonly #locator: Locator<TransactionOwner>;
  readonly #clients: ClientTransactions;
  readonly #servers: ServerTransactions;

  constructor(options: EndpointOptions) {
    const { random, sentBy, userAgent, screen } = options;
    const values = timerValues(options.timers);
    this.#settings = {
      random,
      sentBy,
      values,
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      unreliable: timersFor(values, 'UDP'),
      reliable: timersFor(values, 'TCP'),
      deadlines: new Deadlines(),
      overload: options.overload,
      counts: {
        absorbedRequests: 0,
        droppedResponses: 0,
        refusedBusy: 0,
        refusedLoops: 0,
        malformed: 0,
        triedNext: 0,
      },
    };
    const transports = options.transports ?? ['UDP', 'TCP'];
    this.#locator = new Locator({ transports, families: options.families ?? ['A', 'AAAA'], random });
    this.#clients = new ClientTransactions(this.#settings, this.#locator);
    const isOurs = (request: SipRequest) => this.#clients.isOurs(request);
    this.#servers = new ServerTransactions(this.#settings, this.#locator, { userAgent, isOurs, screen });
  }

  /** A message that the parser has accepted. */
  receive(now: Millis, message: SipMessage, source: Source): EndpointOutput {
    const output = nothing();
    if (message.kind === 'request') this.#servers.receive(now, message, source, output);
    else if (!this.#clients.receive(now, message, source, output)) this.#settings.counts.droppedResponses++;
    return output;
  }

  /** A message that the parser has refused. */
  receiveMalformed(_now: Millis, failure: ParseFailure, source: Source): EndpointOutput {
    const output = nothing();
    this.#settings.counts.malformed++;
    const { request, status, reason } = failure;
    if (request !== undefined) this.#servers.receiveMalformed(request, status, reason, source, output);
    return output;
  }

  /** The shell could not send what a `transmit` effect named, or a connection is gone. */
  transportFailed(
    now: Millis,
    what: { readonly transaction?: TransactionId; readonly flow?: string },
  ): EndpointOutput {
    const output = nothing();
    const { transaction, flow } = what;
    if (transaction !== undefined && !this.#clients.transportFailed(now, transaction, output)) {
      this.#servers.transportFailed(now, transaction, output);
    }
    if (flow !== undefined) this.#clients.flowFailed(now, flow, output);
    return output;
  }

  /** The answer to a `lookup` effect. */
  lookedUp(now: Millis, id: string, answer: LookupAnswer): EndpointOutput {
    const output = nothing();
    for (const { owner } of this.#locator.lookedUp(now, id, answer)) {
      if (owner.kind === 'client') this.#clients.goOn(now, owner, output);
      else this.#servers.goOn(now, owner, output);
    }
    return output;
  }

  /** A request other than ACK and CANCEL, without a Via of ours. The id stays the same whatever targets are tried. */
  sendRequest(
    now: Millis,
    request: SipRequest,
    destination: Destination,
    options: RequestOptions = {},
  ): { readonly transaction: TransactionId; readonly output: EndpointOutput } {
    const output = nothing();
    const transaction = this.#clients.send(now, request, destination, options, output);
    return { transaction, output };
  }

  /** Cancels an INVITE that has no final response yet; its response still comes, 487 as a rule (RFC 3261 §9.1). */
  cancel(now: Millis, transaction: TransactionId, headers: HeaderLines = []): EndpointOutput {
    const output = nothing();
    const extra = headers.map(([name, value]) => headerField(name, value));
    this.#clients.cancel(now, transaction, extra, output);
    return output;
  }

  /** Cancels an INVITE that another endpoint has sent, from here and by its branch; `at` where the callee is reached. */
  cancelOther(now: Millis, saved: SavedClientTransaction, at: Target | undefined): EndpointOutput {
    const output = nothing();
    this.#clients.cancelOther(now, at === undefined ? saved : { ...saved, target: at }, output);
    return output;
  }

  /** 1xx as often as needed, then one final response; 2xx to INVITE again until the ACK comes (§13.3.1.4). */
  sendResponse(now: Millis, transaction: TransactionId, response: SipResponse): EndpointOutput {
    const output = nothing();
    this.#servers.respond(now, transaction, response, output);
    return output;
  }

  /** The ACK to a 2xx, again for each 2xx that comes (§13.2.2.4). */
  sendAck(now: Millis, ack: SipRequest, destination: Destination): EndpointOutput {
    const output = nothing();
    this.#clients.send(now, ack, destination, {}, output);
    return output;
  }

  /** The INVITE transaction of this name, either way, as another endpoint of the same address may go on with it. */
  savedTransaction(id: TransactionId): SavedTransaction | undefined {
    return this.#clients.saved(id) ?? this.#servers.saved(id);
  }

  restoreTransaction(saved: SavedTransaction): void {
    if ('reply' in saved) this.#servers.restore(saved);
    else this.#clients.restore(saved);
  }

  nextDeadline(): Millis | undefined {
    this.#servers.scheduleNewest();
    const next = this.#settings.deadlines.next();
    const completed = this.#servers.nextDeadline();
    return next === undefined || (completed !== undefined && completed < next) ? completed : next;
  }

  expire(now: Millis): EndpointOutput {
    const output = nothing();
    const { deadlines } = this.#settings;
    this.#servers.scheduleNewest();
    for (let due = deadlines.takeDue(now); due !== undefined; due = deadlines.takeDue(now)) {
      due.dueAt = null;
      if (due.kind === 'client') this.#clients.expire(now, due, output);
      else this.#servers.expire(now, due, output);
    }
    this.#servers.expireCompleted(now);
    return output;
  }

  status(): EndpointStatus {
    return {
      ...this.#settings.counts,
      clientTransactions: this.#clients.size,
      serverTransactions: this.#servers.size,
      pending: this.#servers.pending,
      deadlines: this.#settings.deadlines.size,
      lookups: this.#locator.asking,
      flows: this.#clients.flows,
    };
  }
}

function nothing(): EndpointOutput {
  return { effects: [], events: [] };
}
