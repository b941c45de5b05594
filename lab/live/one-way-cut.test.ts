/**
 * A line that carries one way only: north hears everybody, and neither its desks and phones nor the other site hear it. North
 * cannot know that; nothing that it hears is missing but the answers to its stamps.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SALES_QUEUE } from '@holdfast/centre';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DoubleWatch } from './double-watch.ts';
import { LiveLab, SITES } from './live-lab.ts';
import { home, moveMax } from './scenarios/scenario.ts';
import { siteLog } from './site-log.ts';
import { SHORT } from './times.ts';

const SERVER_BUNDLE = fileURLToPath(new URL('../../.build/server.mjs', import.meta.url));
const AGENTS = 8;
/** On a machine that does much else, too. */
const STEP_MAX_MS = 60_000;

let lab: LiveLab;
let watch: DoubleWatch;

beforeAll(async () => {
  if (!existsSync(SERVER_BUNDLE)) throw new Error('.build/server.mjs is missing: run node scripts/setup.mjs');
  lab = await LiveLab.make({
    ...{ agents: AGENTS, seed: 1, times: SHORT, families: 'workspace', restarts: true, withSound: 0 },
    serverEntry: SERVER_BUNDLE,
  });
  await lab.start();
  watch = new DoubleWatch(lab.supervisorAccess());
  await watch.start();
}, 120_000);
afterAll(async () => {
  watch?.stop();
  await lab?.stop();
}, 30_000);

const areHome = () => lab.robots.every((robot) => lab.worksAt(robot, home(robot)));
const saidOf = (site: (typeof SITES)[number]) => siteLog(lab.folder, site).map(({ what }) => what);

test('[LL1] [LL4] [DS8a] a site that hears and is not heard: its desks leave, the other answers, and nobody is routable twice', async () => {
  expect(await lab.until(STEP_MAX_MS, areHome)).toBe(true);
  expect(lab.robots.filter((robot) => home(robot) === 'north').length).toBe(AGENTS / 2);
  const answered = lab.calls.figures().answered;
  lab.mute('north');
  const isAtSouth = () => lab.robots.every((robot) => lab.worksAt(robot, 'south'));
  expect(await lab.until(moveMax(lab) + STEP_MAX_MS, isAtSouth)).toBe(true);
  // More than those who were there before, so that some who have moved are among those who answer.
  for (let caller = 0; caller < AGENTS; caller++) lab.callers.call(SALES_QUEUE, 'south');
  expect(await lab.until(STEP_MAX_MS, () => lab.calls.figures().answered === answered + AGENTS)).toBe(true);
  // Each is silent to the other: the one hears no answer, the other nothing at all.
  for (const site of SITES) expect(saidOf(site)).toContain('other site silent');
  lab.heal('north');
  expect(await lab.until(moveMax(lab) + STEP_MAX_MS, areHome)).toBe(true);
  expect(watch.doubles).toEqual([]);
  expect(watch.rounds).toBeGreaterThan(20);
}, 240_000);
