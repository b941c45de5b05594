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
  const { schema, handlers } = options;
  const isPath = isSocketPath(options.host);
  const socket = new WebSocket(isPath ? 'ws://localhost/' : linkUrl(options.host, options.port), {
    maxPayload: options.replyBytesMax ?? REPLY_BYTES_MAX,
    perMessageDeflate: false,
    followRedirects: false,
    // The library's own URLs of sockets take no path with a colon or a blank in it.
    ...(isPath ? { createConnection: () => connect(options.host) } : {}),
  });
  let end: LinkEnd | undefined;
  let opened = false;
  let malformed = 0;
  const limit = setTimeout(() => {
    end ??= { kind: 'timeout', text: `not open after ${options.connectMaxMs ?? CONNECT_MAX_MS} ms` };
    socket.terminate();
  }, options.connectMaxMs ?? CONNECT_MAX_MS);
  // The library offers the socket only with the upgrade's answer; a failure before it comes as `error` below.
  socket.on('upgrade', (response) => {
    response.socket.setNoDelay(true);
    response.socket.on('error', (error: NodeJS.ErrnoException) => {
      end ??= { kind: 'reset', text: error.code ?? error.message };
    });
  });
  socket.on('open', () => {
    clearTimeout(limit);
    if (end !== undefined) return;
    opened = true;
    handlers.opened();
  });
  socket.on('message', (data, isBinary) => {
    if (end !== undefined) return;
    const reading = readMessage(schema, isBinary ? undefined : String(data));
    if (reading.ok) return handlers.message(reading.message);
    handlers.malformed?.(reading.field, reading.text);
    malformed += 1;
    if (malformed < MALFORMED_MAX) return;
    end = { kind: 'protocol', text: reading.text };
    socket.terminate();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    // Before the opening: refused, unreachable, or no WebSocket. After it: what the other end sent is not allowed.
    const kind = opened || error.code === undefined ? 'protocol' : 'reset';
    end ??= { kind, text: error.code ?? error.message };
  });
  socket.on('close', (code, reason) => {
    clearTimeout(limit);
    const text = String(reason);
    handlers.closed(
      end ??
        (code === 1006
          ? { kind: 'reset', text: 'ended without closing' }
          : { kind: 'closed', text: text === '' ? `status ${code}` : text }),
    );
  });
  return {
    send(request) {
      if (end !== undefined || socket.readyState !== socket.OPEN) return false;
      if (socket.bufferedAmount > BUFFERED_BYTES_MAX) {
        end = { kind: 'slow-reader', text: `more than ${BUFFERED_BYTES_MAX} bytes wait` };
        socket.terminate();
        return false;
      }
      socket.send(JSON.stringify(request));
      return true;
    },
    close(reason = 'done') {
      end ??= { kind: 'local', text: reason };
      if (!opened) return socket.terminate();
      socket.close(1000, closingReason(reason));
      const cut = setTimeout(() => socket.terminate(), CLOSING_MAX_MS);
      cut.unref();
      socket.once('close', () => clearTimeout(cut));
    },
    terminate() {
      end ??= { kind: 'local', text: 'cut by this end' };
      socket.terminate();
    },
  };
}
