/**
 * What the desk was handed at its start, and what has become of it (DS20): the bootstrap file, renewed by each
 * log-in, and the place where the agent sits.
 */
import type { DeskConfiguration } from '@holdfast/protocol';
import type { Bootstrap } from './bootstrap/bootstrap.ts';
import { renewBootstrap } from './bootstrap/renew-bootstrap.ts';
import { isSameView } from './view.ts';

export class LocalData {
  #bootstrap: Bootstrap;
  readonly #place: string | undefined;

  constructor(bootstrap: Bootstrap, place: string | undefined) {
    this.#bootstrap = bootstrap;
    this.#place = place === '' ? undefined : place;
  }

  get bootstrap(): Bootstrap {
    return this.#bootstrap;
  }

  /** Where seats are hot, the place is asked for at each start. */
  get isPlaceMissing(): boolean {
    return this.#bootstrap.hotSeating && this.#place === undefined;
  }

  /** DS21: one Place, or one for each site; none means the Person's default. */
  get places(): string[] {
    if (this.#place !== undefined) return [this.#place];
    const { preferred, peer } = this.#bootstrap;
    const named = [preferred.place, peer?.place].filter((place) => place !== undefined);
    return [...new Set(named)];
  }

  /** The copy to be stored, when anything in it has changed. */
  renew(configuration: DeskConfiguration): Bootstrap | undefined {
    const renewed = renewBootstrap(this.#bootstrap, configuration);
    if (isSameView(renewed, this.#bootstrap)) return undefined;
    this.#bootstrap = renewed;
    return renewed;
  }
}
