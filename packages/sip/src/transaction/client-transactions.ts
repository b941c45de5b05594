/**
 * The requests that we send. One request of the owner has one id and, if its first target fails, several
 * *attempts*: each is a transaction of its own with its own branch and Via (RFC 3263 §4.3), and only the last one
 * speaks to the owner. An attempt that was refused with 503 lives on beside its successor to acknowledge the 503.
 *
 *   sendRequest ─► locating ─► attempt ─► response ─────────────► owner
 *                     ▲           └─ 503, time-out, transport ─┐
 *                     └────────────── next target ◄────────────┘
 */
import { type Millis, randomToken } from '@holdfast/kernel';
import type { Destination, EndpointOutput, TransactionId } from '../endpoint-types.ts';
import type { Locator } from '../locate/locator.ts';
import { TroubledTargets } from '../locate/troubled-targets.ts';
import { prependHeader } from '../message/edit-message.ts';
import { headerValue, topVia, vias } from '../message/headers.ts';
import type { HeaderField, SipRequest, SipResponse, Via } from '../message/message.ts';
import { messageSize } from '../message/serialize-message.ts';
import { parseUri } from '../message/uri.ts';
import { feedbackIn, OVERLOAD_OFFER } from '../overload.ts';
import { connectionFlow, isReliable, type Source, type Target } from '../target.ts';
import { type ClientFailure, ClientTransaction, type Route } from './client-transaction.ts';
import { ackFor, cancelFor } from './derived-requests.ts';
import { type ClientEvent, startInviteClient } from './invite-client.ts';
import { BRANCH_COOKIE, clientKey, hasOneVia, responseKey, sentByOf } from './match.ts';
import { startNonInviteClient } from './non-invite-client.ts';
import { clientFrom, type SavedClientTransaction, savedClient } from './saved-transactions.ts';
import {
  ownSentBy,
  schedule,
  type TransactionOwner,
  type TransactionSettings,
  timersOf,
} from './transaction-settings.ts';

export interface RequestOptions {
  /** Timers B and F for each attempt of this request, ms; absent: those of the endpoint. */
  readonly giveUpMs?: Millis;
}

/** A 503 that names a longer period is believed for this long (D17). */
const RETRY_AFTER_MAX_MS = 300_000;

export class ClientTransactions {
  readonly #settings: TransactionSettings;
  readonly #locator: Locator<TransactionOwner>;
  readonly #byId = new Map<TransactionId, ClientTransaction>();
  readonly #byKey = new Map<string, ClientTransaction>();
  /** Unanswered attempts by the connection that carries them. */
  readonly #byFlow = new Map<string, Set<ClientTransaction>>();
  readonly #troubled = new TroubledTargets();
  /** Branches differ between endpoints and restarts by this, and within one by the count. */
  readonly #branchPrefix: string;
  #count = 0;

