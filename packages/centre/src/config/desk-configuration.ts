/**
 * What one agent's desk needs in order to work: computed by the Configuration Server at log-in, so that desks
 * hold no configuration of others and both sites give the same answer (rules DS1 to DS4).
 *
 *     person → options (DS4) → preferred and peer site
 *     application → connections → the servers of these sites (DS3)
 *     place → the Extension of each site's switch → which of several SIP Server pairs is meant
 *
 * Whatever does not fit is refused here, with the objects named, and not when a site has died.
 */
import {
  type Application,
  type ApplicationType,
  type Connection,
  type DeskConfiguration,
  type LinkServers,
  OPTION_LIST,
  OPTIONS,
  type Person,
  type Place,
} from '@holdfast/protocol';
import { type Configuration, compareText, splitReference } from './configuration.ts';
import {
  deskLevels,
  groupsOf,
  levelOf,
  type OptionLevel,
  optionValue,
  resolveOption,
  siteOf,
} from './option-resolution.ts';

export type DeskAnswer =
  | { readonly ok: true; readonly configuration: DeskConfiguration }
  /** One sentence that names the objects; the error code is `bad-configuration`. */
  | { readonly ok: false; readonly text: string };

export interface DeskQuestion {
  readonly person: Person;
  readonly application: Application;
  /** Where the person sits; the default place of the person when absent. */
  readonly place?: string | undefined;
}

/** A refusal travels as an exception inside this file only, so that the happy path can be read in one go. */
class Refusal extends Error {}

export function deskConfiguration(configuration: Configuration, question: DeskQuestion): DeskAnswer {
  try {
    return { ok: true, configuration: compute(configuration, question) };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, text: error.message };
    throw error;
  }
}

function compute(
  configuration: Configuration,
  { person, application, place: named }: DeskQuestion,
): DeskConfiguration {
  // DS1: the application decides the option family; this release serves desks of the Workspace family.
  if (application.type !== 'Workspace')
    throw new Refusal(
      `Application "${application.name}" is a ${application.type}; desks run as one of type Workspace.`,
    );
  const place = placeOf(configuration, person, named);
  const levels = deskLevels(configuration, person, application);
  const servers = connectedServers(configuration, application);
  const { preferredSite, peerSite, preferenceSource } = chooseSites(person, application, levels, servers);
  const sites = [preferredSite, ...(peerSite === undefined ? [] : [peerSite])];
  const candidates = sites.map((site) => groupsAt(configuration, servers, place, site));
  const group = commonGroup(person, application, place, sites, candidates);
  const options = deskOptions(levels);
  if (options['disaster-recovery.preferred-site'] === undefined)
    options['disaster-recovery.preferred-site'] = { value: preferredSite, source: preferenceSource };
  if (peerSite !== undefined)
    options['disaster-recovery.peer-site'] ??= { value: peerSite, source: preferenceSource };
  return {
    person: { name: person.name, displayName: person.displayName ?? person.name, rank: person.rank },
    family: 'interaction-workspace',
    options,
    preferredSite,
    ...(peerSite === undefined ? {} : { peerSite }),
    sites: candidates.map((groups) => {
      const pair = groups.get(group);
      if (pair === undefined)
        throw new Refusal(`Group "${group}" is missing at a site of Application "${application.name}".`);
      return deskSite(
        configuration,
        { person, application, place },
        levels,
        servers,
        pair,
        peerSite !== undefined,
      );
    }),
    warnings: [],
    place: place.name,
  };
}

function placeOf(configuration: Configuration, person: Person, named: string | undefined): Place {
  const name = named ?? person.defaultPlace;
  if (name === undefined)
    throw new Refusal(`Person "${person.name}" has no default Place and none was named at log-in.`);
  const place = configuration.get('Place', name);
  if (place === undefined || !place.enabled)
    throw new Refusal(`There is no Place "${name}", or it is disabled.`);
  return place;
}

/** Who sits where, at which desktop. */
interface Seat {
  readonly person: Person;
  readonly application: Application;
  readonly place: Place;
}

/** A server that the desk's Application is connected to; a cluster stands for its own connections. */
interface ConnectedServer {
  readonly server: Application;
  readonly connection: Connection;
  readonly site: string;
  /** One of a cluster. */
  readonly isNode: boolean;
  /** DS5: whose `warm-standby.retry-delay` may override. */
  readonly pauseLevel: OptionLevel;
}

function connectedServers(configuration: Configuration, application: Application): ConnectedServer[] {
  const servers: ConnectedServer[] = [];
  for (const connection of application.connections) {
    const server = configuration.get('Application', connection.server);
    const site = server === undefined ? undefined : siteOf(server);
    if (server === undefined || !server.enabled || site === undefined) continue;
    const pauseLevel = levelOf(`Application/${server.name}`, server);
    if (server.type !== 'ApplicationCluster') {
      servers.push({ server, connection, site, isNode: false, pauseLevel });
      continue;
    }
    for (const node of server.connections) {
      const member = configuration.get('Application', node.server);
      if (member?.enabled) servers.push({ server: member, connection: node, site, isNode: true, pauseLevel });
    }
  }
  return servers;
}

