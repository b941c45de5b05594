/**
 * The requests that we receive: each is passed up once, its retransmissions are answered here, and its responses
 * find their way back. CANCEL, merged requests, loops and overload are answered here too, without a transaction
 * of their own: the same request again gets the same answer again.
 */
import { type Millis, randomInteger } from '@holdfast/kernel';
import type { EndpointEffect, EndpointOutput, StatelessRefusal, TransactionId } from '../endpoint-types.ts';
import type { Locator } from '../locate/locator.ts';
import { createResponse, type HeaderLines } from '../message/build-message.ts';
import { toOf, topVia } from '../message/headers.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import { tagOf } from '../message/name-addr.ts';
import { parseMessage } from '../message/parse-message.ts';
import { serializeMessage } from '../message/serialize-message.ts';
import { type OverloadFeedback, offersOverload } from '../overload.ts';
import type { Source } from '../target.ts';
import { type CompletedRequest, CompletedRequests } from './completed-requests.ts';
import { isSuccess } from './invite-client.ts';
import type { ServerEvent } from './invite-server.ts';
import { mergeKey, oldAckKey, serverKey } from './match.ts';
import { replyFallback, replyTarget } from './reply-target.ts';
import { type SavedServerTransaction, savedServer, serverFrom } from './saved-transactions.ts';
import { ServerTransaction } from './server-transaction.ts';
import {
  schedule,
  type TransactionOwner,
  type TransactionSettings,
  timersOf,
} from './transaction-settings.ts';
import { withArrival } from './via-arrival.ts';

/** CANCEL reaches any request but ACK and CANCEL (§9.2); these are the ones that it has no effect on. */
const NOT_CANCELLABLE = [
  'REGISTER',
  'OPTIONS',
  'BYE',
  'PRACK',
  'UPDATE',
  'INFO',
  'SUBSCRIBE',
  'NOTIFY',
  'REFER',
  'MESSAGE',
  'PUBLISH',
];

export interface ServerTransactionsOptions {
  /** For the Server header of responses that are made here. */
  readonly userAgent: string | undefined;
  /** Is this a request that we sent ourselves and that waits for its answer? */
  readonly isOurs: (request: SipRequest) => boolean;
  /** See `EndpointOptions`. */
  readonly screen:
    | ((now: Millis, request: SipRequest, source: Source) => StatelessRefusal | undefined)
    | undefined;
}

export class ServerTransactions {
  readonly #settings: TransactionSettings;
  readonly #locator: Locator<TransactionOwner>;
  readonly #options: ServerTransactionsOptions;
  /** Those that are answered, INVITE apart, stand there in their short form. */
  readonly #byKey = new Map<string, ServerTransaction | CompletedRequest>();
  readonly #byMergeKey = new Map<string, ServerTransaction>();
  readonly #byAckKey = new Map<string, ServerTransaction>();
  readonly #completed: CompletedRequests;
  /** Makes the To tags of two endpoints differ. */
  readonly #tagSeed: number;
  #count = 0;
  /** The newest one, whose deadline is set only if it outlasts this turn: most are answered at once. */
  #unscheduled: ServerTransaction | undefined;
  #pending = 0;

