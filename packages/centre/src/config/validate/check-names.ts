/** V1 to V8: sites, and who names them. A name that leads nowhere shows only when a site has died. */
import { type Application, OPTIONS, type OptionSections, type Person } from '@holdfast/protocol';
import { splitKey } from '../configuration.ts';
import { type OptionLevel, type ResolvedOption, resolveOption, siteOf } from '../option-resolution.ts';
import { type Find, optionSet } from './finding.ts';
import { CONFIGURATION_SERVERS, levelOfObject, named, type World } from './world.ts';

const DR = OPTIONS['interaction-workspace'];
const SECTION = 'interaction-workspace';
const SITE = 'disaster-recovery.site';
const PREFERRED = 'disaster-recovery.preferred-site';
const PEER = 'disaster-recovery.peer-site';

export function checkNames(world: World, find: Find): void {
  for (const cluster of world.primaries('ApplicationCluster')) checkCluster(world, cluster, find);
  checkOtherServers(world, find);
  checkPersons(world, find);
}

/** V1, V2: S0 puts the site on the object that stands for the cluster, and desks read it there. */
function checkCluster(world: World, cluster: Application, find: Find): void {
  const field = `${SECTION}/${SITE}`;
  const nodes = nodesOf(world, cluster);
  const site = siteOf(cluster);
  if (site === undefined) {
    const sites = [...new Set(nodes.flatMap((node) => siteOf(node) ?? []))];
    const [only] = sites;
    find('V1', {
      object: cluster,
      field,
      reason: `Desks read the site of the cluster on "${cluster.name}" itself and not on its nodes, and it is not set: no desk finds the cluster.`,
      remedy: 'Set it there.',
      ...(sites.length === 1 && only !== undefined && { fix: [optionSet(cluster, SECTION, SITE, only)] }),
    });
    return;
  }
  for (const node of nodes) {
    const own = siteOf(node);
    if (own === undefined || own === site) continue;
    find('V2', {
      object: node,
      field,
      value: own,
      reason: `It is a node of ApplicationCluster "${cluster.name}", which is at site "${site}": desks would take it for one of "${site}", and lose it with "${own}".`,
      remedy: `Set "${site}", or take it out of the cluster.`,
      fix: [optionSet(node, SECTION, SITE, site)],
    });
  }
}

export function nodesOf(world: World, cluster: Application): Application[] {
  return cluster.connections.flatMap(({ server }) => world.application(server) ?? []);
}

/** V4, V5: the sites that somebody names have all three kinds of server, or a cluster of them. */
function checkOtherServers(world: World, find: Find): void {
  const sipSites = sitesWith(world, 'SIPServer');
  const others = [
    { rule: 'V4', what: 'Configuration Server', sites: sitesWith(world, ...CONFIGURATION_SERVERS) },
    { rule: 'V5', what: 'Stat Server', sites: sitesWith(world, 'StatServer') },
  ] as const;
  for (const object of whoNamesSites(world))
    for (const option of [PREFERRED, PEER] as const) {
      const site = object.options[SECTION]?.[option]?.trim();
      if (site === undefined || !sipSites.has(site)) continue;
      for (const { rule, what, sites } of others) {
        // Without any Stat Server nobody has statistics, and nobody loses them.
        if (sites.has(site) || (rule === 'V5' && sites.size === 0)) continue;
        find(rule, {
          object,
          field: `${SECTION}/${option}`,
          value: site,
          reason: `Site "${site}" has no ${what} and no cluster of them: ${rule === 'V4' ? 'desks cannot work there' : 'agents would work there without figures'}.`,
          remedy: `Give the site one, with "${site}" as its ${SITE}.`,
        });
      }
    }
}

function sitesWith(world: World, ...types: readonly Application['type'][]): ReadonlySet<string> {
  const clusters = world
    .primaries('ApplicationCluster')
    .filter((cluster) => nodesOf(world, cluster).some((node) => types.includes(node.type)));
  return new Set([...world.primaries(...types), ...clusters].flatMap((one) => siteOf(one) ?? []));
}

function whoNamesSites({ looked }: World) {
  const desktops = looked.all('Application').filter(({ type }) => type === 'Workspace');
  return [...desktops, ...looked.all('Tenant'), ...looked.all('AgentGroup'), ...looked.all('Person')];
}

interface Wanting {
  readonly enabled: ResolvedOption<boolean>;
  readonly persons: string[];
}

