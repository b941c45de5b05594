/**
 * Two groups of two sites beside each other (PQ3), read from one configuration: the same names of sites, the same numbers,
 * the same people and one pooled queue in each; only `disaster-recovery.name` tells them apart. The network keeps nobody
 * apart: each server could connect to each other one.
 */
import { makeConfiguration } from '@holdfast/centre';
import { must } from '@holdfast/kernel';
import type { ConfigObject, DN, OptionSections } from '@holdfast/protocol';
import { readSipServerConfiguration } from '../read-configuration.ts';
import { Desk } from './desk.ts';
import type { ReachedSite } from './peer-link.ts';
import { callerAt, Phone } from './people.ts';
import { extension, REALM, Site } from './server-site.ts';
import { SIP_PORT, World } from './server-world.ts';
import { SECRET } from './two-sites.ts';

const GROUPS = ['red', 'blue'] as const;
const SITES = ['north', 'south'] as const;
type Group = (typeof GROUPS)[number];
type SiteName = (typeof SITES)[number];

const HOSTS: Readonly<Record<Group, Readonly<Record<SiteName, string>>>> = {
  red: { north: '10.0.0.1', south: '10.0.0.2' },
  blue: { north: '10.0.0.3', south: '10.0.0.4' },
};
/** The carrier's, at all four. */
const GATEWAY_OF_ALL = '10.0.9.1';
const PEOPLE = ['ada', 'bob', 'cyd'];
const NUMBERS: Readonly<Record<string, string>> = { ada: '7001', bob: '7002', cyd: '7003' };

interface Crossing {
  readonly from: string;
  readonly to: string;
  readonly what: string;
}

export type TwoGroups = ReturnType<typeof twoGroups>;

export function twoGroups() {
  const world = new World();
  world.packets = [];
  /** What servers have said to each other over their links. */
  const links: Crossing[] = [];
  const configuration = makeConfiguration(OBJECTS, (text) => String(text.length));
  const siteOf = (group: Group, site: SiteName) => {
    const read = readSipServerConfiguration(configuration, `sip-${group}-${site}`);
    if (!read.ok) throw new Error(read.text);
    return new Site(world, read.configuration, {
      serverSecret: SECRET,
      isLed: true,
      host: HOSTS[group][site],
    });
  };
  const red = { north: siteOf('red', 'north'), south: siteOf('red', 'south') };
  const blue = { north: siteOf('blue', 'north'), south: siteOf('blue', 'south') };
  const all = [red.north, red.south, blue.north, blue.south];
  for (const site of all)
    for (const other of all)
      if (other !== site) site.servers.set(other.host, overheard(other, site.host, links));
  world.run(1_000);
  return { world, links, red, blue, all };
}

function overheard(site: Site, from: string, links: Crossing[]): ReachedSite {
  return {
    host: site.host,
    connect: (wire) => site.connect(wire),
    disconnect: (wire) => site.disconnect(wire),
    fromDesk(wire, message) {
      links.push({ from, to: site.host, what: message.type });
      site.fromDesk(wire, message);
    },
  };
}

/** Whatever has gone from a server of one group to one of the other. */
export function crossings({ world, links }: TwoGroups): readonly Crossing[] {
  const messages = (world.packets ?? []).map(({ from, to, message }): Crossing => {
    return { from, to, what: message.kind === 'request' ? message.method : String(message.status) };
  });
  return [...links, ...messages].filter(({ from, to }) => {
    const [one, other] = [groupOf(from), groupOf(to)];
    return one !== undefined && other !== undefined && one !== other;
  });
}

function groupOf(host: string): Group | undefined {
  return GROUPS.find((group) => SITES.some((site) => HOSTS[group][site] === host));
}

/** The phone of this person, at that host, registered at these servers. */
export function phoneAt({ world }: TwoGroups, person: string, host: string, at: readonly Site[]): Phone {
  const sites = at.map((site) => ({
    site: site.host,
    registrar: `sip:${REALM}`,
    destination: { type: 'target', target: { transport: 'UDP', host: site.host, port: SIP_PORT } } as const,
  }));
  const phone = new Phone(world, numberOf(person), { host, sites }).tell({ name: 'register' });
  world.run(200);
  return phone;
}