  constructor(
    settings: TransactionSettings,
    locator: Locator<TransactionOwner>,
    options: ServerTransactionsOptions,
  ) {
    this.#settings = settings;
    this.#locator = locator;
    this.#options = options;
    this.#completed = new CompletedRequests(this.#byKey, settings.limits.repeatableMax);
    this.#tagSeed = randomInteger(settings.random, 0, 0xffffffff);
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** Requests that the owner has not answered. */
  get pending(): number {
    return this.#pending;
  }

  receive(now: Millis, request: SipRequest, source: Source, output: EndpointOutput): void {
    if (request.method === 'ACK') return this.#receiveAck(now, request, source, output);
    const key = serverKey(request);
    if (key === undefined) return;
    const known = this.#byKey.get(key);
    if (known !== undefined && !isOver(now, known)) {
      this.#settings.counts.absorbedRequests++;
      if (known.kind === 'completed') return transmitAgain(known, output);
      return this.#apply(now, known, { type: 'request' }, output);
    }
    const arrived = withArrival(request, source, this.#loadFor(now, request, source));
    if (request.method === 'CANCEL') return this.#receiveCancel(now, arrived, source, output);
    const isInDialog = tagOf(toOf(arrived)) !== undefined;
    // Both ends of a dialog may be ours: a call that left us and came back in, and one that was taken over from our caller's other end.
    if (!isInDialog && this.#options.isOurs(arrived))
      return this.#refuseLoop(arrived, source, 'Loop Detected', output);
    const merge = mergeKey(arrived);
    if (merge !== undefined && this.#byMergeKey.has(merge)) {
      return this.#refuseLoop(arrived, source, 'Request Merged', output);
    }
    if (!this.#hasRoom()) return this.#refuseBusy(arrived, source, output);
    const refusal = isInDialog ? undefined : this.#options.screen?.(now, arrived, source);
    if (refusal !== undefined) {
      return this.#reply(arrived, source, refusal.status, output, { headers: refusal.headers });
    }
    this.#open(now, key, merge, arrived, source, output);
  }

  /**
   * What the sender is told, should it obey (RFC 7339 §5.1). It stands in all responses as it was when the request came: one that
   * is sent much later is known to be old by its number.
   */
  #loadFor(now: Millis, request: SipRequest, source: Source): OverloadFeedback | undefined {
    const { overload } = this.#settings;
    const via = overload === undefined ? undefined : topVia(request);
    if (overload === undefined || via === undefined || !offersOverload(via)) return undefined;
    return overload.told(now, request, source);
  }

  scheduleNewest(): void {
    const transaction = this.#unscheduled;
    this.#unscheduled = undefined;
    if (transaction?.isPending === true) schedule(this.#settings, transaction, transaction.deadline());
  }

  #hasRoom(): boolean {
    const { pendingMax, serverTransactionsMax } = this.#settings.limits;
    if (this.#pending >= pendingMax) return false;
    return this.size < serverTransactionsMax || this.#completed.forgetRepeatable();
  }

  #open(
    now: Millis,
    key: string,
    merge: string | undefined,
    request: SipRequest,
    source: Source,
    output: EndpointOutput,
  ): void {
    const timers = timersOf(this.#settings, source.transport);
    // Its key stands in it, so that no second table is needed to find it.
    const id = `s${++this.#count} ${key}`;
    const transaction = new ServerTransaction(
      id,
      key,
      request.method,
      replyTarget(request, source),
      timers,
      now,
    );
    transaction.fallback = replyFallback(request, source);
    this.#byKey.set(key, transaction);
    if (merge !== undefined) {
      transaction.mergeKey = merge;
      this.#byMergeKey.set(merge, transaction);
    }
    this.#pending++;
    this.scheduleNewest();
    this.#unscheduled = transaction;
    if (transaction.invite !== undefined) {
      if (key.startsWith('2543 ')) transaction.oldRequest = request;
      // §17.2.1 allows to wait 200 ms; at once, the client's retransmissions end whatever the owner has to do.
      this.respond(now, id, createResponse(request, 100), output);
    }
    output.events.push({ type: 'request', transaction: id, request, source });
  }

  /** The owner's answer. Nothing happens if the transaction is over. */
  respond(now: Millis, id: TransactionId, response: SipResponse, output: EndpointOutput): void {
    const transaction = this.#byId(id);
    if (transaction === undefined) return;
    const wasPending = transaction.isPending;
    if (!wasPending && transaction.invite?.name !== 'accepted') return;
    if (transaction.invite === undefined && response.status >= 200) {
      return this.#complete(now, transaction, response, output);
    }
    transaction.response = response;
    this.#apply(now, transaction, { type: 'respond', status: response.status }, output);
    if (wasPending && response.status >= 200) this.#answered(transaction, response);
    // In accepted the owner repeats the 2xx, which so need not be kept for the 32 s that this state lasts.
    if (transaction.invite?.name === 'accepted') transaction.response = undefined;
  }

  /** The INVITE as another server may go on with it; undefined when it is over, or is no INVITE. */
  saved(id: TransactionId): SavedServerTransaction | undefined {
    const transaction = this.#byId(id);
    return transaction && savedServer(transaction);
  }

  restore(saved: SavedServerTransaction): void {
    const transaction = serverFrom(saved, this.#settings);
    this.#byKey.set(transaction.key, transaction);
    if (transaction.mergeKey !== undefined) this.#byMergeKey.set(transaction.mergeKey, transaction);
    if (transaction.ackKey !== undefined) this.#byAckKey.set(transaction.ackKey, transaction);
    if (transaction.isPending) this.#pending++;
    schedule(this.#settings, transaction, transaction.deadline());
  }

  #byId(id: TransactionId): ServerTransaction | undefined {
    const transaction = this.#byKey.get(id.slice(id.indexOf(' ') + 1));
    return transaction?.kind === 'server' && transaction.id === id ? transaction : undefined;
  }

  #invite(key: string): ServerTransaction | undefined {
    const transaction = this.#byKey.get(key);
    return transaction?.kind === 'server' ? transaction : undefined;
  }

  /** The final answer to what is no INVITE. Over a reliable transport it will not be wanted again. */
  #complete(
    now: Millis,
    transaction: ServerTransaction,
    response: SipResponse,
    output: EndpointOutput,
  ): void {
    const { key, method, reply } = transaction;
    transaction.step({ type: 'respond', status: response.status }, now);
    const endAt = transaction.answersUntil;
    this.#pending--;
    this.#letGo(transaction);
    if (endAt === null) {
      this.#byKey.delete(key);
      output.effects.push({ type: 'transmit', message: response, target: reply });
      return;
    }
    const completed = this.#completed.add(method, response, { key, reply, endAt });
    transmit(completed, response, output);
  }

  /** Lets go of what only a pending INVITE needs. */
  #answered(transaction: ServerTransaction, response: SipResponse): void {
    this.#pending--;
    const isAccepted = isSuccess(response.status);
    if (!isAccepted) this.#unmerge(transaction);
    if (transaction.oldRequest !== undefined && !isAccepted) {
      transaction.ackKey = oldAckKey(transaction.oldRequest, tagOf(toOf(response)) ?? '');
      if (transaction.ackKey !== undefined) this.#byAckKey.set(transaction.ackKey, transaction);
    }
    transaction.oldRequest = undefined;
  }

  #receiveAck(now: Millis, ack: SipRequest, source: Source, output: EndpointOutput): void {
    const key = serverKey(ack, 'INVITE');
    if (key === undefined) return;
    const oldKey = key.startsWith('2543 ') ? oldAckKey(ack, tagOf(toOf(ack)) ?? '') : undefined;
    const transaction = oldKey === undefined ? this.#invite(key) : this.#byAckKey.get(oldKey);
    // To a refusal without a transaction: there is nothing that it could end.
    if (transaction === undefined && tagOf(toOf(ack)) === this.#steadyTag(key)) return;
    if (transaction === undefined || transaction.invite?.name === 'accepted') {
      output.events.push({ type: 'ack', request: withArrival(ack, source), source });
    } else this.#apply(now, transaction, { type: 'ack' }, output);
  }

  /** §9.2. The To tag is that of the INVITE's responses, if there was one with a tag. */
  #receiveCancel(now: Millis, cancel: SipRequest, source: Source, output: EndpointOutput): void {
    const inviteKey = serverKey(cancel, 'INVITE');
    const transaction = inviteKey === undefined ? undefined : this.#invite(inviteKey);
    if (transaction === undefined) {
      const other = NOT_CANCELLABLE.some((method) => this.#knows(now, serverKey(cancel, method)));
      return this.#reply(cancel, source, other ? 200 : 481, output);
    }
    const toTag = transaction.response === undefined ? undefined : tagOf(toOf(transaction.response));
    this.#reply(cancel, source, 200, output, toTag === undefined ? {} : { toTag });
    if (!transaction.isPending || transaction.isCancelled) return;
    transaction.isCancelled = true;
    output.events.push({ type: 'cancelled', transaction: transaction.id, cancel });
  }

  #knows(now: Millis, key: string | undefined): boolean {
    const known = key === undefined ? undefined : this.#byKey.get(key);
    return known !== undefined && !isOver(now, known);
  }

  /** 482: a copy that came another way (§8.2.2.2), or one of our own come back (D14). */
  #refuseLoop(request: SipRequest, source: Source, reason: string, output: EndpointOutput): void {
    this.#settings.counts.refusedLoops++;
    this.#reply(request, source, 482, output, { reason });
  }

