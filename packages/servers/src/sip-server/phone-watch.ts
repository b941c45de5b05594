/**
 * Whether this server is cut off from its phones (GF4). Phones are quiet for minutes, so silence alone says nothing: after a
 * while of it some of them, drawn by chance, are asked (OPTIONS outside of calls). Whatever comes in then, from any phone,
 * shows that the way from them is open; when nothing does, phones that were there a moment ago have all fallen silent at
 * once, or it is us whom they do not reach. What trunks and strangers send comes another way and shows nothing.
 */
import { type Millis, type Random, randomInteger, randomToken } from '@holdfast/kernel';
import {
  createRequest,
  type SipUserAgent,
  type Source,
  type TransactionId,
  type UserAgentEvent,
} from '@holdfast/sip';
import type { Contact } from './gateway-contact.ts';

/** Fewer phones may well be switched off together. */
export const PHONES_MIN = 3;
/** Phones that are asked at once. */
export const PHONES_ASKED_MAX = 5;
/** After so long a question is given up; the copies of it that UDP may lose have gone out by then. */
const ANSWER_MAX_MS = 4_000;
/** A small part of the shortest silence that is looked for. */
const LIVE_FOR_MS = 100;

export interface PhoneWatchPorts {
  readonly userAgent: SipUserAgent;
  readonly random: Random;
  registered(): Iterable<string>;
  contactsOf(dn: string): readonly Contact[];
  run(output: ReturnType<SipUserAgent['receive']>): void;
  /** A phone that is registered speaks from there. */
  isPhone(source: Source): boolean;
}

export interface Seen {
  readonly ok: boolean;
  readonly because: string;
}

export class PhoneWatch {
  readonly #ports: PhoneWatchPorts;
  #heardAt: Millis;
  /** When phones were asked, and nothing had come from any for a while; undefined since something has. */
  #askedAt: Millis | undefined;
  /** What they were asked last. */
  #asked: readonly TransactionId[] = [];

  constructor(ports: PhoneWatchPorts, now: Millis) {
    this.#ports = ports;
    this.#heardAt = now;
  }

  heard(now: Millis, source: Source): void {
    // Asked at every message: after one sign of life the next tells something new only a while later.
    if (this.#askedAt === undefined && now < this.#heardAt + LIVE_FOR_MS) return;
    if (this.#ports.isPhone(source)) this.#live(now);
  }

  /** Whoever was asked may answer from another address than the one at which it was asked. */
  answered(now: Millis, { transaction, source }: Extract<UserAgentEvent, { type: 'response' }>): void {
    if (source !== undefined && this.#asked.includes(transaction)) this.#live(now);
  }

  #live(now: Millis): void {
    this.#heardAt = now;
    this.#askedAt = undefined;
  }

  /** Asks when it has been silent for so long; what was seen since it last asked, if that can be said yet. */
  look(
    now: Millis,
    { silenceMs, realm }: { readonly silenceMs: Millis; readonly realm: string },
  ): Seen | undefined {
    const phones = [...this.#ports.registered()];
    if (now - this.#heardAt < silenceMs || phones.length < PHONES_MIN) {
      this.#askedAt = undefined;
      return { ok: true, because: 'something comes from phones, or hardly a phone is registered' };
    }
    const askedBefore = this.#askedAt;
    const isOver = askedBefore !== undefined && now >= askedBefore + ANSWER_MAX_MS;
    if (askedBefore === undefined || isOver) {
      this.#askedAt = now;
      this.#asked = this.#ask(now, phones, realm);
    }
    // Whoever has just been asked has not failed to answer yet.
    if (!isOver) return undefined;
    const silentS = Math.round((now - this.#heardAt) / 1000);
    const because = `${phones.length} phones are registered, nothing has come from any for ${silentS} s, and none of ${this.#asked.length} that were asked has answered`;
    return { ok: false, because };
  }

  #ask(now: Millis, phones: readonly string[], realm: string): readonly TransactionId[] {
    const { random } = this.#ports;
    const from = randomInteger(random, 0, phones.length - 1);
    const drawn = Array.from(
      { length: Math.min(PHONES_ASKED_MAX, phones.length) },
      (_, i) => phones[(from + i) % phones.length] ?? '',
    );
    const contacts = drawn.flatMap((dn) => this.#ports.contactsOf(dn).slice(0, 1));
    return contacts.map((contact) => this.#askOne(now, contact, realm));
  }

  #askOne(now: Millis, { uri, destination, transport }: Contact, realm: string): TransactionId {
    const { userAgent, random } = this.#ports;
    const request = createRequest({
      method: 'OPTIONS',
      uri,
      headers: [
        ['Max-Forwards', '70'],
        ['From', `<sip:${realm}>;tag=${randomToken(random, 8)}`],
        ['To', `<${uri}>`],
        ['Call-ID', randomToken(random, 16)],
        ['CSeq', '1 OPTIONS'],
        ['Contact', `<${userAgent.contactFor(transport)}>`],
      ],
    });
    const sent = userAgent.sendRequest(now, request, destination, { giveUpMs: ANSWER_MAX_MS });
    this.#ports.run(sent.output);
    return sent.transaction;
  }
}
