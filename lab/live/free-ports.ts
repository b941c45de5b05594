/**
 * Ports that are free for UDP and TCP at this moment, all different. Somebody else may still take one before we
 * use it; then the start fails and says which.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

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

async function freePort(): Promise<number | undefined> {
  const tcp = createServer();
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket('udp4');
  try {
    udp.bind(port, '127.0.0.1');
    await once(udp, 'listening');
    return port;
  } catch {
    // Taken for UDP.
    return undefined;
  } finally {
    udp.close();
    tcp.close();
  }
}
