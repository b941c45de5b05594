import type { PhoneOptions } from '@holdfast/sip';
import { expect, it } from 'vitest';
import { type MemberName, PairSite } from '../pair/testing/pair-site.ts';
import { isInStep, runUntil } from '../pair/testing/pair-world.ts';
import { Phone } from './testing/people.ts';
import { configurationOf, REALM, SERVER, Site } from './testing/server-site.ts';
import { SIP_PORT, World } from './testing/server-world.ts';

const HOSTS = { north: SERVER, south: '10.0.0.2' } as const;
type Name = keyof typeof HOSTS;
const NUMBERS = ['7001', '7002', '7003'];
const ONCE = [
  [1, 1, 1],
  [1, 1, 1],
];

const at = (site: Name): PhoneOptions['sites'][number] => ({
  site,
  registrar: `sip:${REALM}`,
  destination: { type: 'target', target: { transport: 'UDP', host: HOSTS[site], port: SIP_PORT } },
});

/** Phones at both sites. */
function register(world: World): void {
  for (const number of NUMBERS)
    new Phone(world, number, { sites: [at('north'), at('south')] }).tell({ name: 'register' });
}

it.each([
  ['north, then south', ['north', 'south']],
  ['south, then north', ['south', 'north']],
  ['one of them again and again', ['north', 'north', 'north']],
  ['by turns', ['south', 'north', 'south', 'north']],
] as const)(
  '[C09] servers started again, %s: each phone is there once at each site, and nothing twice',
  (_, order) => {
    const world = new World();
    const start = (site: Name) => new Site(world, configurationOf({ site }), { host: HOSTS[site] });
    const sites: Record<Name, Site> = { north: start('north'), south: start('south') };
    register(world);
    world.run(1_000);
    const contacts = () =>
      Object.values(sites).map(({ node }) =>
        NUMBERS.map((number) => node.parts.registrations.contactsOf(number).length),
      );
    expect(contacts()).toEqual(ONCE);
    for (const site of order) {
      world.remove(HOSTS[site]);
      world.run(5_000);
      sites[site] = start(site);
      // What was registered elsewhere is not touched by it, and one period of registration brings all back.
      world.run(61_000);
      expect(contacts()).toEqual(ONCE);
    }
  },
);

const MEMBERS = ['north a', 'north b', 'south a', 'south b'] as const;
type Member = (typeof MEMBERS)[number];

function ordersOf(members: readonly Member[]): Member[][] {
  if (members.length === 0) return [[]];
  return members.flatMap((first) =>
    ordersOf(members.filter((member) => member !== first)).map((rest) => [first, ...rest]),
  );
}

it('[C09] all four servers of both sites started again, in every order: each phone is there once at each site', () => {
  const world = new World();
  const start = (site: Name) => new PairSite(world, configurationOf({ site }), { host: HOSTS[site] });
  const sites: Record<Name, PairSite> = { north: start('north'), south: start('south') };
  register(world);
  const settle = () => {
    for (const site of Object.values(sites)) runUntil(site, () => isInStep(site));
  };
  const contacts = () =>
    Object.values(sites).map(({ server }) =>
      NUMBERS.map((number) => server.parts.registrations.contactsOf(number).length),
    );
  const part = (member: Member) => {
    const [site, name] = member.split(' ') as [Name, MemberName];
    return { site: sites[site], name };
  };
  settle();
  world.run(5_000);
  expect(contacts()).toEqual(ONCE);
  const orders = ordersOf(MEMBERS);
  expect(orders).toHaveLength(24);
  for (const [n, order] of orders.entries()) {
    for (const member of order) {
      const { site, name } = part(member);
      site.kill(name);
      world.run(300);
      site.start(name);
      settle();
      expect({ order, contacts: contacts() }).toEqual({ order, contacts: ONCE });
    }
    if (n % 12 !== 0) continue;
    // And all at once: nobody knows anything, until the phones come again.
    for (const member of MEMBERS) part(member).site.kill(part(member).name);
    world.run(1_000);
    for (const member of order) {
      part(member).site.start(part(member).name);
      world.run(500);
    }
    settle();
    world.run(61_000);
    expect({ order, contacts: contacts() }).toEqual({ order, contacts: ONCE });
  }
});
