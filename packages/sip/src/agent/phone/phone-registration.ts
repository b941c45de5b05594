/**
 * A phone's registrations at work: the scheme decides (`registration.ts`), the conversations speak
 * (`registration-conversation.ts`), and here they are joined with the transactions that carry them.
 */
import type { Millis } from '@holdfast/kernel';
import type { Destination, TransactionId } from '../../endpoint-types.ts';
import type { SipRequest, SipResponse } from '../../message/message.ts';
import type { Source } from '../../target.ts';
import { initialRegistration, nextRegistrationDeadline, stepRegistration } from '../registration.ts';
import { type RegisterAttempt, RegisterConversation } from '../registration-conversation.ts';
import {
  REGISTRATION_DEFAULTS,
  type RegistrationEffect,
  type RegistrationEvent,
  type RegistrationOptions,
  type RegistrationScheme,
  type RegistrationState,
} from '../registration-types.ts';
import type { PhoneFact, PhoneOptions, PhoneSite } from './phone-types.ts';

export interface PhoneRegistrationPorts {
  send(now: Millis, request: SipRequest, destination: Destination): TransactionId;
  tell(fact: PhoneFact): void;
}

/** Default wish, seconds: short, because a phone on UDP notices a lost site only when it registers again [C19]. */
const EXPIRES_S = 60;
/** Attempts whose answer may still come: a transaction lives half a minute, an attempt four seconds. */
const UNDER_WAY_MAX = 64;

export class PhoneRegistration {
  readonly #options: RegistrationOptions;
  readonly #phone: PhoneOptions;
  readonly #ports: PhoneRegistrationPorts;
  readonly #conversations: readonly RegisterConversation[];
  readonly #underWay = new Map<
    TransactionId,
    { readonly target: number; readonly attempt: RegisterAttempt }
  >();
  /** The flow over which a target answered last. */
  readonly #flows = new Map<number, string>();
  #state: RegistrationState;

  constructor(
    scheme: RegistrationScheme,
    contact: string,
    phone: PhoneOptions,
    ports: PhoneRegistrationPorts,
  ) {
    this.#phone = phone;
    this.#ports = ports;
    this.#options = { ...REGISTRATION_DEFAULTS, ...phone.registration, scheme, targets: phone.sites.length };
    this.#state = initialRegistration(this.#options);
    this.#conversations = phone.sites.map(
      ({ registrar, expires }, index) =>
        new RegisterConversation(
          {
            aor: `sip:${phone.number}@${phone.domain}`,
            user: phone.user ?? phone.number,
            password: phone.password,
            registrar,
            contact,
            expires: expires ?? phone.expires ?? EXPIRES_S,
            ...(phone.instance !== undefined && { instance: phone.instance, regId: index + 1 }),
          },
          phone.hashes,
          phone.random,
        ),
    );
  }

  /** The sites that hold a binding of ours, the preferred one first. */
  get sites(): readonly PhoneSite[] {
    return this.#phone.sites.filter((_site, target) => {
      const name = this.#state.lines[target]?.name;
      return name === 'registered' || name === 'refreshing';
    });
  }

  /** Every target has been tried in vain, and the next round waits. */
  get hasFailedRound(): boolean {
    return this.#state.roundAt !== null;
  }

  step(now: Millis, event: RegistrationEvent): void {
    const { state, effects } = stepRegistration(this.#state, event, now, {
      options: this.#options,
      random: this.#phone.random,
    });
    this.#state = state;
    for (const effect of effects) this.#perform(now, effect);
  }

  /** True when the response belonged to a REGISTER of ours. */
  responded(
    now: Millis,
    transaction: TransactionId,
    status: number,
    response: SipResponse | undefined,
    source: Source | undefined,
  ): boolean {
    const known = this.#underWay.get(transaction);
    if (known === undefined) return false;
    this.#underWay.delete(transaction);
    const { target, attempt } = known;
    if (source !== undefined) this.#flows.set(target, source.flow);
    const result = (this.#conversations[target] as RegisterConversation).answered(attempt, status, response);
    if (result.name === 'again') this.#send(now, target, attempt, result.request);
    else if (result.name === 'succeeded') {
      this.step(now, { type: 'succeeded', target, attempt: attempt.number, expiresMs: result.expiresMs });
    } else this.step(now, { type: 'failed', target, attempt: attempt.number, failure: result.failure });
    return true;
  }

  flowLost(now: Millis, flow: string): void {
    for (const [target, known] of this.#flows) {
      if (known !== flow) continue;
      this.#flows.delete(target);
      this.step(now, { type: 'flowLost', target });
    }
  }

  nextDeadline(): Millis | undefined {
    return nextRegistrationDeadline(this.#state);
  }

  #perform(now: Millis, effect: RegistrationEffect): void {
    if (effect.type === 'stopped') return this.#ports.tell({ name: 'unregistered', at: now });
    const { site } = this.#phone.sites[effect.target] as PhoneSite;
    switch (effect.type) {
      case 'register':
      case 'unregister': {
        const conversation = this.#conversations[effect.target] as RegisterConversation;
        const { attempt, request } = conversation.begin(effect.type, effect.attempt);
        return this.#send(now, effect.target, attempt, request);
      }
      case 'registered':
        return this.#ports.tell({ name: 'registered', at: now, site, expiresMs: effect.expiresMs });
      case 'lost':
        return this.#ports.tell({ name: 'lost', at: now, site, because: effect.because });
      case 'attemptFailed':
        return this.#ports.tell({ name: 'registrationFailed', at: now, site, because: effect.because });
    }
  }

  #send(now: Millis, target: number, attempt: RegisterAttempt, request: SipRequest): void {
    if (this.#underWay.size >= UNDER_WAY_MAX)
      this.#underWay.delete(this.#underWay.keys().next().value as string);
    const { destination } = this.#phone.sites[target] as PhoneSite;
    this.#underWay.set(this.#ports.send(now, request, destination), { target, attempt });
  }
}
