/** A free port whose successor is free too: baresip takes the next one for TLS, RTP for its reports. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { freePorts } from '../free-ports.ts';

const ATTEMPTS_MAX = 100;

export async function freePortPair(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const [port] = (await freePorts(1)) as [number];
    if (port < 65_535 && (await isFree(port + 1))) return port;
  }
  throw new Error('no two free ports beside each other were found on 127.0.0.1');
}

async function isFree(port: number): Promise<boolean> {
  const tcp = createServer();
  const udp = createSocket('udp4');
  try {
    tcp.listen(port, '127.0.0.1');
    udp.bind(port, '127.0.0.1');
    await Promise.all([once(tcp, 'listening'), once(udp, 'listening')]);
    return true;
  } catch {
    // Taken for one of the two.
    return false;
  } finally {
    tcp.close();
    udp.close();
  }
}