  #refuseBusy(request: SipRequest, source: Source, output: EndpointOutput): void {
    const { counts, limits, random } = this.#settings;
    counts.refusedBusy++;
    const seconds = randomInteger(random, 1, Math.max(1, limits.retryAfterMaxS));
    this.#reply(request, source, 503, output, { headers: [['Retry-After', String(seconds)]] });
  }

  /**
   * What the parser could not accept: answered if enough of it can be read for the sender to match the answer
   * (§8.2.6), else dropped. An ACK is never answered (§17), and nothing is answered that could only be answered by
   * a malformed message: a lone line end copied from a From would let a stranger write header fields in our name.
   */
  receiveMalformed(
    request: SipRequest,
    status: number,
    reason: string,
    source: Source,
    output: EndpointOutput,
  ): void {
    if (request.method === 'ACK') return;
    const keys = new Set(request.headers.map((field) => field.key));
    if (!NEEDED_FOR_AN_ANSWER.every((key) => keys.has(key)) || topVia(request) === undefined) return;
    const effect = this.#answer(withArrival(request, source), source, status, { reason });
    if (parseMessage(serializeMessage(effect.message)).ok) output.effects.push(effect);
  }

  #reply(
    request: SipRequest,
    source: Source,
    status: number,
    output: EndpointOutput,
    parts: AnswerParts = {},
  ): void {
    output.effects.push(this.#answer(request, source, status, parts));
  }

  /** A response without a transaction (§8.2.7): the same request again gets the same response again. */
  #answer(
    request: SipRequest,
    source: Source,
    status: number,
    parts: AnswerParts,
  ): Extract<EndpointEffect, { type: 'transmit' }> {
    const { userAgent } = this.#options;
    const toTag = parts.toTag ?? this.#steadyTag(serverKey(request) ?? '');
    const headers =
      userAgent === undefined ? parts.headers : [...(parts.headers ?? []), ['Server', userAgent] as const];
    const message = createResponse(request, status, { ...parts, toTag, ...(headers && { headers }) });
    return { type: 'transmit', message, target: replyTarget(request, source) };
  }

  /** The same tag for the same request, so that retransmissions get one answer (§8.2.7): FNV-1a, twice. */
  #steadyTag(key: string): string {
    let left = this.#tagSeed | 0;
    let right = ~left;
    for (let i = 0; i < key.length; i++) {
      left = Math.imul(left ^ key.charCodeAt(i), 0x01000193);
      right = Math.imul(right ^ key.charCodeAt(i), 0x01000197) ^ (right >>> 15);
    }
    return (left >>> 0).toString(36) + (right >>> 0).toString(36);
  }

  /** Of what is not in the table of deadlines. */
  nextDeadline(): Millis | undefined {
    return this.#completed.nextDeadline();
  }

  expireCompleted(now: Millis): void {
    this.#completed.expire(now);
  }

  expire(now: Millis, transaction: ServerTransaction, output: EndpointOutput): void {
    this.#apply(now, transaction, { type: 'expire' }, output);
  }

  /** A response could not be sent. True if the name was one of ours. */
  transportFailed(now: Millis, name: string, output: EndpointOutput): boolean {
    const transaction = this.#byId(name);
    if (transaction === undefined) return false;
    if (transaction.fallback !== undefined) {
      const transport = transaction.reply.transport;
      transaction.search = this.#locator.start(transaction, transaction.fallback, transport);
      transaction.fallback = undefined;
    }
    if (transaction.search !== undefined) this.goOn(now, transaction, output);
    else this.#apply(now, transaction, { type: 'transportFailed' }, output);
    return true;
  }

  /** RFC 3263 §5: the response tries the places where the sender's name leads, one after the other. */
  goOn(now: Millis, transaction: ServerTransaction, output: EndpointOutput): void {
    if (transaction.search === undefined) return;
    const target = this.#locator.next(now, transaction.search, output);
    if (target === undefined) return;
    if (target === null) {
      transaction.search = undefined;
      return this.#apply(now, transaction, { type: 'transportFailed' }, output);
    }
    transaction.reply = target;
    this.#transmit(transaction, output);
  }

  #transmit(transaction: ServerTransaction, output: EndpointOutput): void {
    const { response, reply, id } = transaction;
    if (response !== undefined)
      output.effects.push({ type: 'transmit', message: response, target: reply, transaction: id });
  }

  #apply(now: Millis, transaction: ServerTransaction, event: ServerEvent, output: EndpointOutput): void {
    const wasPending = transaction.isPending;
    for (const effect of transaction.step(event, now)) {
      // An ACK in accepted is passed up with its message by `#receiveAck`.
      if (effect === 'transmitResponse') this.#transmit(transaction, output);
      else if (effect === 'reportTimeout' || effect === 'reportTransport') {
        const reason = effect === 'reportTimeout' ? 'timeout' : 'transport';
        output.events.push({ type: 'unacknowledged', transaction: transaction.id, reason });
      }
    }
    if (transaction.isTerminated) {
      if (wasPending && event.type !== 'respond') this.#pending--;
      this.#forget(transaction);
    } else schedule(this.#settings, transaction, transaction.deadline());
  }

  #unmerge(transaction: ServerTransaction): void {
    const { mergeKey: key } = transaction;
    if (key !== undefined && this.#byMergeKey.get(key) === transaction) this.#byMergeKey.delete(key);
    transaction.mergeKey = undefined;
  }

  #forget(transaction: ServerTransaction): void {
    this.#byKey.delete(transaction.key);
    this.#letGo(transaction);
  }

  #letGo(transaction: ServerTransaction): void {
    if (transaction.ackKey !== undefined) this.#byAckKey.delete(transaction.ackKey);
    if (transaction.search !== undefined) transaction.search.isOver = true;
    this.#unmerge(transaction);
    schedule(this.#settings, transaction, null);
  }
}

/** Timer J is over, and it has not been cleared away yet. */
function isOver(now: Millis, known: ServerTransaction | CompletedRequest): boolean {
  return known.kind === 'completed' && known.endAt <= now;
}

/** Nothing would follow from a failure: over UDP there is no other way, and a repetition of the request asks again. */
function transmit(completed: CompletedRequest, message: SipResponse, output: EndpointOutput): void {
  const { bytes, reply: target } = completed;
  output.effects.push({ type: 'transmit', message, bytes, target });
}

function transmitAgain(completed: CompletedRequest, output: EndpointOutput): void {
  const parsed = parseMessage(completed.bytes);
  // What our own parser refuses nobody will miss: an owner has written a header field that is none.
  if (parsed.ok && parsed.message.kind === 'response') transmit(completed, parsed.message, output);
}

interface AnswerParts {
  readonly toTag?: string;
  readonly reason?: string;
  readonly headers?: HeaderLines;
}

const NEEDED_FOR_AN_ANSWER = ['via', 'from', 'to', 'call-id', 'cseq'];
