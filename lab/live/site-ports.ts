/** The ports of a run: free ones for all servers of both sites, and where clients of a SIP Server find it. */
import { freePorts } from './free-ports.ts';
import { SITES, type SiteName, type SitePorts, type StandbyPorts } from './lab-configuration.ts';

/** Where clients of that site's SIP Server connect: to either member of a pair. */
export function clientPortsOf({ clients, standby }: SitePorts, site: SiteName): number[] {
  const index = SITES.indexOf(site);
  return [
    clients[index] as number,
    ...(standby === undefined ? [] : [(standby[index] as StandbyPorts).clientPort]),
  ];
}

/** Where desks get their configuration at that site: of its proxies, where it has some. */
export function entryPortsOf({ config, proxies }: SitePorts, site: SiteName): readonly number[] {
  const index = SITES.indexOf(site);
  return proxies?.[index] ?? [config[index] as number];
}

/** Free ones, all different. */
export async function drawPorts(pairs = false, hasProxies = false): Promise<SitePorts> {
  const ports = await freePorts(17);
  const pair = (first: number) => ports.slice(first, first + 2) as [number, number];
  const standby = (first: number): StandbyPorts => {
    const [clientPort, pairPort] = pair(first);
    return { clientPort, pairPort };
  };
  return {
    ...{ config: pair(0), clients: pair(2), stats: pair(4), sip: pair(6), gateway: ports[8] as number },
    ...(pairs ? { standby: [standby(9), standby(11)] as const } : {}),
    ...(hasProxies ? { proxies: [pair(13), pair(15)] as const } : {}),
  };
}