interface Sites {
  readonly preferredSite: string;
  readonly peerSite: string | undefined;
  /** Where the preference comes from when no option names it. */
  readonly preferenceSource: string;
}

function chooseSites(
  person: Person,
  application: Application,
  levels: readonly OptionLevel[],
  servers: readonly ConnectedServer[],
): Sites {
  const workspace = OPTIONS['interaction-workspace'];
  const isEnabled = optionValue(workspace['disaster-recovery.enabled'], levels);
  const preferred = resolveOption(workspace['disaster-recovery.preferred-site'], levels);
  const peer = resolveOption(workspace['disaster-recovery.peer-site'], levels);
  const known = [
    ...new Set(servers.filter(({ server }) => server.type === 'SIPServer').map(({ site }) => site)),
  ].sort(compareText);
  if (known.length === 0)
    throw new Refusal(
      `Application "${application.name}" is connected to no SIP Server that has a disaster-recovery.site.`,
    );
  for (const named of [preferred, isEnabled ? peer : undefined])
    if (named !== undefined && !known.includes(named.value))
      throw new Refusal(
        `${named.source} names site "${named.value}", but Application "${application.name}" is connected to no SIP Server there (its sites: ${known.join(', ')}).`,
      );
  // DS4: without a preference agents are spread evenly, each always to the same site.
  const preferredSite = preferred?.value ?? (known[spread(person.name) % known.length] as string);
  const preferenceSource = 'stable hash of the user name';
  if (!isEnabled) return { preferredSite, peerSite: undefined, preferenceSource };
  const others = known.filter((site) => site !== preferredSite);
  const peerSite = peer?.value ?? (others.length === 1 ? others[0] : undefined);
  if (peerSite === undefined)
    throw new Refusal(
      `disaster-recovery.enabled is true for Person "${person.name}", but no peer-site is set and Application "${application.name}" has ${known.length} sites (${known.join(', ')}).`,
    );
  if (peerSite === preferredSite)
    throw new Refusal(
      `Person "${person.name}": preferred-site and peer-site are both "${peerSite}". Name two sites.`,
    );
  return { preferredSite, peerSite, preferenceSource };
}

/** FNV-1a, 32 bits: the same at every site and in every release. */
function spread(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) {
    hash ^= name.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  // The low bits of FNV alternate with the last letter; mixed, they do not.
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return (hash ^ (hash >>> 12)) >>> 0;
}

/** A SIP Server pair at one site that owns an Extension of the place. */
interface PlacePair extends ConnectedServer {
  readonly dn: string;
}

/** DS3: by `disaster-recovery.name`, the pairs of a site whose Switch owns an Extension of the place. */
function groupsAt(
  configuration: Configuration,
  servers: readonly ConnectedServer[],
  place: Place,
  site: string,
): Map<string, PlacePair> {
  const groups = new Map<string, PlacePair>();
  for (const candidate of servers) {
    const { server } = candidate;
    if (candidate.site !== site || server.type !== 'SIPServer') continue;
    const extensions = place.dns.filter((reference) => {
      const dn = configuration.get('DN', reference);
      return dn?.enabled && dn.type === 'Extension' && dn.switch === server.switch;
    });
    if (extensions.length > 1)
      throw new Refusal(
        `Place "${place.name}" has ${extensions.length} Extensions of Switch "${server.switch}" (${extensions.join(', ')}). Leave one.`,
      );
    const [extension] = extensions;
    if (extension === undefined) continue;
    const name = optionValue(OPTIONS['interaction-workspace']['disaster-recovery.name'], [
      candidate.pauseLevel,
    ]);
    const other = groups.get(name);
    if (other !== undefined && other.server.name !== server.name)
      throw new Refusal(
        `Site "${site}" has two SIP Servers "${other.server.name}" and "${server.name}" of the group "${name}" for Place "${place.name}". Give the groups different names.`,
      );
    groups.set(name, { ...candidate, dn: splitReference(extension).number });
  }
  return groups;
}

function commonGroup(
  person: Person,
  application: Application,
  place: Place,
  sites: readonly string[],
  candidates: readonly Map<string, PlacePair>[],
): string {
  const missing = sites.filter((_, i) => candidates[i]?.size === 0);
  if (missing.length > 0)
    throw new Refusal(
      `Place "${place.name}" of Person "${person.name}" has no Extension on a Switch whose SIP Server serves site ${missing.map((site) => `"${site}"`).join(' and ')} for Application "${application.name}".`,
    );
  const [first, ...rest] = candidates;
  const common = [...(first?.keys() ?? [])].filter((name) => rest.every((groups) => groups.has(name)));
  if (common.length === 1) return common[0] as string;
  const all = candidates.flatMap((groups) =>
    [...groups].map(([name, { server }]) => `"${server.name}" (${name})`),
  );
  throw new Refusal(
    common.length === 0
      ? `Place "${place.name}" has Extensions on SIP Servers of different groups: ${all.join(', ')}. Set one disaster-recovery.name.`
      : `Place "${place.name}" has Extensions on several groups of SIP Servers: ${all.join(', ')}. Leave one.`,
  );
}

