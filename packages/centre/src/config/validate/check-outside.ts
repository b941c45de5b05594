/** V53, V66 to V68, V76 to V78: what the configuration says, held against what was looked at beside it. */
import { type Application, OPTIONS } from '@holdfast/protocol';
import { sipAddressOf } from '../check-servers.ts';
import { resolveOption, siteOf } from '../option-resolution.ts';
import type { Find } from './finding.ts';
import type { LocalData, LocalSite, Outside } from './question.ts';
import { CONFIGURATION_SERVERS, levelOfObject, named, type World } from './world.ts';

/** Certificates are renewed at least this long before they end; those of short life have about 30 days left then. */
const CERTIFICATE_LEFT_DAYS = 14;
/** Far beyond what NTP leaves; tokens, log-in epochs (LL7) and histories of both sites are compared by wall clock. */
const CLOCKS_APART_MAX_MS = 2_000;
const DAY_MS = 86_400_000;
/** S0, S2. */
const STAT_SERVER_LEAST = [8, 1, 2] as const;

export function checkOutside(world: World, find: Find): void {
  const outside = world.question.outside ?? {};
  checkNames(world, outside, find);
  checkCertificates(world, outside, find);
  checkClocks(world, outside, find);
  checkVersions(world, find);
  for (const data of outside.localData ?? []) {
    checkComplete(world, data, find);
    checkNodes(world, data, find);
    checkHotSeats(world, data, find);
  }
}

/** V53, C76: whoever has looked a name up goes to the lost address for as long as the answer is kept. */
function checkNames(world: World, { names = [] }: Outside, find: Find): void {
  const ttls = new Map(names.map(({ name, ttlS }) => [name.toLowerCase(), ttlS]));
  if (ttls.size === 0) return;
  const promised = world.promisedTime(undefined);
  const at = (object: Parameters<Find>[1]['object'], field: string, name: string | undefined) => {
    const ttlS = ttls.get(name?.toLowerCase() ?? '');
    if (name === undefined || ttlS === undefined || ttlS <= promised.seconds) return;
    find('V53', {
      object,
      field,
      value: name,
      reason: `The name is kept for ${ttlS} s by whoever has looked it up (its TTL), where ${promised.source} ${promised.seconds} s: so long they may go to an address that is lost.`,
      remedy: `Lower its TTL to ${Math.floor(promised.seconds / 2)} s or less, or name the address.`,
    });
  };
  for (const host of world.configuration.all('Host')) at(host, 'address', host.address);
  for (const server of world.sipServers) {
    const levels = [levelOfObject(server)];
    at(server, 'holdfast/sip-name', resolveOption(OPTIONS.holdfast['sip-name'], levels)?.value);
    at(server, 'TServer/sip-address', resolveOption(OPTIONS.TServer['sip-address'], levels)?.value);
  }
  for (const dn of world.configuration.all('DN')) {
    const contact = dn.type === 'Trunk' ? dn.options.TServer?.contact : undefined;
    at(dn, 'TServer/contact', /^sip:([^:;]+)/i.exec(contact ?? '')?.[1]);
  }
}

/** V66, C26. */
function checkCertificates(world: World, { certificates = [], wallNowMs }: Outside, find: Find): void {
  for (const { application, notBeforeMs, notAfterMs, names } of certificates) {
    const server = world.application(application);
    const found = (value: string, reason: string, remedy: string) =>
      find('V66', { object: server ?? application, field: 'TServer/sip-tls-cert', value, reason, remedy });
    if (wallNowMs !== undefined && wallNowMs < notBeforeMs)
      found(
        '',
        'Its certificate is not valid yet: every phone refuses it.',
        'Use one that is, or mend the clock.',
      );
    const leftDays = wallNowMs === undefined ? undefined : Math.floor((notAfterMs - wallNowMs) / DAY_MS);
    if (leftDays !== undefined && leftDays < 0)
      found('', 'Its certificate has expired: every phone refuses it.', 'Renew it.');
    else if (leftDays !== undefined && leftDays < CERTIFICATE_LEFT_DAYS)
      found(
        '',
        `Its certificate ends in ${leftDays} days: then every phone refuses it, at the next connection.`,
        'Renew it.',
      );
    if (server === undefined) continue;
    const name =
      resolveOption(OPTIONS.holdfast['sip-name'], [levelOfObject(server)])?.value ??
      sipAddressOf(world.configuration, server).replace(/:\d+$/, '');
    if (names.some((one) => isFor(one, name))) continue;
    found(
      name,
      `Its certificate is for ${named(names)} and not for "${name}", by which phones come: who checks names refuses it.`,
      `Have one made for "${name}".`,
    );
  }
}

