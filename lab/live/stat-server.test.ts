/**
 * One site as real processes, with a phone, a desk and a caller: what a board at the Stat Server sees of them, also
 * when the SIP Server or the Stat Server itself is killed.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GUEST, SUPERVISOR } from '@holdfast/centre';
import { seededRandom } from '@holdfast/kernel';
import { makeWorld, writeConfiguration } from '@holdfast/server';
import { ProcessClock } from '@holdfast/shell';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { drawPorts, type SitePorts } from './live-lab.ts';
import { LabPhone } from './peers/lab-phone.ts';
import { until } from './peers/processes.ts';
import { isAlive } from './process-tree.ts';
import { greeting, RawClient } from './raw-client.ts';
import { logInForToken } from './site-observer.ts';
import { SiteProcesses } from './site-processes.ts';
import { StatBoard } from './stat-board.ts';

const SERVER_BUNDLE = fileURLToPath(new URL('../../.build/server.mjs', import.meta.url));
const REALM = 'holdfast';
const PASSWORD = 'fake-password';
const PHONE_PASSWORD = 'fake-phone-password';
const AGENT = 'agent7001';
const DN = '7001';
const QUEUE = '8001';
const QUEUE_NAME = '8001@north';
/** Figures are on the board in so much. */
const SEEN_MAX_MS = 1_000;
/** A process is started again, reads its configuration, and is followed or follows. */
const BACK_MAX_MS = 10_000;

const clock = new ProcessClock();
const random = seededRandom(1);
let folder: string;
let ports: SitePorts;
let site: SiteProcesses;
let token: string;
const phones: LabPhone[] = [];
const boards: StatBoard[] = [];

beforeAll(async () => {
  if (!existsSync(SERVER_BUNDLE)) throw new Error('.build/server.mjs is missing: run node scripts/setup.mjs');
  folder = mkdtempSync(join(tmpdir(), 'holdfast-stat-'));
  ports = await drawPorts();
  const siteAt = (name: string, index: 0 | 1) => ({
    ...{ name, address: '127.0.0.1', gateway: `127.0.0.1:${ports.gateway}` },
    ...{ configPort: ports.config[index], clientPort: ports.clients[index] },
    ...{ statPort: ports.stats[index], sipPort: ports.sip[index] },
  });
  const { objects } = await makeWorld({
    agents: 2,
    sites: [siteAt('north', 0), siteAt('south', 1)],
    password: PASSWORD,
    phonePassword: PHONE_PASSWORD,
    realm: REALM,
  });
  await writeConfiguration(join(folder, 'configuration'), objects, 'json');
  site = new SiteProcesses({
    site: 'north',
    entry: SERVER_BUNDLE,
    restarts: true,
    files: join(folder, 'configuration'),
    data: join(folder, 'north'),
    servers: [
      { application: 'config-north', host: '127.0.0.1', port: ports.config[0] },
      { application: 'sip-north', host: '127.0.0.1', port: ports.clients[0] },
      { application: 'stat-north', host: '127.0.0.1', port: ports.stats[0] },
    ],
  });
}, 40_000);
beforeEach(async () => {
  await site.start();
  const config = { host: '127.0.0.1', port: ports.config[0] };
  token = await logInForToken({ config, user: SUPERVISOR.user, password: PASSWORD });
}, 30_000);
afterEach(async () => {
  await Promise.all(phones.splice(0).map((phone) => phone.close()));
  for (const board of boards.splice(0)) board.close();
  RawClient.closeAll();
  await site.stop();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function boardOf(): StatBoard {
  const board = new StatBoard(ports.stats[0], token);
  boards.push(board);
  return board;
}

async function phoneOf(number: string): Promise<LabPhone> {
  const phone = await LabPhone.open({
    ...{ number, domain: REALM, password: PHONE_PASSWORD, scheme: 'single', port: 0, toneHz: 440 },
    ...{ answerAfterMs: 60_000, clock, random, sites: [{ site: 'north', port: ports.sip[0] }] },
  });
  phones.push(phone);
  phone.command({ name: 'register' });
  await phone.fact('registered');
  return phone;
}

/** The agent's desk, as far as it is needed: logged in, and silent about stamps. */
async function logIn(): Promise<RawClient> {
  const config = { host: '127.0.0.1', port: ports.config[0] };
  const own = await logInForToken({ config, user: AGENT, password: PASSWORD });
  const desk = await RawClient.open(ports.clients[0]);
  const { stamp } = await desk.ask({ ...greeting.sip(60_000), token: own }, 'Stamp');
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
  site.killServer('sip-north');
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
  const pidOf = () => site.processes().find(({ application }) => application === 'stat-north')?.pid;
  const former = pidOf();
  site.killServer('stat-north');
  await seen('the link is lost', () => board.isClosed);
  await until('it is started again', BACK_MAX_MS, () => ![former, undefined].includes(pidOf()));
  await until('it has the figures', BACK_MAX_MS, () => {
    const [newest = boardOf()] = boards.filter(({ isClosed }) => !isClosed);
    const { status, source } = newest.agent(AGENT) ?? {};
    return status === 'WaitForNextCall' && source?.isCurrent === true;
  });
  const pid = pidOf() as number;
  site.kill();
  await until('the process is gone', 2_000, () => !isAlive(pid));
}, 60_000);

test('who may not ask is told why, and the connection stays', async () => {
  const client = await RawClient.open(ports.stats[0]);
  const open = greeting.stat(60_000);
  const refused = async (message: object, code: string, text: string) => {
    const error = await client.ask({ ReferenceID: 7, ...message }, 'Error');
    expect(error).toMatchObject({ ReferenceID: 7, code, text: expect.stringContaining(text) });
  };
  await refused({ type: 'Subscribe', objectType: 'Queue' }, 'wrong-state', 'send Open first');
  await refused({ ...open, ReferenceID: 7, token: 'fake' }, 'token-invalid', 'Log in by password');
  await refused({ ...open, ReferenceID: 7, secret: 'fake' }, 'not-allowed', 'server secret');
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
