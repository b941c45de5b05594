/** The bootstrap file of a simulated desk: the Configuration Server of each site, the agent's own first (DS5, DS20). */
import { DESK_APPLICATION, thirdPartyName } from '@holdfast/centre';
import type { Bootstrap, BootstrapSite } from '@holdfast/desk';
import type { Site } from './whole-centre.ts';
import { type Kind, placeAt } from './whole-kinds.ts';
import { CONFIG_PORT } from './whole-servers.ts';

/** The retry interval, or the pause of the pair. */
const TIMEOUT_MS = 2_000;

export function bootstrapOf(sites: readonly [Site, Site], place: string, kind: Kind): Bootstrap {
  const isThirdParty = kind.family === 'agent-desktop';
  const [preferred, peer] = sites.map(
    ({ name, office }): BootstrapSite => ({
      site: undefined,
      application: isThirdParty ? thirdPartyName(name) : DESK_APPLICATION,
      applicationType: isThirdParty ? 'ThirdPartyApplication' : 'Workspace',
      place: kind.hasPlacePerSite ? placeAt(place, name) : undefined,
      form: 'pair',
      nodes: [{ host: office, port: CONFIG_PORT }],
      timeoutMs: TIMEOUT_MS,
    }),
  ) as [BootstrapSite, BootstrapSite];
  const hotSeating = kind.hotSeat !== undefined;
  const embeddedEndpoint = kind.hasEmbeddedEndpoint;
  return { environment: 'Simulation', hotSeating, embeddedEndpoint, preferred, peer };
}
