/**
 * The listening end of links: one port, many connections, each known by an id that is never used twice.
 *
 * It decides nothing. It tells who has opened, what whole message came and why a link ended, in the order in
 * which things happened; after `closed` nothing more is heard of that id. Memory is bounded at every place:
 * links, bytes of one message, bytes that wait for a slow reader, malformed messages. Nobody gets more of our time than
 * others do: of each link one message is handled in a turn of the event loop, then the next link has its turn.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LogLine } from '@holdfast/kernel';
import { type WebSocket, WebSocketServer } from 'ws';
import {
  BUFFERED_BYTES_MAX,
  CLOSING_MAX_MS,
  closingReason,
  isSocketPath,
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
  /** What the other end did wrong, for the log. A stranger can cause any number of these. */
  trouble?(line: LogLine, remote: string): void;
}

export interface LinkServerOptions<Request> {
  /** An address; or the absolute path of a Unix domain socket, which has no port. */
  readonly host: string;
  /** 0 takes a free port; see `port` of the result. */
  readonly port: number;
  readonly schema: MessageSchema<Request>;
  readonly handlers: LinkHandlers<Request>;
  /** One link more is refused with HTTP 503. */
  readonly linksMax?: number;
  readonly requestBytesMax?: number;
  /** So many bytes, its upgrade included, may come on a link before `known` is called for it. Absent: any number. */
  readonly strangerBytesMax?: number;
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
  /** From now on its messages may be as long as `requestBytesMax`. */
  known(link: string): void;
  /** Closes in order; cut after CLOSING_MAX_MS if the other end does not agree. */
  close(link: string, reason: string): void;
  /** Cuts the connection at once. */
  terminate(link: string): void;
  /** Takes no more links and ends all; resolves when the port is free. */
  stop(): Promise<void>;
}

/** Desks of a large site, its servers and boards. */
export const LINKS_MAX = 8_192;
/** A connection that does not become a WebSocket in this time is dropped, at the latest a look later. */
const UPGRADE_MAX_MS = 5_000;
const UPGRADE_LOOK_MS = 1_000;
/** Connections that are no WebSocket yet; one more is dropped by the system's listener. */
const UPGRADING_MAX = 1_024;

interface Link {
  readonly socket: WebSocket;
  /** Ends the measuring of what a stranger says. */
  known?: () => void;
  malformed: number;
  /** Bytes up to the end of a message that is longer than all that may wait: one at a time does not make its reader slow. */
  longBytes: number;
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
  const http = createServer(
    {
      headersTimeout: UPGRADE_MAX_MS,
      requestTimeout: UPGRADE_MAX_MS,
      connectionsCheckingInterval: UPGRADE_LOOK_MS,
      keepAliveTimeout: 1,
    },
    (_request, response) => {
      response.writeHead(426, { Upgrade: 'websocket', Connection: 'close', 'Content-Type': 'text/plain' });
      response.end('Links are WebSockets.\n');
    },
  );
  http.maxConnections = linksMax + UPGRADING_MAX;
  await listen(http, options.host, options.port);
  const sockets = new WebSocketServer({
    server: http,
    maxPayload: options.requestBytesMax ?? REQUEST_BYTES_MAX,
    perMessageDeflate: false,
    clientTracking: false,
    // One message of a link in a turn of the event loop, so that a flood on one link delays others by one message.
    allowSynchronousEvents: false,
    // We answer pings ourselves, because their answers too must not pile up before a slow reader.
    autoPong: false,
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
    port: isSocketPath(options.host) ? 0 : (http.address() as AddressInfo).port,
    get size() {
      return links.size;
    },
    send: (id, reply) => deliver(links.get(id), JSON.stringify(reply), limit),
    broadcast(ids, reply) {
      const text = JSON.stringify(reply);
      for (const id of ids) deliver(links.get(id), text, limit);
    },
    known: (id) => links.get(id)?.known?.(),
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
  { schema, handlers, strangerBytesMax, bufferedBytesMax = BUFFERED_BYTES_MAX }: LinkServerOptions<Request>,
): void {
  const remote = `${request.socket.remoteAddress ?? '?'}:${request.socket.remotePort ?? 0}`;
  const link: Link = { socket, malformed: 0, longBytes: 0 };
  links.set(id, link);
  if (strangerBytesMax !== undefined) measureStranger(link, request, strangerBytesMax);
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
    handlers.trouble?.(
      { level: 'warn', what: 'malformed message on a link', because: reading.text, detail: { remote } },
      remote,
    );
    deliver(link, JSON.stringify({ type: 'Error', code: 'bad-message', ...told }), bufferedBytesMax);
    link.malformed += 1;
    if (link.malformed >= MALFORMED_MAX) closeLink(link, 1008, { kind: 'protocol', text: reading.text });
  });
  socket.on('ping', (data) => {
    if (hasRoom(link, bufferedBytesMax)) socket.pong(data);
  });
  socket.on('close', (code, reason) => {
    links.delete(id);
    const end = link.end ?? endOf(code, String(reason), link.failure);
    if (end.kind === 'protocol' || end.kind === 'slow-reader') {
      const detail = { kind: end.kind, remote };
      handlers.trouble?.({ level: 'warn', what: 'link cut', because: end.text, detail }, remote);
    }
    handlers.closed(id, end);
  });
  handlers.opened(id, remote);
}

