/**
 * The user agent: calls, as its owner sees them, on top of transactions (RFC 3261 §8, §12–15). Its owner is a phone
 * or one server core; what it decides is in the legs (`dialog/invite.ts`), and `user-agent-core.ts` brings the
 * two together.
 *
 *     owner       invite ring answer bye …   ▲ events about legs
 *     user agent        ▼                    │
 *     shell             effects to perform   what was received, what has expired
 *
 * Each method takes `now` and answers with effects for the shell, to be performed in order, and events for the
 * owner. An order for a leg that is gone does nothing: the owner may not have heard yet.
 */
import type { Millis } from '@holdfast/kernel';
import type { Ring } from '../dialog/leg.ts';
import { SEQ_JUMP } from '../dialog/resume.ts';
import type { SipEndpoint } from '../endpoint.ts';
import type { Destination, TransactionId } from '../endpoint-types.ts';
import type { LookupAnswer } from '../locate/lookup.ts';
import type { HeaderLines } from '../message/build-message.ts';
import type { SipMessage, SipRequest, SipResponse } from '../message/message.ts';
import type { ParseFailure } from '../message/parse-message.ts';
import type { Source, Target, TransportName } from '../target.ts';
import type { InviteOptions, LegId } from '../user-agent-types.ts';
import type { LegRecord } from './leg-record.ts';
import { UserAgentCore } from './user-agent-core.ts';
import type {
  AnswerOptions,
  LegInfo,
  RequestOutsideOptions,
  RespondOptions,
  UserAgentOptions,
  UserAgentOutput,
} from './user-agent-options.ts';

export class SipUserAgent {
  readonly #core: UserAgentCore;

  constructor(options: UserAgentOptions) {
    this.#core = new UserAgentCore(options);
  }

  // ── from the shell ───────────────────────────────────────────────────────────────────────────────────────

  receive(now: Millis, message: SipMessage, source: Source): UserAgentOutput {
    return this.#core.finish(now, this.#core.endpoint.receive(now, message, source));
  }

  receiveMalformed(now: Millis, failure: ParseFailure, source: Source): UserAgentOutput {
    return this.#core.finish(now, this.#core.endpoint.receiveMalformed(now, failure, source));
  }

  transportFailed(
    now: Millis,
    what: { readonly transaction?: TransactionId; readonly flow?: string },
  ): UserAgentOutput {
    return this.#core.finish(now, this.#core.endpoint.transportFailed(now, what));
  }

  lookedUp(now: Millis, id: string, answer: LookupAnswer): UserAgentOutput {
    return this.#core.finish(now, this.#core.endpoint.lookedUp(now, id, answer));
  }

  nextDeadline(): Millis | undefined {
    return this.#core.nextDeadline();
  }

  expire(now: Millis): UserAgentOutput {
    return this.#core.expire(now);
  }

  // ── calls ────────────────────────────────────────────────────────────────────────────────────────────────

