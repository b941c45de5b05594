/**
 * The inside of the user agent: gives every message to the leg that it belongs to, performs what the leg asks for,
 * keeps the legs' deadlines, and answers challenges, so that neither owner nor legs know of 401.
 *
 *     our tag in From or To ──► leg ──step──► effects ──► endpoint ──► events ──► queue ──► leg …
 *
 * A leg is found by our tag, which is random and so nobody else's; there is no second table. What the endpoint says
 * while a leg's effects are performed waits in the queue, so that a step is never interrupted by another.
 */
import { Deadlines, type Millis, randomToken } from '@holdfast/kernel';
import { declineStray } from '../dialog/calling.ts';
import { nextHopOf } from '../dialog/dialog.ts';
import { firstInvite } from '../dialog/first-invite.ts';
import { dialogOf, dialogWith, remoteTagOf } from '../dialog/in-dialog.ts';
import { deadlineOf, startCall, startIncoming, stepInvite } from '../dialog/invite.ts';
import type { Leg, LegEffect, LegEvent, Surroundings } from '../dialog/leg.ts';
import { resumeLeg } from '../dialog/resume.ts';
import { askedSession } from '../dialog/session-timer.ts';
import { SipEndpoint } from '../endpoint.ts';
import type { EndpointEvent, EndpointOutput, TransactionId } from '../endpoint-types.ts';
import { createRequest, createResponse, type HeaderLines } from '../message/build-message.ts';
import { callIdOf, cseqOf, fromOf, maxForwardsOf, toOf } from '../message/headers.ts';
import type { HeaderField, SipMessage, SipRequest, SipResponse } from '../message/message.ts';
import { tagOf } from '../message/name-addr.ts';
import type { Source, Target, TransportName } from '../target.ts';
import type { InviteOptions, LegId } from '../user-agent-types.ts';
import { type LegRecord, recordOfLeg, restoreLeg } from './leg-record.ts';
import { OwnSurroundings } from './own-surroundings.ts';
import { answerTo, withLongerSession } from './user-agent-again.ts';
import { refusalOf } from './user-agent-checks.ts';
import {
  LEGS_MAX,
  type LegInfo,
  type RespondOptions,
  type UserAgentOptions,
  type UserAgentOutput,
} from './user-agent-options.ts';
import { destinationOf } from './user-agent-reach.ts';
import { type Asked, AskedRequests, type Held, infoOf, type Sent } from './user-agent-records.ts';
import { UserAgentSaid } from './user-agent-said.ts';

/** Letters and digits of a tag, about 62 bits, and of a Call-ID, about 104. */
const TAG_LENGTH = 12;
const CALL_ID_LENGTH = 20;

export class UserAgentCore {
  readonly #options: UserAgentOptions;
  readonly endpoint: SipEndpoint;
  readonly #legs = new Map<LegId, Held>();
  readonly #sent = new Map<TransactionId, Sent>();
  /** Legs whose INVITE, first or later, has no final response yet: by its transaction, for CANCEL. */
  readonly #serving = new Map<TransactionId, Held>();
  readonly #asked = new AskedRequests();
  /** Undefined where nobody follows. */
  readonly #touched: Set<LegId> | undefined;
  readonly #deadlines = new Deadlines<Held>();
  readonly #surroundings: OwnSurroundings;
  readonly #said = new UserAgentSaid();

  constructor(options: UserAgentOptions) {
    this.#options = options;
    this.endpoint = new SipEndpoint(options);
    this.#touched = options.isFollowed === true ? new Set() : undefined;
    this.#surroundings = new OwnSurroundings(options);
  }

  nextDeadline(): Millis | undefined {
    let at = this.endpoint.nextDeadline();
    const legs = this.#deadlines.next();
    if (legs !== undefined && (at === undefined || legs < at)) at = legs;
    const forgotten = this.#asked.next();
    return forgotten !== undefined && (at === undefined || forgotten < at) ? forgotten : at;
  }

