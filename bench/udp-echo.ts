/** The bare limit: a Node process that answers each datagram with one of its own, and does nothing else. */
import { createSocket } from 'node:dgram';
import { serveParent } from './two-processes.ts';

const { answerBytes } = JSON.parse(process.argv[2] ?? '{}') as { answerBytes: number };
const answer = Buffer.alloc(answerBytes, 'a');
let answered = 0;
const socket = createSocket({
  type: 'udp4',
  recvBufferSize: 4 * 1_024 * 1_024,
  sendBufferSize: 4 * 1_024 * 1_024,
  lookup: (host, _options, done) => done(null, host, 4),
});
socket.on('message', (_bytes, from) => {
  answered++;
  socket.send(answer, from.port, from.address);
});
socket.bind({ port: 0, address: '127.0.0.1' }, () =>
  serveParent({ port: socket.address().port }, () => ({ answered })),
);
