/**
 * INVITE transactions as data, so that another server of the same address goes on with them: it answers a caller who
 * still waits, by the branch that it was called with, and takes the answer of a phone that still rings. Requests
 * that are no INVITE are not saved: whoever sent one sends it again, and it changes nothing twice.
 */
import type { Millis } from '@holdfast/kernel';
import type { TransactionId } from '../endpoint-types.ts';
import type { HeaderField, SipRequest, SipResponse, SipUri } from '../message/message.ts';
import type { Target } from '../target.ts';
import { ClientTransaction } from './client-transaction.ts';
import type { InviteClientState } from './invite-client.ts';
import type { InviteServerState } from './invite-server.ts';
import { ServerTransaction } from './server-transaction.ts';
import { type TransactionSettings, timersOf } from './transaction-settings.ts';

export interface SavedServerTransaction {
  readonly id: TransactionId;
  readonly key: string;
  readonly invite: InviteServerState;
  readonly reply: Target;
  readonly response?: SipResponse | undefined;
  readonly mergeKey?: string | undefined;
  readonly oldRequest?: SipRequest | undefined;
  readonly ackKey?: string | undefined;
  readonly fallback?: SipUri | undefined;
  readonly isCancelled: boolean;
}

export interface SavedClientTransaction {
  readonly id: TransactionId;
  readonly key: string;
  readonly invite: InviteClientState;
  readonly sentBy: string;
  readonly target: Target;
  readonly sent?: SipRequest | undefined;
  readonly ack?: SipRequest | undefined;
  readonly request?: SipRequest | undefined;
  readonly giveUpMs?: Millis | undefined;
  readonly cancel?: { readonly extra: readonly HeaderField[]; readonly isSent: boolean } | undefined;
  readonly isSwitched: boolean;
}

/** Undefined for what is no INVITE. */
export function savedServer(transaction: ServerTransaction): SavedServerTransaction | undefined {
  const { id, key, invite, reply, response, mergeKey, oldRequest, ackKey, fallback, isCancelled } =
    transaction;
  if (invite === undefined) return undefined;
  return { id, key, invite, reply, response, mergeKey, oldRequest, ackKey, fallback, isCancelled };
}

/** Timers that run go on; `now` is of no account, because the states hold instants. */
export function serverFrom(saved: SavedServerTransaction, settings: TransactionSettings): ServerTransaction {
  const timers = timersOf(settings, saved.reply.transport);
  const transaction = new ServerTransaction(saved.id, saved.key, 'INVITE', saved.reply, timers, 0);
  const { invite, response, mergeKey, oldRequest, ackKey, fallback, isCancelled } = saved;
  return Object.assign(transaction, {
    invite,
    response,
    mergeKey,
    oldRequest,
    ackKey,
    fallback,
    isCancelled,
  });
}

/** Undefined for what is no INVITE, and for one that has no target yet: nobody has got it. */
export function savedClient(transaction: ClientTransaction): SavedClientTransaction | undefined {
  const { id, key, invite, sentBy, target, sent, ack, route, cancel, isSwitched } = transaction;
  if (invite === undefined || target === undefined) return undefined;
  const { request, giveUpMs } = route ?? {};
  return { id, key, invite, sentBy, target, sent, ack, request, giveUpMs, cancel, isSwitched };
}

/** It has no further targets: who would name them was asked by another process. */
export function clientFrom(saved: SavedClientTransaction, settings: TransactionSettings): ClientTransaction {
  const { request, giveUpMs, cancel } = saved;
  const timers = timersOf(settings, saved.target.transport, giveUpMs);
  const route = request && {
    request,
    giveUpMs,
    search: undefined,
    setAside: [],
    unsent: undefined,
    lastFailure: 'timeout' as const,
    lastRefusal: undefined,
  };
  const transaction = new ClientTransaction(saved.id, 'INVITE', timers, route, true);
  const { key, invite, sentBy, target, sent, ack, isSwitched } = saved;
  return Object.assign(transaction, {
    key,
    invite,
    sentBy,
    target,
    sent,
    ack,
    isSwitched,
    cancel: cancel && { ...cancel },
  });
}
