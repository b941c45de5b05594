/**
 * Phones that are part of the desktop, at real sites: the desk tells them how often to register at each site, and
 * launches one again that has cost its agent the login (DS18).
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DESK_APPLICATION } from '@holdfast/centre';
import type { ConfigObject } from '@holdfast/protocol';
import { afterAll, beforeAll, expect, type MockInstance, test, vi } from 'vitest';
import { LiveLab } from './live-lab.ts';
import { SHORT } from './times.ts';

const SERVER_BUNDLE = fileURLToPath(new URL('../../.build/server.mjs', import.meta.url));
const PREFERRED_S = 4;
const PEER_S = 6;
/** At both sites at once: where it stands all the time, only a launch makes it register as if for the first time. */
const DUAL = 'agent7003';
const STEP_MAX_MS = 15_000;

let lab: LiveLab;
/** Looks on; the account of the lab is kept as ever. */
let told: MockInstance<LiveLab['watch']['phone']>;

function withPeriods(object: ConfigObject): ConfigObject {
  if (object.objectType !== 'Application' || object.name !== DESK_APPLICATION) return object;
  const section = {
    ...object.options['interaction-workspace'],
    'sipendpoint.proxies.proxy0.reg_timeout': String(PREFERRED_S),
    'sipendpoint.proxies.proxy1.reg_timeout': String(PEER_S),
  };
  return { ...object, options: { ...object.options, 'interaction-workspace': section } };
}

beforeAll(async () => {
  if (!existsSync(SERVER_BUNDLE)) throw new Error('.build/server.mjs is missing: run node scripts/setup.mjs');
  lab = await LiveLab.make({
    ...{ agents: 6, seed: 1, times: SHORT, families: 'workspace', restarts: true, withSound: 0 },
    hasEmbeddedEndpoints: true,
    configure: withPeriods,
    serverEntry: SERVER_BUNDLE,
  });
  told = vi.spyOn(lab.watch, 'phone');
  await lab.start();
}, 60_000);
afterAll(() => lab.stop());

/** The first registrations at that site, each with what it was granted, s; a refresh is none. */
function registered(site: string): number[] {
  return told.mock.calls.flatMap(([robot, fact]) =>
    robot.name === DUAL && fact.name === 'registered' && fact.site === site ? [fact.expiresMs / 1000] : [],
  );
}

/** Granted is up to a fifth more or less than asked (RG9). */
function isFor(asked: number, granted = 0): boolean {
  return Math.abs(granted - asked) <= asked / 5;
}

test('[DS18] the desk tells the phone how often to register, at its own site and at the other', async () => {
  expect(await lab.until(STEP_MAX_MS, () => lab.robots.every((robot) => lab.isAble(robot)))).toBe(true);
  const [home, peer] = [lab.robot(DUAL).options.home, lab.robot(DUAL).options.peer];
  // It was launched with the lab's own period before; whether that registration was answered in time is chance.
  const isTold = () => isFor(PREFERRED_S, registered(home).at(-1)) && isFor(PEER_S, registered(peer).at(-1));
  expect(await lab.until(STEP_MAX_MS, isTold), `${registered(home)}, ${registered(peer)}`).toBe(true);
});

test('[DS18] when the phone has cost the agent the login, it is launched once more, and the desk moves', async () => {
  const robot = lab.robot(DUAL);
  const { home, peer } = robot.options;
  const before = registered(peer).length;
  lab.losePhone(robot, home as 'north');
  expect(await lab.until(STEP_MAX_MS, () => lab.worksAt(robot, peer))).toBe(true);
  expect(
    registered(peer)
      .slice(before)
      .map((granted) => isFor(PEER_S, granted)),
  ).toEqual([true]);
  lab.findPhone(robot, home as 'north');
  expect(await lab.until(STEP_MAX_MS, () => lab.worksAt(robot, home))).toBe(true);
  // The site was not lost to the other agents.
  expect(lab.robots.filter((one) => lab.worksAt(one, one.options.home))).toHaveLength(6);
});
