/**
 * linphone makes an attended transfer with its own command: it holds the customer, calls a colleague, and joins the two by REFER
 * with Replaces (RFC 5589 §7). Its agent's desk does the same by InitiateTransfer and CompleteTransfer, where each phone is one
 * of others. Who are joined hear each other, also where the primary of the pair is killed on the way (SIGKILL).
 */
import { join } from 'node:path';
import type { DeskSession } from '@holdfast/shell';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { killPrimary, mateInStep } from './kill-primary.ts';
import { PHONE_PASSWORD, REALM } from './lab-configuration.ts';
import { OneSite } from './one-site.ts';
import { PairLog } from './pair-log.ts';
import type { LabPhone } from './peers/lab-phone.ts';
import { Linphone } from './peers/linphone.ts';
import { stopPrograms, until } from './peers/processes.ts';
import { hasHeard } from './peers/recorded-tone.ts';
import { pause } from './site-processes.ts';

/** What our phones send; each of the others has a tone of its own. */
const OURS_HZ = 440;
const AGENT = { number: '7001', toneHz: 1_000 };
const COLLEAGUE = { number: '7002', toneHz: 760 };
const CUSTOMER = { number: '7003', toneHz: 580 };
/** Two seconds, 20 ms each. */
const PACKETS_ENOUGH = 100;
const STEP_MAX_MS = 10_000;
/** What happens in a recording is read when it is over: so long do two talk on, and its last seconds are judged. */
const LISTENED_MS = 2_500;

let site: OneSite;
let pair: PairLog;
let agent: Linphone;
let colleague: Linphone;
let customer: Linphone;
/** One of ours, which tells at once what it hears. */
let observer: LabPhone;
let desk: DeskSession;
/** Whether the desk's session with the SIP Server stands. */
let isConnected = false;

beforeAll(async () => {
  site = await OneSite.make({ agents: 4, restarts: true, isPair: true });
  pair = new PairLog(site.logFile);
  await site.processes.start();
  [agent, colleague, customer] = await Promise.all([
    linphone(AGENT, 'agent'),
    linphone(COLLEAGUE, 'colleague'),
    linphone(CUSTOMER, 'customer'),
  ]);
  observer = await site.registeredPhone('7004', 0);
  desk = await site.desk('agent7001', {
    session({ name }) {
      isConnected = name === 'EventLinkConnected';
    },
  });
  await until('the agent is logged in', 15_000, () => desk.view?.site === 'north');
}, 60_000);

beforeEach(() => mateInStep(pair), 30_000);

afterAll(async () => {
  await desk?.stop();
  await stopPrograms();
  await site.end();
  site.remove();
}, 20_000);

async function linphone(
  { number, toneHz }: { readonly number: string; readonly toneHz: number },
  folder: string,
): Promise<Linphone> {
  const phone = await Linphone.start({
    ...{ folder: join(site.folder, folder), number, password: PHONE_PASSWORD, realm: REALM, toneHz },
    ...{ registrars: [site.ports.sip[0]], registerEveryS: 30 },
  });
  await phone.registered();
  return phone;
}

const uriOf = (number: string) => `sip:${number}@127.0.0.1:${site.ports.sip[0]}`;

/** The agent holds whoever has called, and talks with the colleague: the two calls, by linphone's numbers. */
async function consults(): Promise<readonly [number, number]> {
  const [first] = await callsOfAgent(1);
  agent.command('pause');
  await agent.program.until('it holds', STEP_MAX_MS, () => agent.holds(first as number));
  agent.dial(uriOf(COLLEAGUE.number));
  const [, second] = await callsOfAgent(2);
  return [first as number, second as number];
}

async function callsOfAgent(count: number): Promise<readonly number[]> {
  await agent.program.until(`it has ${count} calls`, STEP_MAX_MS, () => agent.standing.length === count);
  return agent.standing;
}

async function isLetGo(): Promise<void> {
  await callsOfAgent(0);
  await until('its desk has no call', STEP_MAX_MS, () => desk.view?.calls.length === 0);
}

/** Ours and the colleague hear each other; ours hangs up. */
async function observerIsWithColleague(before: Int16Array): Promise<void> {
  await observer.hears(COLLEAGUE.toneHz, STEP_MAX_MS);
  const { received } = observer.sound.figures;
  await until('two seconds of sound', STEP_MAX_MS, () => {
    return observer.sound.figures.received >= received + PACKETS_ENOUGH;
  });
  await observer.hangUp();
  await until('the colleague has hung up too', STEP_MAX_MS, () => colleague.calls === 0);
  await hasHeard(colleague, OURS_HZ, before, 'at the end');
}

test('[SS84] the phone joins its two calls and is let go; customer and colleague hear each other', async () => {
  const before = colleague.heard();
  await observer.call(AGENT.number, 'north');
  await observer.hears(AGENT.toneHz);
  const [first, second] = await consults();
  agent.joins(first, second);
  await isLetGo();
  await observerIsWithColleague(before);
}, 40_000);

