/** The bootstrap file of a simulated desk: the Configuration Server of each site, the agent's own first (DS5). */
import type { Bootstrap, BootstrapSite } from '@holdfast/desk';

export function bootstrapOf(
  preferred: string,
  peer: string,
  of: Pick<BootstrapSite, 'application' | 'timeoutMs'> & {
    readonly port: number;
    readonly embeddedEndpoint: boolean;
  },
): Bootstrap {
  const { port, embeddedEndpoint, ...rest } = of;
  const site = (host: string): BootstrapSite => ({
    ...{ site: undefined, applicationType: 'Workspace', place: undefined, form: 'pair' },
    ...{ nodes: [{ host, port }], ...rest },
  });
  const sites = { preferred: site(preferred), peer: site(peer) };
  return { environment: 'Simulation', hotSeating: false, embeddedEndpoint, ...sites };
}
