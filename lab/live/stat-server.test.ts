/**
 * One site as real processes, with a phone, a desk and a caller: what a board at the Stat Server sees of them, also
 * when the SIP Server or the Stat Server itself is killed.
 */
import { GUEST, SUPERVISOR } from '@holdfast/centre';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { OneSite } from './one-site.ts';
import { until } from './peers/processes.ts';
import { isAlive } from './process-tree.ts';
import { greeting, RawClient } from './raw-client.ts';
import { StatBoard } from './stat-board.ts';

const AGENT = 'agent7001';
const DN = '7001';
const QUEUE = '8001';
const QUEUE_NAME = '8001@north';
/** Figures are on the board in so much. */
const SEEN_MAX_MS = 1_000;
/** A process is started again, reads its configuration, and is followed or follows. */
const BACK_MAX_MS = 10_000;

let site: OneSite;
let token: string;
const boards: StatBoard[] = [];

beforeAll(async () => {
  site = await OneSite.make({ agents: 2, restarts: true });
}, 40_000);
beforeEach(async () => {
  await site.processes.start();
  token = await site.tokenOf(SUPERVISOR.user);
}, 30_000);
afterEach(async () => {
  for (const board of boards.splice(0)) board.close();
  await site.end();
});
afterAll(() => site.remove());

function boardOf(): StatBoard {
  const board = new StatBoard(site.ports.stats[0], token);
  boards.push(board);
  return board;
}

/** It rings and is not answered. */
const phoneOf = (number: string) => site.registeredPhone(number, 60_000);

/** The agent's desk, as far as it is needed: logged in, and silent about stamps. */
async function logIn(): Promise<RawClient> {
  const { client: desk, token: own, stamp } = await site.clientOf(AGENT);
  const login = {
    ...{ type: 'AgentLogin', ReferenceID: 2, dn: DN, AgentID: DN, queues: [QUEUE], place: `place-${DN}` },
    ...{ token: own, epoch: { number: Date.now(), desk: 'a-desk' }, stamp },
  };
  expect(await desk.ask(login, 'Event')).toMatchObject({ name: 'EventAgentLogin' });
  return desk;
}

/** What the desk asks for is the beginning, not the answer: the board must be as fast as it says. */
async function asked(desk: RawClient, message: object): Promise<void> {
  expect(await desk.ask({ ReferenceID: 3, dn: DN, ...message }, 'Event')).toMatchObject({ type: 'Event' });
}

const seen = (what: string, isSo: () => boolean, withinMs = SEEN_MAX_MS) => until(what, withinMs, isSo);

test('a board sees an agent log in, work and leave, and callers wait, within a second', async () => {
  const board = boardOf();
  await seen('the agent is logged out', () => board.agent(AGENT)?.status === 'LoggedOut');
  await phoneOf(DN);
  const desk = await logIn();
  await seen('the log-in', () => board.agent(AGENT)?.status === 'NotReadyForNextCall');
  expect(board.agent(AGENT)).toMatchObject({
    ...{ site: 'north', source: { isCurrent: true } },
    login: { AgentID: DN, dn: DN, place: `place-${DN}`, queues: [QUEUE] },
  });
  await asked(desk, { type: 'AgentReady' });
  await seen('Ready', () => board.agent(AGENT)?.status === 'WaitForNextCall');
  expect(board.queue(QUEUE_NAME)).toMatchObject({ agentsLoggedIn: 1, agentsReady: 1, callsWaiting: 0 });
  await asked(desk, { type: 'AgentNotReady', reasons: { ReasonCode: 'lunch' } });
  await seen('the break', () => board.agent(AGENT)?.reasons.ReasonCode === 'lunch');

  const caller = await phoneOf(GUEST.dn);
  caller.command({ name: 'call', to: QUEUE, site: 'north' });
  await seen('the caller waits', () => board.queue(QUEUE_NAME)?.callsWaiting === 1);
  expect(board.queue(QUEUE_NAME)?.longestWaitMs).toBeLessThan(SEEN_MAX_MS);
  const waitingSince = performance.now();
  await until('a second has passed', 3_000, () => performance.now() - waitingSince > 1_000);
  const late = boardOf();
  await seen('who comes later learns how long', () => (late.queue(QUEUE_NAME)?.longestWaitMs ?? 0) > 1_000);
  await caller.hangUp();
  await seen('nobody waits', () => board.queue(QUEUE_NAME)?.callsWaiting === 0);
  await asked(desk, { type: 'AgentLogout' });
  await seen('the logout', () => board.agent(AGENT)?.status === 'LoggedOut');
  expect(board.queue(QUEUE_NAME)).toMatchObject({ agentsLoggedIn: 0, agentsReady: 0 });
  expect(board.errors).toEqual([]);
}, 40_000);

