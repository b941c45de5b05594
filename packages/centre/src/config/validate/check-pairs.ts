/** V12, V15 to V18, V65: the members of a pair or cluster are interchangeable, so that it does not matter which of them lives. */
import { type Application, OPTIONS, type OptionSections, objectKey } from '@holdfast/protocol';
import { canonicalText } from '../configuration.ts';
import { resolveOption, siteOf } from '../option-resolution.ts';
import { nodesOf } from './check-names.ts';
import { type Find, optionSet, replaced } from './finding.ts';
import { levelOfObject, type World } from './world.ts';

export function checkPairs(world: World, find: Find): void {
  const primaries = new Map<string, Application>();
  for (const primary of world.configuration.all('Application')) {
    const backup = world.application(primary.backup);
    if (backup === undefined || backup.type !== primary.type || backup === primary) continue;
    checkMembers(primary, backup, primaries.get(backup.name), find);
    primaries.set(backup.name, primary);
    checkOptions(primary, backup, find);
    checkConnections(primary, backup, find);
  }
  checkPorts(world, find);
  for (const cluster of world.primaries('ApplicationCluster')) checkNodes(world, cluster, find);
  checkTransports(world, find);
}

/** V12. */
function checkMembers(
  primary: Application,
  backup: Application,
  other: Application | undefined,
  find: Find,
): void {
  const at = { object: primary, field: 'backup', value: backup.name };
  if (other !== undefined)
    find('V12', {
      ...at,
      reason: `"${backup.name}" is the backup of "${other.name}" already: when both are lost it can stand for one of them only.`,
      remedy: 'Give each primary a backup of its own.',
    });
  if (backup.backup !== undefined)
    find('V12', {
      ...at,
      reason: `"${backup.name}" is a backup and names a backup itself: clients try two members and never a third.`,
      remedy: `Remove the backup of "${backup.name}".`,
      fix: [replaced(backup, withoutBackup(backup))],
    });
  if (primary.enabled && !backup.enabled)
    find('V12', {
      ...at,
      reason: `The backup "${backup.name}" is disabled, so that the pair has one member.`,
      remedy: 'Enable it.',
      fix: [replaced(backup, { ...backup, enabled: true })],
    });
}

function withoutBackup({ backup: _, ...single }: Application): Application {
  return single;
}

/** What a member has for itself: where it listens and what of the machine it uses, and what other rules compare (V13, V14, V65). */
const OWN_OPTIONS: ReadonlySet<string> = new Set([
  'interaction-workspace/disaster-recovery.site',
  'interaction-workspace/disaster-recovery.name',
  'interaction-workspace/warm-standby.retry-delay',
  'TServer/sip-address',
  'TServer/sip-port',
  'TServer/sip-port-tls',
  'TServer/sip-tls-cert',
  'TServer/sip-tls-cert-key',
  'TServer/sip-nic-address',
  'holdfast/sip-port-ws',
  'holdfast/sip-port-wss',
  'holdfast/sip-name',
  'holdfast/arbiter-endpoints',
  'holdfast/peer-address',
]);

/** V15: one finding for each option that differs. */
function checkOptions(primary: Application, backup: Application, find: Find): void {
  for (const field of fieldsOf(primary.options, backup.options)) {
    if (OWN_OPTIONS.has(field)) continue;
    const [section = '', name = ''] = splitField(field);
    const first = primary.options[section]?.[name];
    const second = backup.options[section]?.[name];
    if (first?.trim() === second?.trim()) continue;
    find('V15', {
      object: backup,
      field,
      value: second ?? '',
      reason: `It is ${second === undefined ? 'unset' : `"${second}"`} here and ${first === undefined ? 'unset' : `"${first}"`} in Application "${primary.name}", whose backup this is: after a takeover the pair would work by other rules.`,
      remedy: 'Set the same in both.',
      fix: [optionSet(backup, section, name, first)],
    });
  }
  for (const name of ['sip-tls-cert', 'sip-tls-cert-key'] as const) {
    const [first, second] = [primary, backup].map(({ options }) => options.TServer?.[name]);
    if (first === second || first === undefined || second === undefined) continue;
    find('V65', {
      object: backup,
      field: `TServer/${name}`,
      value: second,
      reason: `It is "${second}" here and "${first}" in Application "${primary.name}", whose backup this is: phones that trust one may refuse the other, and only one of the two gets renewed.`,
      remedy: 'Keep the certificate at the same path of both, renewed together.',
      fix: [optionSet(backup, 'TServer', name, first)],
    });
  }
}

