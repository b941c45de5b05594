/**
 * A whole two-site configuration made from a few numbers: the sample that the repository carries, and the worlds
 * of the lab and the simulator. Hashes and keys come in ready-made, since a package holds no cryptography.
 *
 *     agents    7001, 7002, …   an Extension at each site, both in one Place (S0, S2)
 *     queues    8000 sales, 8001 support, 8009 overflow; 8500 is a Routing Point to 8000
 *     trunks    to the gateway of each site, and, where asked for, to the other site (`dr-peer-trunk`)
 *     persons   agent7001 …, supervisor1, administrator1, guest (the spare extension for a real phone)
 *     desktops  workspace, and desktop-<site> for the persons of the third-party family (S3)
 */
import type { ConfigObject, DeskConfiguration, ObjectOf, OptionSections } from '@holdfast/protocol';
import { objectKey } from '@holdfast/protocol';
import {
  configurationOf,
  connectTo,
  generateDesktops,
  siteOption,
  thirdPartyName,
} from './generate-desktops.ts';

export type RegistrationScheme = 'single' | 'dual' | 'active-backup' | 'fixed';

export interface GeneratedSite {
  readonly name: string;
  readonly address: string;
  /** TCP port at which the site answers for its configuration: of its Configuration Server, or where a site has the `writer` of its proxy. */
  readonly configPort: number;
  /** TCP ports of the one Configuration Server of both sites. Absent at both: each has one of its own, which is not edited. */
  readonly writer?: { readonly port: number; readonly restPort: number };
  /** TCP port of the SIP Server's clients. */
  readonly clientPort: number;
  /** TCP port of the Stat Server; absent: the site has none. */
  readonly statPort?: number;
  /** UDP and TCP; of both members where the SIP Server is a pair. */
  readonly sipPort: number;
  /** TCP ports of the SIP Server's backup: of its clients, and on which it connects to the primary. Absent: there is none. */
  readonly standby?: { readonly clientPort: number; readonly pairPort: number };
  /** `host:port` of the gateway behind the site's trunk. */
  readonly gateway: string;
}

export interface GenerateRequest {
  /** 1 to 100,000. Numbers have four digits up to 800 agents, six beyond. */
  readonly agents: number;
  readonly sites: readonly [GeneratedSite, GeneratedSite];
  /** Which of the two each prefers, in turn, again and again. Absent: each every second, even halves. */
  readonly homes?: readonly (0 | 1)[];
  /** Given to the agents' phones in turn; the lab wants all, an installation one. */
  readonly schemes?: readonly RegistrationScheme[];
  /** Direct calls go to the site of their agent (PQ2): a trunk between the sites, and `dr-forward` by the phone's scheme. */
  readonly isForwarding?: boolean;
  readonly realm: string;
  readonly passwordHash: (user: string) => string;
  readonly digest: (dn: string) => { readonly md5: string; readonly sha256: string };
  readonly keys: Pick<ObjectOf<'Keys'>, 'tokenKeys' | 'nonceKeys' | 'serverSecret'>;
  /** Object key → section → option → value; laid over what is generated. What is for a SIP Server is for its backup too. */
  readonly options?: Readonly<Record<string, OptionSections>>;
}

export interface GeneratedConfiguration {
  readonly objects: readonly ConfigObject[];
  /** In the order of their numbers. `home` is the preferred site. */
  readonly agents: readonly GeneratedAgent[];
}

export interface GeneratedAgent {
  readonly user: string;
  readonly dn: string;
  readonly place: string;
  readonly scheme: RegistrationScheme;
  readonly home: string;
  /** Whose desktop this person works with. Who has a third-party one can also start Workspace. */
  readonly family: DeskConfiguration['family'];
}

export const AGENTS_MAX = 100_000;
export const SALES_QUEUE = '8000';
export const SUPPORT_QUEUE = '8001';
export const OVERFLOW_QUEUE = '8009';
export const SUPERVISOR = { user: 'supervisor1', dn: '7900' } as const;
export const ADMINISTRATOR = { user: 'administrator1', dn: '7901' } as const;
export const GUEST = { user: 'guest', dn: '7999' } as const;
/** Whatever phone somebody brings: some give up where SHA-256 is offered before MD5 (C81). */
const GUEST_PHONE = { holdfast: { 'digest-algorithms': 'md5' } };
const TENANT = 'holdfast';
const EVEN_HALVES = [0, 1] as const;
const ALL_SCHEMES: readonly RegistrationScheme[] = ['active-backup', 'dual', 'single'];

