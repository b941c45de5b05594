/**
 * A graceful shutdown of one site as real processes: an administrator asks for it over the desk link, agents are let
 * go, callers are refused, and all is as before once it is taken back.
 */
import { readFileSync } from 'node:fs';
import { ADMINISTRATOR, GUEST } from '@holdfast/centre';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OneSite } from './one-site.ts';
import { until } from './peers/processes.ts';
import type { RawClient } from './raw-client.ts';

const QUEUE = '8001';

let site: OneSite;
beforeAll(async () => {
  site = await OneSite.make({ agents: 2, restarts: true });
  await site.processes.start();
}, 40_000);
afterAll(async () => {
  await site.end();
  site.remove();
}, 20_000);

const phoneOf = (number: string) => site.registeredPhone(number, 100);

async function loginOf(dn: string, answer: 'Event' | 'Error'): Promise<{ desk: RawClient; answer: object }> {
  const { client: desk, token, stamp } = await site.clientOf(`agent${dn}`);
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
  const refused = await phoneOf('7002');
  const caller = await phoneOf(GUEST.dn);
  const { desk: busy } = await loginOf('7001', 'Event');
  caller.command({ name: 'call', to: QUEUE, site: 'north' });
  await until('the agent talks', 5_000, () => busy.messages.some(({ name }) => name === 'EventEstablished'));
  const { desk: idle } = await loginOf('7002', 'Event');
  const { client: agent } = await site.clientOf('agent7002');
  const shutdown = { type: 'GracefulShutdown', ReferenceID: 9, on: true };
  expect(await agent.ask(shutdown, 'Error')).toMatchObject({ code: 'not-allowed' });

  const { client: administrator } = await site.clientOf(ADMINISTRATOR.user);
  await administrator.ask(shutdown, 'Done');
  await until('who is idle is let go', 1_000, () => logoutOf(idle) !== undefined);
  expect(logoutOf(idle)).toMatchObject(ENDED_BY_SHUTDOWN);
  expect(logoutOf(busy)).toBeUndefined();
  for (const client of [idle, busy, agent, administrator])
    expect(client.messages).toContainEqual(
      expect.objectContaining({ type: 'ServerState', isShuttingDown: true }),
    );
  expect((await loginOf('7002', 'Error')).answer).toMatchObject({ code: 'shutting-down' });
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
  const log = readFileSync(site.logFile, 'utf8');
  expect(log).toContain('graceful shutdown begun');
  expect(log).toContain('graceful shutdown taken back');
}, 40_000);
