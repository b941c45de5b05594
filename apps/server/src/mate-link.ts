/**
 * The link between the two members of a pair: one WebSocket, from the Application that is named as the backup to the
 * port `pair` of the one that names it, whichever of them is primary. Each side first says who it is, and shows the
 * secret of all servers; nothing else is heard or said before. What is said then is the business of the node.
 */
import {
  type MirrorMessage,
  mirrorMessage,
  PROTOCOL_VERSION,
  PROTOCOL_VERSION_OLDEST,
} from '@holdfast/protocol';
import { isSameSecret, type PairMembership } from '@holdfast/servers';
import { connectLink, type LinkClient, type LinkServer, startLinkServer } from '@holdfast/shell';
import type { Log } from './log.ts';
import type { LogBudget } from './log-budget.ts';
import { CannotRun } from './role.ts';

export interface MateLinkOptions {
  readonly application: string;
  /** See process-identity. */
  readonly process: string;
  readonly secret: string;
  readonly pair: PairMembership;
  readonly log: Log;
  /** What strangers can cause at the port is written within this. */
  readonly strangers: LogBudget;
  linked(): void;
  unlinked(because: string): void;
  message(message: MirrorMessage): void;
}

export interface MateLink {
  /** Dropped while there is no link. A mate that leaves too much unread is cut off, and follows anew (LG6). */
  send(message: MirrorMessage): void;
  close(): Promise<void>;
}

/** Between two attempts of the backup. */
const PAUSE_MS = 200;
/** A mate that is stopped must not hold up the next attempt for longer than a takeover lasts. */
const CONNECT_MAX_MS = 500;
/** Who has connected says who it is by then. */
const HELLO_MAX_MS = 2_000;
/** A primary speaks every 150 ms and is answered; a link on which nothing comes for so long leads nowhere. */
const SILENCE_MAX_MS = 3_000;
/** The mate, its former connections that are not known to be gone, and strangers who have not said hello. */
const LINKS_MAX = 16;
/** Everything that has changed while a mate was away comes in one message. */
const MESSAGE_BYTES_MAX = 32 * 1024 * 1024;

export function openMateLink(options: MateLinkOptions): Promise<MateLink> {
  return options.pair.connects ? Promise.resolve(connectToMate(options)) : listenForMate(options);
}

type Hello = Extract<MirrorMessage, { type: 'hello' }>;

function helloOf({ application, process, secret }: MateLinkOptions): Hello {
  return { type: 'hello', version: PROTOCOL_VERSION, application, process, secret };
}

/** Why this is not the mate that we speak with; never what it showed as its secret. */
function problemOf(message: MirrorMessage, { pair, secret }: MateLinkOptions): string | undefined {
  if (message.type !== 'hello') return 'it did not say who it is';
  const { application, version } = message;
  if (!isSameSecret(secret, message.secret)) return 'it does not show the server secret';
  if (application !== pair.mate)
    return `it runs as "${application.slice(0, 100)}", and the mate is "${pair.mate}"`;
  if (version < PROTOCOL_VERSION_OLDEST)
    return `it speaks version ${version}, and the oldest that is understood is ${PROTOCOL_VERSION_OLDEST}`;
  return undefined;
}

/** One silent link is left: with `heard` it counts anew. */
function silenceWatch(tooLong: () => void): { heard(): void; stop(): void } {
  const timer = setTimeout(tooLong, SILENCE_MAX_MS);
  return { heard: () => void timer.refresh(), stop: () => clearTimeout(timer) };
}

