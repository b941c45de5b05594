/**
 * Requests other than INVITE that have their final answer over UDP: until Timer J a repetition gets the same answer
 * again (RFC 3261 §17.2.2). That is all that is still wanted of them, and at thousands a second it is what a server
 * holds most of; so each is let go down to its key, the bytes of its answer and the way back.
 *
 * REGISTER and OPTIONS have a limit of their own, at which the oldest are forgotten early. A repetition of one that
 * was forgotten is a new request to the owner, and that does no harm: an OPTIONS asks what may be asked again, and
 * the CSeq and the nonce count of a REGISTER are used up, so that it changes nothing and a client that still waits is
 * told to come again with a fresh nonce (PH4, RG3). Of a BYE or a MESSAGE that could not be said: no other request
 * is ever forgotten before its time.
 */
import type { Millis } from '@holdfast/kernel';
import type { SipResponse } from '../message/message.ts';
import { serializeInto, serializeMessage } from '../message/serialize-message.ts';
import type { Target } from '../target.ts';
import type { ServerTransaction } from './server-transaction.ts';

const REPEATABLE = new Set(['REGISTER', 'OPTIONS']);

/** Those whose time is over go in groups, so that no timer runs for each, ms. */
const GROUP_MS = 1_000;

/** Some 200 answers. */
const PIECE_BYTES = 65_536;

export class CompletedRequest {
  readonly kind = 'completed';
  readonly key: string;
  /** The answer as it was sent. */
  readonly bytes: Uint8Array;
  readonly reply: Target;
  /** Timer J. */
  readonly endAt: Millis;
  /** The one completed next. */
  next: CompletedRequest | undefined = undefined;

  constructor(answered: Pick<CompletedRequest, 'key' | 'bytes' | 'reply' | 'endAt'>) {
    this.key = answered.key;
    this.bytes = answered.bytes;
    this.reply = answered.reply;
    this.endAt = answered.endAt;
  }
}

export class CompletedRequests {
  readonly #repeatableMax: number;
  /** All server transactions by their keys, of which the answered ones are looked after here. */
  readonly #byKey: Map<string, ServerTransaction | CompletedRequest>;
  readonly #repeatable = new InOrder();
  readonly #others = new InOrder();

  constructor(byKey: Map<string, ServerTransaction | CompletedRequest>, repeatableMax: number) {
    this.#byKey = byKey;
    this.#repeatableMax = repeatableMax;
  }

  /** Takes the place of the transaction with this key. */
  add(
    method: string,
    response: SipResponse,
    answered: Pick<CompletedRequest, 'key' | 'reply' | 'endAt'>,
  ): CompletedRequest {
    const isRepeatable = REPEATABLE.has(method);
    if (isRepeatable && this.#repeatable.size >= this.#repeatableMax) this.forgetRepeatable();
    const list = isRepeatable ? this.#repeatable : this.#others;
    const request = new CompletedRequest({ ...answered, bytes: list.write(response) });
    this.#byKey.set(request.key, request);
    list.push(request);
    return request;
  }

  /** Makes room for one; false when only those are left that must be kept. */
  forgetRepeatable(): boolean {
    return this.#forgetOldest(this.#repeatable);
  }

  nextDeadline(): Millis | undefined {
    const [repeatable, other] = [this.#repeatable.oldest, this.#others.oldest];
    if (repeatable === undefined && other === undefined) return undefined;
    const never = Number.POSITIVE_INFINITY;
    const endAt = Math.min(repeatable?.endAt ?? never, other?.endAt ?? never);
    return GROUP_MS * Math.ceil(endAt / GROUP_MS);
  }

  expire(now: Millis): void {
    for (const list of [this.#repeatable, this.#others]) {
      while (list.oldest !== undefined && list.oldest.endAt <= now) this.#forgetOldest(list);
    }
  }

  #forgetOldest(list: InOrder): boolean {
    const request = list.shift();
    if (request === undefined) return false;
    // The same key may have been used again after its time, before this list was cleared.
    if (this.#byKey.get(request.key) === request) this.#byKey.delete(request.key);
    return true;
  }
}

/**
 * In the order in which they were completed, which is that of their ends: Timer J is the same for all. Their answers
 * stand one behind the other in larger pieces of memory, each of which is free with the last answer in it: an array
 * for each would cost the collector more than all the rest.
 */
class InOrder {
  oldest: CompletedRequest | undefined = undefined;
  #newest: CompletedRequest | undefined = undefined;
  size = 0;
  #piece = new Uint8Array(0);
  #written = 0;

  write(response: SipResponse): Uint8Array {
    const from = this.#written;
    const length = serializeInto(response, this.#piece.subarray(from));
    if (length !== undefined) {
      this.#written += length;
      return this.#piece.subarray(from, from + length);
    }
    this.#piece = new Uint8Array(PIECE_BYTES);
    this.#written = serializeInto(response, this.#piece) ?? 0;
    // What no piece has room for gets an array of its own.
    return this.#written === 0 ? serializeMessage(response) : this.#piece.subarray(0, this.#written);
  }

  push(request: CompletedRequest): void {
    if (this.#newest === undefined) this.oldest = request;
    else this.#newest.next = request;
    this.#newest = request;
    this.size++;
  }

  shift(): CompletedRequest | undefined {
    const request = this.oldest;
    if (request === undefined) return undefined;
    this.oldest = request.next;
    request.next = undefined;
    if (this.oldest === undefined) this.#newest = undefined;
    this.size--;
    return request;
  }
}
