import { checkCentre } from '@holdfast/centre';
import { describe, expect, it } from 'vitest';
import type { Desk } from './testing/desk.ts';
import type { Site } from './testing/server-site.ts';
import {
  callsAt,
  crossings,
  deskAt,
  dies,
  numberOf,
  phoneAt,
  type TwoGroups,
  twoGroups,
} from './testing/two-groups.ts';

/** Ready at that site, on a phone at this host that is registered there alone. */
function works(groups: TwoGroups, site: Site, person: string, host: string) {
  const phone = phoneAt(groups, person, host, [site]);
  const desk = deskAt(site, person);
  expect(logsIn(desk, person)).toBe('EventAgentLogin');
  groups.world.run(100);
  return { phone, desk };
}

/** Works for the queue of that number, of her own site. */
const logsIn = (desk: Desk, person: string) => desk.login(numberOf(person), { queues: ['8000'] });
const reserved = ({ node }: Site) => node.parts.centre.stateToCheck.pool.reservations.size;
const isThere = ({ node }: Site, person: string) => node.parts.centre.loginOf(person) !== undefined;

/** Who has said this to whom, each pair once. */
function said({ links }: TwoGroups, what: string): string[] {
  return [
    ...new Set(links.filter((each) => each.what === what).map(({ from, to }) => `${from} to ${to}`)),
  ].sort();
}

describe('two groups of four beside each other, of one configuration and with the same numbers and people', () => {
  it('[PQ3] each server follows the other site of its own group, and nobody else', () => {
    const groups = twoGroups();
    expect(said(groups, 'RegisterAll')).toEqual([
      ...['10.0.0.1 to 10.0.0.2', '10.0.0.2 to 10.0.0.1', '10.0.0.3 to 10.0.0.4', '10.0.0.4 to 10.0.0.3'],
    ]);
    for (const { node } of groups.all) expect(node.parts.peer.canAsk).toBe(true);
    expect(crossings(groups)).toEqual([]);
  });

  it('[PQ3] [PQ1] no agent is reserved for who waits in the queue of the same number of the other group', () => {
    const groups = twoGroups();
    const { world, red, blue } = groups;
    const others = [
      works(groups, blue.north, 'bob', '10.0.1.2'),
      works(groups, blue.south, 'cyd', '10.0.1.3'),
    ];
    for (const { phone } of others) phone.news();
    const caller = callsAt(groups, red.south);
    for (let ms = 0; ms < 5_000; ms += 10) {
      world.run(10);
      expect(groups.all.map(reserved)).toEqual([0, 0, 0, 0]);
    }
    expect(caller.hears()).toEqual(['recvonly']);
    for (const { phone } of others) expect(phone.news()).not.toContain('ringing');
    expect(said(groups, 'PoolWaiting')).toEqual(['10.0.0.2 to 10.0.0.1']);
    // The other site of its own group serves the line.
    const { phone } = works(groups, red.north, 'ada', '10.0.1.1');
    phone.tell({ name: 'answer' });
    world.run(500);
    expect(caller.hears()).toEqual(['10.0.1.1:4000']);
    expect(said(groups, 'PoolTaken')).toEqual(['10.0.0.2 to 10.0.0.1']);
    expect(crossings(groups)).toEqual([]);
  });

  it('[PQ3] [SS71] a log-in ends that of the same person in its own group alone', () => {
    const groups = twoGroups();
    const { red, blue, world } = groups;
    works(groups, red.north, 'ada', '10.0.1.1');
    works(groups, blue.south, 'ada', '10.0.1.11');
    expect([isThere(red.north, 'ada'), isThere(blue.south, 'ada')]).toEqual([true, true]);
    expect(said(groups, 'EndLogin')).toEqual(['10.0.0.1 to 10.0.0.2', '10.0.0.4 to 10.0.0.3']);
    works(groups, red.south, 'ada', '10.0.1.21');
    world.run(1_000);
    expect(groups.all.filter((site) => isThere(site, 'ada'))).toEqual([red.south, blue.south]);
    expect(crossings(groups)).toEqual([]);
  });

  it('[PQ3] [AD1] a call of a dead site goes on at the other site of its group, whoever logs in elsewhere', () => {
    const groups = twoGroups();
    const { world, red, blue } = groups;
    const phone = phoneAt(groups, 'ada', '10.0.1.1', [red.north, red.south]).tell({
      name: 'answerAfter',
      ms: 500,
    });
    expect(logsIn(deskAt(red.north, 'ada'), 'ada')).toBe('EventAgentLogin');
    const caller = callsAt(groups, red.north);
    world.run(3_000);
    expect([phone.hears(), caller.hears()]).toEqual([['10.0.9.1:4000'], ['10.0.1.1:4000']]);
    dies(groups, red.north);
    world.run(12_000);
    const elsewhere = works(groups, blue.south, 'ada', '10.0.1.11');
    world.run(1_000);
    expect(elsewhere.desk.news()).not.toContain('EventEstablished 7001');
    for (const { node } of [blue.north, blue.south])
      expect([node.sizes().calls, node.parts.centre.callCount, node.parts.account.counts.size]).toEqual([
        0, 0, 0,
      ]);
    const desk = deskAt(red.south, 'ada');
    expect(logsIn(desk, 'ada')).toBe('EventAgentLogin');
    world.run(1_000);
    expect(desk.news()).toContain('EventEstablished 7001');
    expect(red.south.node.parts.account.counts.get('adopted')).toBe(1);
    phone.tell({ name: 'hangup' });
    world.run(1_000);
    expect(caller.news()).toContain('ended remote 0');
    for (const { node } of groups.all) expect(checkCentre(node.parts.centre)).toEqual([]);
    expect(crossings(groups)).toEqual([]);
  });
});
