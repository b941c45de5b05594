/**
 * The link between the two members of a pair: one WebSocket, from the Application that is named as the backup to the
 * port `pair` of the one that names it, whichever of them is primary. Each side first says who it is, and shows that it
 * holds the secret of all servers (LK1); nothing else is heard or said before. What is said then is the business of the node.
 */
import { type MirrorMessage, mirrorMessage } from '@holdfast/protocol';
import {
  CLOCK_APART_MAX_MS,
  type Greeting,
  type GreetingOptions,
  type PairMembership,
  proofNonce,
  type ServerSecret,
  startGreeting,
  stepGreeting,
} from '@holdfast/servers';
import {
  connectLink,
  cryptoRandom,
  type LinkClient,
  type LinkServer,
  startLinkServer,
} from '@holdfast/shell';
import { nodeHashes } from './crypto.ts';
import type { Log } from './log.ts';
import type { LogBudget } from './log-budget.ts';
import { CannotRun } from './role.ts';

export interface MateLinkOptions {
  readonly application: string;
  /** See process-identity. */
  readonly process: string;
  readonly secret: ServerSecret;
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
/** Who has connected has shown by then that it is the mate. */
const HELLO_MAX_MS = 2_000;
/** A primary speaks every 150 ms and is answered; a link on which nothing comes for so long leads nowhere. */
const SILENCE_MAX_MS = 3_000;
/** The mate, its former connections that are not known to be gone, and strangers who have not shown that they are it. */
const LINKS_MAX = 16;
/** The upgrade, a hello and a proof, whose names are short: some 1 KB. */
const STRANGER_BYTES_MAX = 8 * 1024;
/** Everything that has changed while a mate was away comes in one message. */
const MESSAGE_BYTES_MAX = 32 * 1024 * 1024;

export function openMateLink(options: MateLinkOptions): Promise<MateLink> {
  return options.pair.connects ? Promise.resolve(connectToMate(options)) : listenForMate(options);
}

function greetingOf({ application, process, secret, pair }: MateLinkOptions): GreetingOptions {
  return {
    ...{ application, process, secret, mate: pair.mate, connects: pair.connects, hashes: nodeHashes },
    nonce: proofNonce(cryptoRandom()),
    wall: Date.now(),
  };
}

/** Whose clock is another works all the same (LG5); but who reads the two logs beside each other is misled. */
function tellClock({ log, pair }: MateLinkOptions, clockApartMs: number): void {
  if (Math.abs(clockApartMs) <= CLOCK_APART_MAX_MS) return;
  const because = `LG5: the clock of ${pair.mate} is ${Math.round(clockApartMs)} ms from ours. Nothing depends on it but what people read; set it right`;
  log({ level: 'warn', what: 'clock of the mate is another', because, detail: { clockApartMs } });
}

/** One silent link is left: with `heard` it counts anew. */
function silenceWatch(tooLong: () => void): { heard(): void; stop(): void } {
  const timer = setTimeout(tooLong, SILENCE_MAX_MS);
  return { heard: () => void timer.refresh(), stop: () => clearTimeout(timer) };
}

interface Unknown {
  readonly remote: string;
  readonly timer: NodeJS.Timeout;
  readonly own: GreetingOptions;
  greeting: Greeting;
}

async function listenForMate(options: MateLinkOptions): Promise<MateLink> {
  const { pair, strangers } = options;
  /** Who has connected and not shown yet that it is the mate. */
  const unknown = new Map<string, Unknown>();
  let mate: { readonly link: string; readonly silence: ReturnType<typeof silenceWatch> } | undefined;
  const leave = (because: string) => {
    if (mate === undefined) return;
    mate.silence.stop();
    server.terminate(mate.link);
    mate = undefined;
    options.unlinked(because);
  };
  const greeted = (link: string, from: Unknown, message: MirrorMessage) => {
    const { state, send } = stepGreeting(from.own, from.greeting, message);
    from.greeting = state;
    for (const answer of send) server.send(link, answer);
    if (state.name !== 'known' && state.name !== 'refused') return;
    clearTimeout(from.timer);
    unknown.delete(link);
    if (state.name === 'refused') {
      const { because } = state;
      const detail = { remote: from.remote };
      strangers.line({ level: 'warn', what: 'mate refused', because, detail }, from.remote);
      return server.close(link, because);
    }
    server.known(link);
    leave('it has connected anew');
    mate = { link, silence: silenceWatch(() => leave(`nothing came for ${SILENCE_MAX_MS} ms`)) };
    tellClock(options, state.clockApartMs);
    options.linked();
  };
  const server: LinkServer<MirrorMessage> = await startLinkServer<MirrorMessage, MirrorMessage>({
    ...pair.at,
    schema: mirrorMessage,
    linksMax: LINKS_MAX,
    requestBytesMax: MESSAGE_BYTES_MAX,
    strangerBytesMax: STRANGER_BYTES_MAX,
    handlers: {
      opened(link, remote) {
        const timer = setTimeout(() => server.terminate(link), HELLO_MAX_MS);
        const own = greetingOf(options);
        unknown.set(link, { remote, timer, own, greeting: startGreeting(own).state });
      },
      message(link, message) {
        const from = unknown.get(link);
        if (from !== undefined) return greeted(link, from, message);
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
  let own = greetingOf(options);
  let greeting = startGreeting(own).state;
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
    if (greeting.name === 'known') return options.message(message);
    const { state, send } = stepGreeting(own, greeting, message);
    greeting = state;
    for (const answer of send) link?.send(answer);
    if (state.name === 'refused') return link?.close(state.because);
    if (state.name !== 'known') return;
    told = undefined;
    tellClock(options, state.clockApartMs);
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
          own = greetingOf(options);
          const { state, send } = startGreeting(own);
          greeting = state;
          for (const message of send) link?.send(message);
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
          const wasLinked = greeting.name === 'known';
          greeting = startGreeting(own).state;
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
      if (greeting.name === 'known') link?.send(message);
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
