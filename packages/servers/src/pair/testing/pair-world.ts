/** The usual start of a test of a pair: both members in step, a phone, its agent's desk, a caller. */
import { expect } from 'vitest';
import { MATE } from '../../mirror/leading.ts';
import { CALLER_NUMBER } from '../../sip-server/testing/centre-world.ts';
import { Desk } from '../../sip-server/testing/desk.ts';
import { callerAt, Phone } from '../../sip-server/testing/people.ts';
import { GATEWAY } from '../../sip-server/testing/server-site.ts';
import { World } from '../../sip-server/testing/server-world.ts';
import { PairSite } from './pair-site.ts';

/** A pair in step, ada's phone, her desk that is Ready, and a caller. */
export function pairWorld() {
  const world = new World();
  const site = new PairSite(world);
  world.run(5_000);
  const ada = new Phone(world, '7001', { answerAfterMs: 500 }).tell({ name: 'register' });
  world.run(100);
  const desk = new Desk(site, 'ada');
  desk.register();
  desk.ask({ type: 'RegisterAddress', dn: '7001' });
  expect(desk.login('7001')).toBe('EventAgentLogin');
  const caller = callerAt(world, GATEWAY, CALLER_NUMBER);
  world.run(100);
  ada.news();
  return { world, site, ada, desk, caller };
}

/** Runs in small steps; how long it took until this holds, and that two never acted meanwhile. */
export function runUntil(site: PairSite, holds: () => boolean, limitMs = 20_000): number {
  const { world } = site;
  const began = world.now;
  while (!holds()) {
    if (world.now - began > limitMs) throw new Error(`not within ${limitMs} ms`);
    world.run(10);
    expect(site.acting().length).toBeLessThan(2);
  }
  return world.now - began;
}

/** Somebody acts, with a mate that holds everything. */
export function isInStep(site: PairSite): boolean {
  const [primary] = site.acting();
  return primary !== undefined && site.node(primary).parts.leading?.stateOf(MATE) === 'in-step';
}

/** The desk connects again with the position that it holds, as often as it takes. */
export function comeBack(site: PairSite, former: Desk): Desk {
  const resume = former.events.at(-1)?.position;
  const desk = new Desk(site, 'ada', former.session);
  desk.answering = former.answering;
  expect(desk.register(resume === undefined ? {} : { resume })).toMatchObject({ type: 'ServerInfo' });
  return desk;
}
