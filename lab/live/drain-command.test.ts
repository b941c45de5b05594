/** `holdfast drain` against a real site: progress, exit status, taking back, and processes that stay away, of a pair both. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ADMINISTRATOR, GUEST } from '@holdfast/centre';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PASSWORD } from './lab-configuration.ts';
import { OneSite } from './one-site.ts';
import { until } from './peers/processes.ts';
import { siteLog } from './site-log.ts';

const SERVER_BUNDLE = fileURLToPath(new URL('../../.build/server.mjs', import.meta.url));

/** Both members of the pair. */
const MEMBERS = ['sip-north', 'sip-north-b'] as const;
/** A supervisor that starts one again does so at once the first time. */
const RESTARTED_MAX_MS = 2_000;

let site: OneSite;

async function begin(isPair: boolean): Promise<void> {
  site = await OneSite.make({ agents: 2, restarts: true, isPair });
  await site.processes.start();
}

async function over(): Promise<void> {
  await site.end();
  site.remove();
}

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

async function outcome(args: readonly string[], environment?: Record<string, string>) {
  const run = drain(args, environment);
  return { status: await run.status, said: run.said() };
}

interface Line {
  readonly what: string;
  readonly detail?: { readonly application?: string };
}

const logged = () => siteLog(site.folder, 'north') as readonly Line[];
/** How often the supervisor has said that of a process. */
const said = (what: string, application: string) =>
  logged().filter((line) => line.what === what && line.detail?.application === application).length;
const ended = (application: string) => said('process has ended for good', application);
const starts = (application: string) => said('process started', application);

const pidOf = (application: string) =>
  site.processes.processes().find((one) => one.application === application)?.pid;

describe('a SIP Server without a mate', () => {
  beforeAll(() => begin(false), 40_000);
  afterAll(over, 20_000);

  test('who may not, a wrong password and a wrong word end with 2 and say why', async () => {
    const agent = await outcome([], { HOLDFAST_USER: 'agent7001' });
    expect(agent).toMatchObject({ status: 2, said: expect.stringContaining('for administrators') });
    const stranger = await outcome([], { HOLDFAST_PASSWORD: 'wrong' });
    expect(stranger).toMatchObject({ status: 2, said: expect.stringContaining('wrong-password') });
    expect(await outcome(['--within', '3 days'])).toMatchObject({
      status: 2,
      said: expect.stringContaining('is no duration'),
    });
    expect(await outcome(['--force'])).toMatchObject({
      status: 2,
      said: expect.stringContaining('--within'),
    });
  }, 20_000);

  test('[SS47] [SS48] waits for the last call, is late at a deadline, is taken back, and ends the process for good', async () => {
    const called = await site.registeredPhone('7001', 100);
    const caller = await site.registeredPhone(GUEST.dn, 100);
    caller.command({ name: 'call', to: '7001', site: 'north' });
    await called.fact('established');
    const late = await outcome(['--wait', '--within', '1s']);
    expect(late.said).toContain('1 call, 0 waiting in queues, 2 phones registered');
    expect(late.status).toBe(1);
    expect(await outcome(['--undo'])).toMatchObject({
      status: 0,
      said: expect.stringContaining('taken back'),
    });

    const stopping = drain(['--wait', '--stop']);
    await until('it has begun', 5_000, () => stopping.said().includes('1 call'));
    await caller.hangUp();
    expect(await stopping.status).toBe(0);
    expect(stopping.said()).toContain('drained: no agent and no call is left');
    await until('the process has ended', 5_000, () => ended('sip-north') > 0);
    expect(pidOf('sip-north')).toBeUndefined();
  }, 40_000);
});

describe('a pair', () => {
  beforeAll(() => begin(true), 40_000);
  afterAll(over, 20_000);

  test('[SS48] the call that stands stands on, then both processes end for good, and nobody starts them again', async () => {
    await until('the standby is in step', 15_000, () => logged().some(({ what }) => what === 'mate in step'));
    const called = await site.registeredPhone('7001', 100);
    const caller = await site.registeredPhone(GUEST.dn, 100);
    caller.command({ name: 'call', to: '7001', site: 'north' });
    await called.fact('established');
    const stopping = drain(['--wait', '--stop']);
    await until('it has begun', 5_000, () => stopping.said().includes('1 call'));
    const hold = called.facts.length;
    caller.command({ name: 'hold' });
    await called.fact('held', { after: hold });
    expect(MEMBERS.map((member) => ended(member))).toEqual([0, 0]);

    await caller.hangUp();
    expect(await stopping.status).toBe(0);
    // Its mate takes over first, finds nothing left, and follows.
    await until('both have ended', 20_000, () => MEMBERS.every((member) => ended(member) > 0));
    await new Promise((resolve) => setTimeout(resolve, RESTARTED_MAX_MS));
    expect(MEMBERS.map(pidOf)).toEqual([undefined, undefined]);
    expect(MEMBERS.map((member) => [starts(member), ended(member)])).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect(logged().filter(({ what }) => what === 'process ended')).toEqual([]);
  }, 90_000);
});