test('a killed SIP Server makes the figures stale, and started again it makes them right', async () => {
  const board = boardOf();
  await phoneOf(DN);
  await logIn();
  await seen('the log-in', () => board.agent(AGENT)?.status === 'NotReadyForNextCall');
  site.processes.killServer('sip-north');
  await seen('it is stale', () => board.agent(AGENT)?.source.isCurrent === false);
  expect(board.agent(AGENT)?.status).toBe('NotReadyForNextCall');
  expect(board.queue(QUEUE_NAME)?.source.isCurrent).toBe(false);
  await seen('it is current', () => board.agent(AGENT)?.source.isCurrent === true, BACK_MAX_MS);
  // The new process knows of no login.
  expect(board.agent(AGENT)?.status).toBe('LoggedOut');
  expect(board.queue(QUEUE_NAME)).toMatchObject({ source: { isCurrent: true }, agentsLoggedIn: 0 });
  await phoneOf(DN);
  await logIn();
  await seen('the next log-in', () => board.agent(AGENT)?.status === 'NotReadyForNextCall');
}, 60_000);

test('a killed Stat Server is started again and has the figures; a killed site has none left', async () => {
  await phoneOf(DN);
  const desk = await logIn();
  await asked(desk, { type: 'AgentReady' });
  const board = boardOf();
  await seen('Ready', () => board.agent(AGENT)?.status === 'WaitForNextCall');
  const pidOf = () => site.processes.processes().find(({ application }) => application === 'stat-north')?.pid;
  const former = pidOf();
  site.processes.killServer('stat-north');
  await seen('the link is lost', () => board.isClosed);
  await until('it is started again', BACK_MAX_MS, () => ![former, undefined].includes(pidOf()));
  await until('it has the figures', BACK_MAX_MS, () => {
    const [newest = boardOf()] = boards.filter(({ isClosed }) => !isClosed);
    const { status, source } = newest.agent(AGENT) ?? {};
    return status === 'WaitForNextCall' && source?.isCurrent === true;
  });
  const pid = pidOf() as number;
  site.processes.kill();
  await until('the process is gone', 2_000, () => !isAlive(pid));
}, 60_000);

test('who may not ask is told why, and the connection stays', async () => {
  const client = await RawClient.open(site.ports.stats[0]);
  const open = greeting.stat(60_000);
  const refused = async (message: object, code: string, text: string) => {
    const error = await client.ask({ ReferenceID: 7, ...message }, 'Error');
    expect(error).toMatchObject({ ReferenceID: 7, code, text: expect.stringContaining(text) });
  };
  await refused({ type: 'Subscribe', objectType: 'Queue' }, 'wrong-state', 'send Open first');
  await refused({ ...open, ReferenceID: 7, token: 'fake' }, 'token-invalid', 'Log in by password');
  await client.ask(open, 'Opened');
  await refused({ type: 'Subscribe', objectType: 'Queue' }, 'not-allowed', 'token');
  await client.ask({ ...open, token }, 'Opened');
  await refused({ type: 'Subscribe', objectType: 'Agent', name: 'nobody' }, 'not-found', '"nobody"');
  await refused({ type: 'Subscribe', objectType: 'Queue', name: QUEUE }, 'not-found', `${QUEUE}"`);
  await refused({ type: 'Subscribe', objectType: 'Person' }, 'bad-message', 'objectType');
  const answer = await client.ask(
    { type: 'Subscribe', ReferenceID: 8, objectType: 'Queue', name: QUEUE_NAME },
    'Subscribed',
  );
  expect(answer.statistics).toMatchObject([{ name: QUEUE_NAME, source: { isCurrent: true } }]);
}, 30_000);

test('[LK1] who says a secret to a Stat Server, or answers its challenge wrongly, is told so and cut off', async () => {
  const open = greeting.stat(60_000);
  const refusal = { code: 'not-allowed', text: expect.stringContaining('server secret') };
  const old = await RawClient.open(site.ports.stats[0]);
  expect(await old.ask({ ...open, secret: 'fake' }, 'Error')).toMatchObject(refusal);
  await old.closed;
  const stranger = await RawClient.open(site.ports.stats[0]);
  const challenge = await stranger.ask({ ...open, nonce: 'a nonce of a stranger' }, 'Challenge');
  expect(challenge).toMatchObject({ application: 'stat-north', site: 'north' });
  expect(await stranger.ask({ type: 'Proof', ReferenceID: 1, proof: 'fake' }, 'Error')).toMatchObject(
    refusal,
  );
  await stranger.closed;
}, 30_000);
