/**
 * What one agent's desk needs in order to work: computed by the Configuration Server at log-in, so that desks
 * hold no configuration of others and both sites give the same answer (rules DS1 to DS4).
 *
 *     person → options → the sites of this agent, preferred first (desk-sites)
 *     application → connections → the servers of these sites      (desk-servers)
 *     seat → the Extension of each site's switch → which of several SIP Server pairs is meant
 *
 * What does not fit is told here, with the objects named, and not when a site has died: a site that is not sound is
 * left out with a warning (DS22), and only where none is left the desk is refused.
 */
import {
  type Application,
  type DeskConfiguration,
  type MoveRisk,
  OPTION_LIST,
  OPTIONS,
  type Person,
  type Place,
} from '@holdfast/protocol';
import { unusableOptions } from './check-options.ts';
import { type Configuration, compareText, splitReference } from './configuration.ts';
import { Refusal } from './desk-refusal.ts';
import { linkServers, pairsAt, type SeatPair, seatName } from './desk-servers.ts';
import { type AgentSite, thirdPartySites, workspaceSites } from './desk-sites.ts';
import {
  deskLevels,
  groupsOf,
  levelOf,
  type OptionLevel,
  optionValue,
  resolveOption,
} from './option-resolution.ts';

export type DeskAnswer =
  | { readonly ok: true; readonly configuration: DeskConfiguration }
  /** One sentence that names the objects; the error code is `bad-configuration`. */
  | { readonly ok: false; readonly text: string };

export interface DeskQuestion {
  readonly person: Person;
  readonly application: Application;
  /** Where the person sits: one Place, or one for each site (DS21). None: the default place of the person. */
  readonly places: readonly string[];
}

export function deskConfiguration(configuration: Configuration, question: DeskQuestion): DeskAnswer {
  try {
    return { ok: true, configuration: compute(configuration, question) };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, text: error.message };
    throw error;
  }
}

type Site = DeskConfiguration['sites'][number];

function compute(configuration: Configuration, question: DeskQuestion): DeskConfiguration {
  const { person, application } = question;
  const family = familyOf(application);
  const seat = seatOf(configuration, person, question.places);
  const levels = deskLevels(configuration, person, application);
  const chosen =
    family === 'interaction-workspace'
      ? workspaceSites(configuration, person, application, levels)
      : thirdPartySites(configuration, person, application);
  const unusable = unusableOf(configuration, question, seat, chosen.sites);
  /** Why a site is missing, or is another one than was meant. */
  const ofSites = [...chosen.warnings];
  const late: string[] = [];
  const sites: Site[] = [];
  const found: { readonly pairs: ReadonlyMap<string, SeatPair>; readonly at: AgentSite }[] = [];
  for (const at of chosen.sites) {
    const pairs = pairsAt(configuration, at.servers, seat, at.site);
    if (pairs.size > 0) found.push({ pairs, at });
    else ofSites.push(noExtension(seat, person, at));
  }
  if (found.length === 0) throw new Refusal([...ofSites, ...unusable].join(' '));
  const group = commonGroup(
    seat,
    found.map(({ pairs }) => pairs),
  );
  for (const { pairs, at } of found) {
    const pair = pairs.get(group);
    if (pair === undefined) throw new Refusal(`Group "${group}" is missing at site "${at.site}".`);
    const site = siteOfAgent(configuration, person, levels, at, pair);
    if (typeof site === 'string') ofSites.push(site);
    else sites.push(site);
    if (chosen.sites.length > 1) late.push(...longLease(pair.server, at, levels));
  }
  const [preferred, peer] = sites;
  if (preferred === undefined) throw new Refusal([...ofSites, ...unusable].join(' '));
  return {
    person: { name: person.name, displayName: person.displayName ?? person.name, rank: person.rank },
    family,
    options:
      family === 'interaction-workspace' ? workspaceOptions(levels, sites, chosen.preferenceSource) : {},
    preferredSite: preferred.site,
    ...(peer === undefined ? {} : { peerSite: peer.site }),
    sites,
    warnings: [
      ...risks(peer === undefined ? 'oneSite' : 'sites', ofSites),
      ...risks('options', unusable),
      ...risks('lease', late),
      ...risks('phone', peer === undefined ? [] : fixedPhones(seat)),
    ],
    place: preferred.place,
  };
}

