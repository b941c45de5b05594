/**
 * What lets everybody work today and would hinder them when a site has died: it is allowed, and warned of when the
 * configuration is loaded (rules CF15 to CF18, CF21 and CF24). Each desk is told its own part again at log-in (DS22).
 */
import { type Application, OPTIONS, type Person } from '@holdfast/protocol';
import type { Report } from './check-references.ts';
import type { Configuration } from './configuration.ts';
import { connectedServers } from './desk-servers.ts';
import { levelOf, optionValue, siteOf } from './option-resolution.ts';

/** S3: of the link of a third-party desktop to a SIP Server, seconds. */
export const ADDP_ADVISED_S = { min: 20, max: 30 } as const;

export function checkDesktops(configuration: Configuration, report: Report): void {
  for (const application of configuration.all('Application')) {
    if (application.type !== 'ThirdPartyApplication' && application.type !== 'Workspace') continue;
    checkAddp(configuration, application, report);
    checkLinks(configuration, application, report);
  }
  checkSites(configuration, report);
  checkSiteNames(configuration, report);
  checkGroups(configuration, report);
  checkPauses(configuration, report);
}

/** CF15: shorter ones take a slow network for a lost server, longer ones keep the agent at a dead one. */
function checkAddp(configuration: Configuration, application: Application, report: Report): void {
  const { max } = ADDP_ADVISED_S;
  const isThirdParty = application.type === 'ThirdPartyApplication';
  // The documents ask this of third-party desktops. One of ours may notice a lost server sooner, but not later.
  const min = isThirdParty ? ADDP_ADVISED_S.min : 0;
  const advised = isThirdParty
    ? `${min} to ${max} s are advised for a third-party`
    : `at most ${max} s are advised for a`;
  for (const [i, { server, addp }] of application.connections.entries()) {
    if (configuration.get('Application', server)?.type !== 'SIPServer') continue;
    if (addp.timeout >= min && addp.timeout <= max) continue;
    const text = `The ADDP time-out to SIP Server "${server}" is ${addp.timeout} s; ${advised} desktop (S3). Set a value ${isThirdParty ? 'between them' : 'of that or less'}.`;
    report(application, `connections.${i}.addp.timeout`, String(addp.timeout), text, 'V25');
  }
}

/** Each is one link of a desk at one site; of SIP Servers the agent's seat chooses (DS3). */
const LINKS = {
  'Configuration Servers': ['ConfigurationServer', 'ConfigurationServerProxy'],
  'Stat Servers': ['StatServer'],
} as const satisfies Readonly<Record<string, readonly Application['type'][]>>;

/** CF21: a link goes to one pair or cluster (DS5), and two would be tried by the terms of the first. */
function checkLinks(configuration: Configuration, desktop: Application, report: Report): void {
  const servers = connectedServers(configuration, desktop);
  for (const site of new Set(servers.map((server) => server.site)))
    for (const [link, types] of Object.entries(LINKS)) {
      const here = servers.filter(
        (one) => one.site === site && types.some((type) => type === one.server.type),
      );
      const [first, ...more] = [...new Set(here.map(({ connectedTo }) => connectedTo))];
      for (const name of more) {
        const isBackup = here.some(({ server }) => server.name === first && server.backup === name);
        const text = isBackup
          ? `"${name}" is the backup of "${first}", through which desks find it, and would be tried twice. Remove this connection.`
          : `Site "${site}" has ${link} through "${first}" already: a desk tries these as more members of the same pair or cluster, by the ADDP time-outs and the pause of "${first}". Make one the backup of the other, or connect to one ApplicationCluster, and remove this connection.`;
        const at = desktop.connections.findIndex(({ server }) => server === name);
        report(desktop, `connections.${at}.server`, name, text, 'V23');
      }
    }
}

/** CF16: `site-1` and `site-2` of each Person, and what the two Applications say. */
function checkSites(configuration: Configuration, report: Report): void {
  const compared = new Set<string>();
  for (const person of configuration.all('Person')) {
    const set = person.options['agent-desktop'] ?? {};
    const [first, second] = [set['site-1']?.trim(), set['site-2']?.trim()];
    if (first === undefined && second === undefined) continue;
    const sites = [
      desktopOf(configuration, person, 'site-1', report),
      desktopOf(configuration, person, 'site-2', report),
    ];
    if (first === second && second !== undefined) {
      const text = `site-1 and site-2 are both "${second}", so that there is nowhere to go when its site dies. Name the ThirdPartyApplication of another site.`;
      report(person, 'agent-desktop/site-2', second, text, 'V28');
      continue;
    }
    const [one, other] = sites;
    const pair = [first, second].sort().join(' ');
    if (one === undefined || other === undefined || compared.has(pair)) continue;
    compared.add(pair);
    compareDesktops(person, one, other, report);
  }
}

function desktopOf(
  configuration: Configuration,
  person: Person,
  name: 'site-1' | 'site-2',
  report: Report,
): Application | undefined {
  const value = person.options['agent-desktop']?.[name]?.trim();
  const field = `agent-desktop/${name}`;
  const application = value === undefined ? undefined : configuration.get('Application', value);
  if (application?.type === 'ThirdPartyApplication') return application;
  const what = value === undefined ? 'It is not set' : `"${value}" is no ThirdPartyApplication`;
  const text = `${what}, so that this agent has one site only. Name the ThirdPartyApplication of ${name === 'site-1' ? 'the preferred' : 'the second'} site.`;
  report(person, field, value ?? '', text, 'V28');
  return undefined;
}