  invite(now: Millis, options: InviteOptions): { readonly leg: LegId; readonly output: UserAgentOutput } {
    const leg = this.#core.call(now, options);
    return { leg, output: this.#core.finish(now) };
  }

  /** 101 to 199 to an incoming call. */
  ring(now: Millis, leg: LegId, ring: Ring): UserAgentOutput {
    return this.#core.order(now, leg, { type: 'ring', ring });
  }

  /** 200 to an incoming call. */
  answer(now: Millis, leg: LegId, answer: AnswerOptions): UserAgentOutput {
    return this.#core.order(now, leg, { type: 'answer', answer });
  }

  /** 300 to 699 to an incoming call; a redirection carries its Contact among the headers. The leg is over. */
  reject(
    now: Millis,
    leg: LegId,
    status: number,
    options: { readonly headers?: HeaderLines; readonly reason?: string } = {},
  ): UserAgentOutput {
    const { headers = [], reason } = options;
    return this.#core.order(now, leg, {
      type: 'reject',
      status,
      headers,
      ...(reason !== undefined && { reason }),
    });
  }

  /** The answer to an offer that came in a 2xx or in a reliable provisional response to an INVITE without one. */
  acknowledge(now: Millis, leg: LegId, sdp: Uint8Array | undefined): UserAgentOutput {
    return this.#core.order(now, leg, { type: 'acknowledge', sdp });
  }

  /** Ends an attempt of ours; `failed` follows, also when the other side answered in the same moment. */
  cancel(now: Millis, leg: LegId): UserAgentOutput {
    return this.#core.order(now, leg, { type: 'cancel' });
  }

  /** Ends a call in any state; `ended` follows when the other side has answered, or `failed` if it was not up yet. */
  bye(
    now: Millis,
    leg: LegId,
    options: { readonly reason?: string; readonly headers?: HeaderLines } = {},
  ): UserAgentOutput {
    const { reason, headers = [] } = options;
    const lines = reason === undefined ? headers : [['Reason', reason] as const, ...headers];
    return this.#core.order(now, leg, { type: 'bye', headers: lines });
  }

  /** Offers a new description, or asks for an offer of theirs; `offerAnswered` follows, once for each. */
  reinvite(now: Millis, leg: LegId, sdp: Uint8Array | undefined): UserAgentOutput {
    return this.#core.order(now, leg, { type: 'change', method: 'INVITE', sdp });
  }

  /** RFC 3311: like `reinvite`, also before the call is answered; without SDP it only refreshes our Contact. */
  update(now: Millis, leg: LegId, sdp?: Uint8Array): UserAgentOutput {
    return this.#core.order(now, leg, { type: 'change', method: 'UPDATE', sdp });
  }

  /** Tells the other side where we are, and changes nothing; `refreshAnswered` follows, or `ended` where it is gone. */
  refresh(now: Millis, leg: LegId): UserAgentOutput {
    return this.#core.order(now, leg, { type: 'refresh' });
  }

  acceptOffer(now: Millis, leg: LegId, sdp: Uint8Array | undefined): UserAgentOutput {
    return this.#core.order(now, leg, { type: 'acceptOffer', sdp });
  }

  rejectOffer(now: Millis, leg: LegId, status: number): UserAgentOutput {
    return this.#core.order(now, leg, { type: 'rejectOffer', status });
  }

  /** INFO, REFER, NOTIFY, MESSAGE, … in the dialog; `inDialogResponse` follows. Content-Type stands in the headers. */
  sendInDialog(
    now: Millis,
    leg: LegId,
    method: string,
    options: { readonly headers?: HeaderLines; readonly body?: Uint8Array } = {},
  ): UserAgentOutput {
    const { headers = [], body } = options;
    return this.#core.order(now, leg, { type: 'send', method, headers, body });
  }

  // ── outside calls ────────────────────────────────────────────────────────────────────────────────────────

  /** A request without Via, outside any call; `response` follows, under the transaction answered here. */
  sendRequest(
    now: Millis,
    request: SipRequest,
    destination: Destination,
    options: RequestOutsideOptions = {},
  ): { readonly transaction: TransactionId; readonly output: UserAgentOutput } {
    const { credentials, giveUpMs } = options;
    const transaction = this.#core.send(now, {
      held: undefined,
      purpose: 'outside',
      request,
      destination,
      credentials,
      giveUpMs,
      answered: 0,
      known: undefined,
    });
    return { transaction, output: this.#core.finish(now) };
  }

  /** Answers a `request` or an `inDialogRequest`. */
  respond(
    now: Millis,
    transaction: TransactionId,
    status: number,
    options: RespondOptions = {},
  ): UserAgentOutput {
    this.#core.answerAsked(now, transaction, status, options);
    return this.#core.finish(now);
  }

  /** Gives a `stray` to its leg, which has been loaded meanwhile; 481 where it has not. */
  takeStray(now: Millis, transaction: TransactionId): UserAgentOutput {
    this.#core.takeStray(now, transaction);
    return this.#core.finish(now);
  }

  /** The same with a response that is made already (a registrar makes its own). */
  sendResponse(now: Millis, transaction: TransactionId, response: SipResponse): UserAgentOutput {
    this.#core.forwardAnswer(now, transaction, response);
    return this.#core.finish(now);
  }

  // ── to look at ───────────────────────────────────────────────────────────────────────────────────────────

  /**
   * The other side of this leg is reached there from now on: its connection is lost, and it has registered over
   * another [C42]. A dialog belongs to a phone, not to a socket.
   */
  reachAt(leg: LegId, target: Target): void {
    this.#core.reachAt(leg, target);
  }

  contactFor(transport: TransportName): string {
    return this.#core.contactFor(transport);
  }

  /** The leg is another's now: nothing more is said in it, and nobody is told. */
  forget(leg: LegId): void {
    this.#core.forget(leg);
  }

  /** Legs that are not as they were when this was last asked, those that are over included (UA15). */
  takeTouched(): readonly LegId[] {
    return this.#core.takeTouched();
  }

  /** The leg with all that goes on with it, for another user agent of the same address; undefined when it is over. */
  legRecord(leg: LegId): LegRecord | undefined {
    return this.#core.record(leg);
  }

  /**
   * Goes on with the legs of another user agent, in our time (`legRecordFrom`). Those of a mate at once, before anything
   * is sent; those of another address whenever they are taken over, their transactions left behind (`movedLeg`).
   * `seqJump`: by how much our numbers are to be above those that are recorded.
   */
  loadLegs(now: Millis, records: readonly LegRecord[], seqJump: number = SEQ_JUMP): UserAgentOutput {
    this.#core.load(now, records, seqJump);
    return this.#core.finish(now);
  }

  /**
   * Cancels the INVITEs of a leg that another user agent, which is gone, has sent, wherever that was: a callee knows them by
   * their branch (RFC 3261 §9.1). The answers to the INVITEs go where they came from, and nobody waits for them. `at`:
   * where the callee is reached from here.
   */
  cancelOther(now: Millis, record: LegRecord, at?: Target): UserAgentOutput {
    return this.#core.cancelOther(now, record, at);
  }

  legInfo(leg: LegId): LegInfo | undefined {
    return this.#core.legInfo(leg);
  }

  legs(): IterableIterator<LegId> {
    return this.#core.legIds();
  }

  /** How much is held at this moment: all of it returns to 0 when nothing goes on any more. */
  sizes(): ReturnType<UserAgentCore['sizes']> {
    return this.#core.sizes();
  }

  status(): ReturnType<SipEndpoint['status']> {
    return this.#core.endpoint.status();
  }
}
