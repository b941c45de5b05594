/** What the Configuration Servers of the test world tell a desk, in either family, and its bootstrap file. */
import type { DeskConfiguration, LinkServers } from '@holdfast/protocol';
import type { Bootstrap, BootstrapSite } from './bootstrap/bootstrap.ts';
import { DN, PERSON } from './test-site.ts';

/** All servers of a site listen on one port; they differ by their hosts. */
export const PORTS = { north: 1, south: 2 } as const;

export interface ConfigurationOptions {
  readonly family?: DeskConfiguration['family'];
  /** Workspace: as set, beside defaults of the tests. Third-party: of both Applications, in place of theirs. */
  readonly options?: Readonly<Record<string, string>>;
  /** Third-party: of the south Application alone. */
  readonly southOptions?: Readonly<Record<string, string>>;
  readonly hasStatServers?: boolean;
  /** Nodes of each cluster of Configuration Servers; none makes them pairs of one. */
  readonly clusterNodes?: number;
  /** The same of Stat Servers. */
  readonly statNodes?: number;
  readonly hasPeer?: boolean;
  /** North unless set. */
  readonly preferred?: (typeof SITES)[number];
  /** Set by the administrator for every link; else the default, of 1 s here. */
  readonly pauseMs?: number;
  readonly warnings?: readonly string[];
}

const SITES = ['north', 'south'] as const;

export function deskConfiguration(options: ConfigurationOptions): DeskConfiguration {
  const { family = 'interaction-workspace', hasPeer = true, warnings = [] } = options;
  const isWorkspace = family === 'interaction-workspace';
  const { preferred = 'north' } = options;
  const both = preferred === 'north' ? SITES : ([SITES[1], SITES[0]] as const);
  const [, peer] = both;
  const names = hasPeer ? both : ([preferred] as const);
  const preference = options.preferred && { 'disaster-recovery.preferred-site': preferred };
  return {
    person: { name: PERSON, displayName: 'Ada', rank: 'agent' },
    family,
    options: isWorkspace
      ? set({ ...WORKSPACE, ...preference, ...options.options }, 'Application Workspace')
      : {},
    preferredSite: preferred,
    ...(hasPeer ? { peerSite: peer } : {}),
    place: 'P1',
    warnings: warnings.map((text) => ({ kind: 'oneSite', text })),
    sites: names.map((site) => {
      const application = applicationAt(site, options);
      const own = { ...(options.options ?? THIRD_PARTY), ...(site === 'south' ? options.southOptions : {}) };
      return {
        site,
        application,
        options: isWorkspace ? {} : set(own, `Application/${application}`),
        telephony: pairOf(site, 'sip', options),
        configuration:
          options.clusterNodes === undefined
            ? pairOf(site, 'config', options)
            : clusterOf(site, 'config', options.clusterNodes, options),
        statistics: statServersAt(site, options),
        switch: site,
        place: 'P1',
        dn: DN,
        AgentID: 'A1',
        queues: ['6001'],
      };
    }),
  };
}

const WORKSPACE = {
  'disaster-recovery.enabled': 'true',
  'disaster-recovery.timeout': '5',
  'disaster-recovery.wait-for-sipphone-timeout': '3',
  'disaster-recovery.auto-restore': 'true',
  'disaster-recovery.restore-agent-state': 'true',
};

const THIRD_PARTY = {
  'site-timeout': '5',
  'site-sip-register-timeout': '3',
  'restore-agent-state': 'true',
};

function applicationAt(site: string, { family }: ConfigurationOptions): string {
  return family === 'agent-desktop' ? `Desktop-${site}` : 'Workspace';
}

function set(options: Readonly<Record<string, string>>, source: string): DeskConfiguration['options'] {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, { value, source }]));
}

function linkTerms({ pauseMs }: ConfigurationOptions) {
  const set = pauseMs === undefined ? {} : { reconnectPauseSource: 'Application/Workspace' };
  return { addpTimeoutMs: 500, reconnectPauseMs: pauseMs ?? 1_000, ...set };
}

function pairOf(site: (typeof SITES)[number], part: string, options: ConfigurationOptions): LinkServers {
  const member = { application: `${part}-${site}`, host: `${site}-${part}`, port: PORTS[site] };
  return { form: 'pair', members: [member], ...linkTerms(options) };
}

function statServersAt(site: (typeof SITES)[number], options: ConfigurationOptions): LinkServers {
  const { hasStatServers = true, statNodes } = options;
  const pair = pairOf(site, 'stat', options);
  if (!hasStatServers) return { ...pair, members: [] };
  return statNodes === undefined ? pair : clusterOf(site, 'stat', statNodes, options);
}

function clusterOf(
  site: (typeof SITES)[number],
  part: 'config' | 'stat',
  nodes: number,
  options: ConfigurationOptions,
): LinkServers {
  const numbers = Array.from({ length: nodes }, (_, index) => index + 1);
  const members = numbers.map((number) => ({
    application: `${part}-${site}-${number}`,
    host: `${site}-${part}-${number}`,
    port: PORTS[site],
  }));
  return { form: 'cluster', members, ...linkTerms(options) };
}

export function bootstrapOf(
  options: ConfigurationOptions & { readonly bootstrap?: Partial<Bootstrap> },
): Bootstrap {
  const { family, bootstrap, clusterNodes } = options;
  const site = (name: (typeof SITES)[number]): BootstrapSite => {
    const { form, members } =
      clusterNodes === undefined
        ? pairOf(name, 'config', options)
        : clusterOf(name, 'config', clusterNodes, options);
    return {
      site: undefined,
      application: applicationAt(name, options),
      applicationType: family === 'agent-desktop' ? 'ThirdPartyApplication' : 'Workspace',
      place: 'P1',
      form,
      nodes: members.map(({ host, port }) => ({ host, port })),
      timeoutMs: 1_000,
    };
  };
  const sites = { preferred: site('north'), peer: site('south') };
  return { environment: 'Test', hotSeating: false, embeddedEndpoint: false, ...sites, ...bootstrap };
}