  expire(now: Millis): UserAgentOutput {
    for (let held = this.#deadlines.takeDue(now); held !== undefined; held = this.#deadlines.takeDue(now)) {
      this.#step(now, held, { type: 'expire' });
    }
    for (
      let asked = this.#asked.takeForgotten(now);
      asked !== undefined;
      asked = this.#asked.takeForgotten(now)
    ) {
      this.#respond(now, asked, 504, {});
    }
    return this.finish(now, this.endpoint.expire(now));
  }

  /** Sends the INVITE of a new leg. */
  call(now: Millis, options: InviteOptions): LegId {
    const id = randomToken(this.#options.random, TAG_LENGTH);
    if (this.#legs.size >= this.#legsMax) {
      this.#said.tell({ type: 'failed', leg: id, status: 503 });
      return id;
    }
    const callId = randomToken(this.#options.random, CALL_ID_LENGTH);
    const surroundings = this.#surroundings.at(now);
    const own = {
      tag: id,
      callId,
      allow: surroundings.allow,
      session: askedSession(undefined, surroundings),
    };
    const invite = firstInvite(options, own);
    const { destination, uri, contact, credentials, ringingMax } = options;
    const giveUpAt = ringingMax === undefined ? undefined : now + ringingMax;
    const leg = startCall({ id, contact, invite, transaction: '', giveUpAt });
    const held: Held = { leg, callId, source: undefined, invited: { uri, destination }, credentials };
    this.#legs.set(id, held);
    this.#touched?.add(id);
    if (giveUpAt !== undefined) this.#deadlines.set(held, giveUpAt);
    this.send(now, {
      held,
      purpose: 'invite',
      request: invite,
      destination,
      credentials,
      giveUpMs: options.giveUpMs,
      answered: 0,
      known: undefined,
    });
    return id;
  }

  order(now: Millis, id: LegId, event: LegEvent): UserAgentOutput {
    const held = this.#legs.get(id);
    if (held !== undefined) this.#step(now, held, event);
    return this.finish(now);
  }

  /** Our owner's answer to a request that it was given. */
  answerAsked(now: Millis, transaction: TransactionId, status: number, options: RespondOptions): void {
    const asked = this.#asked.answered(transaction, status);
    if (asked !== undefined) this.#respond(now, asked, status, options);
  }

  forwardAnswer(now: Millis, transaction: TransactionId, response: SipResponse): void {
    const asked = this.#asked.answered(transaction, response.status);
    if (asked !== undefined) this.#said.take(this.endpoint.sendResponse(now, transaction, response));
  }

  takeStray(now: Millis, transaction: TransactionId): void {
    const asked = this.#asked.answered(transaction, 481);
    const held = asked && this.#heldBy(asked.request, tagOf(toOf(asked.request)));
    if (asked === undefined) return;
    if (held === undefined) return this.#respond(now, asked, 481, {});
    this.#step(now, held, { type: 'request', transaction, request: asked.request });
  }

  #respond(now: Millis, asked: Asked, status: number, options: RespondOptions): void {
    const toTag = options.toTag ?? randomToken(this.#options.random, TAG_LENGTH);
    const response = createResponse(asked.request, status, { ...options, toTag });
    this.#said.take(this.endpoint.sendResponse(now, asked.transaction, response));
  }

  contactFor(transport: TransportName): string {
    const { contact } = this.#options;
    return typeof contact === 'string' ? contact : contact(transport);
  }

  reachAt(id: LegId, target: Target): void {
    const held = this.#legs.get(id);
    const dialog = held === undefined ? undefined : dialogOf(held.leg);
    if (held === undefined || dialog === undefined) return;
    held.invited = { uri: nextHopOf(dialog), destination: { type: 'target', target } };
  }

  /** Legs that are not as they were when this was last asked, those that are over included. */
  takeTouched(): readonly LegId[] {
    const touched = [...(this.#touched ?? [])];
    this.#touched?.clear();
    return touched;
  }

  forget(id: LegId): void {
    const held = this.#legs.get(id);
    if (held === undefined) return;
    this.#touched?.add(id);
    this.#deadlines.clear(held);
    this.#legs.delete(id);
  }

  record(id: LegId): LegRecord | undefined {
    const held = this.#legs.get(id);
    return held && recordOfLeg(held, this.endpoint, this.#sent);
  }

  /** What came along first, because what is sent then takes new names. */
  load(now: Millis, records: readonly LegRecord[], seqJump: number): void {
    const tables = { legs: this.#legs, sent: this.#sent, serving: this.#serving };
    for (const { held, names } of records.map((record) => restoreLeg(record, this.endpoint, tables))) {
      resumeLeg(held.leg, seqJump, (id) => names.has(id), this.#surroundingsAt(now, held));
      this.#settle(now, held);
    }
  }

  /** What comes of them is of no account: no leg of ours has sent them. */
  cancelOther(now: Millis, { transactions }: LegRecord, at: Target | undefined): UserAgentOutput {
    for (const { saved } of transactions)
      if ('sentBy' in saved) this.#said.take(this.endpoint.cancelOther(now, saved, at));
    return this.finish(now);
  }

  legInfo(id: LegId): LegInfo | undefined {
    const held = this.#legs.get(id);
    return held && infoOf(held);
  }

  legIds(): IterableIterator<LegId> {
    return this.#legs.keys();
  }

  sizes(): Readonly<Record<'legs' | 'sent' | 'serving' | 'asked', number>> {
    const sizes = { legs: this.#legs.size, sent: this.#sent.size };
    return { ...sizes, serving: this.#serving.size, asked: this.#asked.size };
  }

  // ── from the endpoint ────────────────────────────────────────────────────────────────────────────────────

  /** Handles what the endpoint has said, and what it says to what is done about it, until it is silent. */
  finish(now: Millis, output?: EndpointOutput): UserAgentOutput {
    const said = this.#said;
    if (output !== undefined) said.take(output);
    for (let event = said.next(); event !== undefined; event = said.next()) this.#handle(now, event);
    return said.done();
  }

  #handle(now: Millis, event: EndpointEvent): void {
    switch (event.type) {
      case 'request':
        return this.#onRequest(now, event);
      case 'ack': {
        const held = this.#heldBy(event.request, tagOf(toOf(event.request)));
        if (held === undefined || dialogWith(held.leg, remoteTagOf(event.request)) === undefined) return;
        held.source = event.source;
        return this.#step(now, held, { type: 'ack', request: event.request });
      }
      case 'cancelled': {
        const held = this.#serving.get(event.transaction);
        if (held !== undefined) this.#step(now, held, { type: 'cancelled', transaction: event.transaction });
        return;
      }
      case 'response':
        return this.#onResponse(now, event);
      case 'failed': {
        const sent = this.#sent.get(event.transaction);
        this.#sent.delete(event.transaction);
        if (sent !== undefined)
          this.#onNoResponse(now, event.transaction, sent, event.reason === 'timeout' ? 408 : 503);
        return;
      }
      case 'unacknowledged':
        // Only refusals are reported so: the leg is over, and nobody is left to be told.
        return;
    }
  }

  #heldBy(message: SipMessage, tag: string | undefined): Held | undefined {
    const held = tag === undefined ? undefined : this.#legs.get(tag);
    return held !== undefined && held.callId === callIdOf(message) ? held : undefined;
  }

  #onRequest(now: Millis, event: Extract<EndpointEvent, { type: 'request' }>): void {
    const { transaction, request, source } = event;
    const refusal = refusalOf(request, this.#surroundings.tags, this.#surroundings.sessionTimer);
    if (refusal !== undefined) {
      return this.#refuse(now, transaction, request, refusal.status, refusal);
    }
    const tag = tagOf(toOf(request));
    if (tag !== undefined) {
      const held = this.#heldBy(request, tag);
      if (held === undefined && this.#options.tellsStrays === true) {
        this.#ask(now, event);
        return this.#said.tell({ ...event, type: 'stray' });
      }
      if (held === undefined || dialogWith(held.leg, remoteTagOf(request)) === undefined)
        return this.#refuse(now, transaction, request, 481);
      held.source = source;
      if (request.method === 'INVITE') this.#serving.set(transaction, held);
      return this.#step(now, held, { type: 'request', transaction, request });
    }
    if (request.method === 'INVITE') return this.#onInvite(now, event);
    if (ONLY_IN_DIALOG.has(request.method)) return this.#refuse(now, transaction, request, 481);
    this.#ask(now, event);
    this.#said.tell({ type: 'request', transaction, request, source });
  }

  #onInvite(now: Millis, event: Extract<EndpointEvent, { type: 'request' }>): void {
    const { transaction, request, source } = event;
    if (this.#options.forwards !== false && maxForwardsOf(request) === 0)
      return this.#refuse(now, transaction, request, 483);
    if (this.#legs.size >= this.#legsMax) {
      const seconds = 1 + Math.floor(this.#options.random() * 10);
      return this.#refuse(now, transaction, request, 503, { headers: [['Retry-After', String(seconds)]] });
    }
    const id = randomToken(this.#options.random, TAG_LENGTH);
    const contact = this.contactFor(source.transport);
    const leg = startIncoming({ id, contact, invite: request, transaction });
    if ('refusal' in leg) return this.#refuse(now, transaction, request, 400, { reason: leg.refusal });
    const callId = callIdOf(request) ?? '';
    const held: Held = {
      leg,
      callId,
      opened: transaction,
      source,
      invited: undefined,
      credentials: undefined,
    };
    this.#legs.set(id, held);
    this.#touched?.add(id);
    this.#serving.set(transaction, held);
    this.#said.tell({ type: 'incoming', leg: id, request, source });
  }

  #refuse(
    now: Millis,
    transaction: TransactionId,
    request: SipRequest,
    status: number,
    parts: { readonly reason?: string; readonly headers?: HeaderLines } = {},
  ): void {
    const { reason, headers } = parts;
    const toTag = randomToken(this.#options.random, TAG_LENGTH);
    const response = createResponse(request, status, {
      toTag,
      ...(reason !== undefined && { reason }),
      ...(headers !== undefined && { headers }),
    });
    this.#said.take(this.endpoint.sendResponse(now, transaction, response));
  }

  #onResponse(now: Millis, event: Extract<EndpointEvent, { type: 'response' }>): void {
    const { transaction, response, source } = event;
    const sent = this.#sent.get(transaction);
    if (sent === undefined) return this.#onLateSuccess(now, response, source);
    const { held, purpose, request } = sent;
    if (response.status >= 200) {
      this.#sent.delete(transaction);
      if (this.#goOn(now, transaction, sent, response)) return;
    }
    if (purpose === 'outside') {
      const known = sent.known ?? transaction;
      if (response.status >= 200)
        this.#said.tell({ type: 'response', transaction: known, status: response.status, response, source });
      return;
    }
    if (held === undefined) return;
    if (held.leg.state.name === 'over') {
      if (purpose === 'invite') this.#decline(now, response, held);
      return;
    }
    held.source = source;
    this.#step(now, held, { type: 'response', purpose, request, response });
  }

  /** A 2xx that comes again, from another phone, or for a leg that is over. */
  #onLateSuccess(now: Millis, response: SipResponse, source: Source): void {
    if (response.status < 200 || response.status >= 300 || cseqOf(response)?.method !== 'INVITE') return;
    const held = this.#heldBy(response, tagOf(fromOf(response)));
    if (held === undefined) return this.#decline(now, response, { source });
    this.#step(now, held, { type: 'response', purpose: 'invite', request: NO_REQUEST, response });
  }

  #decline(
    now: Millis,
    response: SipResponse,
    reach: { readonly source: Source | undefined; readonly leg?: Leg; readonly invited?: Held['invited'] },
  ): void {
    if (response.status < 200 || response.status >= 300) return;
    const out: LegEffect[] = [];
    declineStray(response, reach.leg ?? NO_CREDENTIALS, false, out);
    const { source, invited } = reach;
    this.#perform(now, { source, invited, credentials: undefined }, out);
  }

  #onNoResponse(now: Millis, transaction: TransactionId, sent: Sent, status: 408 | 503): void {
    const { held, purpose, request } = sent;
    if (purpose === 'outside') {
      this.#said.tell({ type: 'response', transaction: sent.known ?? transaction, status });
    } else if (held !== undefined) this.#step(now, held, { type: 'noResponse', purpose, request, status });
  }

  /** Sends the request again with what its refusal asks for. True if it did. */
  #goOn(now: Millis, transaction: TransactionId, sent: Sent, response: SipResponse): boolean {
    const longer = withLongerSession(response, sent, this.#surroundings.sessionTimer);
    const again = longer ?? answerTo(response, sent, this.#options.answerChallenge);
    if (again === undefined) return false;
    this.send(now, {
      ...sent,
      request: again,
      answered: longer === undefined ? sent.answered + 1 : sent.answered,
      known: sent.known ?? transaction,
    });
    return true;
  }

  // ── legs ─────────────────────────────────────────────────────────────────────────────────────────────────

  get #legsMax(): number {
    return this.#options.legsMax ?? LEGS_MAX;
  }

  #step(now: Millis, held: Held, event: LegEvent): void {
    stepInvite(held.leg, event, this.#surroundingsAt(now, held));
    this.#settle(now, held);
  }

  #surroundingsAt(now: Millis, { leg }: Held): Surroundings {
    this.#touched?.add(leg.id);
    return this.#surroundings.at(now);
  }

  #settle(now: Millis, held: Held): void {
    const { out } = this.#surroundings;
    if (out.length > 0) {
      this.#perform(now, held, out);
      out.length = 0;
    }
    if (held.leg.state.name === 'over') {
      this.#deadlines.clear(held);
      this.#legs.delete(held.leg.id);
      return;
    }
    const at = deadlineOf(held.leg);
    if (at === this.#deadlines.get(held)) return;
    if (at === undefined) this.#deadlines.clear(held);
    else this.#deadlines.set(held, at);
  }

  /** Nothing here steps a leg: what the endpoint has to say waits in the queue until this step is done. */
  #perform(
    now: Millis,
    held: Held | Pick<Held, 'source' | 'invited' | 'credentials'>,
    effects: readonly LegEffect[],
  ): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'send':
          this.send(now, {
            held: 'leg' in held ? held : undefined,
            purpose: effect.purpose,
            request: effect.request,
            destination: destinationOf(effect.nextHop, held, this.#options.connects),
            credentials: held.credentials,
            giveUpMs: undefined,
            answered: 0,
            known: undefined,
          });
          break;
        case 'sendAck':
          this.#said.take(
            this.endpoint.sendAck(
              now,
              effect.request,
              destinationOf(effect.nextHop, held, this.#options.connects),
            ),
          );
          break;
        case 'sendCancel':
          this.#said.take(this.endpoint.cancel(now, effect.transaction));
          break;
        case 'respond':
          if (effect.response.status >= 200) this.#serving.delete(effect.transaction);
          this.#said.take(this.endpoint.sendResponse(now, effect.transaction, effect.response));
          break;
        case 'tell':
          if (effect.event.type === 'inDialogRequest') this.#ask(now, effect.event);
          this.#said.tell(effect.event);
          break;
      }
    }
  }

  send(now: Millis, sent: Sent): TransactionId {
    const { request, destination, giveUpMs, held } = sent;
    const options = giveUpMs === undefined ? undefined : { giveUpMs };
    const { transaction, output } = this.endpoint.sendRequest(now, request, destination, options);
    this.#sent.set(transaction, sent);
    if (sent.purpose === 'invite' && held?.leg.state.name === 'calling') {
      const { state } = held.leg;
      state.invite = request;
      state.transaction = transaction;
      state.forks.length = 0;
    }
    const change = held?.leg.change;
    if (change !== undefined && (sent.purpose === 'reinvite' || sent.purpose === 'update'))
      change.transaction = transaction;
    this.#said.take(output);
    return transaction;
  }

  #ask(now: Millis, what: { readonly transaction: TransactionId; readonly request: SipRequest }): void {
    this.#asked.add(what.transaction, what.request, now + this.#surroundings.giveUp / 2);
  }
}

const ONLY_IN_DIALOG = new Set(['BYE', 'PRACK', 'UPDATE']);
const NO_CREDENTIALS = { authorization: [] as readonly HeaderField[] };
const NO_REQUEST = createRequest({ method: 'INVITE', uri: '', headers: [] });
