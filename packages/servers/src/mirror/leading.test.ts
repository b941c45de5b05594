import { PAIR_LEASE_MS } from '@holdfast/continuity';
import { expect, it } from 'vitest';
import { PairSite } from '../pair/testing/pair-site.ts';
import { isInStep, runUntil } from '../pair/testing/pair-world.ts';
import { Phone } from '../sip-server/testing/people.ts';
import { configurationOf, extension } from '../sip-server/testing/server-site.ts';
import { World } from '../sip-server/testing/server-world.ts';
import { ENTRY_INPUTS_MAX, MATE } from './leading.ts';
import { ACK_MAX_MS } from './mirror-follower.ts';

/** To the mate and back, in the world of pairs. */
const THERE_AND_BACK_MS = 2;

/**
 * A pair in step and phones whose first REGISTERs with credentials have reached it in one instant, each an input that
 * changes something: the first entry has just gone to the mate.
 */
function storm(count: number, laterMs = 0) {
  const numbers = Array.from({ length: count }, (_, n) => String(10_000 + n));
  const world = new World();
  const site = new PairSite(world, { dns: [...configurationOf().dns, ...numbers.map(extension)] });
  const phones = numbers.map((number, n) => {
    return new Phone(world, number, { host: `10.1.${n >> 8}.${n & 255}` });
  });
  runUntil(site, () => isInStep(site));
  world.run(laterMs);
  site.entries.length = 0;
  const before = site.sent.a;
  for (const phone of phones) phone.tell({ name: 'register' });
  while (site.entries.length === 0) world.run(0.5);
  return {
    ...{ world, site, phones },
    /** 200s, after as many challenges. */
    answered: () => site.sent.a - before - count,
    /** Of each entry, how many phones it is about. */
    told: () => site.entries.map(({ put }) => put.filter(([key]) => key.startsWith('binding/')).length),
    /** How many of them a server reaches. */
    reached: () => {
      const { registrations } = site.server.parts;
      return numbers.filter((number) => registrations.contactsOf(number).length === 1).length;
    },
  };
}

it('[LG2] what inputs change while an entry is on its way goes as one when the mate has acknowledged, and is told when it has that', () => {
  const { world, site, told, answered } = storm(50);
  expect([told(), answered()]).toEqual([[1], 0]);
  world.run(THERE_AND_BACK_MS);
  expect([told(), answered()]).toEqual([[1, 49], 1]);
  world.run(THERE_AND_BACK_MS);
  expect([told(), answered()]).toEqual([[1, 49], 50]);
  const events = [...site.node('b').parts.store.held().events].map(({ number }) => number);
  expect(events).toEqual(events.map((_, index) => index + 1));
  expect(events.at(-1)).toBe(site.server.parts.log.position.number);
});

it('[LG2] an entry tells of 200 inputs at the most: with more it leaves although another is on its way', () => {
  const { world, told, answered } = storm(2 * ENTRY_INPUTS_MAX + 50);
  expect([told(), answered()]).toEqual([[1, ENTRY_INPUTS_MAX, ENTRY_INPUTS_MAX], 0]);
  world.run(2 * THERE_AND_BACK_MS);
  expect([told(), answered()]).toEqual([[1, ENTRY_INPUTS_MAX, ENTRY_INPUTS_MAX, 49], 450]);
});

it('[LG2] what was gathered for a mate that is lost or silent is told without it, and what it lacks it gets', () => {
  for (const strike of ['kill', 'stop'] as const) {
    const { world, site, answered } = storm(50);
    site[strike]('b');
    world.run(105);
    expect([strike, answered()]).toEqual([strike, 50]);
    expect(site.node('a').parts.leading?.stateOf(MATE)).not.toBe('in-step');
    if (strike === 'kill') site.start('b');
    else site.continue('b');
    runUntil(site, () => isInStep(site));
    const bindings = [...site.node('b').parts.store.held().records.keys()].filter((key) =>
      key.startsWith('binding/'),
    );
    expect(bindings.length).toBe(50);
  }
});

it('[LG2] a mate that was behind is in step with its next answers, also while inputs keep coming', () => {
  const { world, site, phones } = storm(100);
  const mate = () => site.node('a').parts.leading?.stateOf(MATE);
  site.stop('b');
  world.run(ACK_MAX_MS + 5);
  expect(mate()).toBe('behind');
  site.entries.length = 0;
  const sent = site.sent.a;
  // Faster than anything goes to the mate and back: between two of them it never has everything.
  const states = phones.map((phone, index) => {
    if (index === 50) site.continue('b');
    phone.tell({ name: 'refresh' });
    world.run(THERE_AND_BACK_MS / 4);
    return mate();
  });
  expect(states.indexOf('in-step')).toBeGreaterThan(50);
  expect(states.indexOf('in-step')).toBeLessThan(70);
  expect(states.at(-1)).toBe('in-step');
  world.run(100);
  expect(site.sent.a - sent).toBe(100);
  expect(site.entries.length).toBeLessThan(80);
});

it('[LG2] what is gathered for one that was behind and falls silent again waits no longer than 100 ms', () => {
  const { world, site, phones } = storm(4);
  site.stop('b');
  world.run(ACK_MAX_MS + 5);
  const sent = site.sent.a;
  // Silent: told at once, each by itself.
  phones[0]?.tell({ name: 'refresh' });
  world.run(10);
  expect(site.sent.a - sent).toBe(1);
  site.continue('b');
  site.stop('b');
  world.run(THERE_AND_BACK_MS);
  phones[1]?.tell({ name: 'refresh' });
  phones[2]?.tell({ name: 'refresh' });
  world.run(ACK_MAX_MS + 10);
  expect(site.sent.a - sent).toBe(3);
});

it('[LG2] [PR12] a primary that pauses while something is gathered rests, and tells it when it may act again', () => {
  const { world, site, answered, reached } = storm(50);
  site.isArbiterCut = true;
  site.stop('b');
  site.stop('a');
  world.run(PAIR_LEASE_MS);
  // Its mate has been silent for longer than it is waited for, and it may not act.
  site.continue('a');
  world.run(500);
  expect([site.acting(), answered()]).toEqual([[], 0]);
  site.isArbiterCut = false;
  runUntil(site, () => site.acting()[0] === 'a');
  world.run(10);
  // With what the phones have repeated meanwhile.
  expect(answered()).toBeGreaterThanOrEqual(50);
  expect(reached()).toBe(50);
});

it('[OP1] whoever offers its role has told before what it decided until then', () => {
  // Of three moments in the time between two confirmations one has the next within the patience with a silent mate.
  const told = [0, 50, 100].map((laterMs) => {
    const { world, site, told } = storm(10, laterMs);
    site.stop('b');
    site.operator('a', 'demote');
    world.run(ACK_MAX_MS - 1);
    return told();
  });
  expect(told).toContainEqual([1, 9]);
});

it('[SS53] a primary that dies in the midst of it has answered nobody whom its mate does not know', () => {
  const { site, world, answered, reached } = storm(50);
  world.run(THERE_AND_BACK_MS);
  expect(answered()).toBe(1);
  site.kill('a');
  runUntil(site, () => site.acting()[0] === 'b');
  expect(reached()).toBeGreaterThanOrEqual(answered());
  // Who had no answer asks again.
  world.run(10_000);
  expect(reached()).toBe(50);
});
