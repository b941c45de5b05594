/**
 * The REGISTER requests of one phone to one target (RFC 3261 §10.2): one Call-ID for all of them, a CSeq that grows,
 * the challenge that was answered last, and what the target has asked of us so far (a longer time, no outbound).
 *
 * An *attempt* is what the schemes count: a request and those that a 401, 407, 423 or 439 makes of it. Each of these
 * answers is obeyed a stated number of times and then taken as a failure, so no server can make a phone loop [C16].
 */
import { type Random, randomToken } from '@holdfast/kernel';
import { createRequest } from '../message/build-message.ts';
import { contactsOf, expiresOf, headerValue, headerValues, numberOf } from '../message/headers.ts';
import { DELTA_SECONDS_MAX } from '../message/limits.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import { sameUri } from '../message/uri.ts';
import type { Hashes } from './digest.ts';
import { answerAgain, answerChallenge, authorizationHeader, type DigestMemory } from './digest-answer.ts';
import type { RegistrationFailure } from './registration-types.ts';

export interface RegisterAccount {
  /** The address of record as URI text: `sip:7001@holdfast`. */
  readonly aor: string;
  /** User name for digest. */
  readonly user: string;
  readonly password: string;
  /** Request-URI of the registrar as text: `sip:north.example`. */
  readonly registrar: string;
  /** Our Contact as URI text. */
  readonly contact: string;
  /** Wished for, seconds. */
  readonly expires: number;
  /** `urn:uuid:…`: with it the registrar knows the phone again after a restart (RFC 5626). */
  readonly instance?: string;
  /** Given with an instance only. */
  readonly regId?: number;
  readonly userAgent?: string;
}

/** One attempt under way. */
export interface RegisterAttempt {
  readonly kind: 'register' | 'unregister';
  readonly number: number;
  /** Challenges answered in it. */
  answered: number;
  /** Whether a 423 or 439 has been obeyed in it. */
  hasLengthened: boolean;
  hasLeftOutbound: boolean;
}

export type RegisterResult =
  | { readonly name: 'again'; readonly request: SipRequest }
  | { readonly name: 'succeeded'; readonly expiresMs: number }
  | { readonly name: 'failed'; readonly failure: RegistrationFailure };

/** RFC 3261 §20.33 lets a server name any time; a number of days is a mistake. */
const EXPIRES_MAX_S = 86_400;

export class RegisterConversation {
  readonly #account: RegisterAccount;
  readonly #hashes: Hashes;
  readonly #random: Random;
  readonly #callId: string;
  readonly #tag: string;
  #cseq = 0;
  #expires: number;
  #isOutbound: boolean;
  #challenge: { readonly status: number; memory: DigestMemory } | undefined;

  constructor(account: RegisterAccount, hashes: Hashes, random: Random) {
    this.#account = account;
    this.#hashes = hashes;
    this.#random = random;
    this.#callId = randomToken(random, 20);
    this.#tag = randomToken(random, 10);
    this.#expires = account.expires;
    this.#isOutbound = account.instance !== undefined && account.regId !== undefined;
  }