/** A desk of this person that has registered at that site. */
export function deskAt(site: Site, person: string): Desk {
  const desk = new Desk(site, person, `${person} at ${site.host}`);
  desk.register();
  desk.ask({ type: 'RegisterAddress', dn: numberOf(person) });
  return desk;
}

/** A caller whose carrier sends the call to that site. */
export function callsAt({ world }: TwoGroups, { host }: Site): Phone {
  const target = { transport: 'UDP' as const, host, port: SIP_PORT };
  const sites = [{ site: 'any', registrar: '', destination: { type: 'target' as const, target } }];
  return callerAt(world, GATEWAY_OF_ALL, '4930123450', { sites }).tell({ name: 'call', to: '8000' });
}

/** All of it at once. Every link breaks, whoever had one to it; those to others come back. */
export function dies({ world, all }: TwoGroups, site: Site): void {
  world.remove(site.host);
  for (const other of all) {
    if (other === site) continue;
    other.servers.delete(site.host);
    other.dropLinks();
  }
}

export function numberOf(person: string): string {
  return must(NUMBERS[person], `${person} has a number`);
}

const base = { enabled: true, options: {} } as const;

function dn(switchName: string, number: string, type: DN['type'], more: Partial<DN> = {}): DN {
  return { objectType: 'DN', ...base, switch: switchName, number, type, ...more };
}

function trunkTo(host: string): OptionSections {
  return { TServer: { contact: `sip:${host}` } };
}

function siteObjects(group: Group, site: SiteName): ConfigObject[] {
  const name = `${group}-${site}`;
  const other = HOSTS[group][site === 'north' ? 'south' : 'north'];
  return [
    { objectType: 'Host', ...base, name, address: HOSTS[group][site] },
    { objectType: 'Switch', ...base, name, tenant: 'bank' },
    {
      ...{
        objectType: 'Application',
        ...base,
        name: `sip-${name}`,
        type: 'SIPServer',
        host: name,
        switch: name,
      },
      ...{ ports: { default: 5111 }, connections: [] },
      options: {
        'interaction-workspace': { 'disaster-recovery.site': site, 'disaster-recovery.name': group },
        TServer: { 'dr-peer-trunk': '9100' },
      },
    },
    ...Object.values(NUMBERS).map((number) => {
      const { md5 = '', sha256 = '' } = extension(number).credentials ?? {};
      return dn(name, number, 'Extension', { digest: { realm: REALM, md5, sha256 } });
    }),
    dn(name, '8000', 'ACDQueue', { options: { holdfast: { pooled: 'true' } } }),
    dn(name, '9000', 'Trunk', { options: trunkTo(GATEWAY_OF_ALL) }),
    dn(name, '9100', 'Trunk', { options: trunkTo(other) }),
    ...PEOPLE.map(
      (_, n): ConfigObject => ({ objectType: 'AgentLogin', ...base, code: `100${n + 1}`, switch: name }),
    ),
  ];
}

const OBJECTS: readonly ConfigObject[] = [
  { objectType: 'Tenant', ...base, name: 'bank', options: { holdfast: { realm: REALM } } },
  {
    ...{ objectType: 'Keys', ...base, name: 'keys', nonceKeys: ['ab'.repeat(16)] },
    tokenKeys: [{ id: 'k1', publicKey: 'A'.repeat(43), privateKey: 'B'.repeat(43) }],
  },
  ...GROUPS.flatMap((group) => SITES.flatMap((site) => siteObjects(group, site))),
  ...PEOPLE.map((name, n): ConfigObject => {
    const agentLogins = GROUPS.flatMap((group) => SITES.map((site) => `100${n + 1}@${group}-${site}`));
    return { objectType: 'Person', ...base, name, tenant: 'bank', rank: 'agent', agentLogins };
  }),
];
