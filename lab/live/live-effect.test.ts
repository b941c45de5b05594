/**
 * Two sites as real processes, and robots at work: what is edited in the files of both sites is at the desks within a
 * second, counts from then on, and takes nobody's work away.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DESK_APPLICATION } from '@holdfast/centre';
import { type ConfigObject, objectKey } from '@holdfast/protocol';
import { writeConfiguration } from '@holdfast/server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { siteFolders } from './lab-configuration.ts';
import type { LabDecision } from './lab-watch.ts';
import { LiveLab, SITES } from './live-lab.ts';
import { SHORT } from './times.ts';

const SERVER_BUNDLE = fileURLToPath(new URL('../../.build/server.mjs', import.meta.url));
/** CS17: of the change, at every desk. */
const TOLD_MAX_MS = 1_000;
const STEP_MAX_MS = 20_000;
/** Its home is north, and its phone is at both sites all the time. */
const DUAL = 'agent7003';

let lab: LiveLab;
let objects: readonly ConfigObject[];
const decisions: LabDecision[] = [];

beforeAll(async () => {
  if (!existsSync(SERVER_BUNDLE)) throw new Error('.build/server.mjs is missing: run node scripts/setup.mjs');
  const written: ConfigObject[] = [];
  lab = await LiveLab.make({
    ...{ agents: 6, seed: 1, times: SHORT, families: 'workspace', restarts: true, withSound: 0 },
    configure: (object) => {
      written.push(object);
      return object;
    },
    onDecision: (decision) => decisions.push(decision),
    serverEntry: SERVER_BUNDLE,
  });
  objects = written;
  await lab.start();
  expect(await lab.until(STEP_MAX_MS, areAllAtHome)).toBe(true);
}, 60_000);
afterAll(() => lab.stop());

const areAllAtHome = () => lab.robots.every((robot) => lab.worksAt(robot, robot.options.home));

/** Sets options of an object in the files of both sites, and has them read again. */
async function edit(key: string, options: Readonly<Record<string, string>>): Promise<void> {
  objects = objects.map((object) => {
    if (objectKey(object) !== key) return object;
    const section = { ...object.options['interaction-workspace'], ...options };
    return { ...object, options: { ...object.options, 'interaction-workspace': section } };
  });
  for (const site of SITES) await writeConfiguration(siteFolders(lab.folder, site).files, objects, 'json');
  for (const site of SITES) process.kill(lab.sites[site].pidOf(`config-${site}`), 'SIGHUP');
}

const setTimeoutTo = (seconds: number) =>
  edit(`Application/${DESK_APPLICATION}`, { 'disaster-recovery.timeout': String(seconds) });

test('[DS24] [CS17] an edited time-out is at every desk within a second, and nobody is interrupted', async () => {
  await setTimeoutTo(60);
  const governs = () => lab.robots.map(({ view }) => `${view?.governing?.name} ${view?.governing?.value}`);
  const isTold = () => governs().every((option) => option === 'disaster-recovery.timeout 60 s');
  expect(await lab.until(TOLD_MAX_MS, isTold), governs().join('; ')).toBe(true);
  expect(areAllAtHome()).toBe(true);
});

test('[DS24] whoever waits by the former one waits by the new one, and the decision says so', async () => {
  const ofNorth = lab.robots.filter(({ options }) => options.home === 'north');
  lab.sites.north.killForLong('sip-north');
  try {
    const isWaiting = () => ofNorth.every(({ view }) => view?.wait?.option.value === '60 s');
    expect(await lab.until(STEP_MAX_MS, isWaiting)).toBe(true);
    const before = decisions.length;
    await setTimeoutTo(4);
    const judged = () => decisions.slice(before).filter(({ what }) => what === 'judgeAnew');
    expect(await lab.until(TOLD_MAX_MS, () => judged().length === ofNorth.length)).toBe(true);
    expect(judged()[0]).toMatchObject({
      site: 'north',
      because: { rule: 'DS24', option: { name: 'disaster-recovery.timeout', value: '4 s' } },
    });
    expect(await lab.until(STEP_MAX_MS, () => ofNorth.every((robot) => lab.worksAt(robot, 'south')))).toBe(
      true,
    );
  } finally {
    await lab.sites.north.bringBack('sip-north');
  }
  expect(await lab.until(STEP_MAX_MS, areAllAtHome)).toBe(true);
}, 90_000);

test('[DS25] whose preferred site has become another goes there at the next idle moment', async () => {
  const robot = lab.robot(DUAL);
  expect(robot.options).toMatchObject({ home: 'north', scheme: 'dual' });
  robot.command({ type: 'windowOpen', window: 'w1' });
  const before = decisions.length;
  await edit(`Person/${DUAL}`, {
    'disaster-recovery.preferred-site': 'south',
    'disaster-recovery.peer-site': 'north',
  });
  const isTold = () => robot.view?.banner.includes('Your own site is south now') === true;
  expect(await lab.until(TOLD_MAX_MS, isTold), robot.view?.banner).toBe(true);
  // Longer than the site has to prove steady: the window keeps it.
  expect(await lab.until(3_000, () => !lab.worksAt(robot, 'north'))).toBe(false);
  robot.command({ type: 'windowClosed', window: 'w1' });
  expect(await lab.until(STEP_MAX_MS, () => lab.worksAt(robot, 'south'))).toBe(true);
  const because = {
    rule: 'DS25',
    option: { name: 'disaster-recovery.preferred-site', value: 'south', source: `Person/${DUAL}` },
  };
  const own = decisions.slice(before).filter(({ agent }) => agent === DUAL);
  expect(own.filter(({ what }) => what === 'rehome')).toMatchObject([{ site: 'south', because }]);
  expect(own.filter(({ what }) => what === 'return')).toMatchObject([{ site: 'south', because }]);
  const others = lab.robots.filter(({ name }) => name !== DUAL);
  expect(others.every((one) => lab.worksAt(one, one.options.home))).toBe(true);
}, 60_000);
