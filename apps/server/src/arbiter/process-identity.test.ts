import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { identityOf, isRunning, pidOf, signalProcess } from './process-identity.ts';

test('a process has one identity for as long as it runs, and none afterwards', async () => {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const identity = identityOf(child.pid as number) as string;
  expect(identity).toMatch(/^[0-9a-f]{8}\.\d+\.\d+$/);
  expect(pidOf(identity)).toBe(child.pid);
  expect(isRunning(identity)).toBe(true);
  expect(identityOf(child.pid as number)).toBe(identity);
  signalProcess(identity, 'SIGKILL');
  await once(child, 'exit');
  expect(isRunning(identity)).toBe(false);
  expect(identityOf(child.pid as number)).toBeUndefined();
});

test('another life of the same number is neither taken for it nor killed', async () => {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const identity = identityOf(child.pid as number) as string;
  const former = identity.replace(/\d+$/, (ticks) => String(Number(ticks) - 1));
  expect(isRunning(former)).toBe(false);
  signalProcess(former, 'SIGKILL');
  expect(isRunning(identity)).toBe(true);
  signalProcess(identity, 'SIGTERM');
  expect(await once(child, 'exit')).toEqual([null, 'SIGTERM']);
});

test.each(['', 'x', 'a.b.c', '00000000.0.0', '00000000.-1.5', '00000000.99999999999.1'])(
  'no process has the identity "%s"',
  (identity) => {
    expect(isRunning(identity)).toBe(false);
    signalProcess(identity, 'SIGKILL');
  },
);
