/**
 * A carrier's gateway of others in front of both sites: Kamailio, which knows their two SIP addresses, probes them by
 * OPTIONS and fails over by itself. Calls go on while a site is killed, drained or hangs, and nothing is changed at it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DESK_APPLICATION } from '@holdfast/centre';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freePorts } from './free-ports.ts';
import { KamailioGateway } from './peers/kamailio-gateway.ts';
import type { LabPhone } from './peers/lab-phone.ts';
import { PeerLab, type PeerSite, QUEUE_WITH_RINGING, robotTone } from './peers/peer-lab.ts';
import { until } from './peers/processes.ts';
import { Sipp } from './peers/sipp.ts';
import { CALLER_BEHIND_PROXY } from './peers/sipp-scenarios.ts';
import type { SiteOperator } from './site-operator.ts';

const ROBOTS = 4;
const CALLS = 6;
const CALLER_HZ = 500;
/** Probing takes some seconds, and the machine may be busy with other things. */
const NOTICED_MAX_MS = 20_000;
const MOVED_MAX_MS = 30_000;
/** In turn: the second attempt is at the other site, unless another call came between. */
const ATTEMPTS_MAX = 4;
const ANSWER_MAX_MS = 4_000;

let lab: PeerLab;
let gateway: KamailioGateway;
let runs = 0;
beforeAll(async () => {
  const recovery = {
    'disaster-recovery.enabled': 'true',
    'disaster-recovery.timeout': '2',
    'disaster-recovery.wait-for-sipphone-timeout': '2',
    'disaster-recovery.restore-agent-state': 'true',
  };
  const lease = { holdfast: { 'stamp-period': '400', 'lease-length': '1600' } };
  lab = await PeerLab.start({
    robots: ROBOTS,
    options: () => ({
      [`Application/${DESK_APPLICATION}`]: { 'interaction-workspace': recovery },
      'Application/sip-north': lease,
      'Application/sip-south': lease,
    }),
  });
  const sites = [lab.sipPorts.north, lab.sipPorts.south];
  gateway = await KamailioGateway.start({
    ...{ folder: join(lab.folder, 'gateway'), port: lab.gatewayPort, sites },
  });
  await gatewayGives({ north: true, south: true });
}, 60_000);
const callers: LabPhone[] = [];
const operators: SiteOperator[] = [];
afterEach(async () => {
  await Promise.all(callers.splice(0).map((caller) => caller.close()));
  for (const operator of operators.splice(0)) operator.close();
});
afterAll(() => lab?.stop(), 20_000);

function gatewayGives(wanted: Readonly<Record<PeerSite, boolean>>): Promise<void> {
  return until(`the gateway gives calls as ${JSON.stringify(wanted)} says`, NOTICED_MAX_MS, async () => {
    const [north, south] = [lab.sipPorts.north, lab.sipPorts.south];
    return (await gateway.gives(north)) === wanted.north && (await gateway.gives(south)) === wanted.south;
  });
}

/** sipp as the carrier's subscribers, each of whom must be answered and may hang up. Whose SIP Server answered. */
async function callsComeIn(): Promise<Readonly<Record<PeerSite, boolean>>> {
  const [port] = (await freePorts(1)) as [number];
  const caller = Sipp.start({
    ...{ scenario: { xml: CALLER_BEHIND_PROXY }, port, remote: `127.0.0.1:${lab.gatewayPort}` },
    ...{ service: QUEUE_WITH_RINGING, calls: CALLS, rate: 2, durationMs: 200 },
    folder: join(lab.folder, `sipp-${++runs}`),
  });
  expect(await caller.report(40_000)).toMatchObject({ code: 0, successful: CALLS, failed: 0, errors: '' });
  const answeredBy = (site: PeerSite) =>
    new RegExp(`^Contact: <sip:127\\.0\\.0\\.1:${lab.sipPorts[site]}>`, 'm').test(caller.messages);
  return { north: answeredBy('north'), south: answeredBy('south') };
}

