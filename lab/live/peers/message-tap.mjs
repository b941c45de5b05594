/**
 * Listens at the last place through which a SIP message leaves a process: whatever goes to a socket and is SIP is
 * also written to the file that HOLDFAST_TAP names, so that parsers of others can judge all that the project
 * sends. Loaded before the program (`node --import`), so that the program itself is the one that is shipped.
 * Plain JavaScript, because Node 20 loads nothing else before a bundle.
 */
import { Socket as DatagramSocket } from 'node:dgram';
import { appendFileSync } from 'node:fs';
import { Socket } from 'node:net';

/** Each message as one line of JSON. Over TCP our transports write one message at a time. */
function keep(transport, bytes) {
  const file = process.env.HOLDFAST_TAP ?? '';
  if (file === '' || !(bytes instanceof Uint8Array)) return;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const startLine = text.slice(0, text.indexOf('\r\n'));
  if (!startLine.includes('SIP/2.0')) return;
  appendFileSync(file, `${JSON.stringify({ pid: process.pid, transport, text })}\n`);
}

const { send } = DatagramSocket.prototype;
DatagramSocket.prototype.send = function (message, ...rest) {
  keep('UDP', message);
  return send.call(this, message, ...rest);
};

const { write } = Socket.prototype;
Socket.prototype.write = function (chunk, ...rest) {
  keep('TCP', chunk);
  return write.call(this, chunk, ...rest);
};