function risks(kind: MoveRisk['kind'], texts: readonly string[]): MoveRisk[] {
  return texts.map((text) => ({ kind, text }));
}

/** CF20: what stands on this agent's objects and counts as not set. */
function unusableOf(
  configuration: Configuration,
  { person, application }: DeskQuestion,
  seat: readonly Place[],
  sites: readonly AgentSite[],
): string[] {
  const applications = new Set([application, ...sites.map((at) => at.application)]);
  const logins = person.agentLogins.flatMap((name) => configuration.get('AgentLogin', name) ?? []);
  const tenant = configuration.get('Tenant', person.tenant);
  const above = [...groupsOf(configuration, person), ...(tenant === undefined ? [] : [tenant])];
  return [person, ...above, ...applications, ...seat, ...logins].flatMap((object) => unusableOptions(object));
}

/** DS1: the type of the desk's Application decides. */
function familyOf({ name, type }: Application): DeskConfiguration['family'] {
  if (type === 'Workspace') return 'interaction-workspace';
  if (type === 'ThirdPartyApplication') return 'agent-desktop';
  throw new Refusal(
    `Application "${name}" is a ${type}; desks run as one of type Workspace or ThirdPartyApplication.`,
  );
}

function seatOf(configuration: Configuration, person: Person, named: readonly string[]): Place[] {
  const names = named.length > 0 ? named : person.defaultPlace === undefined ? [] : [person.defaultPlace];
  if (names.length === 0)
    throw new Refusal(`Person "${person.name}" has no default Place and none was named at log-in.`);
  return [...new Set(names)].map((name) => {
    const place = configuration.get('Place', name);
    if (place === undefined || !place.enabled)
      throw new Refusal(`There is no Place "${name}", or it is disabled.`);
    return place;
  });
}

function noExtension(seat: readonly Place[], person: Person, { site, application }: AgentSite): string {
  return `${seatName(seat)} of Person "${person.name}" has no Extension on a Switch whose SIP Server serves site "${site}" for Application "${application.name}". Give the place one.`;
}

/** DS3: the group of SIP Servers whose switches own the seat, at every site of the agent. */
function commonGroup(seat: readonly Place[], candidates: readonly ReadonlyMap<string, SeatPair>[]): string {
  const [first, ...rest] = candidates;
  const common = [...(first?.keys() ?? [])].filter((name) => rest.every((groups) => groups.has(name)));
  if (common.length === 1) return common[0] as string;
  const all = candidates.flatMap((groups) =>
    [...groups].map(([name, { server }]) => `"${server.name}" (${name})`),
  );
  throw new Refusal(
    common.length === 0
      ? `${seatName(seat)} has Extensions on SIP Servers of different groups: ${all.join(', ')}. Set one disaster-recovery.name.`
      : `${seatName(seat)} has Extensions on several groups of SIP Servers: ${all.join(', ')}. Leave one.`,
  );
}

/** What the desk works with at one site, or why it cannot work there. */
function siteOfAgent(
  configuration: Configuration,
  person: Person,
  levels: readonly OptionLevel[],
  { site, application, servers, options }: AgentSite,
  pair: SeatPair,
): Site | string {
  const switchName = pair.server.switch ?? '';
  const login = person.agentLogins.find((reference) => splitReference(reference).switch === switchName);
  if (login === undefined || configuration.get('AgentLogin', login)?.enabled !== true)
    return `Person "${person.name}" has no enabled AgentLogin at Switch "${switchName}" (site "${site}"). Give one.`;
  const linkTo = (...types: readonly Application['type'][]) =>
    linkServers(
      configuration,
      servers.filter((one) => one.site === site && types.includes(one.server.type)),
      levels,
    );
  const toConfiguration = linkTo('ConfigurationServer', 'ConfigurationServerProxy');
  if (toConfiguration.members.length === 0)
    return `Application "${application.name}" is connected to no Configuration Server at site "${site}". Connect it.`;
  return {
    site,
    application: application.name,
    options,
    telephony: linkServers(configuration, [pair], levels),
    configuration: toConfiguration,
    statistics: linkTo('StatServer'),
    switch: switchName,
    place: pair.place.name,
    dn: pair.dn,
    AgentID: splitReference(login).number,
    queues: queuesOf(configuration, person, switchName),
  };
}