  constructor(settings: TransactionSettings, locator: Locator<TransactionOwner>) {
    this.#settings = settings;
    this.#locator = locator;
    this.#branchPrefix = BRANCH_COOKIE + randomToken(settings.random, 10);
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** Connections that unanswered requests wait on. */
  get flows(): number {
    return this.#byFlow.size;
  }

  /**
   * True for a request that we sent ourselves and that waits for its answer: it has come back to us. One that
   * comes back for another address is a spiral, which is no loop (§16.3).
   */
  isOurs(request: SipRequest): boolean {
    for (const field of request.headers) {
      if (field.key !== 'via' || !field.value.includes(this.#branchPrefix)) continue;
      for (const via of vias(request) ?? []) {
        const open = this.#byKey.get(clientKey(via.params.get('branch') ?? '', request.method));
        if (open?.sent?.uri === request.uri) return true;
      }
    }
    return false;
  }

  send(
    now: Millis,
    request: SipRequest,
    destination: Destination,
    options: RequestOptions,
    output: EndpointOutput,
  ): TransactionId {
    const id = `c${++this.#count}`;
    const route: Route = {
      request,
      giveUpMs: options.giveUpMs,
      search: undefined,
      setAside: [],
      unsent: undefined,
      lastFailure: 'no-target',
      lastRefusal: undefined,
    };
    const timers = timersOf(this.#settings, 'UDP', options.giveUpMs);
    const transaction = new ClientTransaction(id, request.method, timers, route, request.method !== 'ACK');
    this.#byId.set(id, transaction);
    if (this.#byKey.size >= this.#settings.limits.clientTransactionsMax) {
      route.lastFailure = 'transport';
      this.#exhausted(transaction, route, output);
    } else if (destination.type === 'target') this.#attempt(now, transaction, destination.target, output);
    else this.#locate(now, transaction, route, destination, output);
    return id;
  }

  /** The INVITE as another server may go on with it; undefined when there is none, or nobody has got it. */
  saved(id: TransactionId): SavedClientTransaction | undefined {
    const transaction = this.#byId.get(id);
    return transaction && savedClient(transaction);
  }

  restore(saved: SavedClientTransaction): void {
    const transaction = clientFrom(saved, this.#settings);
    // Ours must not get the same names.
    this.#count = Math.max(this.#count, Number(saved.id.slice(1)));
    this.#byId.set(transaction.id, transaction);
    this.#byKey.set(transaction.key, transaction);
    if (isReliable(saved.target.transport)) this.#ride(transaction, saved.target);
    schedule(this.#settings, transaction, transaction.deadline());
  }

  #locate(
    now: Millis,
    transaction: ClientTransaction,
    route: Route,
    destination: Extract<Destination, { type: 'uri' }>,
    output: EndpointOutput,
  ): void {
    const uri = parseUri(destination.uri);
    if (uri === undefined) return this.#exhausted(transaction, route, output);
    // A resolver that never answers must not keep the request for ever.
    schedule(this.#settings, transaction, now + transaction.timers.B);
    route.search = this.#locator.start(transaction, uri, destination.transport);
    this.goOn(now, transaction, output);
  }

  /** Takes the next target for an attempt that has none yet: at the start, after a look-up, after a failure. */
  goOn(now: Millis, transaction: ClientTransaction, output: EndpointOutput): void {
    const route = transaction.route;
    if (route === undefined || transaction.key !== '') return;
    while (route.search !== undefined) {
      const target = this.#locator.next(now, route.search, output);
      if (target === undefined) return;
      if (target === null) break;
      if (!this.#troubled.has(now, target)) return this.#attempt(now, transaction, target, output);
      route.setAside.push(target);
    }
    const target = route.setAside.shift() ?? lastResort(route);
    if (target !== undefined) this.#attempt(now, transaction, target, output);
    else this.#exhausted(transaction, route, output);
  }

  #attempt(now: Millis, transaction: ClientTransaction, target: Target, output: EndpointOutput): void {
    const request = transaction.route?.request;
    if (request === undefined) return;
    const settings = this.#settings;
    const branch = `${this.#branchPrefix}${(++this.#count).toString(36)}${randomToken(settings.random, 4)}`;
    let chosen = target;
    let sent = this.#withVia(request, chosen, branch);
    if (target.transport === 'UDP' && !transaction.isSwitched && this.#isTooLong(sent)) {
      transaction.isSwitched = true;
      chosen = { transport: 'TCP', host: target.host, port: target.port };
      sent = this.#withVia(request, chosen, branch);
    }
    transaction.target = chosen;
    transaction.sent = sent;
    transaction.sentBy = ownSentBy(settings, chosen.transport);
    transaction.timers = timersOf(settings, chosen.transport, transaction.route?.giveUpMs);
    transaction.key = clientKey(branch, request.method);
    this.#begin(now, transaction, output);
  }

  #withVia(request: SipRequest, target: Target, branch: string): SipRequest {
    const { transport } = target;
    const rport = transport === 'UDP' ? ';rport' : '';
    const oc = this.#settings.overload?.isObeyed(target) === true ? OVERLOAD_OFFER : '';
    const via = `SIP/2.0/${transport} ${ownSentBy(this.#settings, transport)};branch=${branch}${rport}${oc}`;
    return prependHeader(request, 'Via', via);
  }

  #isTooLong(request: SipRequest): boolean {
    return messageSize(request) > this.#settings.limits.udpRequestBytesMax;
  }

  /** The attempt has everything it needs: the machine starts. */
  #begin(now: Millis, transaction: ClientTransaction, output: EndpointOutput): void {
    const { method, target, timers } = transaction;
    if (method === 'ACK') {
      // No transaction (§13.2.2.4); it is remembered only while the way back from TCP may be needed.
      this.#transmit(transaction, output);
      if (!transaction.isSwitched) return this.#forget(transaction);
      transaction.nonInvite = { name: 'completed', endAt: now + timers.H };
    } else {
      if (method === 'INVITE') transaction.invite = startInviteClient(now, timers).state;
      else transaction.nonInvite = startNonInviteClient(now, timers).state;
      this.#transmit(transaction, output);
    }
    this.#byKey.set(transaction.key, transaction);
    if (target !== undefined && isReliable(target.transport)) this.#ride(transaction, target);
    schedule(this.#settings, transaction, transaction.deadline());
  }

  #transmit(transaction: ClientTransaction, output: EndpointOutput): void {
    const { sent, target, key } = transaction;
    if (sent === undefined || target === undefined) return;
    output.effects.push({ type: 'transmit', message: sent, target, transaction: key });
  }

  /** True if the response belongs to a request of ours. */
  receive(now: Millis, response: SipResponse, source: Source, output: EndpointOutput): boolean {
    const key = responseKey(response);
    const transaction = key === undefined ? undefined : this.#byKey.get(key);
    const via = topVia(response);
    if (transaction === undefined || via === undefined || !hasOneVia(response)) return false;
    // §18.1.2: another element's Via means that the response went astray.
    if (sentByOf(via) !== transaction.sentBy) return false;
    this.#hearLoad(now, transaction, via);
    this.#apply(now, transaction, { type: 'response', status: response.status }, output, {
      response,
      source,
    });
    if (transaction.cancel?.isSent === false && transaction.isProceeding)
      this.#sendCancel(now, transaction, output);
    return true;
  }

  /** RFC 7339 §5.5: only of whom it is wanted, whatever anybody else writes into a Via of ours. */
  #hearLoad(now: Millis, { target }: ClientTransaction, via: Via): void {
    const { overload } = this.#settings;
    if (overload === undefined || target === undefined || !via.params.has('oc')) return;
    const feedback = feedbackIn(via);
    if (feedback !== undefined && overload.isObeyed(target)) overload.heard(now, target, feedback);
  }

