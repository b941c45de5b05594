/**
 * One attempt of a request to one target: the machine's state and what the machine leaves to its owner, the
 * messages and the way.
 */
import type { Millis } from '@holdfast/kernel';
import type { TransactionId } from '../endpoint-types.ts';
import type { Search } from '../locate/locator.ts';
import { toOf } from '../message/headers.ts';
import type { HeaderField, SipRequest, SipResponse } from '../message/message.ts';
import { tagOf } from '../message/name-addr.ts';
import type { Source, Target } from '../target.ts';
import {
  type ClientEffect,
  type ClientEvent,
  type InviteClientState,
  inviteClientDeadline,
  stepInviteClient,
} from './invite-client.ts';
import {
  type NonInviteClientState,
  nonInviteClientDeadline,
  stepNonInviteClient,
} from './non-invite-client.ts';
import type { Timers } from './timers.ts';
import type { TransactionOwner } from './transaction-settings.ts';

export type ClientFailure = 'timeout' | 'transport' | 'no-target';

/** What is needed to go on to another target; given up once a final response has come. */
export interface Route {
  /** As the owner gave it, without our Via. */
  readonly request: SipRequest;
  readonly giveUpMs: Millis | undefined;
  search: Search<TransactionOwner> | undefined;
  /** Targets that failed lately: tried when no other is left. */
  readonly setAside: Target[];
  /** The first to which the request could not be sent over UDP: taken when no other is left. */
  unsent: Target | undefined;
  lastFailure: ClientFailure;
  lastRefusal: { readonly response: SipResponse; readonly source: Source } | undefined;
}

export class ClientTransaction {
  readonly kind = 'client';
  readonly id: TransactionId;
  readonly method: string;
  /** Names this attempt, also to the shell; empty while it has no target yet. */
  key = '';
  sentBy = '';
  target: Target | undefined = undefined;
  timers: Timers;
  invite: InviteClientState | undefined = undefined;
  nonInvite: NonInviteClientState | undefined = undefined;
  dueAt: Millis | null = null;
  /** With our Via; let go with the final response. */
  sent: SipRequest | undefined = undefined;
  ack: SipRequest | undefined = undefined;
  route: Route | undefined;
  /** CANCEL waits for the first provisional response, or was sent (§9.1). */
  cancel: { readonly extra: readonly HeaderField[]; isSent: boolean } | undefined = undefined;
  /** False for CANCEL, ACK and attempts that have a successor. */
  speaks: boolean;
  /** The connection that its answer comes over, if it is reliable. */
  flow: string | undefined = undefined;
  /** Sent over TCP only because it is long: back to UDP if TCP is refused (§18.1.1). */
  isSwitched = false;

  constructor(id: TransactionId, method: string, timers: Timers, route: Route | undefined, speaks: boolean) {
    this.id = id;
    this.method = method;
    this.timers = timers;
    this.route = route;
    this.speaks = speaks;
  }

  /** One step of the machine; what it asks for is the answer. */
  step(event: ClientEvent, now: Millis): readonly ClientEffect[] {
    if (this.invite !== undefined) {
      const { state, effects } = stepInviteClient(this.invite, event, now, this.timers);
      this.invite = state;
      return effects;
    }
    if (this.nonInvite === undefined) return [];
    const { state, effects } = stepNonInviteClient(this.nonInvite, event, now, this.timers);
    this.nonInvite = state;
    return effects;
  }

  deadline(): Millis | null {
    if (this.invite !== undefined) return inviteClientDeadline(this.invite);
    return this.nonInvite === undefined ? null : nonInviteClientDeadline(this.nonInvite);
  }

  get isTerminated(): boolean {
    return (this.invite ?? this.nonInvite)?.name === 'terminated';
  }

  get isProceeding(): boolean {
    return (this.invite ?? this.nonInvite)?.name === 'proceeding';
  }

  /** It goes on a way that was found before: within a dialog, or with CANCEL behind its INVITE. */
  get hasOneTarget(): boolean {
    return this.method === 'CANCEL' || (this.sent !== undefined && tagOf(toOf(this.sent)) !== undefined);
  }

  /** Nothing has been heard yet. */
  get isUnanswered(): boolean {
    return this.method === 'ACK' || this.invite?.name === 'calling' || this.nonInvite?.name === 'trying';
  }
}
