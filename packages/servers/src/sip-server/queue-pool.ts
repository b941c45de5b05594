/**
 * Pooled queues on the wire (PQ1). What the centre wants the other site to know, and what that says, goes over the link
 * between the two SIP Servers; the call itself goes over the trunk between them.
 *
 *     callers' site                                     agents' site
 *         │ ── PoolWaiting ────────────────────────────────▶ │   over our connection to it, as its client
 *         │ ◀──────────────────────────────── PoolGranted ── │
 *         │ ── PoolTaken, or PoolDeclined ─────────────────▶ │
 *         │ ══ INVITE over dr-peer-trunk, with its number ══▶ │
 *
 * The callers' side is at one connection, that of the other site's primary. What it had announced and was granted ends
 * with it, or when another one announces. It waits until we have read who is logged in there: over our connection to it
 * that may come later, and an agent of ours who has meanwhile gone to work there is not to be offered (LL7).
 */
import type { CentreInput, PoolEffect } from '@holdfast/centre';
import type { DeskReply, DeskRequest } from '@holdfast/protocol';
import { headerValue, type SipRequest } from '@holdfast/sip';
import { HOP_HEADER } from './peer-forward.ts';

/** In an INVITE over `dr-peer-trunk`: the number of the reservation for which it comes. */
export const RESERVATION_HEADER = 'X-Holdfast-Reservation';

export type PoolRequest = Extract<DeskRequest, { type: 'PoolWaiting' | 'PoolTaken' | 'PoolDeclined' }>;
export type PoolReply = Extract<DeskReply, { type: 'PoolGranted' | 'PoolRefused' }>;

type Waiting = Extract<PoolRequest, { type: 'PoolWaiting' }>;

/** Lines of the other site that wait to be read; a site has far fewer queues, and of one more the oldest is dropped. */
export const WAITING_UNREAD_MAX = 1_000;

export interface QueuePoolPorts {
  /** To the other site, as its client. */
  ask(request: PoolRequest): void;
  send(connection: string, reply: PoolReply): void;
  tell(input: CentreInput): void;
}

export class QueuePool {
  readonly #ports: QueuePoolPorts;
  /** The connection of the other site that announces who waits there. */
  #announcer: string | undefined;
  /** As the centre was told last. */
  #trunk: string | undefined;
  /** Who is logged in at the other site has been read, on this connection to it. */
  #isKnown = false;
  /** By queue: what was announced before that. */
  readonly #unread = new Map<string, Waiting>();

  constructor(ports: QueuePoolPorts) {
    this.#ports = ports;
  }

  /** Over which trunk the other site is reached, while it can be asked. */
  linked(trunk: string | undefined): void {
    if (trunk === this.#trunk) return;
    this.#trunk = trunk;
    this.#ports.tell({ type: 'poolLink', trunk, isLost: false });
  }

  /** LL7: who is logged in there is known from now on, until the connection to it is gone. */
  known(): void {
    this.#isKnown = true;
    for (const waiting of this.#unread.values()) this.#tellWaiting(waiting);
    this.#unread.clear();
  }

  /** Our connection to it is gone. */
  lost(): void {
    this.#isKnown = false;
    this.#trunk = undefined;
    this.#ports.tell({ type: 'poolLink', trunk: undefined, isLost: true });
  }

  /** What the other site says to our callers. */
  heard(reply: PoolReply): void {
    const { queue } = reply;
    if (reply.type === 'PoolRefused')
      return this.#ports.tell({ type: 'poolRefused', queue, because: reply.because });
    const { ConnID: connId, reservation, dn } = reply;
    this.#ports.tell({ type: 'poolGranted', queue, connId, reservation, dn });
  }

  /** What the other site says of its callers. */
  asked(connection: string, request: PoolRequest): void {
    if (request.type === 'PoolWaiting') return this.#announced(connection, request);
    if (connection !== this.#announcer) return;
    const { ConnID: connId, reservation } = request;
    if (request.type === 'PoolTaken')
      this.#ports.tell({ type: 'poolTaken', connId, reservation, userData: request.userData });
    else this.#ports.tell({ type: 'poolDeclined', connId, reservation, because: request.because });
  }

  #announced(connection: string, waiting: Waiting): void {
    if (connection !== this.#announcer) this.forget(this.#announcer);
    this.#announcer = connection;
    if (this.#isKnown) return this.#tellWaiting(waiting);
    const [oldest] = this.#unread.size >= WAITING_UNREAD_MAX ? this.#unread.keys() : [];
    if (oldest !== undefined) this.#unread.delete(oldest);
    this.#unread.set(waiting.queue, waiting);
  }

  #tellWaiting({ queue, callers }: Waiting): void {
    this.#ports.tell({
      type: 'waitElsewhere',
      queue,
      callers: callers.map(({ ConnID: connId, priority, waitedMs }) => ({ connId, priority, waitedMs })),
    });
  }

  /** That connection is gone. */
  forget(connection: string | undefined): void {
    if (connection === undefined || connection !== this.#announcer) return;
    this.#announcer = undefined;
    this.#unread.clear();
    this.#ports.tell({ type: 'elsewhereLost' });
  }

  perform(effect: PoolEffect): void {
    switch (effect.type) {
      case 'poolWaiting': {
        const callers = effect.callers.map(({ connId: ConnID, priority, waitedMs }) => {
          return { ConnID, priority, waitedMs };
        });
        return this.#ports.ask({ type: 'PoolWaiting', queue: effect.queue, callers });
      }
      case 'poolTake': {
        const { connId: ConnID, reservation, userData } = effect;
        return this.#ports.ask({ type: 'PoolTaken', ConnID, reservation, userData });
      }
      case 'poolDecline': {
        const { connId: ConnID, reservation, because } = effect;
        return this.#ports.ask({ type: 'PoolDeclined', ConnID, reservation, because });
      }
      case 'poolGrant': {
        const { queue, connId: ConnID, reservation, dn } = effect;
        return this.#reply({ type: 'PoolGranted', queue, ConnID, reservation, dn });
      }
      case 'poolRefuse':
        return this.#reply({ type: 'PoolRefused', queue: effect.queue, because: effect.because });
    }
  }

  #reply(reply: PoolReply): void {
    if (this.#announcer !== undefined) this.#ports.send(this.#announcer, reply);
  }
}

/** For which reservation a call comes that has crossed. */
export function reservationIn(
  request: SipRequest,
): { readonly connId: string; readonly number: number } | undefined {
  const text = headerValue(request, RESERVATION_HEADER.toLowerCase());
  const connId = headerValue(request, HOP_HEADER.toLowerCase());
  if (text === undefined || connId === undefined || !/^\d{1,15}$/.test(text)) return undefined;
  return { connId, number: Number(text) };
}
