/** `holdfast config` where two Configuration Servers share a PostgreSQL: it goes to the one that writes, whichever it was told of. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ADMINISTRATOR } from '@holdfast/centre';
import { makeWorld, writeConfiguration } from '@holdfast/server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generatedSites, PASSWORD, PHONE_PASSWORD, REALM, type SitePorts } from './lab-configuration.ts';
import { PostgresServer } from './peers/postgres.ts';
import { Program, stopPrograms } from './peers/processes.ts';
import { drawPorts } from './site-ports.ts';

const SERVER_BUNDLE = fileURLToPath(new URL('../../.build/server.mjs', import.meta.url));
const READY_MAX_MS = 30_000;

let folder: string;
let ports: SitePorts;
let postgres: PostgresServer;
let north: Program;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-config-writer-'));
  ports = await drawPorts();
  const { objects } = await makeWorld({
    ...{ agents: 2, password: PASSWORD, phonePassword: PHONE_PASSWORD, realm: REALM },
    sites: generatedSites(ports),
  });
  await writeConfiguration(join(folder, 'files'), objects, 'json');
  postgres = await PostgresServer.start();
  north = await start('config-north', 'this Configuration Server writes');
  await start('config-south', 'another Configuration Server writes');
}, 120_000);
afterAll(async () => {
  await stopPrograms();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}, 30_000);

async function start(application: string, word: string): Promise<Program> {
  const program = Program.start({
    ...{ command: process.execPath, folder },
    args: [
      ...[SERVER_BUNDLE, '--application', application],
      ...['--store', postgres.address(), '--files', join(folder, 'files')],
    ],
  });
  await program.until(word, READY_MAX_MS, () => program.lines.some((line) => line.includes(word)));
  return program;
}

function config(at: readonly number[], ...words: readonly string[]) {
  const addresses = at.map((port) => `127.0.0.1:${port}`).join(',');
  const env = { ...process.env, HOLDFAST_USER: ADMINISTRATOR.user, HOLDFAST_PASSWORD: PASSWORD };
  return new Promise<{ status: unknown; out: string; err: string }>((resolve) => {
    execFile(
      process.execPath,
      [SERVER_BUNDLE, 'config', '--config', addresses, ...words],
      { env },
      (error, out, err) => resolve({ status: error?.code ?? 0, out, err }),
    );
  });
}

test('asked of the one that follows, the one that writes does it; when that is dead, the other writes', async () => {
  const [atNorth, atSouth] = ports.config;
  const set = await config([atSouth], 'set', 'Person/agent7001', 'displayName=Kim');
  expect(set).toMatchObject({ status: 0, err: expect.stringContaining('1 changed: revision') });
  // What the follower reads of the log, it reads from the database.
  const history = await config([atSouth], 'history', 'Person/agent7001', '--limit', '1');
  expect(history.out).toContain('displayName: not set → Kim');

  await north.kill();
  const deadline = performance.now() + READY_MAX_MS;
  for (;;) {
    const again = await config([atNorth, atSouth], 'set', 'Person/agent7001', 'displayName=Lee');
    // Until the former one is overdue the edit is passed on to it.
    if (again.status === 0 || performance.now() > deadline) {
      expect(again).toMatchObject({ status: 0, out: 'Person/agent7001: displayName: Kim → Lee\n' });
      return;
    }
    expect(again).toMatchObject({
      status: 2,
      err: expect.stringContaining('No Configuration Server can be reached.'),
    });
  }
}, 60_000);
