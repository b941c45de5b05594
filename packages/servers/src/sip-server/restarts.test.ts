import type { PhoneOptions } from '@holdfast/sip';
import { expect, it } from 'vitest';
import { Phone } from './testing/people.ts';
import { configurationOf, REALM, SERVER, Site } from './testing/server-site.ts';
import { SIP_PORT, World } from './testing/server-world.ts';

const HOSTS = { north: SERVER, south: '10.0.0.2' } as const;
type Name = keyof typeof HOSTS;
const NUMBERS = ['7001', '7002', '7003'];

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
    const at = (site: Name): PhoneOptions['sites'][number] => ({
      site,
      registrar: `sip:${REALM}`,
      destination: { type: 'target', target: { transport: 'UDP', host: HOSTS[site], port: SIP_PORT } },
    });
    for (const number of NUMBERS)
      new Phone(world, number, { sites: [at('north'), at('south')] }).tell({ name: 'register' });
    world.run(1_000);
    const contacts = () =>
      Object.values(sites).map(({ node }) =>
        NUMBERS.map((number) => node.parts.registrations.contactsOf(number).length),
      );
    const once = [
      [1, 1, 1],
      [1, 1, 1],
    ];
    expect(contacts()).toEqual(once);
    for (const site of order) {
      world.remove(HOSTS[site]);
      world.run(5_000);
      sites[site] = start(site);
      // What was registered elsewhere is not touched by it, and one period of registration brings all back.
      world.run(61_000);
      expect(contacts()).toEqual(once);
    }
  },
);
