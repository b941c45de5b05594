/**
 * What the desk was handed at its start, and what has become of it (DS20): the bootstrap file, renewed by each
 * log-in, and the place where the agent sits.
 */
import type { DeskConfiguration } from '@holdfast/protocol';
import type { Bootstrap } from './bootstrap/bootstrap.ts';
import { renewBootstrap } from './bootstrap/renew-bootstrap.ts';
import { TEXTS } from './texts.ts';
import { isSameView } from './view.ts';

/** DS21: one Place, or one for each site; which is whose, their Extensions say. */
export type SeatToday = string | readonly string[];

/** Where seats are hot, the place is asked for at each start. */
export function isPlaceMissing({ hotSeating }: Bootstrap, place: SeatToday | undefined): boolean {
  return hotSeating && placesOf(place).length === 0;
}

/** Each named once. An empty name is what a form says that nobody has filled in. */
function placesOf(place: SeatToday = []): string[] {
  const named = typeof place === 'string' ? [place] : place;
  return [...new Set(named.filter((name) => name !== ''))];
}

export class LocalData {
  #bootstrap: Bootstrap;
  readonly #named: readonly string[];

  constructor(bootstrap: Bootstrap, place: SeatToday | undefined) {
    this.#bootstrap = bootstrap;
    this.#named = placesOf(place);
  }

  get bootstrap(): Bootstrap {
    return this.#bootstrap;
  }

  get isPlaceMissing(): boolean {
    return isPlaceMissing(this.#bootstrap, this.#named);
  }

  /** DS21: one Place, or one for each site; none means the Person's default. */
  get places(): string[] {
    if (this.#named.length > 0) return [...this.#named];
    const { preferred, peer } = this.#bootstrap;
    const named = [preferred.place, peer?.place].filter((place) => place !== undefined);
    return [...new Set(named)];
  }

  /** What the file says otherwise than the configuration: nobody's move hangs on it. */
  remarks({ family }: DeskConfiguration): string[] {
    const { application, applicationType } = this.#bootstrap.preferred;
    const type = family === 'interaction-workspace' ? 'Workspace' : 'ThirdPartyApplication';
    return applicationType === type ? [] : [TEXTS.otherType(application, applicationType, type)];
  }

  /** The copy to be stored, when anything in it has changed. */
  renew(configuration: DeskConfiguration): Bootstrap | undefined {
    const renewed = renewBootstrap(this.#bootstrap, configuration);
    if (isSameView(renewed, this.#bootstrap)) return undefined;
    this.#bootstrap = renewed;
    return renewed;
  }
}