/** PH1: a phone that knows one address stays there, and so does its agent. */
function fixedPhones(seat: readonly Place[]): string[] {
  return seat.flatMap((place) =>
    registrationScheme(place) === 'fixed'
      ? `holdfast/registration-scheme of Place "${place.name}" is fixed: its phone registers at one site only, so that its agent cannot work at the other. Give the place a phone that registers at both, and set single, dual or active-backup.`
      : [],
  );
}

export function registrationScheme(place: Place) {
  return optionValue(OPTIONS.holdfast['registration-scheme'], [levelOf(`Place/${place.name}`, place)]);
}

/** LL5: lease and margin are to be shorter together than the time after which the desk leaves. */
function longLease(
  server: Application,
  { options, application }: AgentSite,
  levels: readonly OptionLevel[],
): string[] {
  const leaseMs = optionValue(OPTIONS.holdfast['lease-length'], [
    levelOf(`Application/${server.name}`, server),
  ]);
  const workspace = resolveOption(OPTIONS['interaction-workspace']['disaster-recovery.timeout'], levels);
  const [name, timeout] =
    application.type === 'Workspace'
      ? ([
          'disaster-recovery.timeout',
          workspace && { value: workspace.raw, source: workspace.source },
        ] as const)
      : (['site-timeout', options['site-timeout']] as const);
  const timeoutMs = 1000 * Number(timeout?.value ?? 0);
  // LL4 keeps the promise all the same: the lease then rules the wait in place of the option.
  if (timeout === undefined || timeoutMs === 0 || !doesLeaseRule(leaseMs, timeoutMs)) return [];
  return [
    `${name} is ${timeout.value} s (${timeout.source}), but a login lease of Application "${server.name}" with its margin lasts ${leaseMs * LEASE_WITH_MARGIN} ms and will rule the wait. Shorten holdfast/lease-length or lengthen the time-out.`,
  ];
}
const LEASE_WITH_MARGIN = 1.05;

/** LL5: whether the lease, and not the time-out of the site, decides when the desk may log in elsewhere. */
export function doesLeaseRule(leaseMs: number, timeoutMs: number): boolean {
  return leaseMs * LEASE_WITH_MARGIN >= timeoutMs;
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

/** The options that a desk of the Workspace family reads, with the object that set each (DS4). */
function workspaceOptions(
  levels: readonly OptionLevel[],
  [preferred, peer]: readonly Site[],
  preferenceSource: string,
): DeskConfiguration['options'] {
  const options = deskOptions(levels);
  const name = 'disaster-recovery.preferred-site';
  if (preferred !== undefined) options[name] ??= { value: preferred.site, source: preferenceSource };
  if (peer !== undefined)
    options['disaster-recovery.peer-site'] ??= { value: peer.site, source: preferenceSource };
  return options;
}

/** All options of the family that a desk reads, with the object that set each (DS4). */
function deskOptions(levels: readonly OptionLevel[]): DeskConfiguration['options'] {
  const options: DeskConfiguration['options'] = {};
  for (const definition of OPTION_LIST) {
    const isWorkspace = definition.section === 'interaction-workspace' || definition.section === 'holdfast';
    if (!isWorkspace || !definition.setOn.includes('Person')) continue;
    const resolved = resolveOption(definition, levels);
    if (resolved !== undefined)
      options[definition.name] = { value: resolved.raw.trim(), source: resolved.source };
  }
  return options;
}
