import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BootstrapCopy, readBootstrap } from '@holdfast/desk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DeskFolder } from './desk-folder.ts';

let data: string;
beforeAll(() => {
  data = mkdtempSync(join(tmpdir(), 'holdfast-folder-'));
});
afterAll(() => rmSync(data, { recursive: true, force: true }));

function open(user: string, dataFolder = data) {
  const opening = DeskFolder.open(dataFolder, user);
  if (!opening.ok) throw new Error(opening.text);
  return opening;
}

function copyOf(node: string): BootstrapCopy {
  const file = { environment: 'Main', sites: { preferred: { application: 'workspace', nodes: [node] } } };
  const reading = readBootstrap(Buffer.from(JSON.stringify(file)));
  if (!reading.ok) throw new Error('the test needs a sound file');
  return { bootstrap: reading.bootstrap, madeOf: 'some content' };
}

test('[LL7] [DS20] what one run stores, the next one finds', () => {
  const first = open('sue').folder;
  expect([first.epochStored, first.copy]).toEqual([0, undefined]);
  first.storeLogin('north', { number: 41, desk: 'one' });
  first.storeLogin('south', { number: 42, desk: 'one' });
  first.storeCopy(copyOf('north:1'));
  first.release();
  const { folder, warnings } = open('sue');
  expect([folder.epochStored, folder.copy, warnings]).toEqual([42, copyOf('north:1'), []]);
  expect(JSON.parse(readFileSync(join(data, 'agent-sue', 'login.json'), 'utf8'))).toEqual({
    site: 'south',
    epoch: { number: 42, desk: 'one' },
  });
  folder.release();
});

test('each agent has a folder inside the data folder, whatever the name', () => {
  for (const user of ['..', '../../up', 'a/b', 'Zoë', `x\0y`, '\ud800', 'n'.repeat(300)]) {
    const { folder } = open(user);
    folder.storeLogin('north', { number: 7, desk: 'one' });
    folder.release();
    expect(open(user).folder.epochStored).toBe(7);
  }
  for (const name of readdirSync(data)) expect(name).toMatch(/^agent-[\w.@-]+$/);
});

test('what is no longer readable is told and left out', () => {
  const { folder } = open('tom');
  folder.storeLogin('north', { number: 7, desk: 'one' });
  folder.storeCopy(copyOf('north:1'));
  folder.release();
  for (const content of ['', 'null', '{"epoch":7}', '\0\0\0\0']) {
    for (const file of ['login.json', 'bootstrap.json'])
      writeFileSync(join(data, 'agent-tom', file), content);
    const again = open('tom');
    expect([again.folder.epochStored, again.folder.copy]).toEqual([0, undefined]);
    expect(again.warnings).toEqual([
      expect.stringContaining('login.json'),
      expect.stringContaining('bootstrap.json'),
    ]);
    again.folder.release();
  }
});

test('[LL7] one desk of an agent at a time; a killed one holds nothing', async () => {
  const { folder } = open('una');
  expect(DeskFolder.open(data, 'una')).toEqual({ ok: false, text: expect.stringContaining('runs already') });
  folder.release();
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log()'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(other.stdout, 'data');
  writeFileSync(join(data, 'agent-una', 'held-by'), String(other.pid));
  expect(DeskFolder.open(data, 'una')).toEqual({
    ok: false,
    text: expect.stringContaining(`process ${other.pid}`),
  });
  other.kill('SIGKILL');
  await once(other, 'close');
  open('una').folder.release();
  expect(readdirSync(join(data, 'agent-una'))).toEqual([]);
});

test('a folder that cannot be had is named with what to do', () => {
  writeFileSync(join(data, 'file'), '');
  const opening = DeskFolder.open(join(data, 'file'), 'sue');
  expect(opening).toEqual({ ok: false, text: expect.stringMatching(/ENOTDIR|EEXIST/) });
  expect(opening.ok || opening.text).toContain('Name a folder');
});