/** A caller behind the gateway who talks to an agent at that site. */
async function talkAt(site: PeerSite): Promise<{ readonly caller: LabPhone; readonly agentHz: number }> {
  const sites = [{ site: 'gateway', port: lab.gatewayPort }];
  const caller = await lab.phone({
    ...{ number: 'subscriber', password: '', scheme: 'none', port: 0, toneHz: CALLER_HZ, sites },
  });
  callers.push(caller);
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const answered = await caller.call(QUEUE_WITH_RINGING, 'gateway', ANSWER_MAX_MS).catch(() => undefined);
    if (answered === undefined) {
      // It waits in line at the other site, to which no agent has returned yet.
      await caller.hangUp();
      continue;
    }
    const talks = () => lab.robots.findIndex(({ view }) => view?.calls.length === 1);
    await until('an agent has the call', 5_000, () => talks() >= 0);
    const agentHz = robotTone(talks());
    await caller.hears(agentHz);
    if (lab.robots[talks()]?.view?.site === site) return { caller, agentHz };
    await caller.hangUp();
    await until('the agent has hung up too', 5_000, () => talks() < 0);
  }
  throw new Error(`no call came to ${site}`);
}

const agentsAreReady = () =>
  until('every agent is Ready', MOVED_MAX_MS, () =>
    lab.robots.every(({ view }) => view?.state === 'Ready' && view.site !== null),
  );

const logOf = (site: PeerSite) => readFileSync(join(lab.folder, site, `${site}.log`), 'utf8');

test('calls come to both sites in turn', async () => {
  expect(await callsComeIn()).toEqual({ north: true, south: true });
}, 60_000);

test('a site is killed: new calls go on at the other at once, and the call that stood there goes on and is ended', async () => {
  const { caller, agentHz } = await talkAt('north');
  const before = caller.sound.figures;
  lab.sites.north.kill();
  // The gateway has noticed nothing yet: it hears no answer and tries the other site.
  expect(await callsComeIn()).toEqual({ north: false, south: true });
  await gatewayGives({ north: false, south: true });
  await until('the other site has taken the call over', MOVED_MAX_MS, () =>
    logOf('south').includes('"what":"call adopted"'),
  );
  await caller.hears(agentHz);
  expect(caller.sound.figures.received).toBeGreaterThan(before.received);
  const { gapMaxMs } = caller.sound.figures;
  // By the gateway's Record-Route to the site that has the call now.
  expect(await caller.hangUp()).toMatchObject({ by: 'local', status: 0, wasEstablished: true });
  await until('no agent has a call', 5_000, () => lab.robots.every(({ view }) => view?.calls.length === 0));
  console.log(JSON.stringify({ gateway: 'kamailio', fault: 'site killed in a call', rtpGapMs: gapMaxMs }));

  await lab.sites.north.start();
  await gatewayGives({ north: true, south: true });
  await agentsAreReady();
}, 120_000);

test('a site is drained: its OPTIONS says so, it gets no new call, the call that stands there is ended by its people', async () => {
  const operator = await lab.operatorAt('south');
  operators.push(operator);
  const { caller, agentHz } = await talkAt('south');
  expect(await operator.ask({ type: 'GracefulShutdown', on: true })).toBe('done');
  await gatewayGives({ north: true, south: false });
  expect(await callsComeIn()).toEqual({ north: true, south: false });
  await caller.hears(agentHz);
  expect(await caller.hangUp()).toMatchObject({ by: 'local', status: 0, wasEstablished: true });

  expect(await operator.ask({ type: 'GracefulShutdown', on: false })).toBe('done');
  await gatewayGives({ north: true, south: true });
  await agentsAreReady();
}, 120_000);

test('a site that has hung answers nothing: each call goes to the other after the time-out of the gateway', async () => {
  lab.sites.north.hang();
  try {
    expect(await callsComeIn()).toEqual({ north: false, south: true });
    await gatewayGives({ north: false, south: true });
  } finally {
    // What waits unread in its sockets would come to life with it.
    lab.sites.north.kill();
  }
}, 60_000);
