/** The socket by which the operator of a machine says that a member shall act alone: what it answers, and what it logs. */
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogLine } from '@holdfast/kernel';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pairFile } from '../arbiter/member-socket.ts';
import { actAlone } from './act-alone-command.ts';
import { type OperatorSocket, openOperatorSocket } from './operator-socket.ts';

let folder: string;
let socket: OperatorSocket;
let log: LogLine[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-operator-'));
  log = [];
});

afterEach(async () => {
  await socket.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function open(why: string | undefined, path = pairFile(folder, 'sip-a', 'operator')): Promise<string> {
  socket = await openOperatorSocket({ path, log: (line) => log.push(line), actAlone: () => why });
  return path;
}

const command = (...args: string[]) => {
  const said: string[] = [];
  return actAlone(['sip-a', '--data', folder, ...args], (line) => said.push(line)).then((status) => ({
    status,
    said: said.join('\n'),
  }));
};

test('[PR11] the word is taken from the user of the process, and the log says who gave it', async () => {
  const path = await open(undefined);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(await command('--yes')).toEqual({ status: 0, said: expect.stringContaining('sip-a is primary') });
  expect(log).toEqual([
    expect.objectContaining({
      what: 'operator says to act alone',
      detail: { by: expect.stringContaining(' at ') },
    }),
  ]);
  await socket.stop();
  expect(existsSync(path)).toBe(false);
  await expect(command('--yes')).rejects.toThrow('There is no socket of "sip-a"');
});

test('[PR11] without --yes the risk is told and nothing is said to the member; a refusal comes with its reason', async () => {
  await open('the arbiter answers.');
  await expect(command()).rejects.toThrow(/both are primary[\s\S]*again with --yes/);
  expect(log).toEqual([]);
  await expect(command('--yes')).rejects.toThrow('sip-a refuses: the arbiter answers.');
});

test('[PR11] a path that is too long for a socket is said, and the member goes on without it', async () => {
  await open(undefined, join(folder, 'x'.repeat(120)));
  expect(log).toEqual([
    expect.objectContaining({
      what: 'operator socket not open',
      because: expect.stringContaining('107 bytes'),
    }),
  ]);
});