function deskSite(
  configuration: Configuration,
  { person, application, place }: Seat,
  levels: readonly OptionLevel[],
  servers: readonly ConnectedServer[],
  pair: PlacePair,
  canMove: boolean,
): DeskConfiguration['sites'][number] {
  const { server, site, dn } = pair;
  const login = person.agentLogins.find((reference) => splitReference(reference).switch === server.switch);
  if (login === undefined || configuration.get('AgentLogin', login)?.enabled !== true)
    throw new Refusal(
      `Person "${person.name}" has no enabled AgentLogin at Switch "${server.switch}" (site "${site}").`,
    );
  if (canMove) checkLease(server, levels);
  const linkTo = (types: readonly ApplicationType[]) =>
    linkServers(
      configuration,
      servers.filter((one) => one.site === site && types.includes(one.server.type)),
      levels,
    );
  const toConfiguration = linkTo(['ConfigurationServer', 'ConfigurationServerProxy']);
  if (toConfiguration.members.length === 0)
    throw new Refusal(
      `The Application of the desk is connected to no Configuration Server at site "${site}".`,
    );
  return {
    site,
    application: application.name,
    options: {},
    telephony: linkServers(configuration, [pair], levels),
    configuration: toConfiguration,
    statistics: linkTo(['StatServer']),
    place: place.name,
    dn,
    AgentID: splitReference(login).number,
    queues: queuesOf(configuration, person, server.switch ?? ''),
  };
}

/** One link's servers at one site: a pair, or the nodes of a cluster (DS5). */
function linkServers(
  configuration: Configuration,
  connected: readonly ConnectedServer[],
  levels: readonly OptionLevel[],
): LinkServers {
  const [first] = connected;
  return {
    form: first?.isNode === true ? 'cluster' : 'pair',
    members: connected.flatMap((one) => membersOf(configuration, one)),
    addpTimeoutMs: Math.round((first?.connection.addp.timeout ?? 10) * 1000),
    reconnectPauseMs: reconnectPauseMs(first, levels),
  };
}

/** LL5: lease and margin are shorter together than the time after which the desk leaves. */
function checkLease(server: Application, levels: readonly OptionLevel[]): void {
  const leaseMs = optionValue(OPTIONS.holdfast['lease-length'], [
    levelOf(`Application/${server.name}`, server),
  ]);
  const timeout = resolveOption(OPTIONS['interaction-workspace']['disaster-recovery.timeout'], levels);
  if (timeout !== undefined && leaseMs * 1.05 >= timeout.value * 1000)
    throw new Refusal(
      `disaster-recovery.timeout is ${timeout.raw} s (${timeout.source}), but a login lease of Application "${server.name}" with its margin lasts ${leaseMs * 1.05} ms. Shorten holdfast/lease-length or lengthen the timeout.`,
    );
}

/** Primary first. */
function membersOf(configuration: Configuration, { server, connection }: ConnectedServer) {
  const members = [];
  for (const application of [
    server,
    server.backup === undefined ? undefined : configuration.get('Application', server.backup),
  ]) {
    const host = application?.host === undefined ? undefined : configuration.get('Host', application.host);
    const port = application?.ports[connection.port];
    if (application?.enabled && host !== undefined && port !== undefined)
      members.push({ application: application.name, host: host.address, port });
  }
  return members;
}

/** S0: the pair's own reconnect timeout; without a backup the server's option may override the desk's. */
function reconnectPauseMs(connected: ConnectedServer | undefined, levels: readonly OptionLevel[]): number {
  const { backup, reconnectTimeout } = connected?.server ?? {};
  if (backup !== undefined && reconnectTimeout !== undefined) return reconnectTimeout * 1000;
  const own = connected === undefined || backup !== undefined ? [] : [connected.pauseLevel];
  return (
    1000 * optionValue(OPTIONS['interaction-workspace']['warm-standby.retry-delay'], [...own, ...levels])
  );
}

/** The queues of this Switch from which the person's groups get their calls. */
function queuesOf(configuration: Configuration, person: Person, switchName: string): string[] {
  const references = groupsOf(configuration, person).flatMap((group) => group.originationDNs);
  const queues = references.filter((reference) => {
    const dn = configuration.get('DN', reference);
    return dn?.enabled && dn.type === 'ACDQueue' && dn.switch === switchName;
  });
  return [...new Set(queues.map((reference) => splitReference(reference).number))].sort(compareText);
}

/** All options of the family that a desk reads, with the object that set each (DS4). */
function deskOptions(levels: readonly OptionLevel[]): DeskConfiguration['options'] {
  const options: DeskConfiguration['options'] = {};
  for (const definition of OPTION_LIST) {
    if (definition.section !== 'interaction-workspace' || !definition.setOn.includes('Person')) continue;
    const resolved = resolveOption(definition, levels);
    if (resolved !== undefined)
      options[definition.name] = { value: resolved.raw.trim(), source: resolved.source };
  }
  return options;
}
