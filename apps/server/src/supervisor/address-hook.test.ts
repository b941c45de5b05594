/** Real programs in place of what moves an address, which write down how they were called. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LogLine } from '@holdfast/kernel';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildProgram } from '../../../../scripts/build.ts';
import { AddressMover } from './address-hook.ts';

const PROGRAM = 'apps/server/src/supervisor/test-address-hook-main.ts';
const bundle = fileURLToPath(new URL('../../../../.build/test-address-hook.mjs', import.meta.url));
const ADDRESS = '10.0.0.50';
const WAIT_MAX_MS = 10_000;
const BECAUSE = { rule: 'PR10', text: 'A test wants it.' };

let folder: string;
let mover: AddressMover;
let log: LogLine[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-hook-'));
  log = [];
});

afterEach(async () => {
  await mover.stop();
  rmSync(folder, { recursive: true, force: true });
});

const calls = (): string[] => {
  const file = join(folder, 'calls');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
};

/** A shell script that writes its arguments down, and then does this. */
function moverWith(script: string): AddressMover {
  const program = join(folder, 'hook');
  writeFileSync(program, `#!/bin/sh\necho "$@" >> ${join(folder, 'calls')}\n${script}\n`);
  chmodSync(program, 0o755);
  mover = new AddressMover({
    ...{ hook: { program, address: ADDRESS }, application: 'sip-a', log: (line) => log.push(line) },
  });
  return mover;
}

async function until(isTrue: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + WAIT_MAX_MS;
  while (!isTrue()) {
    if (performance.now() > giveUpAt) throw new Error(`not within ${WAIT_MAX_MS} ms; ${JSON.stringify(log)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const told = () => log.map(({ what }) => what);

test('[PR10] the program is run with the verb and the address, and `add` is said again after a second', async () => {
  moverWith('exit 0').move('add', BECAUSE);
  await until(() => calls().length === 2);
  expect(calls()).toEqual([`add ${ADDRESS}`, `add ${ADDRESS}`]);
  expect(log).toEqual([
    expect.objectContaining({ what: 'address comes here', because: 'PR10: A test wants it.' }),
  ]);
});

test('[PR10] one run at a time, and the last word counts', async () => {
  moverWith('sleep 0.3');
  mover.move('add', BECAUSE);
  mover.move('remove', BECAUSE);
  mover.move('add', BECAUSE);
  mover.move('remove', BECAUSE);
  await mover.stop();
  expect(calls()).toEqual([`add ${ADDRESS}`, `remove ${ADDRESS}`]);
});

test('[PR10] what fails is tried again, and told once with what the program said, and once when it works', async () => {
  moverWith(`test -e ${join(folder, 'cured')} && exit 0; echo "no such interface" >&2; exit 3`);
  mover.move('remove', BECAUSE);
  await until(() => calls().length === 3);
  expect(told()).toEqual(['address leaves', 'address hook failed']);
  expect(log[1]?.because).toMatch(
    /hook remove 10\.0\.0\.50 ended with status 3\. It said: no such interface$/,
  );
  writeFileSync(join(folder, 'cured'), '');
  await until(() => told().includes('address hook works again'));
  const { length } = calls();
  await mover.stop();
  expect(calls()).toHaveLength(length);
});

test('[PR10] `remove` is said again too, and its log line is not', async () => {
  moverWith('exit 0').move('remove', BECAUSE);
  await until(() => calls().length === 2);
  expect(calls()).toEqual([`remove ${ADDRESS}`, `remove ${ADDRESS}`]);
  expect(told()).toEqual(['address leaves']);
});

test('[PR10] what a hung `add` has started is killed with it: nothing of it is done after `remove`', async () => {
  const done = join(folder, 'done');
  // The shell waits for a child, as it waits for arping or for a cloud's API.
  moverWith(`[ "$1" = add ] || exit 0\n(sleep 3; echo late >> ${done}) | cat`);
  mover.move('add', BECAUSE);
  await until(() => calls().length === 1);
  mover.move('remove', BECAUSE);
  await until(() => calls().includes(`remove ${ADDRESS}`));
  expect(log.find(({ what }) => what === 'address hook failed')?.because).toContain('ended with SIGKILL');
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect(existsSync(done)).toBe(false);
}, 15_000);

test('[PR10] of the environment the program is given where to find commands, and no secret', async () => {
  process.env.HOLDFAST_SERVER_SECRET = 'a-secret';
  process.env.VIRTUAL_IP_INTERFACE = 'eth7';
  try {
    const [writing, written] = [join(folder, 'writing'), join(folder, 'environment')];
    moverWith(`env > ${writing}; mv ${writing} ${written}`).move('add', BECAUSE);
    await until(() => calls().length === 2 && existsSync(written));
    const given = readFileSync(written, 'utf8');
    expect(given).toContain(`PATH=${process.env.PATH}\n`);
    expect(given).toContain('VIRTUAL_IP_INTERFACE=eth7\n');
    expect(given).not.toContain('a-secret');
  } finally {
    delete process.env.HOLDFAST_SERVER_SECRET;
    delete process.env.VIRTUAL_IP_INTERFACE;
  }
});

test('[PR10] without a file descriptor left it is said and tried again, and the supervisor goes on', async () => {
  moverWith('exit 0');
  await buildProgram({ name: 'test-address-hook', entry: PROGRAM }, false);
  const child = spawn(process.execPath, [bundle, join(folder, 'hook'), ADDRESS]);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const says = (text: string) => until(() => output.includes(text) || child.exitCode !== null);
  const limit = (files: string) => execFileSync('prlimit', ['--pid', String(child.pid), `--nofile=${files}`]);
  try {
    await says('ready');
    // All of these it has in use.
    limit('3:');
    child.stdin.write('add\n');
    await says('address hook failed');
    expect(output).toContain('EMFILE');
    limit('500:');
    await says('address hook works again');
    expect(child.exitCode).toBeNull();
    expect(calls()[0]).toBe(`add ${ADDRESS}`);
  } finally {
    child.kill('SIGKILL');
  }
});

test('[PR10] a program that hangs is killed, and one that is not there is named', async () => {
  moverWith('exec sleep 60').move('remove', BECAUSE);
  await until(() => told().includes('address hook failed'));
  expect(log[1]?.because).toContain('ended with SIGKILL');
  await mover.stop();
  log = [];
  const hook = { program: '/nowhere/at/all', address: ADDRESS };
  mover = new AddressMover({ hook, application: 'sip-a', log: (line) => log.push(line) });
  mover.move('add', BECAUSE);
  await until(() => told().includes('address hook failed'));
  expect(log[1]?.because).toContain('/nowhere/at/all could not be run: spawn /nowhere/at/all ENOENT');
});