function fieldsOf(...all: readonly OptionSections[]): string[] {
  const fields = all.flatMap((sections) =>
    Object.entries(sections).flatMap(([section, options]) =>
      Object.keys(options).map((name) => `${section}/${name}`),
    ),
  );
  return [...new Set(fields)];
}

function splitField(field: string): [string, string] {
  const at = field.indexOf('/');
  return [field.slice(0, at), field.slice(at + 1)];
}

/** V16: what the primary asks others for, the backup must be able to ask too. */
function checkConnections(primary: Application, backup: Application, find: Find): void {
  const listed = ({ connections }: Application) =>
    canonicalText([...connections].map((one) => canonicalText(one)).sort());
  if (listed(primary) === listed(backup)) return;
  find('V16', {
    object: backup,
    field: 'connections',
    value: backup.connections.map(({ server }) => server).join(', '),
    reason: `Application "${primary.name}", whose backup this is, has the connections ${primary.connections.map(({ server }) => server).join(', ') || 'none'}, or has them with other terms.`,
    remedy: 'Give both the same.',
    fix: [replaced(backup, { ...backup, connections: primary.connections })],
  });
}

/** V17: clients look for the backup at the port of the same id. */
function checkPorts(world: World, find: Find): void {
  const told = new Set<string>();
  for (const application of world.configuration.all('Application'))
    for (const { server, port } of application.connections) {
      const primary = world.application(server);
      const backup = world.application(primary?.backup);
      if (primary?.ports[port] === undefined || backup === undefined) continue;
      if (backup.ports[port] !== undefined || told.has(`${backup.name} ${port}`)) continue;
      told.add(`${backup.name} ${port}`);
      find('V17', {
        object: backup,
        field: 'ports',
        value: port,
        reason: `"${application.name}" connects to the port "${port}" of "${primary.name}", and its backup has no port of that id: after a takeover it finds nobody.`,
        remedy: `Give it a port "${port}".`,
      });
    }
}

/** V18. */
function checkNodes(world: World, cluster: Application, find: Find): void {
  const nodes = nodesOf(world, cluster);
  const living = nodes.filter(({ enabled }) => enabled);
  const at = { object: cluster, field: 'connections', value: nodes.map(({ name }) => name).join(', ') };
  if (living.length < 2)
    find('V18', {
      ...at,
      reason: `The cluster has ${living.length === 0 ? 'no enabled node' : `"${living[0]?.name}" as its only enabled node`}: nothing is left to go to when that is lost.`,
      remedy: 'Connect it to two servers or more.',
    });
  const kinds = new Set(living.map(({ type }) => (type === 'StatServer' ? 'statistics' : 'configuration')));
  if (kinds.size > 1)
    find('V18', {
      ...at,
      reason:
        'The cluster has Stat Servers and Configuration Servers as its nodes, and desks take any of them for any other.',
      remedy: 'Make one cluster of each kind.',
    });
}

const TLS = { section: 'TServer', name: 'sip-port-tls', option: OPTIONS.TServer['sip-port-tls'] } as const;
const WS = { section: 'holdfast', name: 'sip-port-ws', option: OPTIONS.holdfast['sip-port-ws'] } as const;
const WSS = { section: 'holdfast', name: 'sip-port-wss', option: OPTIONS.holdfast['sip-port-wss'] } as const;

/** V65: a phone that speaks TLS or WebSocket at one site finds that at the other one too. */
function checkTransports(world: World, find: Find): void {
  for (const server of world.sipServers) {
    const twin = world.serverOf(world.twinOf(server.switch ?? '') ?? '');
    if (twin === undefined) continue;
    for (const { section, name, option } of [TLS, WS, WSS]) {
      const [here, there] = [server, twin].map((one) => resolveOption(option, [levelOfObject(one)]));
      if (here !== undefined || there === undefined) continue;
      find('V65', {
        object: server,
        field: `${section}/${name}`,
        reason: `The peer "${twin.name}" at site "${siteOf(twin)}" offers it at port ${there.raw}, and this server does not: phones that use it could not come here (${objectKey(twin)}).`,
        remedy: 'Set it here too, or at neither.',
      });
    }
  }
}
