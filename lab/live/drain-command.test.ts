/** `holdfast drain` against a real site: progress, exit status, taking back, and a process that stays away. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ADMINISTRATOR, GUEST } from '@holdfast/centre';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PASSWORD } from './lab-configuration.ts';
import { OneSite } from './one-site.ts';
import { until } from './peers/processes.ts';

const SERVER_BUNDLE = fileURLToPath(new URL('../../.build/server.mjs', import.meta.url));

let site: OneSite;
beforeAll(async () => {
  site = await OneSite.make({ agents: 2, restarts: true });
  await site.processes.start();
}, 40_000);
afterAll(async () => {
  await site.end();
  site.remove();
}, 20_000);

function drain(args: readonly string[], environment: Record<string, string> = {}) {
  const child = spawn(
    process.execPath,
    [SERVER_BUNDLE, 'drain', 'north', '--config', `127.0.0.1:${site.ports.config[0]}`, ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        HOLDFAST_USER: ADMINISTRATOR.user,
        HOLDFAST_PASSWORD: PASSWORD,
        ...environment,
      },
    },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  const status = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { status, said: () => said };
}

async function ended(args: readonly string[], environment?: Record<string, string>) {
  const run = drain(args, environment);
  return { status: await run.status, said: run.said() };
}

test('who may not, a wrong password and a wrong word end with 2 and say why', async () => {
  const agent = await ended([], { HOLDFAST_USER: 'agent7001' });
  expect(agent).toMatchObject({ status: 2, said: expect.stringContaining('for administrators') });
  const stranger = await ended([], { HOLDFAST_PASSWORD: 'wrong' });
  expect(stranger).toMatchObject({ status: 2, said: expect.stringContaining('wrong-password') });
  expect(await ended(['--within', '3 days'])).toMatchObject({
    status: 2,
    said: expect.stringContaining('is no duration'),
  });
  expect(await ended(['--force'])).toMatchObject({ status: 2, said: expect.stringContaining('--within') });
}, 20_000);

test('[SS47] [SS48] waits for the last call, is late at a deadline, is taken back, and ends the process for good', async () => {
  const called = await site.registeredPhone('7001', 100);
  const caller = await site.registeredPhone(GUEST.dn, 100);
  caller.command({ name: 'call', to: '7001', site: 'north' });
  await called.fact('established');
  const late = await ended(['--wait', '--within', '1s']);
  expect(late.said).toContain('1 call, 0 waiting in queues, 2 phones registered');
  expect(late.status).toBe(1);
  expect(await ended(['--undo'])).toMatchObject({ status: 0, said: expect.stringContaining('taken back') });

  const stopping = drain(['--wait', '--stop']);
  await until('it has begun', 5_000, () => stopping.said().includes('1 call'));
  await caller.hangUp();
  expect(await stopping.status).toBe(0);
  expect(stopping.said()).toContain('drained: no agent and no call is left');
  const log = () => readFileSync(site.logFile, 'utf8');
  await until('the process has ended', 5_000, () => log().includes('process has ended for good'));
  const sipServer = site.processes.processes().find(({ application }) => application === 'sip-north');
  expect(sipServer?.pid).toBeUndefined();
}, 40_000);
