/**
 * `npm start`: two sites, robot agents, a stream of callers, and the live page on which a site can be killed, hung
 * and restored. Runs until Ctrl-C, and leaves nothing behind.
 */
import { existsSync } from 'node:fs';
import fastifyStatic from '@fastify/static';
import { ADMINISTRATOR, DESK_APPLICATION, GUEST, SALES_QUEUE, SUPPORT_QUEUE } from '@holdfast/centre';
import { type BoardDecision, type BoardMessage, boardCommand, type SiteCommand } from '@holdfast/protocol';
import Fastify from 'fastify';
import { type WebSocket, WebSocketServer } from 'ws';
import { Board } from './board.ts';
import { BOOTSTRAP_PATH, demoBootstrap } from './demo-bootstrap.ts';
import { type DemoPorts, sitePorts, takenPorts } from './demo-ports.ts';
import { PASSWORD, PHONE_PASSWORD } from './lab-configuration.ts';
import { LiveLab as Lab, type LiveLab, SITES } from './live-lab.ts';
import { type LabTimes, SHORT } from './times.ts';

/** Long enough to watch the rings close, short enough not to be bored. */
const DEMO_TIMES: LabTimes = {
  ...SHORT,
  siteTimeoutS: 8,
  phoneTimeoutS: 8,
  addpMs: 2000,
  stampEveryMs: 1000,
  leaseLengthMs: 4000,
  registerEveryS: 6,
  registration: {
    attemptMs: 1000,
    returnEveryMs: 3000,
    retryFirstMs: 500,
    retryMaxMs: 2000,
    moveJitterMs: 300,
  },
  wrapUpS: 2,
  talkMs: 9000,
};
const CALLS_PER_SECOND_PER_AGENT = 0.055;
const PUSH_EVERY_MS = 250;
const COMMAND_BYTES_MAX = 1024;

export interface DemoOptions {
  readonly agents: number;
  readonly port: number;
  /** The first of those of the two sites. */
  readonly firstSitePort: number;
  readonly seed: number;
  readonly serverEntry: string;
  /** Folder of the built page. */
  readonly page: string;
  /** Aborted when it has to end. */
  readonly end: AbortSignal;
}

/** Rejects with a sentence for people when a port is taken or something is missing. Resolves at the end. */
export async function runDemo(options: DemoOptions): Promise<void> {
  if (!existsSync(`${options.page}/index.html`))
    throw new Error(`the live page is not built (${options.page}); run npm run build`);
  const ports = sitePorts(options.firstSitePort);
  const taken = await takenPorts(ports, options.port);
  if (taken !== undefined) throw new Error(taken);
  console.log(`Starting two sites and ${options.agents} robot agents …`);
  const feed = new Feed();
  const lab = await Lab.make({
    agents: options.agents,
    seed: options.seed,
    times: DEMO_TIMES,
    serverEntry: options.serverEntry,
    ports,
    restarts: true,
    families: 'both',
    withSound: Math.min(20, options.agents),
    onDecision: (decision) => feed.decided((board) => board.decision(decision)),
    onAlarm: (alarm) => feed.decided((board) => board.alarm(alarm)),
  });
  const board = new Board(lab, {
    server: `127.0.0.1:${ports.sip[0]}`,
    user: GUEST.dn,
    password: PHONE_PASSWORD,
    queue: '8000',
  });
  feed.board = board;
  let close: () => Promise<void> = async () => {};
  const play = async (): Promise<never> => {
    await lab.start();
    lab.callers.stream(Math.max(0.2, CALLS_PER_SECOND_PER_AGENT * options.agents), [
      SALES_QUEUE,
      SUPPORT_QUEUE,
    ]);
    await board.start();
    close = await serve(options, lab, board, feed);
    console.log(introduction(options.port, ports));
    // It goes on by itself until it is told to end.
    return new Promise<never>(() => {});
  };
  try {
    await untilAborted(options.end, play());
    console.log('\nStopping …');
  } finally {
    board.stop();
    await close();
    await lab.stop();
  }
  console.log('Stopped; nothing is left running.');
}

/** Waits for the work, or no longer than until the signal: then it resolves, and the work is left to itself. */
function untilAborted(signal: AbortSignal, work: Promise<never>): Promise<void> {
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  return Promise.race([aborted, work]);
}