function compareDesktops(person: Person, one: Application, other: Application, report: Report): void {
  for (const name of ['site-timeout', 'site-sip-register-timeout'] as const) {
    const values = [one, other].map(({ options }) => options['agent-desktop']?.[name]?.trim() ?? 'unset');
    const [first = '', second = ''] = values;
    if (first === second) continue;
    const text = `It is ${second} here and ${first} in Application "${one.name}", and Persons such as "${person.name}" work with both: at the other site they would wait for another time. Set the same in both.`;
    report(other, `agent-desktop/${name}`, second, text, 'V30');
  }
}

/** CF17: `preferred-site` and `peer-site` name a site that has a SIP Server, and two of them. */
function checkSiteNames(configuration: Configuration, report: Report): void {
  const known = new Set(
    sipServers(configuration).flatMap((server) => {
      const site = siteOf(server);
      return site === undefined ? [] : [site];
    }),
  );
  const desktops = configuration.all('Application').filter(({ type }) => type === 'Workspace');
  const persons = configuration.all('Person');
  const others = [...configuration.all('Tenant'), ...configuration.all('AgentGroup')];
  for (const object of [...desktops, ...others, ...persons]) {
    const set = object.options['interaction-workspace'] ?? {};
    const named = (name: 'disaster-recovery.preferred-site' | 'disaster-recovery.peer-site') => {
      const site = set[name]?.trim();
      if (site === undefined || known.has(site)) return site;
      const text = `No SIP Server has the site "${site}" as its disaster-recovery.site. The sites are ${[...known].join(', ')}. Correct the name.`;
      report(object, `interaction-workspace/${name}`, site, text, 'V3');
      return undefined;
    };
    const preferred = named('disaster-recovery.preferred-site');
    const peer = named('disaster-recovery.peer-site');
    if (peer === undefined || peer !== preferred) continue;
    const text = `It is the disaster-recovery.preferred-site too, so that there is nowhere to go when "${peer}" dies. Name another site.`;
    report(object, 'interaction-workspace/disaster-recovery.peer-site', peer, text, 'V6');
  }
}

/** CF18: peers are two pairs of one name at different sites (S1); of three nobody can say which belong together. */
function checkGroups(configuration: Configuration, report: Report): void {
  const groups = new Map<string, Map<string, Application[]>>();
  for (const server of sipServers(configuration)) {
    const site = siteOf(server);
    if (site === undefined) continue;
    const definition = OPTIONS['interaction-workspace']['disaster-recovery.name'];
    const name = optionValue(definition, [levelOf(`Application/${server.name}`, server)]);
    const sites = groups.get(name) ?? new Map<string, Application[]>();
    groups.set(name, sites.set(site, [...(sites.get(site) ?? []), server]));
  }
  for (const [name, sites] of groups) {
    if (sites.size > 2) reportUnnamed(name, sites, report);
    if (sites.size < 2) continue;
    for (const [site, [first, ...more]] of sites)
      for (const server of more) {
        const text = `Site "${site}" has the SIP Server "${first?.name}" in the group "${name}" already, so that the peers at the other site cannot be told apart. Give each group of four SIP Servers a disaster-recovery.name of its own.`;
        report(server, 'interaction-workspace/disaster-recovery.name', name, text, 'V9');
      }
  }
}

/** S1: with more than two, the name has to say which are peers. Where it is set for all, agents name their peer site. */
function reportUnnamed(
  name: string,
  sites: ReadonlyMap<string, readonly Application[]>,
  report: Report,
): void {
  const field = 'interaction-workspace/disaster-recovery.name';
  const servers = [...sites.values()].flat();
  const server = servers.find(
    ({ options }) => options['interaction-workspace']?.['disaster-recovery.name'] === undefined,
  );
  if (server === undefined) return;
  const names = servers.map((one) => `"${one.name}"`).join(', ');
  const text = `It is not set, so that the SIP Servers ${names} of the sites ${[...sites.keys()].join(', ')} are one group "${name}", and which two of them are peers nobody can say. Give each two pairs that are peers a disaster-recovery.name of their own.`;
  report(server, field, '', text, 'V9');
}

/** CF24: DS5 has desks pause by one of two, and which it is depends on the backup. */
function checkPauses(configuration: Configuration, report: Report): void {
  const primaryOf = new Map(configuration.all('Application').map(({ name, backup }) => [backup, name]));
  for (const server of configuration.all('Application')) {
    const delay = server.options['interaction-workspace']?.['warm-standby.retry-delay'];
    const primary = primaryOf.get(server.name);
    const isOfPair = server.backup !== undefined || primary !== undefined;
    if (delay !== undefined && isOfPair) {
      const text = `Desks pause by the reconnectTimeout of Application "${primary ?? server.name}", which has a backup, and where that is unset by their own warm-standby.retry-delay: "${delay}" has no effect here. Set reconnectTimeout there, or remove this.`;
      report(server, 'interaction-workspace/warm-standby.retry-delay', delay, text, 'V26');
    }
    if (server.reconnectTimeout === undefined || server.backup !== undefined) continue;
    const text =
      primary === undefined
        ? 'Without a backup desks pause by warm-standby.retry-delay and do not read this. Set that option here, or name a backup.'
        : `This is the backup of Application "${primary}", and desks read the reconnectTimeout of that. Set it there, or remove this.`;
    report(server, 'reconnectTimeout', String(server.reconnectTimeout), text, 'V26');
  }
}

/** The primary of each pair. */
function sipServers(configuration: Configuration): readonly Application[] {
  const servers = configuration
    .all('Application')
    .filter(({ type, enabled }) => type === 'SIPServer' && enabled);
  const backups = new Set(servers.flatMap(({ backup }) => backup ?? []));
  return servers.filter(({ name }) => !backups.has(name));
}
