/// <reference path="../dns-packet.d.ts" />
/** A name server on loopback that answers as the test says; undefined: it keeps silent. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { decode, encode, type Packet } from 'dns-packet';
import type { DnsServer } from '../dns.ts';

export interface NameServer extends DnsServer {
  /** Its questions so far, such as `A gw.test`. */
  readonly asked: string[];
  readonly socket: Socket;
}

export async function nameServer(
  answer: (question: { name: string; type: string }, count: number) => Partial<Packet> | undefined,
): Promise<NameServer> {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (bytes, from) => {
    const query = decode(bytes);
    const question = query.questions?.[0];
    if (question === undefined) return;
    asked.push(`${question.type} ${question.name}`);
    const given = answer(question, asked.length);
    if (given === undefined) return;
    const reply = encode({
      type: 'response',
      questions: [question],
      ...given,
      ...(query.id !== undefined && { id: query.id }),
    });
    socket.send(reply, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { host: '127.0.0.1', port: socket.address().port, asked, socket };
}
