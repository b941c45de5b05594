/** V19 to V24, V27, V29, V31: a desk finds at each of its sites all that it needs there, the primary of each pair. */
import { type Application, type Change, type Connection, OPTIONS, objectKey } from '@holdfast/protocol';
import { connectedServers } from '../desk-servers.ts';
import { resolveOption, siteOf } from '../option-resolution.ts';
import { type Find, optionSet, replaced } from './finding.ts';
import { CONFIGURATION_SERVERS, groupName, levelOfObject, type World } from './world.ts';

export function checkDesktopLinks(world: World, find: Find): void {
  for (const desktop of world.desktops) {
    checkKinds(world, desktop, find);
    checkPeers(world, desktop, find);
    checkNamed(world, desktop, find);
    checkProxies(world, desktop, find);
    if (desktop.type === 'ThirdPartyApplication') checkThirdParty(world, desktop, find);
  }
  checkThirdPartyPairs(world, find);
  for (const server of world.primaries('SIPServer', 'StatServer')) checkOwnFirst(world, server, find);
}

/** The sites at which a desktop is connected to a server of these types, itself or within a cluster. */
function sitesOf(world: World, desktop: Application, ...types: readonly Application['type'][]): Set<string> {
  const servers = connectedServers(world.configuration, desktop);
  return new Set(servers.filter(({ server }) => types.includes(server.type)).map(({ site }) => site));
}

const KINDS = [
  {
    rule: 'V19',
    types: CONFIGURATION_SERVERS,
    what: 'Configuration Server',
    lacks: 'no desk can be told there how to work, so that the site is left out',
  },
  { rule: 'V20', types: ['StatServer'], what: 'Stat Server', lacks: 'its agents would see no figures there' },
] as const;

/** V19, V20. */
function checkKinds(world: World, desktop: Application, find: Find): void {
  for (const site of sitesOf(world, desktop, 'SIPServer'))
    for (const { rule, types, what, lacks } of KINDS) {
      if (sitesOf(world, desktop, ...types).has(site)) continue;
      const server = preferredServer(world, types, site);
      // Where no Stat Server is, V5 says it.
      if (server === undefined && rule === 'V20') continue;
      find(rule, {
        object: desktop,
        field: 'connections',
        reason: `It is connected to a SIP Server of site "${site}" and to no ${what} of that site: ${lacks}.`,
        remedy: server === undefined ? `Connect it to one.` : `Connect it to "${server.name}".`,
        ...(server !== undefined && { fix: [connectedTo(desktop, server)] }),
      });
    }
}

/** What a desk should be connected to at a site: a cluster before a proxy, and that before a master (S0, S3). */
function preferredServer(
  world: World,
  types: readonly Application['type'][],
  site: string,
): Application | undefined {
  const isOfSite = (one: Application) => siteOf(one) === site;
  const clusters = world
    .primaries('ApplicationCluster')
    .filter((one) =>
      one.connections.some(({ server }) => types.some((type) => type === world.application(server)?.type)),
    );
  const servers = world.primaries(...types).sort((a, b) => types.indexOf(b.type) - types.indexOf(a.type));
  return [...clusters, ...servers].find(isOfSite);
}

function connectedTo(desktop: Application, server: Application) {
  // As much silence as the desktop allows others.
  const addp = desktop.connections[0]?.addp ?? { timeout: 20 };
  const connection: Connection = { server: server.name, port: 'default', addp };
  return replaced(desktop, { ...desktop, connections: [...desktop.connections, connection] });
}