export function generateConfiguration(request: GenerateRequest): GeneratedConfiguration {
  const { sites } = request;
  const schemes = request.schemes ?? ALL_SCHEMES;
  const homes = request.homes ?? EVEN_HALVES;
  const first = request.agents <= 800 ? 7_001 : 700_001;
  const agents = Array.from({ length: Math.min(request.agents, AGENTS_MAX) }, (_, i): GeneratedAgent => {
    const dn = String(first + i);
    const home = sites[homes[i % homes.length] ?? 0].name;
    // Schemes change every two agents, so that each is found at both sites.
    return {
      user: `agent${dn}`,
      dn,
      place: `place-${dn}`,
      scheme: schemes[(i >> 1) % schemes.length] ?? 'active-backup',
      home,
      // Every fourth pair of agents, so that with 20 of them each scheme is found in either family.
      family: (i >> 1) % 4 === 1 ? 'agent-desktop' : 'interaction-workspace',
    };
  });
  const seats: readonly Seat[] = [
    ...agents.map((agent) => ({ ...agent, rank: 'agent' as const })),
    otherSeat(sites, { ...SUPERVISOR, rank: 'supervisor', scheme: 'active-backup' }),
    otherSeat(sites, { ...ADMINISTRATOR, rank: 'administrator', scheme: 'active-backup' }),
    otherSeat(sites, { ...GUEST, rank: 'agent', scheme: 'single' }),
  ];
  const objects: ConfigObject[] = [
    { objectType: 'Tenant', name: TENANT, enabled: true, options: { holdfast: { realm: request.realm } } },
    { objectType: 'Keys', name: 'keys', enabled: true, options: {}, ...request.keys },
    ...sites.flatMap((site) => [...serversOf(site, request), ...numbersOf(site, request)]),
    ...generateDesktops({ tenant: TENANT, sites }),
    ...seats.flatMap((seat) => seatObjects(seat, request)),
    ...groupsOf(agents, sites),
  ];
  const overlays = request.options ?? {};
  const primaries = new Map<string, string>(
    objects.flatMap((object) =>
      object.objectType === 'Application' && object.backup !== undefined
        ? [[`Application/${object.backup}`, objectKey(object)]]
        : [],
    ),
  );
  const overlaid = objects.map((object) => {
    const key = objectKey(object);
    return withOptions(withOptions(object, overlays[primaries.get(key) ?? '']), overlays[key]);
  });
  return { objects: overlaid, agents };
}

interface Seat extends GeneratedAgent {
  readonly rank: ObjectOf<'Person'>['rank'];
}

/** Who is none of the agents: at the first site, with Workspace. */
function otherSeat(
  [{ name: home }]: GenerateRequest['sites'],
  seat: Pick<Seat, 'user' | 'dn' | 'rank' | 'scheme'>,
): Seat {
  return { ...seat, place: `place-${seat.dn}`, home, family: 'interaction-workspace' };
}

function withOptions(object: ConfigObject, overlay: OptionSections | undefined): ConfigObject {
  if (overlay === undefined) return object;
  const options = { ...object.options };
  for (const [section, values] of Object.entries(overlay))
    options[section] = { ...options[section], ...values };
  return { ...object, options };
}

function serversOf(site: GeneratedSite, { sites, isForwarding }: GenerateRequest): ConfigObject[] {
  const host = `${site.name}-host`;
  const common = { objectType: 'Application' as const, tenant: TENANT, host, enabled: true };
  const ownFirst = [site, ...sites.filter((other) => other !== site)];
  return [
    { objectType: 'Host', name: host, address: site.address, enabled: true, options: {} },
    { objectType: 'Switch', name: site.name, tenant: TENANT, enabled: true, options: {} },
    ...configurationServersOf(site, common, sites),
    ...sipServersOf(site, common, { ownFirst, isForwarding: isForwarding === true }),
    ...statServerOf(site, common, ownFirst),
    {
      ...common,
      name: `supervisor-${site.name}`,
      type: 'Supervisor',
      ports: {},
      connections: [],
      options: siteOption(site),
    },
  ];
}

/** Seconds; a proxy notices a silent Configuration Server after one to two of these. */
const PROXY_ADDP_S = 5;