  begin(kind: RegisterAttempt['kind'], number: number): { attempt: RegisterAttempt; request: SipRequest } {
    const attempt = { kind, number, answered: 0, hasLengthened: false, hasLeftOutbound: false };
    let authorization: readonly [string, string] | undefined;
    if (this.#challenge !== undefined) {
      // A nonce in hand saves the round trip; when it is too old the target says stale and gives a new one.
      const answer = answerAgain(this.#challenge.memory, this.#digestAccount());
      this.#challenge.memory = answer.memory;
      authorization = [authorizationHeader(this.#challenge.status), answer.value];
    }
    return { attempt, request: this.#request(attempt, authorization) };
  }

  /** `status` 408 for no answer and 503 for not sent come without a response. */
  answered(attempt: RegisterAttempt, status: number, response: SipResponse | undefined): RegisterResult {
    if (response === undefined) return { name: 'failed', failure: { kind: 'unreachable' } };
    if (status >= 200 && status < 300)
      return { name: 'succeeded', expiresMs: this.#granted(attempt, response) };
    if (status === 401 || status === 407) return this.#answerChallenge(attempt, status, response);
    if (status === 423) return this.#lengthen(attempt, response);
    if (status === 439 && this.#isOutbound && !attempt.hasLeftOutbound) {
      // RFC 5626 §6: the first hop knows no outbound. Then without it, from now on [C27].
      this.#isOutbound = false;
      attempt.hasLeftOutbound = true;
      return { name: 'again', request: this.#request(attempt, undefined) };
    }
    return failed(status, response);
  }

  #answerChallenge(attempt: RegisterAttempt, status: number, response: SipResponse): RegisterResult {
    const challenges = headerValues(response, status === 407 ? 'proxy-authenticate' : 'www-authenticate');
    const answer = answerChallenge(challenges, { ...this.#digestAccount(), answered: attempt.answered });
    if (answer.name === 'giveUp') {
      this.#challenge = undefined;
      return failed(status, response);
    }
    attempt.answered++;
    this.#challenge = { status, memory: answer.memory };
    return { name: 'again', request: this.#request(attempt, [authorizationHeader(status), answer.value]) };
  }

  /** 423 names the least time; one that is no longer than ours would go round in circles. */
  #lengthen(attempt: RegisterAttempt, response: SipResponse): RegisterResult {
    const least = numberOf(headerValue(response, 'min-expires'), DELTA_SECONDS_MAX);
    if (least === undefined || least <= this.#expires || least > EXPIRES_MAX_S || attempt.hasLengthened) {
      return failed(423, response);
    }
    attempt.hasLengthened = true;
    this.#expires = least;
    return { name: 'again', request: this.#requestAgain(attempt) };
  }

  /** After an answer that was no challenge the nonce in hand is still good, one count higher. */
  #requestAgain(attempt: RegisterAttempt): SipRequest {
    const challenge = this.#challenge;
    if (challenge === undefined) return this.#request(attempt, undefined);
    const answer = answerAgain(challenge.memory, this.#digestAccount());
    challenge.memory = answer.memory;
    return this.#request(attempt, [authorizationHeader(challenge.status), answer.value]);
  }

  /** What the registrar granted our contact, else the request, else what we asked for (RFC 3261 §10.2.4). */
  #granted(attempt: RegisterAttempt, response: SipResponse): number {
    if (attempt.kind === 'unregister') return 0;
    const contacts = contactsOf(response);
    const own = Array.isArray(contacts)
      ? contacts.find((contact) => sameUri(contact.uri, this.#account.contact))
      : undefined;
    const seconds =
      numberOf(own?.params.get('expires') ?? undefined, DELTA_SECONDS_MAX) ??
      expiresOf(response) ??
      this.#expires;
    return Math.min(Math.max(seconds, 1), EXPIRES_MAX_S) * 1000;
  }

  #digestAccount() {
    const { user, password, registrar } = this.#account;
    return {
      user,
      password,
      hashes: this.#hashes,
      cnonce: randomToken(this.#random, 16),
      method: 'REGISTER',
      uri: registrar,
    };
  }

  #request(attempt: RegisterAttempt, authorization: readonly [string, string] | undefined): SipRequest {
    const { aor, contact, registrar, instance, regId, userAgent } = this.#account;
    const expires = attempt.kind === 'unregister' ? 0 : this.#expires;
    let params = instance === undefined ? '' : `;+sip.instance="<${instance}>"`;
    if (this.#isOutbound && regId !== undefined) params += `;reg-id=${regId}`;
    return createRequest({
      method: 'REGISTER',
      uri: registrar,
      headers: [
        ['Max-Forwards', '70'],
        ['From', `<${aor}>;tag=${this.#tag}`],
        ['To', `<${aor}>`],
        ['Call-ID', this.#callId],
        ['CSeq', `${++this.#cseq} REGISTER`],
        ['Contact', `<${contact}>${params};expires=${expires}`],
        ['Expires', String(expires)],
        ...(this.#isOutbound ? [['Supported', 'outbound, path'] as const] : []),
        ...(userAgent !== undefined ? [['User-Agent', userAgent] as const] : []),
        ...(authorization !== undefined ? [authorization] : []),
      ],
    });
  }
}

function failed(status: number, response: SipResponse): RegisterResult {
  const retryAfter = retryAfterMs(response);
  const kind = status >= 500 && status < 600 ? 'unavailable' : 'refused';
  return {
    name: 'failed',
    failure: { kind, status, ...(retryAfter !== undefined && { retryAfterMs: retryAfter }) },
  };
}

/** `Retry-After: 18000 (in a meeting);duration=3600`: the number of seconds in front (RFC 3261 §20.33). */
function retryAfterMs(response: SipResponse): number | undefined {
  const digits = /^\d{1,10}/.exec(headerValue(response, 'retry-after') ?? '')?.[0];
  return digits === undefined ? undefined : Number(digits) * 1000;
}
