import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SCRIPT = fileURLToPath(new URL('leftover-processes.mjs', import.meta.url));

/** Sleeps in a session of its own, as a server that nobody waits for. */
function startSleeper(mark: string) {
  return spawn(process.execPath, ['-e', 'console.log("up"); setTimeout(() => {}, 60_000)'], {
    env: { ...process.env, HOLDFAST_LEFTOVER_TEST: mark },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
}

const look = (mark: string) =>
  spawnSync(process.execPath, [SCRIPT, `HOLDFAST_LEFTOVER_TEST=${mark}`], { encoding: 'utf8' });

test('a process that a run has left is named and ended, and the status says so', async () => {
  const mark = randomUUID();
  const [left, stranger] = [startSleeper(mark), startSleeper(randomUUID())];
  const ended = once(left, 'exit');
  await Promise.all([once(left.stdout, 'data'), once(stranger.stdout, 'data')]);
  const { status, stdout } = look(mark);
  expect(status).toBe(1);
  expect(stdout).toMatch(new RegExp(`^left running: ${left.pid} .*node`));
  expect(stdout.trim().split('\n')).toHaveLength(1);
  expect(await ended).toEqual([null, 'SIGKILL']);
  expect(stranger.exitCode).toBeNull();
  stranger.kill('SIGKILL');
});

test('a run that has left nothing passes, although the one who asks carries the mark itself', () => {
  const mark = randomUUID();
  const { status, stdout } = spawnSync(process.execPath, [SCRIPT, `HOLDFAST_LEFTOVER_TEST=${mark}`], {
    encoding: 'utf8',
    env: { ...process.env, HOLDFAST_LEFTOVER_TEST: mark },
  });
  expect([status, stdout]).toEqual([0, '']);
});