async function listenForMate(options: MateLinkOptions): Promise<MateLink> {
  const { pair, strangers } = options;
  /** Who has connected and not said hello yet. */
  const unknown = new Map<string, { readonly remote: string; readonly timer: NodeJS.Timeout }>();
  let mate: { readonly link: string; readonly silence: ReturnType<typeof silenceWatch> } | undefined;
  const leave = (because: string) => {
    if (mate === undefined) return;
    mate.silence.stop();
    server.terminate(mate.link);
    mate = undefined;
    options.unlinked(because);
  };
  const greeted = (link: string, message: MirrorMessage) => {
    const { remote = '', timer } = unknown.get(link) ?? {};
    clearTimeout(timer);
    unknown.delete(link);
    const problem = problemOf(message, options);
    if (problem !== undefined) {
      strangers.line({ level: 'warn', what: 'mate refused', because: problem, detail: { remote } }, remote);
      return server.close(link, problem);
    }
    leave('it has connected anew');
    mate = { link, silence: silenceWatch(() => leave(`nothing came for ${SILENCE_MAX_MS} ms`)) };
    server.send(link, helloOf(options));
    options.linked();
  };
  const server: LinkServer<MirrorMessage> = await startLinkServer<MirrorMessage, MirrorMessage>({
    ...pair.at,
    schema: mirrorMessage,
    linksMax: LINKS_MAX,
    requestBytesMax: MESSAGE_BYTES_MAX,
    handlers: {
      opened(link, remote) {
        const timer = setTimeout(() => server.terminate(link), HELLO_MAX_MS);
        unknown.set(link, { remote, timer });
      },
      message(link, message) {
        if (unknown.has(link)) return greeted(link, message);
        if (link !== mate?.link) return;
        mate.silence.heard();
        options.message(message);
      },
      closed(link, end) {
        clearTimeout(unknown.get(link)?.timer);
        unknown.delete(link);
        if (link === mate?.link) leave(end.text);
      },
      trouble: (line, remote) => strangers.line(line, remote),
    },
  }).catch((error: Error) => {
    throw new CannotRun(error.message);
  });
  return {
    send(message) {
      if (mate !== undefined) server.send(mate.link, message);
    },
    async close() {
      mate?.silence.stop();
      mate = undefined;
      await server.stop();
    },
  };
}

function connectToMate(options: MateLinkOptions): MateLink {
  const { pair, log } = options;
  let link: LinkClient<MirrorMessage> | undefined;
  let silence: ReturnType<typeof silenceWatch> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isLinked = false;
  let isClosed = false;
  /** A reason is told once, not at each attempt. */
  let told: string | undefined;
  const tell = (because: string) => {
    if (told === because) return;
    told = because;
    log({
      level: 'warn',
      what: 'mate not reached',
      because,
      detail: { at: `${pair.at.host}:${pair.at.port}` },
    });
  };
  const heard = (message: MirrorMessage) => {
    silence?.heard();
    if (isLinked) return options.message(message);
    const problem = problemOf(message, options);
    if (problem !== undefined) return link?.close(problem);
    isLinked = true;
    told = undefined;
    options.linked();
  };
  const connect = () => {
    let silentText: string | undefined;
    link = connectLink<MirrorMessage, MirrorMessage>({
      ...pair.at,
      schema: mirrorMessage,
      connectMaxMs: CONNECT_MAX_MS,
      replyBytesMax: MESSAGE_BYTES_MAX,
      handlers: {
        opened() {
          link?.send(helloOf(options));
          silence = silenceWatch(() => {
            silentText = `nothing came for ${SILENCE_MAX_MS} ms`;
            link?.terminate();
          });
        },
        message: (message) => {
          if (!isClosed) heard(message);
        },
        closed(end) {
          silence?.stop();
          const wasLinked = isLinked;
          isLinked = false;
          if (isClosed) return;
          timer = setTimeout(connect, PAUSE_MS);
          const because = silentText ?? end.text;
          if (wasLinked) options.unlinked(because);
          else tell(because);
        },
        malformed: (field, because) =>
          log({ level: 'error', what: 'malformed message of the mate', because, detail: { field } }),
      },
    });
  };
  connect();
  return {
    send(message) {
      if (isLinked) link?.send(message);
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
      silence?.stop();
      link?.terminate();
      return Promise.resolve();
    },
  };
}
