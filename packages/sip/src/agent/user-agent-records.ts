/** What a user agent keeps of each leg, of each request that it has sent, and of each that its owner has to answer. */
import type { Millis } from '@holdfast/kernel';
import { dialogOf } from '../dialog/in-dialog.ts';
import type { Leg, Purpose } from '../dialog/leg.ts';
import type { Destination, TransactionId } from '../endpoint-types.ts';
import type { SipRequest } from '../message/message.ts';
import type { Source } from '../target.ts';
import type { Credentials, LegInfo } from './user-agent-options.ts';

/** One leg with what only the user agent needs of it. */
export interface Held {
  readonly leg: Leg;
  readonly callId: string;
  /** Their INVITE that opened it: it may come again while its transaction lasts. */
  readonly opened?: TransactionId;
  source: Source | undefined;
  /** Where its next hop is reached: by our INVITE at first, and anew when its connection has changed. */
  invited: { readonly uri: string; readonly destination: Destination } | undefined;
  readonly credentials: Credentials | undefined;
}

export function infoOf({ leg, source }: Held): LegInfo {
  const dialog = dialogOf(leg);
  return {
    leg: leg.id,
    side: leg.side,
    state: leg.state.name,
    dialog,
    remoteTarget: dialog?.remoteTarget,
    remoteUri: dialog?.remoteUri,
    localSdp: leg.localSdp,
    remoteSdp: leg.remoteSdp,
    allows: leg.allows,
    source,
  };
}

/** A request of ours that waits for its final response. */
export interface Sent {
  /** Undefined outside any leg, and for the BYE to a phone whose call we did not take. */
  readonly held: Held | undefined;
  /** The answer to what is sent 'outside' any leg is our owner's. */
  readonly purpose: Purpose | 'outside';
  readonly request: SipRequest;
  readonly destination: Destination;
  readonly credentials: Credentials | undefined;
  readonly giveUpMs: Millis | undefined;
  /** Challenges that were answered to get here. */
  readonly answered: number;
  /** The transaction by which our owner knows it: the first one. */
  readonly known: TransactionId | undefined;
}

/** A request that our owner has been given and has not answered yet. */
export interface Asked {
  readonly transaction: TransactionId;
  readonly request: SipRequest;
  readonly until: Millis;
}

/**
 * All of them, the oldest first. The endpoint bounds their number; what our owner forgets is given back while the
 * other side still waits (before its Timer F), so that nothing stays and no call ends by it.
 */
export class AskedRequests {
  readonly #asked = new Map<TransactionId, Asked>();
  /** Most are answered before the next one comes, and so never enter the table. */
  #newest: Asked | undefined;

  get size(): number {
    return this.#asked.size + (this.#newest === undefined ? 0 : 1);
  }

  add(transaction: TransactionId, request: SipRequest, until: Millis): void {
    if (this.#newest !== undefined) this.#asked.set(this.#newest.transaction, this.#newest);
    this.#newest = { transaction, request, until };
  }

  /** The request to which this status is an answer; a final one is its last. */
  answered(transaction: TransactionId, status: number): Asked | undefined {
    const newest = this.#newest;
    if (newest?.transaction === transaction) {
      if (status >= 200) this.#newest = undefined;
      return newest;
    }
    const asked = this.#asked.get(transaction);
    if (status >= 200 && asked !== undefined) this.#asked.delete(transaction);
    return asked;
  }

  next(): Millis | undefined {
    return this.#oldest()?.until;
  }

  takeForgotten(now: Millis): Asked | undefined {
    const oldest = this.#oldest();
    if (oldest === undefined || oldest.until > now) return undefined;
    return this.answered(oldest.transaction, 504);
  }

  #oldest(): Asked | undefined {
    return this.#asked.size === 0 ? this.#newest : this.#asked.values().next().value;
  }
}
