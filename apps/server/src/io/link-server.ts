/**
 * The listening end of links: one port, many connections, each known by an id that is never used twice.
 *
 * It decides nothing. It tells who has opened, what whole message came and why a link ended, in the order in
 * which things happened; after `closed` nothing more is heard of that id. Memory is bounded at every place:
 * links, bytes of one message, bytes that wait for a slow reader, malformed messages.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import {
  BUFFERED_BYTES_MAX,
  CLOSING_MAX_MS,
  type LinkEnd,
  MALFORMED_MAX,
  type MessageSchema,
  REQUEST_BYTES_MAX,
  readMessage,
} from './link.ts';

export interface LinkHandlers<Request> {
  opened(link: string, remote: string): void;
  message(link: string, request: Request): void;
  closed(link: string, end: LinkEnd): void;
}

export interface LinkServerOptions<Request> {
  readonly host: string;
  /** 0 takes a free port; see `port` of the result. */
  readonly port: number;
  readonly schema: MessageSchema<Request>;
  readonly handlers: LinkHandlers<Request>;
  /** One link more is refused with HTTP 503. */
  readonly linksMax?: number;
  readonly requestBytesMax?: number;
  readonly bufferedBytesMax?: number;
}

export interface LinkServer<Reply> {
  readonly port: number;
  /** Links that are open now. */
  readonly size: number;
  /** False when the link is gone, or was cut because its reader is too slow. */
  send(link: string, reply: Reply): boolean;
  /** The same message to many, turned into text once. */
  broadcast(links: Iterable<string>, reply: Reply): void;
  /** Closes in order; cut after CLOSING_MAX_MS if the other end does not agree. */
  close(link: string, reason: string): void;
  /** Cuts the connection at once. */
  terminate(link: string): void;
  /** Takes no more links and ends all; resolves when the port is free. */
  stop(): Promise<void>;
}

/** Desks of a large site, its servers and boards. */
export const LINKS_MAX = 8_192;
/** A connection that does not become a WebSocket in this time is dropped. */
const UPGRADE_MAX_MS = 5_000;

interface Link {
  readonly socket: WebSocket;
  malformed: number;
  /** Why this end ended it, when it did. */
  end?: LinkEnd;
  /** What the transport said last, for the log. */
  failure?: string;
}

/** Rejects with a sentence when the port cannot be had. */
export async function startLinkServer<Request, Reply>(
  options: LinkServerOptions<Request>,
): Promise<LinkServer<Reply>> {
  const linksMax = options.linksMax ?? LINKS_MAX;
  const links = new Map<string, Link>();
  const http = createServer({
    headersTimeout: UPGRADE_MAX_MS,
    requestTimeout: UPGRADE_MAX_MS,
    keepAliveTimeout: 1,
  });
  await listen(http, options.host, options.port);
  const sockets = new WebSocketServer({
    server: http,
    maxPayload: options.requestBytesMax ?? REQUEST_BYTES_MAX,
    perMessageDeflate: false,
    clientTracking: false,
    verifyClient: (_info, answer) => {
      if (links.size < linksMax) answer(true);
      else answer(false, 503, 'Too many links');
    },
  });
  let count = 0;
  sockets.on('connection', (socket: WebSocket, request: IncomingMessage) => {
    count += 1;
    accept(links, `link-${count}`, socket, request, options);
  });
  // From here on an error of the listener concerns one connection that could not be accepted.
  sockets.on('error', () => {});
  const limit = options.bufferedBytesMax ?? BUFFERED_BYTES_MAX;
  return {
    port: (http.address() as AddressInfo).port,
    get size() {
      return links.size;
    },
    send: (id, reply) => deliver(links.get(id), JSON.stringify(reply), limit),
    broadcast(ids, reply) {
      const text = JSON.stringify(reply);
      for (const id of ids) deliver(links.get(id), text, limit);
    },
    close(id, reason) {
      const link = links.get(id);
      if (link !== undefined) closeLink(link, 1000, { kind: 'local', text: reason });
    },
    terminate(id) {
      const link = links.get(id);
      if (link === undefined) return;
      link.end ??= { kind: 'local', text: 'cut by this end' };
      link.socket.terminate();
    },
    stop() {
      for (const link of links.values()) closeLink(link, 1001, { kind: 'local', text: 'the server stops' });
      return new Promise((resolve) => http.close(() => resolve()));
    },
  };
}

function accept<Request>(
  links: Map<string, Link>,
  id: string,
  socket: WebSocket,
  request: IncomingMessage,
  { schema, handlers }: LinkServerOptions<Request>,
): void {
  const link: Link = { socket, malformed: 0 };
  links.set(id, link);
  // Small messages must not wait for one another (Nagle), and a reset is known by its name only here.
  request.socket.setNoDelay(true);
  request.socket.on('error', (error: NodeJS.ErrnoException) => {
    link.failure = error.code ?? error.message;
  });
  socket.on('error', (error) => {
    link.end ??= { kind: 'protocol', text: error.message };
  });
  socket.on('message', (data, isBinary) => {
    if (link.end !== undefined) return;
    const reading = readMessage(schema, isBinary ? undefined : String(data));
    if (reading.ok) return handlers.message(id, reading.message);
    const { ok: _, ...told } = reading;
    socket.send(JSON.stringify({ type: 'Error', code: 'bad-message', ...told }));
    link.malformed += 1;
    if (link.malformed >= MALFORMED_MAX) closeLink(link, 1008, { kind: 'protocol', text: reading.text });
  });
  socket.on('close', (code, reason) => {
    links.delete(id);
    handlers.closed(id, link.end ?? endOf(code, String(reason), link.failure));
  });
  handlers.opened(id, `${request.socket.remoteAddress ?? '?'}:${request.socket.remotePort ?? 0}`);
}

/** 1006 is the library's word for a connection that ended without the closing handshake. */
function endOf(code: number, reason: string, failure: string | undefined): LinkEnd {
  if (code === 1006) return { kind: 'reset', text: failure ?? 'ended without closing' };
  return { kind: 'closed', text: reason === '' ? `status ${code}` : reason };
}

function deliver(link: Link | undefined, text: string, bufferedBytesMax: number): boolean {
  if (link === undefined || link.end !== undefined || link.socket.readyState !== link.socket.OPEN)
    return false;
  if (link.socket.bufferedAmount > bufferedBytesMax) {
    link.end = { kind: 'slow-reader', text: `more than ${bufferedBytesMax} bytes wait` };
    link.socket.terminate();
    return false;
  }
  link.socket.send(text);
  return true;
}

function closeLink(link: Link, status: number, end: LinkEnd): void {
  link.end ??= end;
  link.socket.close(status, end.text.slice(0, 100));
  const cut = setTimeout(() => link.socket.terminate(), CLOSING_MAX_MS);
  cut.unref();
  link.socket.once('close', () => clearTimeout(cut));
}

function listen(server: ReturnType<typeof createServer>, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be opened: ${error.message}`;
      reject(new Error(`TCP port ${port} on ${host} ${why}.`));
    });
    server.listen(port, host, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}