/** V21: a Workspace is connected to both pairs of a group, or its agents have one site. */
function checkPeers(world: World, desktop: Application, find: Find): void {
  if (desktop.type !== 'Workspace') return;
  const isOn = resolveOption(OPTIONS['interaction-workspace']['disaster-recovery.enabled'], [
    levelOfObject(desktop),
  ]);
  const connected = new Set(desktop.connections.map(({ server }) => server));
  if (isOn?.value !== true) return;
  for (const server of world.sipServers) {
    const hasPeer = world.sipServers.some(
      (other) =>
        connected.has(other.name) &&
        groupName(other) === groupName(server) &&
        siteOf(other) !== siteOf(server),
    );
    if (!hasPeer || connected.has(server.name) || connected.has(server.backup ?? '')) continue;
    find('V21', {
      object: desktop,
      field: 'connections',
      reason: `disaster-recovery.enabled is true, and it is not connected to "${server.name}" of site "${siteOf(server) ?? ''}", the peer of a SIP Server that it is connected to: its agents have nowhere to go.`,
      remedy: `Connect it to "${server.name}".`,
      fix: [connectedTo(desktop, server)],
    });
  }
}

/** V22: the primary is named, and its backup is found through it (S0). */
function checkNamed(world: World, desktop: Application, find: Find): void {
  for (const [i, connection] of desktop.connections.entries()) {
    const server = world.application(connection.server);
    if (server === undefined) continue;
    const at = { object: desktop, field: `connections.${i}.server`, value: server.name };
    const primary = world.primaryOf(server.name);
    if (primary !== undefined && desktop.connections.some((one) => one.server === primary.name)) {
      // Of Configuration and Stat Servers CF21 says it.
      if (server.type !== 'SIPServer') continue;
      find('V22', {
        ...at,
        reason: `It is the backup of "${primary.name}", through which desks find it.`,
        remedy: 'Remove this connection.',
        fix: [replaced(desktop, { ...desktop, connections: without(desktop.connections, i) })],
      });
    } else if (primary !== undefined) {
      const connections = desktop.connections.map((one, at) =>
        at === i ? { ...one, server: primary.name } : one,
      );
      find('V22', {
        ...at,
        reason: `It is the backup of "${primary.name}": desks would never try "${primary.name}".`,
        remedy: `Connect to "${primary.name}".`,
        fix: [replaced(desktop, { ...desktop, connections })],
      });
    } else if (!server.enabled) {
      find('V22', {
        ...at,
        reason: `"${server.name}" is disabled, and desks leave it out.`,
        remedy: 'Enable it, or remove this connection.',
        fix: [replaced(server, { ...server, enabled: true })],
      });
    }
  }
}

function without(connections: readonly Connection[], index: number): Connection[] {
  return connections.filter((_, at) => at !== index);
}

/** V24: a site that has proxies has them so that the master need not be there (S3). */
function checkProxies(world: World, desktop: Application, find: Find): void {
  for (const [i, { server }] of desktop.connections.entries()) {
    const master = world.application(server);
    if (master?.type !== 'ConfigurationServer') continue;
    const proxy = preferredServer(world, ['ConfigurationServerProxy'], siteOf(master) ?? '');
    if (proxy === undefined) continue;
    const hasProxy = desktop.connections.some((one) => one.server === proxy.name);
    const connections = hasProxy
      ? without(desktop.connections, i)
      : desktop.connections.map((one, at) => (at === i ? { ...one, server: proxy.name } : one));
    find('V24', {
      object: desktop,
      field: `connections.${i}.server`,
      value: server,
      reason: `Site "${siteOf(master)}" has "${proxy.name}" for its desks, and this goes to the Configuration Server itself: its desks would be lost with that.`,
      remedy: `Connect to "${proxy.name}".`,
      fix: [replaced(desktop, { ...desktop, connections })],
    });
  }
}

/** V29, V31: what S3 asks of each ThirdPartyApplication. */
function checkThirdParty(world: World, desktop: Application, find: Find): void {
  const sites = [...sitesOf(world, desktop, 'SIPServer')];
  if (sites.length !== 1)
    find('V29', {
      object: desktop,
      field: 'connections',
      value: sites.join(', '),
      reason: `It is connected to SIP Servers of ${sites.length} sites${sites.length === 0 ? '' : ` (${sites.join(', ')})`}, and stands for one site.`,
      remedy: 'Connect it to the SIP Server of one site.',
    });
  for (const name of ['site-timeout', 'site-sip-register-timeout'] as const) {
    const set = resolveOption(OPTIONS['agent-desktop'][name], [levelOfObject(desktop)]);
    if (set !== undefined && set.value > 0) continue;
    find('V31', {
      object: desktop,
      field: `agent-desktop/${name}`,
      value: set?.raw ?? '',
      reason: `It is ${set === undefined ? 'unset' : '0'}, which means never (S4): ${name === 'site-timeout' ? 'when the SIP Servers of the site are lost' : 'when the registration of the phone is lost'}, the desk stays.`,
      remedy: 'Set 30, or what the promise leaves.',
      fix: setAtAll(world, name),
    });
  }
}

