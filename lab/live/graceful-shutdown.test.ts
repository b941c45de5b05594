/**
 * A graceful shutdown of one site as real processes: an administrator asks for it over the desk link, agents are let
 * go, callers are refused, and all is as before once it is taken back.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ADMINISTRATOR, GUEST } from '@holdfast/centre';
import { seededRandom } from '@holdfast/kernel';
import { makeWorld, writeConfiguration } from '@holdfast/server';
import { ProcessClock } from '@holdfast/shell';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { drawPorts, type SitePorts } from './live-lab.ts';
import { LabPhone } from './peers/lab-phone.ts';
import { until } from './peers/processes.ts';
import { greeting, RawClient } from './raw-client.ts';
import { logInForToken } from './site-observer.ts';
import { SiteProcesses } from './site-processes.ts';

const SERVER_BUNDLE = fileURLToPath(new URL('../../.build/server.mjs', import.meta.url));
const REALM = 'holdfast';
const PASSWORD = 'fake-password';
const PHONE_PASSWORD = 'fake-phone-password';
const QUEUE = '8001';

const clock = new ProcessClock();
const random = seededRandom(1);
const phones: LabPhone[] = [];
let folder: string;
let ports: SitePorts;
let site: SiteProcesses;

beforeAll(async () => {
  if (!existsSync(SERVER_BUNDLE)) throw new Error('.build/server.mjs is missing: run node scripts/setup.mjs');
  folder = mkdtempSync(join(tmpdir(), 'holdfast-shutdown-'));
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
    ...{ site: 'north', entry: SERVER_BUNDLE, restarts: true },
    ...{ files: join(folder, 'configuration'), data: join(folder, 'north') },
    servers: [
      { application: 'config-north', host: '127.0.0.1', port: ports.config[0] },
      { application: 'sip-north', host: '127.0.0.1', port: ports.clients[0] },
      { application: 'stat-north', host: '127.0.0.1', port: ports.stats[0] },
    ],
  });
  await site.start();
}, 40_000);
afterAll(async () => {
  await Promise.all(phones.map((phone) => phone.close()));
  RawClient.closeAll();
  await site.stop();
  rmSync(folder, { recursive: true, force: true });
}, 20_000);

async function phoneOf(number: string): Promise<LabPhone> {
  const phone = await LabPhone.open({
    ...{ number, domain: REALM, password: PHONE_PASSWORD, scheme: 'single', port: 0, toneHz: 440 },
    ...{ answerAfterMs: 100, clock, random, sites: [{ site: 'north', port: ports.sip[0] }] },
  });
  phones.push(phone);
  phone.command({ name: 'register' });
  await phone.fact('registered');
  return phone;
}

function tokenOf(user: string): Promise<string> {
  return logInForToken({ config: { host: '127.0.0.1', port: ports.config[0] }, user, password: PASSWORD });
}

/** A client of this person, greeted by a fresh stamp. */
async function clientOf(user: string): Promise<{ client: RawClient; token: string; stamp: unknown }> {
  const token = await tokenOf(user);
  const client = await RawClient.open(ports.clients[0]);
  const { stamp } = await client.ask({ ...greeting.sip(60_000), token }, 'Stamp');
  return { client, token, stamp };
}

async function loginOf(dn: string, answer: 'Event' | 'Error'): Promise<{ desk: RawClient; answer: object }> {
  const { client: desk, token, stamp } = await clientOf(`agent${dn}`);
  await desk.ask({ type: 'RegisterAddress', ReferenceID: 2, dn }, 'Registered');
  const login = {
    ...{ type: 'AgentLogin', ReferenceID: 3, dn, AgentID: dn, queues: [QUEUE], place: `place-${dn}` },
    ...{ token, epoch: { number: Date.now(), desk: 'a-desk' }, stamp, workMode: 'AutoIn' },
  };
  return { desk, answer: await desk.ask(login, answer) };
}

const logoutOf = (desk: RawClient) => desk.messages.find(({ name }) => name === 'EventAgentLogout');
const ENDED_BY_SHUTDOWN = {
  attributes: { Reasons: { LogoutReason: 'graceful_shutdown_logout' } },
};

test('agents are let go, callers and log-ins refused, the call that stands goes on, and all comes back', async () => {
  await phoneOf('7001');
  await phoneOf('7002');
  const caller = await phoneOf(GUEST.dn);
  const { desk: busy } = await loginOf('7001', 'Event');
  caller.command({ name: 'call', to: QUEUE, site: 'north' });
  await until('the agent talks', 5_000, () => busy.messages.some(({ name }) => name === 'EventEstablished'));
  const { desk: idle } = await loginOf('7002', 'Event');
  const { client: agent } = await clientOf('agent7002');
  const shutdown = { type: 'GracefulShutdown', ReferenceID: 9, on: true };
  expect(await agent.ask(shutdown, 'Error')).toMatchObject({ code: 'not-allowed' });

  const { client: administrator } = await clientOf(ADMINISTRATOR.user);
  await administrator.ask(shutdown, 'Done');
  await until('who is idle is let go', 1_000, () => logoutOf(idle) !== undefined);
  expect(logoutOf(idle)).toMatchObject(ENDED_BY_SHUTDOWN);
  expect(logoutOf(busy)).toBeUndefined();
  for (const client of [idle, busy, agent, administrator])
    expect(client.messages).toContainEqual({ type: 'ServerState', isShuttingDown: true });
  expect((await loginOf('7002', 'Error')).answer).toMatchObject({ code: 'shutting-down' });
  const refused = await phoneOf('7002');
  refused.command({ name: 'call', to: QUEUE, site: 'north' });
  expect(await refused.fact('ended')).toMatchObject({ status: 603 });
  expect(logoutOf(busy)).toBeUndefined();
  await caller.hangUp();
  await until('after-call work begins', 1_000, () =>
    busy.messages.some(({ name }) => name === 'EventAgentNotReady'),
  );
  expect(logoutOf(busy)).toBeUndefined();
  busy.send({ type: 'AgentNotReady', ReferenceID: 10, dn: '7001' });
  await until('who has finished is let go', 1_000, () => logoutOf(busy) !== undefined);
  expect(logoutOf(busy)).toMatchObject(ENDED_BY_SHUTDOWN);

  await administrator.ask({ ...shutdown, on: false }, 'Done');
  expect((await loginOf('7002', 'Event')).answer).toMatchObject({ name: 'EventAgentLogin' });
  const log = readFileSync(join(folder, 'north', 'north.log'), 'utf8');
  expect(log).toContain('graceful shutdown begun');
  expect(log).toContain('graceful shutdown taken back');
}, 40_000);
