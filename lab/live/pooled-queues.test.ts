/**
 * Queues of two real sites that are one pool (PQ1): all agents work at north, and callers come to south. The call goes from
 * one SIP Server to the other over the trunk between them, and sound between caller and agent as ever.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SALES_QUEUE } from '@holdfast/centre';
import type { ConfigObject } from '@holdfast/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LiveLab } from './live-lab.ts';
import { SHORT } from './times.ts';

const SERVER_BUNDLE = fileURLToPath(new URL('../../.build/server.mjs', import.meta.url));
const AGENTS = 4;
/** More than agents, so that most of them wait. */
const CALLERS = 12;
const STEP_MAX_MS = 15_000;
/** Each of the agents talks and writes up three times. */
const ALL_SERVED_MAX_MS = 60_000;

let lab: LiveLab;

function pooled(object: ConfigObject): ConfigObject {
  if (object.objectType !== 'DN' || object.number !== SALES_QUEUE) return object;
  return {
    ...object,
    options: { ...object.options, holdfast: { ...object.options.holdfast, pooled: 'true' } },
  };
}

beforeAll(async () => {
  if (!existsSync(SERVER_BUNDLE)) throw new Error('.build/server.mjs is missing: run node scripts/setup.mjs');
  lab = await LiveLab.make({
    ...{ agents: AGENTS, seed: 1, times: SHORT, families: 'workspace', restarts: true, withSound: 1 },
    ...{ homes: [0], configure: pooled, serverEntry: SERVER_BUNDLE },
  });
  await lab.start();
}, 60_000);
afterAll(() => lab.stop());

const areReady = () => lab.robots.every(({ view }) => view?.site === 'north' && view.state === 'Ready');
const ends = () => lab.calls.figures().ended;

test('[PQ1] a caller at south is answered by an agent who works at north', async () => {
  expect(await lab.until(STEP_MAX_MS, areReady)).toBe(true);
  lab.callers.call(SALES_QUEUE, 'south');
  expect(await lab.until(STEP_MAX_MS, () => lab.calls.talking === 1)).toBe(true);
  expect(await lab.until(STEP_MAX_MS, () => lab.calls.talking === 0)).toBe(true);
  expect(ends()).toMatchObject({ answered: 1, refused: 0, lostInLine: 0, noSign: 0 });
});

test('[PQ1] those who wait at south are all served, in turn, and nothing is left of them', async () => {
  expect(await lab.until(STEP_MAX_MS, areReady)).toBe(true);
  for (let n = 0; n < CALLERS; n++) lab.callers.call(SALES_QUEUE, 'south');
  const isServed = () => ends().answered === 1 + CALLERS && lab.calls.talking === 0;
  expect(await lab.until(ALL_SERVED_MAX_MS, isServed), JSON.stringify(ends())).toBe(true);
  expect(ends()).toMatchObject({ refused: 0, gaveUp: 0, lostInLine: 0, noSign: 0 });
  expect(await lab.until(STEP_MAX_MS, areReady)).toBe(true);
}, 120_000);
