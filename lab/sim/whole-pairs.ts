/**
 * A simulated site whose SIP Server is a pair: two members on machines of their own, an arbiter on a third, and one SIP
 * address that goes to whoever acts (PR10). What the configuration says of it, and its processes.
 */
import type { ConfigObject } from '@holdfast/protocol';
import { type ArbiterDisk, PairArbiter } from './core-pair-arbiter.ts';
import { ARBITER_PORT } from './core-pair-messages.ts';
import type { PairTargets } from './fault-targets.ts';
import type { Host, Process } from './process.ts';
import type { Site } from './whole-centre.ts';
import type { SitePair } from './whole-pair-checks.ts';
import { type MemberDisk, type MemberOptions, PAIR_PORT, PairMemberProgram } from './whole-pair-member.ts';
import { PairWatch, type PairWatchOptions } from './whole-pair-watch.ts';
import { CLIENT_PORT } from './whole-servers.ts';
import type { World } from './world.ts';

/**
 * Pairs with the values of PR11; the others renew less often, since renewals would be most of what happens in a world.
 * The core simulation has the values of PR11 in every seed.
 */
const BRISK_SHARE = 0.25;
const SLOW_ROLE = { leaseMs: 1_800, renewEveryMs: 450 } as const;

/** The hosts of a pair, beside the address of its site. */
function hostsOf({ address }: Site): {
  readonly members: readonly [string, string];
  readonly arbiter: string;
} {
  return { members: [`${address}1`, `${address}2`], arbiter: `${address}3` };
}

/** The SIP Server of these sites gets a backup: the same but for its name, its Host and its part in the pair. */
export function withPairs(objects: readonly ConfigObject[], sites: readonly Site[]): ConfigObject[] {
  return objects.flatMap((object): ConfigObject[] => {
    if (object.objectType !== 'Application') return [object];
    const site = sites.find(({ name }) => `sip-${name}` === object.name);
    if (site === undefined) return [object];
    const [first, second] = hostsOf(site).members;
    const { TServer } = object.options;
    const options = { ...object.options, TServer: { ...TServer, 'sip-address': site.address } };
    const member = { ...object, options, ports: { default: CLIENT_PORT } };
    const backup = `${object.name}-b`;
    return [
      { objectType: 'Host', name: first, address: first, enabled: true, options: {} },
      { objectType: 'Host', name: second, address: second, enabled: true, options: {} },
      { ...member, host: first, backup, ports: { default: CLIENT_PORT, pair: PAIR_PORT } },
      { ...member, name: backup, host: second },
    ];
  });
}

export interface SitePairProcesses extends SitePair {
  readonly members: readonly [Process, Process];
  readonly arbiter: Process;
  readonly hosts: readonly Host[];
  readonly watch: PairWatch;
  readonly targets: PairTargets;
}

export interface PairPorts extends Omit<PairWatchOptions, 'site'> {
  readonly server: Omit<
    MemberOptions,
    'application' | 'address' | 'connectsTo' | 'arbiter' | 'disk' | 'role' | 'watch'
  >;
  addHost(name: string): Host;
}

export function addPair(world: World, site: Site, ports: PairPorts): SitePairProcesses {
  const { name, address } = site;
  const names = hostsOf(site);
  const { server, random, census, phones } = ports;
  const watch = new PairWatch(world, { site: name, random, census, phones });
  const arbiterHost = ports.addHost(names.arbiter);
  const disk: ArbiterDisk = { seen: { revision: { start: 0, count: 0 }, key: undefined }, starts: 0 };
  const isSupervisor = random() < 0.5;
  const watchers = random() < 0.5 ? names.members : [];
  const role = random() < BRISK_SHARE ? {} : SLOW_ROLE;
  const defect = server.defect === 'no-compare-and-set' ? server.defect : undefined;
  const arbiter = world.addProcess(`arbiter-${name}`, arbiterHost, (process) => {
    return new PairArbiter(process, { disk, isSupervisor, watchers, defect });
  });
  const add = (application: string, host: Host, connectsTo: MemberOptions['connectsTo']): Process => {
    const ownDisk: MemberDisk = { written: undefined };
    const process = world.addProcess(application, host, (self, now) => {
      const at = { address, connectsTo, arbiter: { host: names.arbiter, port: ARBITER_PORT } };
      return new PairMemberProgram(self, { ...server, ...at, application, disk: ownDisk, role, watch }, now);
    });
    watch.members.push(process);
    return process;
  };
  const [first, second] = names.members.map((host) => ports.addHost(host)) as [Host, Host];
  world.net.moveAddress(address, first);
  const members = [
    add(`sip-${name}`, first, undefined),
    add(`sip-${name}-b`, second, { host: first.name, port: PAIR_PORT }),
  ] as const;
  const hosts = [first, second, arbiterHost];
  return { name, members, arbiter, hosts, watch, targets: targetsOf(world, { members, arbiter, watch }) };
}

function targetsOf(
  world: World,
  { members, arbiter, watch }: Pick<SitePairProcesses, 'members' | 'arbiter' | 'watch'>,
): PairTargets {
  const primary = () => members.find(({ program }) => program !== undefined && program === watch.serving);
  const standby = () => members.find((one) => one !== primary());
  const say = (process: Process | undefined, word: 'promote' | 'demote') => {
    if (process === undefined) return false;
    return world.act(process, () => (process.program as PairMemberProgram).operator(process.now(), word));
  };
  return {
    members,
    arbiter,
    primary,
    standby: () => (primary() === undefined ? undefined : standby()),
    isJoining: () => watch.serving?.mateState === 'joining',
    promote: () => say(standby(), 'promote'),
    demote: () => say(primary(), 'demote'),
    makeGrey: (process, how) => {
      const program = process.program as PairMemberProgram;
      program.grey = how;
      return () => {
        program.grey = undefined;
      };
    },
    loseEntries: (more) => {
      watch.losses += more;
    },
  };
}