test('[SS84] [SS53] the primary is killed in the consultation: the phone joins the two at its mate', async () => {
  const before = colleague.heard();
  await observer.call(AGENT.number, 'north');
  const [first, second] = await consults();
  await killPrimary(site, pair);
  expect(agent.standing).toEqual([first, second]);
  agent.joins(first, second);
  await isLetGo();
  await observerIsWithColleague(before);
}, 60_000);

test('[SS84] [SS85] the primary is killed before the customer has agreed: the mate turns the two to each other', async () => {
  const before = [customer.heard(), colleague.heard()] as const;
  customer.dial(uriOf(AGENT.number));
  const [first, second] = await consults();
  // It is silent from now on, so that what it is asked stays open.
  customer.program.signal('SIGSTOP');
  try {
    agent.joins(first, second);
    await isLetGo();
    await killPrimary(site, pair);
  } finally {
    customer.program.signal('SIGCONT');
  }
  await customerIsWithColleague(before);
}, 60_000);

test('[SS86] [SS85] the primary is killed while a transfer waits for the answer to a hold: the mate goes on with both', async () => {
  const before = [customer.heard(), colleague.heard()] as const;
  customer.dial(uriOf(AGENT.number));
  await callsOfAgent(1);
  const ConnID = await shownAtDesk();
  customer.program.signal('SIGSTOP');
  try {
    const taken = agent.received('SIP/2.0 100');
    agent.command('pause');
    await agent.program.until('its hold is taken', STEP_MAX_MS, () => agent.received('SIP/2.0 100') > taken);
    desk.command({ type: 'transfer', ConnID, destination: COLLEAGUE.number });
    await killPrimary(site, pair);
    expect([agent.calls, colleague.calls]).toEqual([1, 0]);
  } finally {
    customer.program.signal('SIGCONT');
  }
  await isLetGo();
  await customerIsWithColleague(before);
}, 60_000);

test('[SS87] [SS86] the desk of the agent consults and joins, at phones of others alone', async () => {
  const before = [customer.heard(), colleague.heard()] as const;
  customer.dial(uriOf(AGENT.number));
  const [ConnID, consultConnID] = await deskConsults();
  desk.command({ type: 'completeTransfer', ConnID, consultConnID });
  await isLetGo();
  await customerIsWithColleague(before);
}, 40_000);

test('[SS87] [SS53] the primary is killed in the consultation that the desk has asked for: it joins at the mate', async () => {
  const before = [customer.heard(), colleague.heard()] as const;
  customer.dial(uriOf(AGENT.number));
  const [ConnID, consultConnID] = await deskConsults();
  isConnected = false;
  await killPrimary(site, pair);
  await until('the desk is at the mate', STEP_MAX_MS, () => isConnected);
  expect(desk.view?.calls.map((call) => call.ConnID)).toEqual([ConnID, consultConnID]);
  desk.command({ type: 'completeTransfer', ConnID, consultConnID });
  await isLetGo();
  await customerIsWithColleague(before);
}, 60_000);

async function shownAtDesk(): Promise<string> {
  const call = () => desk.view?.calls[0];
  await until('the desk shows the call', STEP_MAX_MS, () => call()?.state === 'Established');
  return call()?.ConnID as string;
}

/** The agent's phone is called for the consultation, and the agent answers it: the ConnIDs of both calls. */
async function deskConsults(): Promise<readonly [string, string]> {
  const calls = () => desk.view?.calls ?? [];
  const [first] = await callsOfAgent(1);
  const ConnID = await shownAtDesk();
  desk.command({ type: 'consult', ConnID, destination: COLLEAGUE.number });
  await agent.program.until('its second line rings', STEP_MAX_MS, () => agent.ringing.length === 1);
  agent.answers(agent.ringing[0] as number);
  const consultation = () => calls().find(({ CallType }) => CallType === 'Consult');
  await until('the colleague has answered', STEP_MAX_MS, () => consultation()?.state === 'Established');
  // The phone of its own accord, when it answers the second.
  await agent.program.until('it holds the first', STEP_MAX_MS, () => agent.holds(first as number));
  return [ConnID, consultation()?.ConnID as string];
}

/** Both are phones of others, and have recorded each other when it is over. */
async function customerIsWithColleague(
  before: readonly [customer: Int16Array, colleague: Int16Array],
): Promise<void> {
  await pause(LISTENED_MS);
  expect([customer.calls, colleague.calls]).toEqual([1, 1]);
  customer.hangUp();
  await until('both have hung up', STEP_MAX_MS, () => customer.calls + colleague.calls === 0);
  await hasHeard(customer, COLLEAGUE.toneHz, before[0], 'at the end');
  await hasHeard(colleague, CUSTOMER.toneHz, before[1], 'at the end');
}