  /** §9.1: before any response has come, CANCEL waits for the first; after the final one there is nothing to cancel. */
  cancel(now: Millis, id: TransactionId, extra: readonly HeaderField[], output: EndpointOutput): void {
    const transaction = this.#byId.get(id);
    const route = transaction?.route;
    if (transaction === undefined || route === undefined || transaction.method !== 'INVITE') return;
    if (transaction.cancel !== undefined) return;
    transaction.cancel = { extra, isSent: false };
    if (transaction.key === '') this.#exhausted(transaction, route, output);
    else if (transaction.isProceeding) this.#sendCancel(now, transaction, output);
  }

  /** Whoever has sent it is gone: whether anything was answered to it meanwhile nobody knows, so that nothing is waited for. */
  cancelOther(now: Millis, saved: SavedClientTransaction, output: EndpointOutput): void {
    if (saved.invite.name !== 'calling' && saved.invite.name !== 'proceeding') return;
    const id = `c${this.#count + 1}`;
    this.restore({ ...saved, id, invite: { name: 'proceeding', giveUpAt: null }, cancel: undefined });
    this.cancel(now, id, [], output);
  }

  #sendCancel(now: Millis, invite: ClientTransaction, output: EndpointOutput): void {
    const { cancel, sent, target, sentBy, timers } = invite;
    if (cancel === undefined || sent === undefined || target === undefined) return;
    cancel.isSent = true;
    const transaction = new ClientTransaction(`c${++this.#count}`, 'CANCEL', timers, undefined, false);
    transaction.target = target;
    transaction.sentBy = sentBy;
    transaction.sent = cancelFor(sent, cancel.extra);
    transaction.key = clientKey(topVia(sent)?.params.get('branch') ?? '', 'CANCEL');
    this.#begin(now, transaction, output);
    this.#apply(now, invite, { type: 'cancelled' }, output);
  }

  expire(now: Millis, transaction: ClientTransaction, output: EndpointOutput): void {
    if (transaction.key !== '') return this.#apply(now, transaction, { type: 'expire' }, output);
    const route = transaction.route;
    if (route === undefined) return;
    route.lastFailure = 'timeout';
    this.#exhausted(transaction, route, output);
  }

  /** The shell could not send. True if the name was one of ours. */
  transportFailed(now: Millis, name: string, output: EndpointOutput): boolean {
    const transaction = this.#byKey.get(name) ?? this.#byId.get(name);
    if (transaction === undefined) return false;
    const { route, target } = transaction;
    // An address that moves, a cable, a full buffer: what is repeated may pass, and says nothing about the other end.
    const isOnItsWay = transaction.hasOneTarget || route === undefined || !mayGoOn(transaction, route);
    if (target?.transport === 'UDP' && isOnItsWay) return true;
    if (
      transaction.isSwitched &&
      route !== undefined &&
      target?.transport === 'TCP' &&
      transaction.isUnanswered
    ) {
      const next = this.#successor(transaction, route);
      next.isSwitched = true;
      this.#forget(transaction);
      this.#attempt(now, next, { transport: 'UDP', host: target.host, port: target.port }, output);
    } else this.#apply(now, transaction, { type: 'transportFailed' }, output);
    return true;
  }

  /** A connection is gone, and the answers that were to come over it. */
  flowFailed(now: Millis, flow: string, output: EndpointOutput): void {
    for (const transaction of [...(this.#byFlow.get(flow) ?? [])])
      this.transportFailed(now, transaction.key, output);
  }

  #apply(
    now: Millis,
    transaction: ClientTransaction,
    event: ClientEvent,
    output: EndpointOutput,
    answer?: { readonly response: SipResponse; readonly source: Source },
  ): void {
    for (const effect of transaction.step(event, now)) {
      if (effect === 'transmitRequest') this.#transmit(transaction, output);
      else if (effect === 'transmitAck') this.#transmitAck(transaction, answer?.response, output);
      else if (effect === 'passUp') this.#passUp(now, transaction, answer, output);
      else this.#failed(now, transaction, effect === 'reportTimeout' ? 'timeout' : 'transport', output);
    }
    if (transaction.isTerminated) this.#forget(transaction);
    else schedule(this.#settings, transaction, transaction.deadline());
  }

  #transmitAck(
    transaction: ClientTransaction,
    response: SipResponse | undefined,
    output: EndpointOutput,
  ): void {
    const { sent, target } = transaction;
    if (transaction.ack === undefined && sent !== undefined && response !== undefined) {
      transaction.ack = ackFor(sent, response);
    }
    if (transaction.ack === undefined || target === undefined) return;
    output.effects.push({ type: 'transmit', message: transaction.ack, target });
  }

  #passUp(
    now: Millis,
    transaction: ClientTransaction,
    answer: { readonly response: SipResponse; readonly source: Source } | undefined,
    output: EndpointOutput,
  ): void {
    if (answer === undefined) return;
    const { response, source } = answer;
    const { route, target, id } = transaction;
    if (route?.search !== undefined && target !== undefined) {
      if (response.status === 503) this.#troubled.mark(target, now + this.#refusedFor(response));
      else this.#troubled.clear(target);
    }
    if (response.status === 503 && route !== undefined && mayGoOn(transaction, route)) {
      route.lastRefusal = answer;
      return this.goOn(now, this.#successor(transaction, route), output);
    }
    if (response.status >= 200) this.#release(transaction);
    if (transaction.speaks) output.events.push({ type: 'response', transaction: id, response, source });
  }

  #refusedFor(response: SipResponse): Millis {
    const seconds = Number.parseInt(headerValue(response, 'retry-after') ?? '', 10);
    const { refusedMs } = this.#settings.limits;
    return Number.isNaN(seconds)
      ? refusedMs
      : Math.min(Math.max(refusedMs, seconds * 1_000), RETRY_AFTER_MAX_MS);
  }

  #failed(now: Millis, transaction: ClientTransaction, reason: ClientFailure, output: EndpointOutput): void {
    const { route, target } = transaction;
    if (route === undefined) return;
    if (reason === 'transport' && target?.transport === 'UDP') route.unsent ??= target;
    else if (route.search !== undefined && target !== undefined) {
      this.#troubled.mark(target, now + this.#settings.limits.troubledMs);
    }
    route.lastFailure = reason;
    if (mayGoOn(transaction, route)) this.goOn(now, this.#successor(transaction, route), output);
    else this.#exhausted(transaction, route, output);
  }

  /** The last word on a request: the refusal that sent it on and on, else why nobody answered. */
  #exhausted(transaction: ClientTransaction, route: Route, output: EndpointOutput): void {
    const { id, speaks } = transaction;
    const refusal = route.lastRefusal;
    this.#release(transaction);
    if (transaction.key === '') this.#forget(transaction);
    if (!speaks) return;
    if (refusal !== undefined) output.events.push({ type: 'response', transaction: id, ...refusal });
    else output.events.push({ type: 'failed', transaction: id, reason: route.lastFailure });
  }

  /** A new attempt of the same request. The old one only absorbs what still comes for it. */
  #successor(transaction: ClientTransaction, route: Route): ClientTransaction {
    this.#settings.counts.triedNext++;
    const { id, method, timers, speaks } = transaction;
    const next = new ClientTransaction(id, method, timers, route, speaks);
    // A CANCEL that waits for the first response waits on.
    next.cancel = transaction.cancel;
    if (route.search !== undefined) route.search.owner = next;
    transaction.route = undefined;
    transaction.sent = undefined;
    transaction.speaks = false;
    this.#alight(transaction);
    this.#byId.set(id, next);
    return next;
  }

  /** The final answer is there: nothing but the key, and the ACK, is needed any more. */
  #release(transaction: ClientTransaction): void {
    if (transaction.route?.search !== undefined) transaction.route.search.isOver = true;
    transaction.route = undefined;
    transaction.sent = undefined;
    this.#alight(transaction);
  }

  #forget(transaction: ClientTransaction): void {
    if (transaction.key !== '') this.#byKey.delete(transaction.key);
    if (this.#byId.get(transaction.id) === transaction) this.#byId.delete(transaction.id);
    this.#release(transaction);
    schedule(this.#settings, transaction, null);
  }

  #ride(transaction: ClientTransaction, target: Target): void {
    const flow = target.flow ?? connectionFlow(target.transport, target.host, target.port);
    transaction.flow = flow;
    const riders = this.#byFlow.get(flow);
    if (riders === undefined) this.#byFlow.set(flow, new Set([transaction]));
    else riders.add(transaction);
  }

  #alight(transaction: ClientTransaction): void {
    const { flow } = transaction;
    if (flow === undefined) return;
    transaction.flow = undefined;
    const riders = this.#byFlow.get(flow);
    riders?.delete(transaction);
    if (riders?.size === 0) this.#byFlow.delete(flow);
  }
}

/** TX11: to whom it could not be sent it is repeated, now that nobody else could be asked. */
function lastResort(route: Route): Target | undefined {
  const target = route.unsent;
  if (target === undefined) return undefined;
  if (route.search !== undefined) route.search.isOver = true;
  route.search = undefined;
  route.unsent = undefined;
  return target;
}

/** Is there another target to try? Not for a request that its owner has cancelled. */
function mayGoOn(transaction: ClientTransaction, route: Route): boolean {
  return transaction.cancel === undefined && (route.search !== undefined || route.setAside.length > 0);
}