function introduction(port: number, { sip, config, writer }: DemoPorts): string {
  const edit = `Application/${DESK_APPLICATION} options/interaction-workspace/disaster-recovery.timeout=6`;
  return [
    '',
    `  Live page:    http://127.0.0.1:${port}`,
    `  Join with a SIP phone: register ${GUEST.dn} with password ${PHONE_PASSWORD} at 127.0.0.1:${sip[0]} (north)`,
    `                or 127.0.0.1:${sip[1]} (south), UDP or TCP, realm holdfast.`,
    '  Call the queue: dial 8000 (Sales) or 8001 (Support).',
    `  Join with a program: http://127.0.0.1:${port}${BOOTSTRAP_PATH} is its bootstrap file; see samples/README.md.`,
    `  Configuration: north writes it into its database, proxies serve it at both sites. http://127.0.0.1:${writer.restPort}/docs`,
    `                is its REST interface (${ADMINISTRATOR.user}, ${PASSWORD}). Edit it, and desks at both sites follow at once:`,
    `                HOLDFAST_USER=${ADMINISTRATOR.user} HOLDFAST_PASSWORD=${PASSWORD} npx holdfast config set \\`,
    `                  ${edit} \\`,
    `                  --config ${config.map((at) => `127.0.0.1:${at}`).join(',')}`,
    `  Time-outs here: disaster-recovery.timeout ${DEMO_TIMES.siteTimeoutS} s (the documents' default is 60 s).`,
    '  Ctrl-C stops everything.',
    '',
  ].join('\n');
}

/** All pages that look on. */
class Feed {
  readonly #pages = new Set<WebSocket>();
  board: Board | undefined;

  add(page: WebSocket): void {
    this.#pages.add(page);
    page.on('close', () => this.#pages.delete(page));
    // `close` follows.
    page.on('error', () => {});
  }

  decided(told: (board: Board) => BoardDecision): void {
    if (this.board !== undefined) this.send({ type: 'decision', decision: told(this.board) });
  }

  send(message: BoardMessage): void {
    const text = JSON.stringify(message);
    for (const page of this.#pages) if (page.bufferedAmount < 1_000_000) page.send(text);
  }

  get size(): number {
    return this.#pages.size;
  }

  close(): void {
    for (const page of this.#pages) page.terminate();
  }
}

async function serve(
  options: DemoOptions,
  lab: LiveLab,
  board: Board,
  feed: Feed,
): Promise<() => Promise<void>> {
  const http = Fastify({ logger: false });
  await http.register(fastifyStatic, { root: options.page });
  const bootstrap = demoBootstrap(lab.ports, DEMO_TIMES.retryDelayS);
  http.get(BOOTSTRAP_PATH, (_request, reply) => reply.type('application/json').send(bootstrap));
  const sockets = new WebSocketServer({ server: http.server, path: '/board', maxPayload: COMMAND_BYTES_MAX });
  sockets.on('connection', (page) => {
    feed.add(page);
    page.send(JSON.stringify(board.snapshot()));
    page.send(JSON.stringify(board.recent));
    page.on('message', (data) => {
      const command = boardCommand.safeParse(readJson(String(data)));
      if (!command.success)
        feed.send({ type: 'notice', level: 'error', text: 'The command was not understood.' });
      else if (command.data.type === 'timeline')
        page.send(JSON.stringify(board.timeline(command.data.agent)));
      else void obey(command.data, lab, feed);
    });
  });
  const timer = setInterval(() => {
    if (feed.size > 0) feed.send(board.snapshot());
  }, PUSH_EVERY_MS);
  await http.listen({ host: '127.0.0.1', port: options.port });
  return async () => {
    clearInterval(timer);
    feed.close();
    sockets.close();
    await http.close();
  };
}

async function obey({ type, site: name }: SiteCommand, lab: LiveLab, feed: Feed): Promise<void> {
  const notice = (level: 'info' | 'error', words: string) =>
    feed.send({ type: 'notice', level, text: words });
  const site = SITES.find((one) => one === name);
  if (site === undefined) return notice('error', `There is no site ${name}.`);
  const { state } = lab.sites[site];
  try {
    switch (type) {
      case 'kill':
        if (state === 'down') return notice('info', `Site ${site} is down already.`);
        lab.kill(site);
        return notice('info', `Site ${site} was killed.`);
      case 'hang':
        if (state !== 'up') return notice('info', `Site ${site} is not up.`);
        lab.hang(site);
        return notice('info', `Site ${site} is stopped: it accepts nothing and says nothing.`);
      case 'restore':
        if (state === 'up' || state === 'starting') return notice('info', `Site ${site} is up already.`);
        await lab.restore(site);
        return notice('info', `Site ${site} is back.`);
    }
  } catch (error) {
    // The site could not be started: its log says why, and so does this.
    notice('error', (error as Error).message);
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: refused like any other command that is not understood.
    return undefined;
  }
}
