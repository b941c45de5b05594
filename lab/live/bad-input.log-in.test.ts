/**
 * Log-ins that are refused, over the wire against a real site: each reason has its own code, a sentence that names the
 * thing, and what is needed to do better.
 */
import { SUPERVISOR } from '@holdfast/centre';
import type { ErrorCode } from '@holdfast/protocol';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { AttackedSite } from './attacked-site.ts';
import { PASSWORD } from './lab-configuration.ts';
import type { LabPhone } from './peers/lab-phone.ts';
import { greeting, RawClient } from './raw-client.ts';

let site: AttackedSite;
const phones: LabPhone[] = [];
/** Every code that was seen, with the mistakes that gave it. */
const seen = new Map<string, string[]>();

beforeAll(async () => {
  site = await AttackedSite.start();
  for (const dn of ['7001', '7002']) {
    const phone = await site.phone(dn);
    phones.push(phone);
    phone.command({ name: 'register' });
    await phone.fact('registered');
  }
}, 40_000);
afterEach(() => RawClient.closeAll());
afterAll(async () => {
  await Promise.all(phones.map((phone) => phone.close()));
  await site.stop();
});

async function config(): Promise<RawClient> {
  const client = await RawClient.open(site.configPort);
  await client.ask(greeting.config(60_000), 'Opened');
  return client;
}

async function tokenOf(user: string): Promise<string> {
  const client = await config();
  const { token } = await client.ask({ type: 'LogIn', ReferenceID: 2, user, password: PASSWORD }, 'LoggedIn');
  return token as string;
}

/** A client of the SIP Server, with the stamp that it got. */
async function desk(token?: string): Promise<{ client: RawClient; stamp: unknown }> {
  const client = await RawClient.open(site.clientPort);
  const stamped = client.next('Stamp');
  client.send({ ...greeting.sip(60_000), ...(token === undefined ? {} : { token }) });
  return { client, stamp: (await stamped).stamp };
}

let references = 100;
async function refused(client: RawClient, request: object, code: ErrorCode, named: string): Promise<object> {
  const ReferenceID = ++references;
  const error = await client.ask({ ...request, ReferenceID }, 'Error');
  expect(error).toMatchObject({ code, ReferenceID, text: expect.stringContaining(named) });
  seen.set(code, [...(seen.get(code) ?? []), JSON.stringify(request)]);
  return error;
}

test('a wrong password and an unknown user are told apart by nobody, and the sixth attempt is locked out', async () => {
  const client = await config();
  const attempt = (user: string) => ({ type: 'LogIn', user, password: 'fake-guess' });
  const known = await refused(client, attempt('agent7003'), 'wrong-password', 'user name or the password');
  const unknown = await refused(client, attempt('nobody'), 'wrong-password', 'user name or the password');
  expect({ ...known, ReferenceID: 0 }).toEqual({ ...unknown, ReferenceID: 0 });
  const token = await tokenOf('agent7003');
  for (let n = 0; n < 5; n++) await refused(client, attempt('agent7003'), 'wrong-password', 'password');
  const locked = await refused(client, attempt('agent7003'), 'too-many-failures', 'agent7003');
  expect(locked).toMatchObject({ retryAfterMs: expect.any(Number) });
  // The right password is locked out with the wrong ones; a token of before still lets the agent change the site.
  const right = { type: 'LogIn', user: 'agent7003', password: PASSWORD };
  await refused(client, right, 'too-many-failures', 'agent7003');
  await client.ask({ type: 'LogInByToken', ReferenceID: 1, token }, 'LoggedIn');
  const lines = site.lines().filter(({ what }) => what === 'log-in refused');
  expect(lines.length).toBeGreaterThanOrEqual(6);
  expect(JSON.stringify(site.lines())).not.toContain('fake-guess');
});

test('what else the Configuration Server refuses', async () => {
  const client = await RawClient.open(site.configPort);
  await refused(client, { type: 'LogIn', user: 'agent7001', password: PASSWORD }, 'wrong-state', 'Open');
  const open = { ...greeting.config(60_000) };
  await refused(client, { ...open, application: 'desktop' }, 'unknown-application', '"desktop"');
  await refused(client, { ...open, version: 0 }, 'bad-message', 'Version 0');
  await refused(client, { ...open, application: 'sip-north' }, 'not-allowed', '"sip-north"');
  // LK1: whoever says a secret is cut off.
  const sayer = await RawClient.open(site.configPort);
  await refused(sayer, { ...open, application: 'sip-north', secret: 'fake' }, 'not-allowed', 'secret');
  await client.ask(open, 'Opened');
  await refused(client, open, 'wrong-state', 'workspace');
  await refused(client, { type: 'ReadAll', subscribe: false }, 'not-allowed', 'Read');
  await refused(client, { type: 'Read', objectType: 'Person', subscribe: false }, 'not-allowed', 'Log in');
  const token = await tokenOf('agent7001');
  await refused(client, { type: 'LogInByToken', token: `${token}x` }, 'token-invalid', 'password');
  await refused(client, { type: 'LogInByToken', token, places: ['attic'] }, 'bad-configuration', 'attic');
  await client.ask({ type: 'LogInByToken', ReferenceID: 1, token }, 'LoggedIn');
  const read = { type: 'Read', objectType: 'Person', name: 'nobody', subscribe: false };
  await refused(client, read, 'not-found', 'nobody');
});

