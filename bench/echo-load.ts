/** Pairs of datagrams a second between two Node processes, so many on their way at any moment. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { startProgram } from './two-processes.ts';

export interface EchoFigures {
  readonly pairsPerSecond: number;
  /** By the CPU time of the serving thread. */
  readonly pairsPerCpuSecond: number;
  /** By that of all threads of the serving process. */
  readonly pairsPerProcessCpuSecond: number;
}

export interface EchoOptions {
  readonly seconds: number;
  readonly requestBytes: number;
  readonly answerBytes: number;
}

const ON_THEIR_WAY = 64;

/** `port` 0: any free one. */
export async function openSocket(port = 0): Promise<Socket> {
  const socket = createSocket({
    type: 'udp4',
    recvBufferSize: 4 * 1_024 * 1_024,
    sendBufferSize: 4 * 1_024 * 1_024,
    lookup: (host, _options, done) => done(null, host, 4),
  });
  const listening = once(socket, 'listening');
  socket.bind({ port, address: '127.0.0.1' });
  await listening;
  return socket;
}

export async function measureEcho({ seconds, requestBytes, answerBytes }: EchoOptions): Promise<EchoFigures> {
  const server = await startProgram<{ port: number }>('udp-echo', { answerBytes });
  const socket = await openSocket();
  const request = Buffer.alloc(requestBytes, 'r');
  let pairs = 0;
  let isOver = false;
  const send = () => socket.send(request, server.ready.port, '127.0.0.1');
  socket.on('message', () => {
    pairs++;
    if (!isOver) send();
  });
  stayAwake(() => isOver);
  for (let i = 0; i < ON_THEIR_WAY; i++) send();
  await pause(500);
  const before = await server.usage();
  const startedAt = performance.now();
  const first = pairs;
  await pause(1_000 * seconds);
  const wallS = (performance.now() - startedAt) / 1_000;
  const done = pairs - first;
  const after = await server.usage();
  isOver = true;
  await pause(50);
  socket.close();
  await server.stop();
  return {
    pairsPerSecond: Math.round(done / wallS),
    pairsPerCpuSecond: Math.round(done / ((after.cpuMs - before.cpuMs) / 1_000)),
    pairsPerProcessCpuSecond: Math.round(done / ((after.processCpuMs - before.processCpuMs) / 1_000)),
  };
}

/**
 * Keeps the event loop turning, so that this process never sleeps: to wake a sleeping one costs the sender more than
 * the datagram, and would be measured as the work of the server.
 */
export function stayAwake(isOver: () => boolean): void {
  setImmediate(() => {
    if (!isOver()) stayAwake(isOver);
  });
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
