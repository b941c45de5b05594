import { GUEST } from '@holdfast/centre';
import type { DeskSession } from '@holdfast/shell';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { OneSite } from './one-site.ts';
import { MEMBERS, PairLog } from './pair-log.ts';
import type { LabPhone } from './peers/lab-phone.ts';
import { until } from './peers/processes.ts';
import { isAlive, send } from './process-tree.ts';
import { pause } from './site-processes.ts';
import { TrunkCaller } from './trunk-caller.ts';
import { unservedTimes } from './unserved-times.ts';

const AGENT = '7001';
/** Their phones answer at once. */
const CALLED = '7002';
const TALKING = '7003';
const QUEUE = '8000';
/** Far below the lease of 600 ms, also after a request that was just answered. */
const SHORT_STOP_MS = 100;

let site: OneSite;
let pair: PairLog;
let caller: TrunkCaller;
let agent: LabPhone;
let customer: LabPhone;
let desk: DeskSession;
/** Names of all events that the desk was told. */
const told: string[] = [];

beforeAll(async () => {
  site = await OneSite.make({
    ...{ agents: 4, restarts: true, isPair: true },
    options: { 'Application/sip-north': { holdfast: { 'stamp-period': '500', 'lease-length': '2000' } } },
  });
  pair = new PairLog(site.logFile);
  await site.processes.start();
  caller = await TrunkCaller.open(site.ports.gateway, site.ports.sip[0]);
  agent = await site.registeredPhone(AGENT, 100);
  await site.registeredPhone(CALLED, 0);
  await site.registeredPhone(TALKING, 0);
  customer = await site.registeredPhone(GUEST.dn, 0);
  desk = await site.desk('agent7001', { dn: ({ name }) => void told.push(name) });
  await until('the agent is logged in', 15_000, () => desk.view?.site === 'north');
  desk.command({ type: 'ready' });
  await agentIs('Ready');
}, 60_000);

/** What the last test has killed is there again. */
beforeEach(() => until('the mate is in step', 20_000, () => mateIs() === 'mate in step'), 30_000);

afterAll(async () => {
  await desk?.stop();
  caller?.close();
  await site.end();
  site.remove();
}, 20_000);

const agentIs = (state: string) => until(`the agent is ${state}`, 15_000, () => desk.view?.state === state);

const mateIs = () => pair.mateIs();

/** Does it, and measures how long nobody was served from then on. */
async function measured(what: string, fault: () => void): Promise<void> {
  const times = await unservedTimes({ caller, pair, standing: TALKING, called: CALLED, fault });
  console.log(JSON.stringify({ pair: what, ...times }));
}

/** A call between a caller in line and the agent; `fault` happens while they talk. */
async function throughoutCall(fault: () => Promise<void>): Promise<void> {
  await callAgent();
  const [after, agentAfter] = [customer.facts.length, agent.facts.length];
  await fault();
  customer.command({ name: 'hold' });
  await until('the re-INVITE reaches the other end', 5_000, () =>
    agent.facts.slice(agentAfter).some(({ name }) => name === 'held'),
  );
  expect(customer.facts.slice(after).filter(({ name }) => name === 'ended')).toEqual([]);
  await agent.hangUp();
  await customer.fact('ended', { after });
}

/** Until the two talk: in line the caller hears music, and is answered for that. */
async function callAgent(): Promise<void> {
  await agentIs('Ready');
  const after = agent.facts.length;
  await customer.call(QUEUE, 'north');
  await agent.fact('established', { after });
}

async function agentTakesNextCall(): Promise<void> {
  await callAgent();
  await customer.hangUp();
  expect(told).not.toContain('EventAgentLogout');
}

test('[PR7] the primary is killed: calls, registrations and log-ins stand, and its mate serves', async () => {
  const former = pair.primary;
  const pid = site.processes.pidOf(former);
  await throughoutCall(() => measured('SIGKILL', () => send(pid, 'SIGKILL')));
  expect(pair.primary).not.toBe(former);
  await agentTakesNextCall();
  // Its supervisor has started it anew, and it follows.
  await until('it is back as standby', 20_000, () => mateIs() === 'mate in step');
  expect(site.processes.pidOf(former)).not.toBe(pid);
  expect(pair.primary).not.toBe(former);
}, 60_000);

test('[PR7] the primary is stopped: it is killed before its mate is granted the role, and does not come back to life', async () => {
  const former = pair.primary;
  const pid = site.processes.pidOf(former);
  await throughoutCall(() => measured('SIGSTOP', () => send(pid, 'SIGSTOP')));
  expect(pair.primary).not.toBe(former);
  expect(isAlive(pid)).toBe(false);
  send(pid, 'SIGCONT');
  await agentTakesNextCall();
}, 60_000);

test('[PR7] the primary is stopped for a moment: it goes on as the one that it was', async () => {
  const former = pair.primary;
  const [pid, before] = [site.processes.pidOf(former), pair.served];
  await throughoutCall(async () => {
    send(pid, 'SIGSTOP');
    await pause(SHORT_STOP_MS);
    send(pid, 'SIGCONT');
  });
  await agentTakesNextCall();
  expect([pair.primary, site.processes.pidOf(former), pair.served]).toEqual([former, pid, before]);
}, 60_000);

test('[PR7] the standby is killed: nobody notices, and it comes back', async () => {
  const before = pair.served;
  const pid = site.processes.pidOf(pair.standby);
  await throughoutCall(async () => {
    send(pid, 'SIGKILL');
    await until('the primary has lost its mate', 5_000, () => mateIs() !== 'mate in step');
  });
  await agentTakesNextCall();
  expect(pair.served).toBe(before);
}, 60_000);

test('[PR7] the supervisor is killed: its pair goes on, each confirming the other', async () => {
  const before = pair.served;
  const supervisor = site.processes.pidOf('supervisor-north');
  await throughoutCall(async () => {
    send(supervisor, 'SIGKILL');
    await until('it has ended', 5_000, () => !isAlive(supervisor));
    // Longer than a lease that the arbiter would have to renew.
    await pause(2_000);
  });
  await caller.hangUp(await caller.call(CALLED, 200, 5_000), 200, 5_000);
  expect(pair.served).toBe(before);
  for (const name of MEMBERS) expect(isAlive(site.processes.pidOf(name))).toBe(true);
}, 60_000);

test('[PR7] the whole site is killed and starts again: by its record one of the two is primary', async () => {
  const before = pair.served;
  site.processes.kill();
  await site.processes.start();
  await until('one serves and the other follows', 20_000, () => mateIs() === 'mate in step');
  expect(pair.served).toBe(before + 1);
}, 60_000);