/** One that keeps to itself, or where one site has the writer: that one, and a proxy here. */
function configurationServersOf(
  site: GeneratedSite,
  common: OfServers,
  sites: readonly GeneratedSite[],
): ConfigObject[] {
  const server = (ports: Record<string, number>): ConfigObject => ({
    ...common,
    ...{ name: `config-${site.name}`, type: 'ConfigurationServer', ports, connections: [] },
    options: siteOption(site),
  });
  const writing = sites.find((one) => one.writer !== undefined);
  if (writing === undefined) return [server({ default: site.configPort })];
  const { writer } = site;
  return [
    ...(writer === undefined ? [] : [server({ default: writer.port, rest: writer.restPort })]),
    {
      ...common,
      name: configurationOf(site, sites),
      type: 'ConfigurationServerProxy',
      ports: { default: site.configPort },
      connections: [connectTo(`config-${writing.name}`, PROXY_ADDP_S)],
      options: siteOption(site),
    },
  ];
}

/** Seconds of after-call work. */
export const GENERATED_WRAP_UP_S = 2;

type OfServers = Pick<ObjectOf<'Application'>, 'objectType' | 'tenant' | 'host' | 'enabled'>;

/** One, or the two members of a pair: the same but for their names and ports. */
function sipServersOf(
  site: GeneratedSite,
  common: OfServers,
  { ownFirst, isForwarding }: { readonly ownFirst: readonly GeneratedSite[]; readonly isForwarding: boolean },
): ConfigObject[] {
  const name = `sip-${site.name}`;
  const peer = ownFirst.find((one) => one !== site);
  const server = {
    ...common,
    name,
    type: 'SIPServer' as const,
    switch: site.name,
    ports: { default: site.clientPort },
    connections: ownFirst.map((one) => connectTo(configurationOf(one, ownFirst), 10)),
    options: {
      ...siteOption(site),
      TServer: {
        'sip-port': String(site.sipPort),
        'wrap-up-time': String(GENERATED_WRAP_UP_S),
        ...(isForwarding && peer !== undefined && { 'dr-peer-trunk': peerTrunkTo(peer) }),
      },
    },
  };
  if (site.standby === undefined) return [server];
  const { clientPort, pairPort } = site.standby;
  const backup = `${name}-b`;
  return [
    { ...server, ports: { ...server.ports, pair: pairPort }, backup },
    { ...server, name: backup, ports: { default: clientPort } },
  ];
}

function peerTrunkTo({ name }: GeneratedSite): string {
  return `peer-${name}`;
}

function statServerOf(
  site: GeneratedSite,
  common: OfServers,
  ownFirst: readonly GeneratedSite[],
): ConfigObject[] {
  if (site.statPort === undefined) return [];
  return [
    {
      ...common,
      name: `stat-${site.name}`,
      type: 'StatServer',
      ports: { default: site.statPort },
      connections: [
        ...ownFirst.map((one) => connectTo(configurationOf(one, ownFirst), 10)),
        connectTo(`sip-${site.name}`, 5),
      ],
      options: siteOption(site),
    },
  ];
}

function numbersOf(site: GeneratedSite, { sites, isForwarding }: GenerateRequest): ConfigObject[] {
  const common = { objectType: 'DN' as const, switch: site.name, enabled: true };
  const overflow = { 'overflow-dn': OVERFLOW_QUEUE, 'wait-max': '120', 'waiting-max': '200' };
  return [
    {
      ...common,
      number: SALES_QUEUE,
      type: 'ACDQueue',
      displayName: 'Sales',
      options: { holdfast: { ...overflow, treatment: 'music' } },
    },
    {
      ...common,
      number: SUPPORT_QUEUE,
      type: 'ACDQueue',
      displayName: 'Support',
      options: { holdfast: { ...overflow, treatment: 'tone' } },
    },
    {
      ...common,
      number: OVERFLOW_QUEUE,
      type: 'ACDQueue',
      displayName: 'Overflow',
      options: { holdfast: { treatment: 'ringback', priority: '1' } },
    },
    {
      ...common,
      number: '8500',
      type: 'RoutingPoint',
      displayName: 'Main number',
      options: { holdfast: { 'route-to': SALES_QUEUE } },
    },
    { ...common, number: '8900', type: 'CallProcessingPort', displayName: 'Announcer', options: {} },
    {
      ...common,
      number: `trunk-${site.name}`,
      type: 'Trunk',
      displayName: 'Gateway',
      options: { TServer: { contact: `sip:${site.gateway}` } },
    },
    ...sites
      .filter((peer) => isForwarding === true && peer !== site)
      .map((peer): ConfigObject => {
        const contact = `sip:${peer.address}:${peer.sipPort}`;
        const options = { TServer: { contact } };
        return { ...common, number: peerTrunkTo(peer), type: 'Trunk', displayName: 'Other site', options };
      }),
  ];
}

