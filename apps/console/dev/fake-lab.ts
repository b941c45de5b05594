/**
 * Serves the built page with an invented feed, for the page's own tests and pictures:
 *
 *     npx tsx apps/console/dev/fake-lab.ts --port 8090 [--agents 20] [--seed 1]
 *
 * Each button that is pressed on the page is printed as one line of JSON. Says "listening" when it can be opened. A
 * line "lose SITE" or "restore SITE" on its standard input is the end of that site's Configuration Server alone.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { boardCommand } from '@holdfast/protocol';
import { WebSocketServer } from 'ws';
import { FakeWorld } from './fake-world.ts';

const PAGE = fileURLToPath(new URL('../../../.build/console/', import.meta.url));
const STEP_MS = 100;
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
};

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8090' },
    agents: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
  },
});
const world = new FakeWorld({ agents: Number(values.agents), seed: Number(values.seed), now: Date.now() });

const http = createServer((request, response) => {
  const path = new URL(request.url ?? '/', 'http://page').pathname;
  try {
    // The URL parser has removed every "..".
    const body = readFileSync(PAGE + (path === '/' ? 'index.html' : path.slice(1)));
    response.writeHead(200, {
      'content-type': TYPES[extname(path) || '.html'] ?? 'application/octet-stream',
    });
    response.end(body);
  } catch {
    // No such file.
    response.writeHead(404).end();
  }
});
const sockets = new WebSocketServer({ server: http, path: '/board' });
const sendAll = (message: unknown) => {
  for (const socket of sockets.clients) socket.send(JSON.stringify(message));
};
sockets.on('connection', (socket) => {
  socket.send(JSON.stringify(world.snapshot(Date.now())));
  socket.send(JSON.stringify(world.recent()));
  socket.on('message', (data) => {
    const command = boardCommand.safeParse(JSON.parse(String(data)));
    if (!command.success) return;
    const answer = world.obey(command.data, Date.now());
    if (answer.type === 'timeline') {
      socket.send(JSON.stringify(answer));
      return;
    }
    console.log(JSON.stringify(command.data));
    sendAll(answer);
  });
});
createInterface({ input: process.stdin }).on('line', (line) => {
  const [word, site = ''] = line.split(' ');
  for (const message of world.turnConfiguration(site, word === 'restore', Date.now())) sendAll(message);
});
let steps = 0;
setInterval(() => {
  steps += 1;
  for (const message of world.advance(Date.now()))
    if (message.type !== 'snapshot' || steps % 2 === 0) sendAll(message);
}, STEP_MS);
http.listen(Number(values.port), '127.0.0.1', () => console.log('listening'));
