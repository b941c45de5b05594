/**
 * A pair of SIP Servers as real processes under their supervisor, whose primary is killed, or stopped, in the middle of
 * its work. What the takeover took is printed, one JSON object a line; asserted are generous bounds.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GUEST } from '@holdfast/centre';
import type { DeskSession } from '@holdfast/shell';
import { openDesk } from '@holdfast/shell';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { OneSite } from './one-site.ts';
import { until } from './peers/processes.ts';
import { TrunkCaller } from './trunk-caller.ts';

/** A robot phone answers at once. */
const CALLED = '7002';
const QUEUE = '8000';
/** Between two attempts of whoever measures. */
const EVERY_MS = 20;
/** Generous: two cores are shared with others. */
const TAKEOVER_MAX_MS = 10_000;

let site: OneSite;
let caller: TrunkCaller;
const desks: DeskSession[] = [];
/** Names of all events that a desk was told. */
const told: string[] = [];

beforeEach(async () => {
  site = await OneSite.make({
    ...{ agents: 4, restarts: true, isPair: true },
    options: {
      'Application/sip-north': { holdfast: { 'stamp-period': '500', 'lease-length': '2000' } },
      'Application/workspace': { 'interaction-workspace': { 'warm-standby.retry-delay': '1' } },
    },
  });
  await site.processes.start();
  caller = await TrunkCaller.open(site.ports.gateway, site.ports.sip[0]);
}, 40_000);

afterEach(async () => {
  caller.close();
  if (process.env.KEEP) console.log(JSON.stringify(desks[0]?.view));
  for (const desk of desks.splice(0)) await desk.stop();
  told.length = 0;
  await site.end();
  if (process.env.KEEP) console.log(site.folder, JSON.stringify(desks[0]?.view), told.join(' '));
  else site.remove();
}, 20_000);

const log = () => readFileSync(site.logFile, 'utf8');
const lines = () =>
  log()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** Whoever serves now. */
function primary(): string {
  const serving = lines().filter(({ what }) => what === 'serves');
  return String(serving.at(-1)?.application);
}

const takeovers = () => lines().filter(({ what }) => what === 'serves').length;

async function deskOf(user: string): Promise<DeskSession> {
  const file = join(site.folder, `bootstrap-${user}.json`);
  const nodes = [`127.0.0.1:${site.ports.config[0]}`];
  const sites = {
    preferred: { application: 'workspace', nodes },
    peer: { application: 'workspace', nodes: [`127.0.0.1:${site.ports.config[1]}`] },
  };
  writeFileSync(file, JSON.stringify({ environment: 'test', hotSeating: false, sites }));
  const opening = await openDesk({
    ...{ user, password: 'fake-password', bootstrap: file, dataFolder: join(site.folder, `desk-${user}`) },
    firstLogin: 'nothingBefore',
    listeners: { dn: ({ name }) => void told.push(`${user} ${name}`) },
  });
  if (!opening.ok) throw new Error(opening.problems.join('\n'));
  desks.push(opening.desk);
  return opening.desk;
}

interface Measured {
  readonly newCallMs: number;
  readonly inDialogMs: number;
}

/** Does it, and measures how long nobody was served from then on. */
async function measured(what: string, fault: () => void): Promise<Measured> {
  const standing = await caller.call(CALLED, 200, 5_000);
  const before = takeovers();
  const from = performance.now();
  fault();
  const since = () => Math.round(performance.now() - from);
  const [inDialogMs, newCallMs] = await Promise.all([
    caller.hangUp(standing, EVERY_MS, TAKEOVER_MAX_MS).then(since),
    caller.call(CALLED, EVERY_MS, TAKEOVER_MAX_MS).then(since),
  ]);
  await until('it is logged', 1_000, () => takeovers() === before + 1);
  console.log(JSON.stringify({ pair: what, newCallMs, inDialogMs }));
  return { newCallMs, inDialogMs };
}

test('[PR7] the primary is killed: calls, registrations and log-ins stand, and its mate serves', async () => {
  const agent = await site.registeredPhone('7001', 100);
  await site.registeredPhone(CALLED, 0);
  const desk = await deskOf('agent7001');
  await until('the agent is logged in', 15_000, () => desk.view?.site === 'north');
  desk.command({ type: 'ready' });
  await until('the agent is Ready', 5_000, () => desk.view?.state === 'Ready');
  const customer = await site.registeredPhone(GUEST.dn, 0);
  await customer.call(QUEUE, 'north');
  await until('the mate is in step', 5_000, () => log().includes('mate in step'));
  const former = primary();
  const formerPid = site.processes.pidOf(former);

  const { newCallMs, inDialogMs } = await measured('SIGKILL', () => process.kill(formerPid, 'SIGKILL'));
  expect(Math.max(newCallMs, inDialogMs)).toBeLessThan(5_000);
  expect(primary()).not.toBe(former);

  // The call that stood: a re-INVITE of the one end, and the end by the other.
  const after = customer.facts.length;
  customer.command({ name: 'hold' });
  await until('the agent is held', 5_000, () => agent.facts.some(({ name }) => name === 'held'));
  expect(customer.facts.slice(after).filter(({ name }) => name === 'ended')).toEqual([]);
  await agent.hangUp();
  await customer.fact('ended', { after });

  // The desk is back, and takes the next call.
  await until('the agent is Ready again', 15_000, () => desk.view?.state === 'Ready');
  expect(told).toContain('agent7001 EventAgentLogin');
  expect(told).not.toContain('agent7001 EventAgentLogout');
  await customer.call(QUEUE, 'north');
  await customer.hangUp();

  // Its supervisor has started the former primary anew, which follows as standby.
  await until('the former primary is back', 10_000, () => site.processes.pidOf(former) !== formerPid);
  await until('it follows', 10_000, () => log().split('mate in step').length > 2);
  expect(primary()).not.toBe(former);
}, 60_000);
