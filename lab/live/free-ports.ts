/**
 * Ports that are free for UDP and TCP at this moment, all different. Labs and tests that run beside each other draw from the same
 * ones, so that each leaves a note of what it has drawn for as long as it lives. Somebody else may still take one before
 * we use it; then the start fails and says which.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, Server } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

const ATTEMPTS_MAX = 200;

export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let attempt = 0; ports.size < count; attempt++) {
    if (attempt > count + ATTEMPTS_MAX) throw new Error(`no ${count} free ports were found on 127.0.0.1`);
    const port = await freePort();
    if (port !== undefined) ports.add(port);
  }
  return [...ports];
}

/** Below those that the system gives to connections: one of these would take the port before we use it. */
const PORT_LEAST = 20_000;
const PORT_MOST = 31_999;

async function freePort(): Promise<number | undefined> {
  const port = randomInt(PORT_LEAST, PORT_MOST + 1);
  const isTaken = (await bindFailure('TCP', port)) ?? (await bindFailure('UDP', port));
  return isTaken === undefined && isReserved(port) ? port : undefined;
}

/** A note for each port, with the process that has drawn it. */
const NOTES = join(tmpdir(), `holdfast-ports-${userInfo().username}`);
const ours = new Set<string>();
process.on('exit', () => {
  for (const note of ours) rmSync(note, { force: true });
});

/** Whether it is ours now. What is noted by a process that is gone is nobody's. */
function isReserved(port: number): boolean {
  mkdirSync(NOTES, { recursive: true });
  const note = join(NOTES, String(port));
  for (const attempt of [1, 2]) {
    try {
      writeFileSync(note, String(process.pid), { flag: 'wx' });
      ours.add(note);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (attempt === 2 || isHeld(note)) return false;
      rmSync(note, { force: true });
    }
  }
  return false;
}

function isHeld(note: string): boolean {
  try {
    const pid = Number(readFileSync(note, 'utf8'));
    // Of one that is just being written nothing is known yet.
    if (!(pid > 0)) return true;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Why that port of 127.0.0.1 cannot be opened at this moment; undefined when it can. */
export async function bindFailure(
  transport: 'UDP' | 'TCP',
  port: number,
): Promise<NodeJS.ErrnoException | undefined> {
  const probe = transport === 'TCP' ? createServer() : createSocket('udp4');
  try {
    if (probe instanceof Server) probe.listen(port, '127.0.0.1');
    else probe.bind(port, '127.0.0.1');
    await once(probe, 'listening');
    const closed = once(probe, 'close');
    probe.close();
    await closed;
    return undefined;
  } catch (error) {
    // Taken, or not allowed: the system's code says which.
    return error as NodeJS.ErrnoException;
  }
}
