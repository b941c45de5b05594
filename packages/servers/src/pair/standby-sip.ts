/**
 * The SIP address of a standby that has one of its own (PR10): every request is answered by 503, so that whoever found it
 * in DNS SRV tries the other member at once (RFC 3263 §4.3) instead of waiting for nothing. Without Retry-After: a client
 * that is told a period shuns the server for as long (RFC 3261 §21.5.4), and it may be primary in a moment.
 */
import type { Millis, Node, Random } from '@holdfast/kernel';
import {
  createResponse,
  type EndpointEffect,
  type EndpointOutput,
  SipEndpoint,
  type SipMessage,
  type Source,
} from '@holdfast/sip';
import { type SipAddress, sipPortOf } from '../sip-server/read-configuration.ts';

export interface StandbySipInput {
  readonly type: 'sip';
  readonly message: SipMessage;
  readonly source: Source;
}

const TO_TAG = 'standby';

export class StandbySipNode implements Node<StandbySipInput, EndpointEffect> {
  readonly #endpoint: SipEndpoint;

  constructor({ random, own }: { readonly random: Random; readonly own: SipAddress }) {
    this.#endpoint = new SipEndpoint({
      random,
      sentBy: (transport) => ({ host: own.host, port: sipPortOf(own, transport) }),
    });
  }

  handle(now: Millis, { message, source }: StandbySipInput): EndpointEffect[] {
    return this.#refuse(now, this.#endpoint.receive(now, message, source));
  }

  nextDeadline(): Millis | undefined {
    return this.#endpoint.nextDeadline();
  }

  expire(now: Millis): EndpointEffect[] {
    return this.#refuse(now, this.#endpoint.expire(now));
  }

  #refuse(now: Millis, { effects, events }: EndpointOutput): EndpointEffect[] {
    const refusals = events.flatMap((event) => {
      if (event.type !== 'request') return [];
      const reason = 'Standby';
      const response = createResponse(event.request, 503, { toTag: TO_TAG, reason });
      return this.#endpoint.sendResponse(now, event.transaction, response).effects;
    });
    return [...effects, ...refusals];
  }
}
