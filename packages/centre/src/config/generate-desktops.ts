/**
 * The desktops of a generated configuration, of both families (DS1): one Workspace Application for all sites (S0), and
 * one ThirdPartyApplication for each site (S3).
 */
import type { ConfigObject, Connection, OptionSections } from '@holdfast/protocol';
import type { GeneratedSite } from './generate-configuration.ts';

export const DESK_APPLICATION = 'workspace';

/** The third-party desktop of that site. */
export function thirdPartyName(site: string): string {
  return `desktop-${site}`;
}

export function siteOption(site: GeneratedSite): OptionSections {
  return { 'interaction-workspace': { 'disaster-recovery.site': site.name } };
}

export function connectTo(server: string, timeout: number): Connection {
  return { server, port: 'default', addp: { timeout } };
}

/** Seconds; S3 recommends 20 to 30 for the desks of that family. */
const THIRD_PARTY_ADDP_S = 20;

export function generateDesktops({
  tenant,
  sites,
}: {
  readonly tenant: string;
  readonly sites: readonly GeneratedSite[];
}): ConfigObject[] {
  const common = { objectType: 'Application', tenant, enabled: true, ports: {} } as const;
  return [
    {
      ...common,
      name: DESK_APPLICATION,
      type: 'Workspace',
      connections: sites.flatMap((site) => serversOf(site, sites).map((server) => connectTo(server, 5))),
      options: {
        'interaction-workspace': {
          'disaster-recovery.enabled': 'true',
          'disaster-recovery.timeout': '10',
          'disaster-recovery.wait-for-sipphone-timeout': '10',
          'disaster-recovery.auto-restore': 'true',
          'disaster-recovery.restore-agent-state': 'true',
          'warm-standby.retry-delay': '2',
          'warm-standby.reconnection-random-delay-range': '1',
        },
      },
    },
    ...sites.map((site) => ({
      ...common,
      name: thirdPartyName(site.name),
      type: 'ThirdPartyApplication' as const,
      connections: serversOf(site, sites).map((server) => connectTo(server, THIRD_PARTY_ADDP_S)),
      options: {
        'agent-desktop': { 'site-timeout': '30', 'site-sip-register-timeout': '30' },
        holdfast: { 'restore-agent-state': 'true' },
      },
    })),
  ];
}

/** Which Application answers at that site for the configuration. */
export function configurationOf({ name }: GeneratedSite, sites: readonly GeneratedSite[]): string {
  return `${sites.some(({ writer }) => writer !== undefined) ? 'proxy' : 'config'}-${name}`;
}

function serversOf(site: GeneratedSite, sites: readonly GeneratedSite[]): string[] {
  const { name, statPort } = site;
  return [
    ...[configurationOf(site, sites), `sip-${name}`],
    ...(statPort === undefined ? [] : [`stat-${name}`]),
  ];
}
