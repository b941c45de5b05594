/** The servers of a site in the order in which its supervisor starts them, and where each answers. */
import { SITES, type SiteName, type SitePorts } from './lab-configuration.ts';
import { proxyNames } from './lab-proxies.ts';
import type { SiteServer } from './site-processes.ts';

export function siteServers(
  { config, writer, proxies, clients, stats, standby }: SitePorts,
  site: SiteName,
): SiteServer[] {
  const index = SITES.indexOf(site) as 0 | 1;
  const at = (application: string, port: number): SiteServer => ({ application, host: '127.0.0.1', port });
  const backup = standby && { backup: { application: `sip-${site}-b`, port: standby[index].clientPort } };
  return [
    ...(writer !== undefined && site === SITES[0] ? [at(`config-${site}`, writer.port)] : []),
    at(`${writer === undefined ? 'config' : 'proxy'}-${site}`, config[index]),
    ...(proxies?.[index].map((port, i) => at(proxyNames(site)[i] ?? '', port)) ?? []),
    { ...at(`sip-${site}`, clients[index]), ...backup },
    at(`stat-${site}`, stats[index]),
  ];
}