/** RFC 6125 §6.4.3: an asterisk stands for one label, the first. */
function isFor(name: string, wanted: string): boolean {
  const [one, other] = [name.toLowerCase(), wanted.toLowerCase()];
  if (one === other) return true;
  return one.startsWith('*.') && other.includes('.') && other.slice(other.indexOf('.')) === one.slice(1);
}

/** V67: each Host against the one that stands in the middle of all. */
function checkClocks(world: World, { clocks = [] }: Outside, find: Find): void {
  if (clocks.length === 0) return;
  const sorted = clocks.map(({ aheadMs }) => aheadMs).sort((a, b) => a - b);
  const middleMs = sorted[(sorted.length - 1) >> 1] ?? 0;
  for (const { host, aheadMs } of clocks) {
    const apartMs = Math.abs(aheadMs - middleMs);
    if (apartMs <= CLOCKS_APART_MAX_MS) continue;
    find('V67', {
      object: world.configuration.get('Host', host) ?? host,
      field: '',
      value: `${aheadMs} ms`,
      reason: `Its clock is ${apartMs} ms ${aheadMs > middleMs ? 'ahead of' : 'behind'} the others: log-in tokens, epochs of log-ins and histories of the two sites are compared by it.`,
      remedy: 'Let it follow the same time servers (NTP) as the others.',
    });
  }
}

/** V68. */
function checkVersions(world: World, find: Find): void {
  for (const server of world.configuration.all('Application')) {
    if (server.type !== 'StatServer') continue;
    const version = resolveOption(OPTIONS.holdfast.version, [levelOfObject(server)])?.value;
    if (version === undefined || isAtLeast(version.split('.').map(Number), STAT_SERVER_LEAST)) continue;
    find('V68', {
      object: server,
      field: 'holdfast/version',
      value: version,
      reason: `Stat Server ${version} does not know agents of two sites.`,
      remedy: 'Use 8.1.2 or later (S0, S2).',
    });
  }
}

