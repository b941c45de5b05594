/**
 * The connecting end of a link. One object is one attempt: it either opens within its limit or ends, and ends
 * once. When to try again, and where, is not decided here.
 */
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import {
  BUFFERED_BYTES_MAX,
  CLOSING_MAX_MS,
  closingReason,
  isSocketPath,
  type LinkEnd,
  linkUrl,
  MALFORMED_MAX,
  type MessageSchema,
  REPLY_BYTES_MAX,
  readMessage,
} from './link.ts';

export interface LinkClientHandlers<Reply> {
  opened(): void;
  message(reply: Reply): void;
  /** Exactly once, also for an attempt that never opened. Nothing follows. */
  closed(end: LinkEnd): void;
  /** A message from the server that cannot be read; it was dropped. */
  malformed?(field: string, text: string): void;
}

export interface LinkClientOptions<Reply> {
  /** An address; or the absolute path of a Unix domain socket, which has no port. */
  readonly host: string;
  readonly port: number;
  readonly schema: MessageSchema<Reply>;
  readonly handlers: LinkClientHandlers<Reply>;
  /** From the call to the opened WebSocket. A server that accepts and says nothing (stopped) ends here. */
  readonly connectMaxMs?: number;
  readonly replyBytesMax?: number;
}

export interface LinkClient<Request> {
  /** False while it is not open. */
  send(request: Request): boolean;
  close(reason?: string): void;
  terminate(): void;
}

/** A site that is alive answers in milliseconds; a stopped one must not hold up the attempt at the next. */
export const CONNECT_MAX_MS = 3_000;

export function connectLink<Request, Reply>(options: LinkClientOptions<Reply>): LinkClient<Request> {
  const isPath = isSocketPath(options.host);
  const socket = new WebSocket(isPath ? 'ws://localhost/' : linkUrl(options.host, options.port), {
    maxPayload: options.replyBytesMax ?? REPLY_BYTES_MAX,
    perMessageDeflate: false,
    followRedirects: false,
    // The library's own URLs of sockets take no path with a colon or a blank in it.
    ...(isPath ? { createConnection: () => connect(options.host) } : {}),
  });
  const attempt: Attempt = { isOpened: false, malformed: 0, end: undefined };
  listen(socket, attempt, options);
  return clientOf(socket, attempt);
}

/** What has become of it so far. */
interface Attempt {
  isOpened: boolean;
  malformed: number;
  /** The first reason to end is the one that is told. */
  end: LinkEnd | undefined;
}

function listen<Reply>(socket: WebSocket, attempt: Attempt, options: LinkClientOptions<Reply>): void {
  const { handlers, connectMaxMs = CONNECT_MAX_MS } = options;
  const limit = setTimeout(() => {
    attempt.end ??= { kind: 'timeout', text: `not open after ${connectMaxMs} ms` };
    socket.terminate();
  }, connectMaxMs);
  // The library offers the socket only with the upgrade's answer; a failure before it comes as `error` below.
  socket.on('upgrade', (response) => {
    response.socket.setNoDelay(true);
    response.socket.on('error', (error: NodeJS.ErrnoException) => {
      attempt.end ??= { kind: 'reset', text: error.code ?? error.message };
    });
  });
  socket.on('open', () => {
    clearTimeout(limit);
    if (attempt.end !== undefined) return;
    attempt.isOpened = true;
    handlers.opened();
  });
  socket.on('message', (data, isBinary) =>
    take(socket, attempt, options, isBinary ? undefined : String(data)),
  );
  socket.on('error', (error: NodeJS.ErrnoException) => {
    // Before the opening: refused, unreachable, or no WebSocket. After it: what the other end sent is not allowed.
    const kind = attempt.isOpened || error.code === undefined ? 'protocol' : 'reset';
    attempt.end ??= { kind, text: error.code ?? error.message };
  });
  socket.on('close', (code, reason) => {
    clearTimeout(limit);
    handlers.closed(attempt.end ?? endOf(code, String(reason)));
  });
}

/** `text` is undefined for bytes that are no text. */
function take<Reply>(
  socket: WebSocket,
  attempt: Attempt,
  { schema, handlers }: LinkClientOptions<Reply>,
  text: string | undefined,
): void {
  if (attempt.end !== undefined) return;
  const reading = readMessage(schema, text);
  if (reading.ok) return handlers.message(reading.message);
  handlers.malformed?.(reading.field, reading.text);
  attempt.malformed += 1;
  if (attempt.malformed < MALFORMED_MAX) return;
  attempt.end = { kind: 'protocol', text: reading.text };
  socket.terminate();
}

function endOf(code: number, text: string): LinkEnd {
  // RFC 6455 §7.1.5: no closing frame has come.
  if (code === 1006) return { kind: 'reset', text: 'ended without closing' };
  return { kind: 'closed', text: text === '' ? `status ${code}` : text };
}

function clientOf<Request>(socket: WebSocket, attempt: Attempt): LinkClient<Request> {
  return {
    send(request) {
      if (attempt.end !== undefined || socket.readyState !== socket.OPEN) return false;
      if (socket.bufferedAmount > BUFFERED_BYTES_MAX) {
        attempt.end = { kind: 'slow-reader', text: `more than ${BUFFERED_BYTES_MAX} bytes wait` };
        socket.terminate();
        return false;
      }
      socket.send(JSON.stringify(request));
      return true;
    },
    close(reason = 'done') {
      attempt.end ??= { kind: 'local', text: reason };
      if (!attempt.isOpened) return socket.terminate();
      socket.close(1000, closingReason(reason));
      const cut = setTimeout(() => socket.terminate(), CLOSING_MAX_MS);
      cut.unref();
      socket.once('close', () => clearTimeout(cut));
    },
    terminate() {
      attempt.end ??= { kind: 'local', text: 'cut by this end' };
      socket.terminate();
    },
  };
}