/**
 * What a message may hold is the same for all links of a port, so what comes from a stranger is measured as it arrives, and
 * the link cut before a long message is whole.
 */
function measureStranger(link: Link, { socket }: IncomingMessage, bytesMax: number): void {
  const measure = () => {
    if (socket.bytesRead <= bytesMax) return;
    link.end ??= { kind: 'protocol', text: `more than ${bytesMax} bytes came before it was known` };
    link.socket.terminate();
  };
  socket.on('data', measure);
  link.known = () => socket.off('data', measure);
}

/** 1006 is the library's word for a connection that ended without the closing handshake. */
function endOf(code: number, reason: string, failure: string | undefined): LinkEnd {
  if (code === 1006) return { kind: 'reset', text: failure ?? 'ended without closing' };
  return { kind: 'closed', text: reason === '' ? `status ${code}` : reason };
}

function deliver(link: Link | undefined, text: string, bufferedBytesMax: number): boolean {
  if (link === undefined || !hasRoom(link, bufferedBytesMax)) return false;
  const { bufferedAmount } = link.socket;
  if (bufferedAmount <= bufferedBytesMax)
    link.longBytes = text.length > bufferedBytesMax ? bufferedAmount + Buffer.byteLength(text) : 0;
  link.socket.send(text);
  return true;
}

/** Whether it stands and its reader keeps up; one that does not is cut. */
function hasRoom(link: Link, bufferedBytesMax: number): boolean {
  if (link.end !== undefined || link.socket.readyState !== link.socket.OPEN) return false;
  if (link.socket.bufferedAmount <= bufferedBytesMax + link.longBytes) return true;
  link.end = { kind: 'slow-reader', text: `more than ${bufferedBytesMax} bytes wait` };
  link.socket.terminate();
  return false;
}

function closeLink(link: Link, status: number, end: LinkEnd): void {
  link.end ??= end;
  link.socket.close(status, closingReason(end.text));
  const cut = setTimeout(() => link.socket.terminate(), CLOSING_MAX_MS);
  cut.unref();
  link.socket.once('close', () => clearTimeout(cut));
}

function listen(server: ReturnType<typeof createServer>, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const isPath = isSocketPath(host);
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be opened: ${error.message}`;
      reject(new Error(`${isPath ? `Socket ${host}` : `TCP port ${port} on ${host}`} ${why}.`));
    });
    const opened = () => {
      server.removeAllListeners('error');
      resolve();
    };
    if (isPath) server.listen(host, opened);
    else server.listen(port, host, opened);
  });
}
