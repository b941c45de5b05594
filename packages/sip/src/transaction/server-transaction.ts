/**
 * One request that we have received: the machine's state and what the machine leaves to its owner, the newest
 * response and the way back. The request itself is not kept.
 */
import type { Millis } from '@holdfast/kernel';
import type { TransactionId } from '../endpoint-types.ts';
import type { Search } from '../locate/locator.ts';
import type { SipRequest, SipResponse, SipUri } from '../message/message.ts';
import type { Target } from '../target.ts';
import {
  INVITE_SERVER_START,
  type InviteServerState,
  inviteServerDeadline,
  type ServerEffect,
  type ServerEvent,
  stepInviteServer,
} from './invite-server.ts';
import {
  type NonInviteServerState,
  nonInviteServerDeadline,
  startNonInviteServer,
  stepNonInviteServer,
} from './non-invite-server.ts';
import type { Timers } from './timers.ts';
import type { TransactionOwner } from './transaction-settings.ts';

export class ServerTransaction {
  readonly kind = 'server';
  readonly id: TransactionId;
  readonly key: string;
  readonly method: string;
  readonly timers: Timers;
  invite: InviteServerState | undefined;
  nonInvite: NonInviteServerState | undefined;
  dueAt: Millis | null = null;
  reply: Target;
  /** The newest response; let go where only the owner repeats it. */
  response: SipResponse | undefined = undefined;
  mergeKey: string | undefined = undefined;
  /** RFC 2543: the request, until the To tag of its final response is known, then the key of its ACK. */
  oldRequest: SipRequest | undefined = undefined;
  ackKey: string | undefined = undefined;
  /** Where to look the client up when the way back is gone (RFC 3263 §5); taken when used. */
  fallback: SipUri | undefined = undefined;
  search: Search<TransactionOwner> | undefined = undefined;
  /** The owner has been told of a CANCEL. */
  isCancelled = false;

  constructor(id: TransactionId, key: string, method: string, reply: Target, timers: Timers, now: Millis) {
    this.id = id;
    this.key = key;
    this.method = method;
    this.reply = reply;
    this.timers = timers;
    this.invite = method === 'INVITE' ? INVITE_SERVER_START : undefined;
    this.nonInvite = method === 'INVITE' ? undefined : startNonInviteServer(now, timers);
  }

  /** One step of the machine; what it asks for is the answer. */
  step(event: ServerEvent, now: Millis): readonly ServerEffect[] {
    if (this.invite !== undefined) {
      const { state, effects } = stepInviteServer(this.invite, event, now, this.timers);
      this.invite = state;
      return effects;
    }
    if (this.nonInvite === undefined) return [];
    const { state, effects } = stepNonInviteServer(this.nonInvite, event, now, this.timers);
    this.nonInvite = state;
    return effects;
  }

  deadline(): Millis | null {
    if (this.invite !== undefined) return inviteServerDeadline(this.invite);
    return this.nonInvite === undefined ? null : nonInviteServerDeadline(this.nonInvite);
  }

  /** How long a repetition of what is no INVITE gets the final answer again; null: it gets none. */
  get answersUntil(): Millis | null {
    return this.nonInvite?.name === 'completed' ? this.nonInvite.endAt : null;
  }

  get isTerminated(): boolean {
    return (this.invite ?? this.nonInvite)?.name === 'terminated';
  }

  /** The owner has not given a final response yet. */
  get isPending(): boolean {
    return (
      this.invite?.name === 'proceeding' ||
      this.nonInvite?.name === 'trying' ||
      this.nonInvite?.name === 'proceeding'
    );
  }
}
