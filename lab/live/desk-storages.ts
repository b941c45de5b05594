/**
 * What desks leave behind on the machines at the seats (LL7, DS20): whoever sits there next, with a desktop of the same
 * family, finds it. The first one finds the bootstrap file that an administrator has delivered.
 */
import type { GeneratedAgent } from '@holdfast/centre';
import type { Family, SiteName } from './lab-configuration.ts';
import type { DeskStorage } from './robot.ts';
import { type BootstrapNode, robotBootstrap } from './robot-bootstrap.ts';

/** What desks of one family have stored at a seat. */
export interface SeatStorage {
  readonly seat: GeneratedAgent;
  readonly storage: DeskStorage;
}

export interface DeskStoragesOptions {
  /** The ports at which that site tells desks their configuration. */
  readonly configPorts: (site: SiteName) => readonly number[];
  readonly retryDelayS: number;
  readonly hasEmbeddedEndpoints: boolean;
  /** DS21: the name of that place at each site, where each DN has a Place of its own. */
  readonly placeAt?: ((place: string, site: SiteName) => string) | undefined;
}

export class DeskStorages {
  readonly #options: DeskStoragesOptions;
  readonly #known = new Map<string, SeatStorage>();

  constructor(options: DeskStoragesOptions) {
    this.#options = options;
  }

  /** Of all desks that ever stood anywhere. */
  get all(): readonly SeatStorage[] {
    return [...this.#known.values()];
  }

  /** Of the machine at that seat; one where the place is asked for has a file of its own. */
  at(seat: GeneratedAgent, { family, isHot }: { family: Family; isHot: boolean }): DeskStorage {
    const key = `${seat.place} ${family} ${isHot}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known.storage;
    const { configPorts, retryDelayS, hasEmbeddedEndpoints, placeAt } = this.#options;
    const node = (site: SiteName): BootstrapNode => ({
      site,
      host: '127.0.0.1',
      ports: configPorts(site),
      ...(placeAt === undefined ? {} : { place: placeAt(seat.place, site) }),
    });
    const storage = {
      epochStored: 0,
      bootstrap: robotBootstrap({
        family,
        sites: seat.home === 'north' ? [node('north'), node('south')] : [node('south'), node('north')],
        retryDelayS,
        hotSeating: isHot,
        hasEmbeddedEndpoint: hasEmbeddedEndpoints,
        isCluster: Number(seat.dn) % 3 === 0,
      }),
    };
    this.#known.set(key, { seat, storage });
    return storage;
  }
}