/** At all that have none, as another has it, since they are to be alike (V30). */
function setAtAll(world: World, name: 'site-timeout' | 'site-sip-register-timeout'): Change[] {
  const desktops = world.configuration
    .all('Application')
    .filter(({ type }) => type === 'ThirdPartyApplication');
  const secondsOf = (desktop: Application) =>
    resolveOption(OPTIONS['agent-desktop'][name], [levelOfObject(desktop)])?.value ?? 0;
  const [usual = TYPICAL_S] = desktops.map(secondsOf).filter((value) => value > 0);
  return desktops
    .filter((desktop) => secondsOf(desktop) === 0)
    .map((desktop) => optionSet(desktop, 'agent-desktop', name, String(usual)));
}

/** S3, of both time-outs. */
const TYPICAL_S = 30;

/** V29: the two Applications of a Person are at two sites; said once for each two. */
function checkThirdPartyPairs(world: World, find: Find): void {
  const told = new Set<string>();
  for (const person of world.agents) {
    const set = person.options['agent-desktop'] ?? {};
    const [first, second] = [set['site-1'], set['site-2']].map((name) => world.application(name?.trim()));
    if (first === undefined || second === undefined || first === second) continue;
    const pair = [first.name, second.name].sort().join('\n');
    if (told.has(pair)) continue;
    told.add(pair);
    const [one, other] = [first, second].map((desktop) => [...sitesOf(world, desktop, 'SIPServer')]);
    if (one?.length === 1 && other?.length === 1 && one[0] === other[0])
      find('V29', {
        object: second,
        field: 'connections',
        value: one[0] ?? '',
        reason: `Person "${person.name}" and others have it and "${first.name}" for their two sites, and both are connected to site "${one[0]}".`,
        remedy: 'Connect one of them to the servers of the other site.',
      });
    for (const desktop of [first, second])
      if (desktop.type === 'ThirdPartyApplication' && !desktop.enabled)
        find('V28', {
          object: desktop,
          field: 'enabled',
          value: 'false',
          reason: `Person "${person.name}" and others have it as one of their two sites (${objectKey(person)}), and it is disabled.`,
          remedy: 'Enable it, or name another in site-1 or site-2.',
          fix: [replaced(desktop, { ...desktop, enabled: true })],
        });
  }
}

/** V27: in the order in which they are listed servers are tried, and the one of the own site is the nearest. */
function checkOwnFirst(world: World, server: Application, find: Find): void {
  const own = siteOf(server);
  const isConfiguration = ({ server: name }: Connection) =>
    CONFIGURATION_SERVERS.some((type) => type === world.application(name)?.type);
  const listed = server.connections.filter(isConfiguration);
  const isOwn = ({ server: name }: Connection) => siteOf(world.application(name) ?? server) === own;
  const [first] = listed;
  if (first === undefined || isOwn(first) || !listed.some(isOwn)) return;
  const others = server.connections.filter((one) => !isConfiguration(one));
  const sorted = [...listed.filter(isOwn), ...listed.filter((one) => !isOwn(one)), ...others];
  find('V27', {
    object: server,
    field: `connections.${server.connections.indexOf(first)}.server`,
    value: first.server,
    reason: `It stands before the one of site "${own}": each start and each reconnection would cross to the other site first.`,
    remedy: 'List that of the own site first.',
    fix: [replaced(server, { ...server, connections: sorted })],
  });
}
