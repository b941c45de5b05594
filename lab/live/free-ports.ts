/**
 * Ports that are free for UDP and TCP at this moment, all different. Somebody else may still take one before we
 * use it; then the start fails and says which.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, Server } from 'node:net';

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
  return isTaken === undefined ? port : undefined;
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
