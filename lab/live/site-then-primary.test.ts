/**
 * A site dies while its agents talk and callers wait, and before anything of that may go on at the other, whose SIP Server
 * is a pair, the primary there is killed too.
 */
import { fileURLToPath } from 'node:url';
import { SALES_QUEUE } from '@holdfast/centre';
import { expect, test } from 'vitest';
import type { LiveLab } from './live-lab.ts';
import { runScenario } from './run-scenario.ts';
import { underControl } from './scenarios/calls-survive-site.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { home, restMax, type Scenario, SLACK_MS } from './scenarios/scenario.ts';
import { callsStand } from './scenarios/standing-calls.ts';
import { CROWD } from './times.ts';

const SERVER_BUNDLE = fileURLToPath(new URL('../../.build/server.mjs', import.meta.url));
/** Fifteen at north, of whom all but one talk. */
const AGENTS = 16;
const WAITING = 4;
/** Shorter than the time-out of a desk and than a lease: nothing of north may go on at south yet. */
const PRIMARY_OUTLIVES_MS = 2_000;
/** South follows a moment behind (LG4). */
const FOLLOWED_MS = 2_000;
/** Before the phones find by themselves that nobody is in control (30 s until they ask, 32 s for the answer). */
const CONTROL_MAX_MS = 50_000;
const OWN_CHECKS = ['calls-stood', 'mate-serves', 'calls-go-on', 'line-served', 'every-call-kept'] as const;
/** In all, with the start and the end of both sites, on a busy machine too. */
const RUN_MAX_MS = 150_000;

const pair = SCENARIOS.find(({ name }) => name === 'pair-takeover') as Scenario;

test('[SS54] [AD13] a site dies, and then the primary of the other: calls that stood go on there, and callers in line are served', async () => {
  const times = { ...CROWD, siteTimeoutS: 10, phoneTimeoutS: 10 };
  const { checks, calls, queue } = await runScenario({
    scenario: { ...pair, name: 'site-then-primary', occupancy: 0.4, times, run: siteThenPrimaryDies },
    ...{ agents: AGENTS, seed: 1, serverEntry: SERVER_BUNDLE },
    end: AbortSignal.timeout(RUN_MAX_MS),
    say: () => {},
  });
  console.log(JSON.stringify({ site_then_primary: calls, queue }));
  expect(checks.map(({ name }) => name)).toEqual(expect.arrayContaining([...OWN_CHECKS]));
  expect(checks.filter(({ ok }) => !ok)).toEqual([]);
}, 180_000);

async function siteThenPrimaryDies(lab: LiveLab): Promise<void> {
  const standing = await callsStand(lab, 'north');
  // The one who is left is taken by the first of them.
  for (let caller = 0; caller <= WAITING; caller++) lab.callers.call(SALES_QUEUE, 'north');
  const line = () => lab.calls.line(lab.now());
  await lab.until(SLACK_MS, () => line().waiting === WAITING);
  await lab.until(FOLLOWED_MS, () => false);
  const talking = lab.robots.filter(
    (robot) => home(robot) === 'north' && lab.watch.callsOf(robot.name).length > 0,
  );
  lab.check(
    'calls-stood',
    standing.count() >= standing.wanted && line().waiting === WAITING,
    `${standing.count()} of ${standing.wanted} talked at north, and ${line().waiting} waited`,
  );
  const servedBefore = line().served ?? 0;
  lab.callersArePatient = true;
  lab.kill('north');
  await lab.until(PRIMARY_OUTLIVES_MS, () => false);
  const failed = await lab.failPrimary('south', 'killed');
  let serving = failed.application;
  while (serving === failed.application && lab.now() < failed.at + 2 * SLACK_MS)
    serving = await lab.sites.south.serving('sip-south');
  const servesAt = lab.now();
  lab.check(
    'mate-serves',
    serving !== failed.application,
    `${serving} serves after ${Math.round(servesAt - failed.at)} ms`,
  );
  const controlledAt = await underControl(lab, talking, CONTROL_MAX_MS);
  const earlier = [...controlledAt.values()].filter((at) => at < servesAt).length;
  lab.check(
    'calls-go-on',
    controlledAt.size === talking.length && earlier === 0,
    `${controlledAt.size} of ${talking.length} desks had their call again at south, ${earlier} before its mate served`,
  );
  lab.nobodyHangsUp = false;
  await lab.until(3 * restMax(lab), () => (line().served ?? 0) - servedBefore >= WAITING);
  lab.check('line-served', (line().served ?? 0) - servedBefore >= WAITING, JSON.stringify(line()));
  await lab.until(4 * lab.options.times.talkMs, () => lab.calls.openSinceFault === 0);
  const { established, kept, lostBy, ended } = lab.calls.figures();
  lab.check(
    'every-call-kept',
    (established ?? 0) >= standing.wanted && kept === established && ended.lostInLine === 0,
    `of ${established} calls ${kept} were kept ${JSON.stringify(lostBy)}; ${ended.lostInLine} were lost in line`,
  );
}
