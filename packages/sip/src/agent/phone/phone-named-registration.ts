/**
 * Registration at whoever stands behind one DNS name (rule PH1, `single` with SRV): looks the name up, then registers
 * at the targets in their order as at any list. When a whole round has failed the name is looked up again, because a
 * site may have moved meanwhile; while it is registered somewhere nothing is asked.
 */
import type { Millis } from '@holdfast/kernel';
import type { EndpointEffect } from '../../endpoint-types.ts';
import type { LookupAnswer } from '../../locate/lookup.ts';
import type { Target } from '../../target.ts';
import {
  REGISTRATION_DEFAULTS,
  type RegistrationEvent,
  type RegistrationScheme,
} from '../registration-types.ts';
import { PhoneRegistration, type PhoneRegistrationPorts } from './phone-registration.ts';
import { PhoneTargets, type TargetsResult } from './phone-targets.ts';
import type { PhoneOptions, PhoneService, PhoneSite } from './phone-types.ts';

export interface NamedRegistrationPorts extends PhoneRegistrationPorts {
  effect(effect: EndpointEffect): void;
}

/** Resolvers give up earlier; a shell that has lost the question must not leave the phone waiting for ever (PH8). */
const ANSWER_MAX_MS = 15_000;

export class PhoneNamedRegistration {
  readonly #scheme: RegistrationScheme;
  readonly #contact: string;
  readonly #phone: PhoneOptions;
  readonly #service: PhoneService;
  readonly #ports: NamedRegistrationPorts;
  readonly #targets: PhoneTargets;
  #inner: PhoneRegistration | undefined;
  /** The targets that `#inner` knows, as text. */
  #known = '';
  #isWanted = false;
  #isAsking = false;
  /** When the name is looked up again: it led nowhere, or no answer has come. */
  #askAt: Millis | undefined;

  constructor(
    scheme: RegistrationScheme,
    contact: string,
    phone: PhoneOptions & { readonly service: PhoneService },
    ports: NamedRegistrationPorts,
  ) {
    this.#scheme = scheme;
    this.#contact = contact;
    this.#phone = phone;
    this.#service = phone.service;
    this.#ports = ports;
    this.#targets = new PhoneTargets(phone.service.uri, phone.service.transport, phone.random);
  }

  get sites(): readonly PhoneSite[] {
    return this.#inner?.sites ?? [];
  }

  step(now: Millis, event: RegistrationEvent): void {
    if (event.type === 'stop') return this.#stop(now);
    if (event.type === 'start') this.#isWanted = true;
    if (this.#inner !== undefined) this.#inner.step(now, event);
    else if (event.type === 'start' && !this.#isAsking) this.#ask(now);
    else if (event.type === 'time' && this.#askAt !== undefined && this.#askAt <= now) this.#ask(now);
    this.#askAfterFailedRound(now);
  }

  responded(now: Millis, ...answer: RestOfResponded): boolean {
    const isOurs = this.#inner?.responded(now, ...answer) ?? false;
    if (isOurs) this.#askAfterFailedRound(now);
    return isOurs;
  }

  flowLost(now: Millis, flow: string): void {
    this.#inner?.flowLost(now, flow);
  }

  lookedUp(now: Millis, id: string, answer: LookupAnswer): boolean {
    const result = this.#targets.lookedUp(now, id, answer);
    if (result !== undefined) this.#take(now, result);
    return result !== undefined;
  }

  nextDeadline(): Millis | undefined {
    return this.#inner === undefined ? this.#askAt : this.#inner.nextDeadline();
  }

  #stop(now: Millis): void {
    this.#isWanted = false;
    this.#askAt = undefined;
    if (this.#inner !== undefined) this.#inner.step(now, { type: 'stop' });
    else this.#ports.tell({ name: 'unregistered', at: now });
  }

  #ask(now: Millis): void {
    this.#askAt = now + ANSWER_MAX_MS;
    this.#isAsking = true;
    this.#take(now, this.#targets.begin());
  }

  #take(now: Millis, result: TargetsResult): void {
    if (result.name === 'ask') return this.#ports.effect(result.effect);
    this.#isAsking = false;
    this.#askAt = undefined;
    if (!this.#isWanted) return;
    const { targets } = result;
    if (targets.length > 0) return this.#use(now, targets);
    if (this.#inner !== undefined) return;
    const { retryMaxMs } = { ...REGISTRATION_DEFAULTS, ...this.#phone.registration };
    this.#askAt = now + Math.max(1, Math.round(retryMaxMs * (0.25 + 0.25 * this.#phone.random())));
    const site = this.#service.uri;
    this.#ports.tell({ name: 'registrationFailed', at: now, site, because: 'its name leads to no address' });
  }

  /** A list that has not changed goes on where it stands; another one is begun, but never in place of a registration. */
  #use(now: Millis, targets: readonly Target[]): void {
    const known = targets.map(({ transport, host, port }) => `${transport} ${host} ${port}`).join(', ');
    if (this.#inner !== undefined && (known === this.#known || this.#inner.sites.length > 0)) return;
    this.#known = known;
    const { uri, siteNames } = this.#service;
    const sites = targets.map((target) => ({
      site: siteNames?.[target.host] ?? `${target.host}:${target.port}`,
      registrar: uri,
      destination: { type: 'target', target } as const,
    }));
    this.#inner = new PhoneRegistration(this.#scheme, this.#contact, { ...this.#phone, sites }, this.#ports);
    this.#inner.step(now, { type: 'start' });
  }

  #askAfterFailedRound(now: Millis): void {
    if (this.#isWanted && !this.#isAsking && this.#inner?.hasFailedRound === true) this.#ask(now);
  }
}

type RestOfResponded =
  Parameters<PhoneRegistration['responded']> extends [Millis, ...infer Rest] ? Rest : never;
