/** Options of the probes, each from its object to what a pair does. */
import { expect, it } from 'vitest';
import { configured } from '../sip-server/testing/configured-site.ts';
import { Phone } from '../sip-server/testing/people.ts';
import { World } from '../sip-server/testing/server-world.ts';
import { PairSite } from './testing/pair-site.ts';

function pairWith(holdfast: Record<string, string>) {
  const world = new World();
  const site = new PairSite(world, configured({ server: { holdfast } }));
  world.run(3_000);
  return { world, site };
}

it('[option holdfast/probe-period] is how often everything is tried; 0 is never', () => {
  const rounds = (period: string) => {
    const { world, site } = pairWith({ 'probe-period': period });
    site.probed.length = 0;
    world.run(60_000);
    return site.probed.filter((probe) => probe.endsWith('register')).length;
  };
  expect([rounds('5'), rounds('20'), rounds('0')]).toEqual([12, 3, 0]);
});

it('[option holdfast/probe-failures] in a row move the role', () => {
  const movesAfterMs = (failures: string) => {
    const { world, site } = pairWith({ 'probe-period': '1', 'probe-failures': failures });
    site.failing.a.add('call');
    const from = world.now;
    while (site.acting()[0] !== 'b' && world.now < from + 60_000) world.run(100);
    return world.now - from;
  };
  const [few, many] = [movesAfterMs('2'), movesAfterMs('20')];
  expect(few).toBeLessThan(4_000);
  expect(many).toBeGreaterThan(18_000);
});

it('[option holdfast/probe-silence] passes before phones are asked', () => {
  const asked = (silence: string) => {
    const { world } = pairWith({ 'probe-period': '1', 'probe-silence': silence });
    for (const number of ['7001', '7002', '7003'])
      new Phone(world, number, { answerAfterMs: 500, expires: 3_600 }).tell({ name: 'register' });
    world.run(1_000);
    world.packets = [];
    world.run(10_000);
    return world.packets.filter(({ message }) => message.kind === 'request' && message.method === 'OPTIONS')
      .length;
  };
  expect(asked('5')).toBeGreaterThan(0);
  expect(asked('60')).toBe(0);
});
