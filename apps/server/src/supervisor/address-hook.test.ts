/** Real programs in place of what moves an address, which write down how they were called. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogLine } from '@holdfast/kernel';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AddressMover } from './address-hook.ts';

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