function isAtLeast(version: readonly number[], least: readonly number[]): boolean {
  for (const [i, wanted] of least.entries()) {
    const part = version[i] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}

const SIDES = ['preferred', 'peer'] as const;

/** V76: S3 lists what a desk needs in order to start while either site is dead. */
function checkComplete(world: World, data: LocalData, find: Find): void {
  const at = (field: string, value: string, reason: string, remedy: string) =>
    find('V76', { object: data.source, field, value, reason, remedy });
  if (data.peer === undefined)
    at(
      'peer',
      '',
      'It knows one site only: no desk starts while that is dead.',
      'Name the nodes of both sites (S0, S3).',
    );
  for (const side of SIDES) {
    const local = data[side];
    if (local === undefined) continue;
    checkApplication(world, local, (field, value, reason, remedy) =>
      at(`${side}.${field}`, value, reason, remedy),
    );
    if (world.isPlacePerDN && local.place === undefined && !data.hotSeating)
      at(
        `${side}.place`,
        '',
        'holdfast/place-form is each, and it names no Place of this site: nobody can say where the agent sits there.',
        'Name the Place of both sites (S3).',
      );
    for (const node of local.nodes) {
      const backup = world.application(serverAt(world, node)?.backup);
      const isKnown =
        backup === undefined || local.nodes.some((other) => serverAt(world, other)?.name === backup.name);
      if (!isKnown)
        at(
          `${side}.nodes`,
          `${node.host}:${node.port}`,
          `It does not name "${backup.name}", the backup of what is there: no desk starts at this site while the primary is dead.`,
          'Name primary and backup (S3).',
        );
    }
  }
  const { preferred, peer } = data;
  if (preferred.applicationType !== 'ThirdPartyApplication' || preferred.application !== peer?.application)
    return;
  at(
    'peer.application',
    peer.application,
    'Both sites have the same ThirdPartyApplication, and each has one of its own (S3).',
    'Name that of the other site.',
  );
}

type Say = (field: string, value: string, reason: string, remedy: string) => void;

function checkApplication(world: World, { application, applicationType, nodes }: LocalSite, say: Say): void {
  const known = world.application(application);
  if (known === undefined)
    say('application', application, `There is no Application "${application}".`, 'Correct the name.');
  else if (known.type !== applicationType)
    say(
      'applicationType',
      applicationType,
      `Application "${application}" is a ${known.type}.`,
      'Correct the type.',
    );
  if (nodes.length === 0)
    say('nodes', '', 'It names no Configuration Server of this site.', 'Name primary and backup.');
}

function serverAt(world: World, { host, port }: { readonly host: string; readonly port: number }) {
  return world.configuration.all('Application').find((one) => {
    if (!CONFIGURATION_SERVERS.includes(one.type) || one.ports.default !== port) return false;
    return world.configuration.get('Host', one.host ?? '')?.address === host;
  });
}

/** V77: S0: the order is the preference, the primary first; and each list is of one site. */
function checkNodes(world: World, data: LocalData, find: Find): void {
  const sites = new Map<string, string>();
  for (const side of SIDES) {
    const nodes = data[side]?.nodes ?? [];
    const at = { object: data.source, field: `${side}.nodes` };
    const servers: Application[] = [];
    for (const node of nodes) {
      const value = `${node.host}:${node.port}`;
      const server = serverAt(world, node);
      if (server === undefined) {
        const reason = 'No Configuration Server and no proxy is there: each start would lose time to it.';
        find('V77', { ...at, value, reason, remedy: 'Correct or remove it.' });
        continue;
      }
      const primary = servers.length === 0 ? world.primaryOf(server.name) : undefined;
      if (primary !== undefined)
        find('V77', {
          ...at,
          value,
          reason: `"${server.name}" is the backup of "${primary.name}" and stands first: every start would ask the standby first.`,
          remedy: 'List the primary first (S0).',
        });
      servers.push(server);
    }
    const found = [...new Set(servers.flatMap((server) => siteOf(server) ?? []))];
    const [site, other] = found;
    if (other !== undefined)
      find('V77', {
        ...at,
        value: found.join(', '),
        reason: `It lists servers of the sites ${found.join(' and ')}: a desk would take them for one.`,
        remedy: 'List each site by itself.',
      });
    if (site === undefined) continue;
    if (other === undefined && sites.get('preferred') === site)
      find('V77', {
        ...at,
        value: site,
        reason: `Both lists are of site "${site}".`,
        remedy: 'Name the servers of the other site.',
      });
    sites.set(side, site);
  }
}

/** V78: S4 forbids to keep what hot seats make wrong, and DS20 asks for the place at each start. */
function checkHotSeats(world: World, data: LocalData, find: Find): void {
  const place = data.preferred.place ?? data.peer?.place;
  if (data.hotSeating && place !== undefined) {
    find('V78', {
      object: data.source,
      field: 'hotSeating',
      value: place,
      reason: `Seats are hot, and it names Place "${place}": who sits elsewhere today would log in at a phone that is not there.`,
      remedy: 'Name no place, which is then asked for at each start, or turn hot seating off (S4).',
    });
    return;
  }
  if (data.hotSeating || place !== undefined) return;
  const without = world.agents.filter(({ defaultPlace }) => defaultPlace === undefined);
  const [first] = without;
  if (first === undefined) return;
  find('V78', {
    object: first,
    field: 'defaultPlace',
    reason: `Person ${named(without.map(({ name }) => name))} has no default Place, and "${data.source}" neither names one nor has hot seating on: log-in is refused.`,
    remedy: 'Give a default Place, or turn hot seating on where the desk starts.',
  });
}
