/**
 * A phone that is part of the desktop (DS18): it takes its registration periods from the configuration, and is
 * restarted once when it has cost the agent the login. A phone of its own is only waited for.
 */
import type { DeskSiteEvent } from '@holdfast/continuity';
import type { DeskEffect, RegistrationPeriod } from './desk-types.ts';
import { isSameView } from './view.ts';

export class EmbeddedEndpoint {
  readonly #emit: (effect: DeskEffect) => void;
  #registration: readonly RegistrationPeriod[] = [];

  constructor(emit: (effect: DeskEffect) => void) {
    this.#emit = emit;
  }

  /** Empty in the third-party family, which has no options for it. It is told what is new to it. */
  configure(registration: readonly RegistrationPeriod[]): void {
    if (registration.length === 0 || isSameView(registration, this.#registration)) return;
    this.#registration = registration;
    this.#emit({ type: 'phoneSettings', registration });
  }

  /** The agent has been logged out at the site of the login. */
  loggedOut({ site, reason }: Extract<DeskSiteEvent, { type: 'loggedOut' }>): void {
    if (reason !== 'phone') return;
    const text = `Site ${site} has logged the agent out because the phone is not registered there.`;
    this.#emit({ type: 'restartPhone', because: { rule: 'DS18', text } });
  }
}