function seatObjects(seat: Seat, request: GenerateRequest): ConfigObject[] {
  const common = { enabled: true, options: {} };
  const both = request.sites.map((site) => `${seat.dn}@${site.name}`);
  const digest = { realm: request.realm, ...request.digest(seat.dn) };
  return [
    ...request.sites.flatMap((site): ConfigObject[] => [
      {
        objectType: 'DN',
        number: seat.dn,
        switch: site.name,
        type: 'Extension',
        digest,
        enabled: true,
        options: { ...(seat.dn === GUEST.dn ? GUEST_PHONE : {}), ...forwardOf(seat, request) },
      },
      { objectType: 'AgentLogin', code: seat.dn, switch: site.name, ...common },
    ]),
    {
      objectType: 'Place',
      name: seat.place,
      tenant: TENANT,
      dns: both,
      enabled: true,
      options: { holdfast: { 'registration-scheme': seat.scheme } },
    },
    {
      objectType: 'Person',
      name: seat.user,
      tenant: TENANT,
      rank: seat.rank,
      passwordHash: request.passwordHash(seat.user),
      agentLogins: both,
      defaultPlace: seat.place,
      enabled: true,
      options: seat.family === 'agent-desktop' ? sitesOf(seat, request) : {},
    },
  ];
}

/**
 * PQ2: a phone that is registered at both sites says nothing about where its agent is; any other is at the site of its
 * agent, also before that agent has logged in. One that cannot move has nowhere to be called but here.
 */
function forwardOf({ scheme }: Seat, { isForwarding }: GenerateRequest): OptionSections {
  if (isForwarding !== true || scheme === 'fixed') return {};
  return { TServer: { 'dr-forward': scheme === 'dual' ? 'no-agent' : 'oos' } };
}

/** S3: the Applications of the preferred and of the second site. */
function sitesOf({ home }: Seat, { sites }: GenerateRequest): OptionSections {
  const names = [home, ...sites.map(({ name }) => name).filter((name) => name !== home)];
  const [first = '', second = ''] = names.map(thirdPartyName);
  return { 'agent-desktop': { 'site-1': first, 'site-2': second } };
}

/** One team a site sets the preference; two more say who serves which queue, a fifth of the agents both. */
function groupsOf(
  agents: readonly GeneratedAgent[],
  sites: readonly [GeneratedSite, GeneratedSite],
): ConfigObject[] {
  const common = { objectType: 'AgentGroup' as const, tenant: TENANT, enabled: true };
  const atBoth = (...queues: string[]) =>
    queues.flatMap((queue) => sites.map((site) => `${queue}@${site.name}`));
  const users = agents.map(({ user }) => user);
  const teams = sites.map((site, i): ConfigObject => {
    const other = sites[i === 0 ? 1 : 0];
    const members = agents.filter(({ home }) => home === site.name).map(({ user }) => user);
    if (i === 0) members.push(SUPERVISOR.user, ADMINISTRATOR.user, GUEST.user);
    const options = {
      'disaster-recovery.preferred-site': site.name,
      'disaster-recovery.peer-site': other.name,
    };
    return {
      ...common,
      name: `team-${site.name}`,
      members,
      originationDNs: [],
      options: { 'interaction-workspace': options },
    };
  });
  const most = Math.ceil(users.length * 0.6);
  return [
    ...teams,
    {
      ...common,
      name: 'sales',
      members: [...users.slice(0, most), GUEST.user],
      originationDNs: atBoth(SALES_QUEUE, OVERFLOW_QUEUE),
      options: {},
    },
    {
      ...common,
      name: 'support',
      members: users.slice(-most),
      originationDNs: atBoth(SUPPORT_QUEUE, OVERFLOW_QUEUE),
      options: {},
    },
  ];
}