/** V6 to V8, by what holds for each Person (DS4): one object may name the preferred site and another one the peer. */
function checkPersons(world: World, find: Find): void {
  const unnamed = new Map<string, Wanting>();
  const asleep = new Map<string, Wanting>();
  const equal = new Map<string, string[]>();
  const add = (to: Map<string, Wanting>, enabled: ResolvedOption<boolean>, at: string, person: Person) => {
    const wanting = to.get(at);
    if (wanting === undefined) to.set(at, { enabled, persons: [person.name] });
    else wanting.persons.push(person.name);
  };
  const desktops = world.primaries('Workspace');
  if (desktops.length === 0) return;
  for (const person of world.agents) {
    const levels = levelsOf(world, person, desktops);
    const enabled = resolveOption(DR['disaster-recovery.enabled'], levels);
    const preferred = resolveOption(DR[PREFERRED], levels);
    const peer = resolveOption(DR[PEER], levels);
    if (enabled === undefined || worksElsewhere(person)) continue;
    if (enabled.value && preferred === undefined) add(unnamed, enabled, enabled.source, person);
    if (!enabled.value && preferred !== undefined && peer !== undefined)
      add(asleep, enabled, whereToEnable(levels, enabled.source, peer.source), person);
    if (preferred === undefined || peer === undefined || preferred.value !== peer.value) continue;
    // On one object the two are compared when it is loaded (CF17).
    if (preferred.source === peer.source) continue;
    const at = `${preferred.source}\n${peer.source}\n${peer.value}`;
    equal.set(at, [...(equal.get(at) ?? []), person.name]);
  }
  reportUnnamed(unnamed, find);
  reportAsleep(world, asleep, find);
  for (const [at, persons] of equal) {
    const [first, second = '', site = ''] = at.split('\n');
    find('V6', {
      object: second,
      field: `${SECTION}/${PEER}`,
      value: site,
      reason: `For Person ${named(persons)} ${first} names "${site}" as ${PREFERRED} too, so that there is nowhere to go when "${site}" dies.`,
      remedy: 'Name another site in one of the two.',
    });
  }
}

/** Who has a third-party desktop follows `site-1` and `site-2`, whatever else is set (DS1). */
export function worksElsewhere(person: Person): boolean {
  const set = person.options['agent-desktop'] ?? {};
  return set['site-1'] !== undefined || set['site-2'] !== undefined;
}

/** DS4; of several Workspace Applications nobody can say which one the person starts: the first that turns it on counts. */
export function levelsOf(world: World, person: Person, desktops: readonly Application[]): OptionLevel[] {
  const levels = [levelOfObject(person), ...world.groupsOf(person).reverse().map(levelOfObject)];
  const tenant = world.configuration.get('Tenant', person.tenant);
  if (tenant !== undefined) levels.push(levelOfObject(tenant));
  const isOn = ({ options }: { readonly options: OptionSections }) =>
    options[SECTION]?.['disaster-recovery.enabled']?.trim() === 'true';
  const desktop = desktops.find(isOn) ?? desktops[0];
  if (desktop !== undefined) levels.push(levelOfObject(desktop));
  return levels;
}

function reportUnnamed(unnamed: ReadonlyMap<string, Wanting>, find: Find): void {
  for (const [source, { persons }] of unnamed)
    find('V7', {
      object: source,
      field: `${SECTION}/disaster-recovery.enabled`,
      value: 'true',
      reason: `It is on for Person ${named(persons)}, and no object names a ${PREFERRED} for them: each is sent to a site by a hash of the user name.`,
      remedy: `Set ${PREFERRED} and ${PEER} on the Person, an Agent Group, the Tenant or the Application.`,
    });
}

/** What stands higher goes before: there it is to be changed where it was turned off above the sites, and with them else. */
function whereToEnable(levels: readonly OptionLevel[], off: string, sites: string): string {
  const rank = (source: string) => levels.findIndex((level) => level.source === source);
  return rank(off) !== -1 && rank(off) < rank(sites) ? off : sites;
}

function reportAsleep(world: World, asleep: ReadonlyMap<string, Wanting>, find: Find): void {
  for (const [source, { enabled, persons }] of asleep) {
    const object = world.configuration.get(...splitKey(source));
    find('V8', {
      object: source,
      field: `${SECTION}/disaster-recovery.enabled`,
      value: enabled.source === source ? 'false' : '',
      reason: `Person ${named(persons)} has a preferred and a peer site, and disaster-recovery.enabled is false (${enabled.source}): no desk of theirs leaves its site (DS2).`,
      remedy: 'Set disaster-recovery.enabled to true here, or remove the two sites.',
      ...(object !== undefined && {
        fix: [optionSet(object, SECTION, 'disaster-recovery.enabled', 'true')],
      }),
    });
  }
}