test('each reason for which an agent cannot log in has its own code', async () => {
  const stranger = await RawClient.open(site.clientPort);
  await refused(stranger, { type: 'RegisterAddress', dn: '7001' }, 'wrong-state', 'RegisterClient');
  await refused(stranger, { ...greeting.sip(60_000), token: 'fake' }, 'token-invalid', 'Log in by password');
  await stranger.ask(greeting.sip(60_000), 'ServerInfo');
  await refused(stranger, { type: 'RegisterAddress', dn: '7001' }, 'not-allowed', 'token');

  const token = await tokenOf('agent7001');
  const { client, stamp } = await desk(token);
  const number = Date.now();
  const logIn = {
    type: 'AgentLogin',
    dn: '7001',
    AgentID: '7001',
    queues: ['8000'],
    place: 'place-7001',
    token,
    epoch: { number, desk: 'a-desk' },
    stamp,
  };
  await refused(client, { ...logIn, dn: '4711' }, 'unknown-dn', '4711');
  await refused(client, { ...logIn, dn: '8000' }, 'not-an-extension', 'ACDQueue');
  await refused(client, { ...logIn, dn: 'trunk-north' }, 'not-an-extension', 'Trunk');
  await refused(client, { ...logIn, queues: ['4711'] }, 'unknown-queue', '4711');
  await refused(client, { ...logIn, AgentID: '4711' }, 'unknown-agent-login', '4711');
  await refused(client, { ...logIn, AgentID: '7002' }, 'not-allowed', '7002');
  await refused(client, { ...logIn, stamp: { pairEpoch: 1, number: 1, at: 1 } }, 'stale-stamp', 'stamp');
  await refused(client, { ...logIn, dn: '7003' }, 'phone-out-of-service', '7003');
  await refused(client, { type: 'AgentReady', dn: '7001' }, 'not-allowed', '7001');

  const event = client.next('Event');
  await client.ask({ type: 'RegisterAddress', ReferenceID: 1, dn: '7001' }, 'Registered');
  client.send({ ...logIn, ReferenceID: 2 });
  expect(await event).toMatchObject({ name: 'EventAgentLogin' });
  await refused(client, logIn, 'epoch-too-low', 'higher');
  const elsewhere = { ...logIn, dn: '7002', epoch: { number: number - 1, desk: 'a-desk' } };
  const error = await refused(client, elsewhere, 'agent-elsewhere', '7001');
  expect(error).toMatchObject({ epoch: { number, desk: 'a-desk' } });
  await refused(client, { type: 'ReleaseCall', dn: '7001', ConnID: 'none' }, 'unknown-call', 'none');

  const othersToken = await tokenOf('agent7002');
  const other = await desk(othersToken);
  const double = {
    ...logIn,
    AgentID: '7002',
    token: othersToken,
    epoch: { number: number + 1, desk: 'b-desk' },
    stamp: other.stamp,
  };
  await refused(other.client, double, 'already-logged-in', 'agent7001');
  await refused(other.client, { type: 'AgentLogout', dn: '7001' }, 'not-allowed', '7001');
  const supervisor = await desk(await tokenOf(SUPERVISOR.user));
  await refused(supervisor.client, { type: 'AgentLogout', dn: '7002' }, 'not-logged-in', '7002');
});

test('these are as many codes as there are kinds of refusal', () => {
  expect([...seen.keys()].sort()).toEqual([
    'agent-elsewhere',
    'already-logged-in',
    'bad-configuration',
    'bad-message',
    'epoch-too-low',
    'not-allowed',
    'not-an-extension',
    'not-found',
    'not-logged-in',
    'phone-out-of-service',
    'stale-stamp',
    'token-invalid',
    'too-many-failures',
    'unknown-agent-login',
    'unknown-application',
    'unknown-call',
    'unknown-dn',
    'unknown-queue',
    'wrong-password',
    'wrong-state',
  ]);
});
