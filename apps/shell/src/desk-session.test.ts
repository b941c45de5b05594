import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readBootstrap } from '@holdfast/desk';
import {
  type ConfigReply,
  type ConfigRequest,
  configRequest,
  type DeskConfiguration,
  type DeskReply,
  type DeskRequest,
  deskRequest,
  type LinkServers,
  PROTOCOL_VERSION,
} from '@holdfast/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ProcessClock } from './clock.ts';
import { DeskFolder } from './desk-folder.ts';
import { startDesk } from './desk-session.ts';
import type { DeskListeners, DeskSession } from './desk-session-types.ts';
import { startLinkServer } from './link-server.ts';
import { cryptoRandom } from './random.ts';

const HOST = '127.0.0.1';
const DN = '7001';
const EPOCH = { epoch: 1, number: 1 };

let data: string;
const endings: (() => unknown)[] = [];
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'holdfast-session-'));
});
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
  rmSync(data, { recursive: true, force: true });
});

/** One site on the wire, as far as a log-in needs it: what it was asked, in the order in which it came. */
async function site(heard: (request: DeskRequest) => void = () => {}) {
  const asked: DeskRequest[] = [];
  const sip = await startLinkServer<DeskRequest, DeskReply>({
    ...{ host: HOST, port: 0, schema: deskRequest },
    handlers: {
      opened() {},
      closed() {},
      message(link, request) {
        asked.push(request);
        heard(request);
        for (const reply of answers(request)) sip.send(link, reply);
      },
    },
  });
  const config = await startLinkServer<ConfigRequest, ConfigReply>({
    ...{ host: HOST, port: 0, schema: configRequest },
    handlers: {
      opened() {},
      closed() {},
      message(link, request) {
        if (request.type === 'Open') {
          const { ReferenceID, application } = request;
          const version = PROTOCOL_VERSION;
          config.send(link, {
            type: 'Opened',
            ReferenceID,
            application,
            site: 'north',
            version,
            revision: '1',
          });
        } else if (request.type === 'LogIn') {
          const configuration = configurationOf(sip.port, config.port);
          const token = { type: 'LoggedIn', token: 'a token', expiresAt: 4e12, configuration } as const;
          config.send(link, { ...token, ReferenceID: request.ReferenceID });
        }
      },
    },
  });
  endings.push(
    () => sip.stop(),
    () => config.stop(),
  );
  return { asked, configPort: config.port };
}

function answers(request: DeskRequest): DeskReply[] {
  switch (request.type) {
    case 'RegisterClient': {
      const { ReferenceID } = request;
      const who = { application: 'sip-north', site: 'north', switch: 'north', version: PROTOCOL_VERSION };
      const lease = { leaseLengthMs: 1_000, stampEveryMs: 200 };
      return [
        { type: 'ServerInfo', ReferenceID, ...who, ...lease, position: EPOCH, resumed: false },
        { type: 'Stamp', stamp: { pairEpoch: 1, number: 1, at: 0 } },
      ];
    }
    case 'RegisterAddress': {
      const snapshot = { dn: DN, inService: true, calls: [] };
      return [{ type: 'Registered', ReferenceID: request.ReferenceID, position: EPOCH, snapshot }];
    }
    case 'AgentLogin': {
      const { AgentID, ReferenceID } = request;
      const attributes = { Server: 'sip', ThisDN: DN, AgentID, ReferenceID };
      const position = { epoch: 1, number: 2 };
      return [{ type: 'Event', position, time: 0, name: 'EventAgentLogin', attributes }];
    }
    case 'Ping':
      return [{ type: 'Pong', n: request.n }];
    default:
      return [];
  }
}

function configurationOf(sipPort: number, configPort: number): DeskConfiguration {
  const servers = (application: string, port?: number): LinkServers => ({
    form: 'pair',
    members: port === undefined ? [] : [{ application, host: HOST, port }],
    // So long that nobody asks for a sign of life in this test.
    addpTimeoutMs: 60_000,
    reconnectPauseMs: 1_000,
  });
  return {
    person: { name: 'sue', displayName: 'Sue', rank: 'agent' },
    family: 'interaction-workspace',
    options: {},
    preferredSite: 'north',
    sites: [
      {
        ...{ site: 'north', application: 'workspace', options: {}, switch: 'north', place: 'place-1' },
        ...{ dn: DN, AgentID: 'sue', queues: [] },
        telephony: servers('sip-north', sipPort),
        configuration: servers('config-north', configPort),
        statistics: servers('stat-north'),
      },
    ],
    ...{ warnings: [], place: 'place-1' },
  };
}

/** Both clocks as the system gives them, with a wall clock that a test moves. */
function movedClock() {
  const moved = { byMs: 0 };
  const sources = { monotonic: () => performance.now(), wall: () => Date.now() + moved.byMs };
  return { moved, clock: new ProcessClock({ sources }) };
}

function start(configPort: number, clock: ProcessClock, listeners: DeskListeners = {}): DeskSession {
  const file = {
    environment: 'e',
    sites: { preferred: { application: 'w', nodes: [`${HOST}:${configPort}`] } },
  };
  const reading = readBootstrap(Buffer.from(JSON.stringify(file)));
  const opening = DeskFolder.open(data, 'sue');
  if (!reading.ok || !opening.ok) throw new Error('the test needs a sound file and folder');
  const { folder } = opening;
  const desk = startDesk({
    ...{ user: 'sue', password: 'fake', desk: 'one', firstLogin: 'nothingBefore', addpTimeoutMs: 60_000 },
    ...{ bootstrap: reading.bootstrap, listeners, clock, random: cryptoRandom() },
    memory: {
      epochStored: folder.epochStored,
      storeLogin: (at, epoch) => folder.storeLogin(at, epoch),
      storeBootstrap: () => {},
    },
  });
  endings.push(async () => {
    await desk.stop();
    folder.release();
  });
  return desk;
}

test('[LL7] site and epoch are on the disk when the log-in reaches the site', async () => {
  let stored: unknown;
  const { asked, configPort } = await site((request) => {
    const path = join(data, 'agent-sue', 'login.json');
    if (request.type === 'AgentLogin' && existsSync(path)) stored = JSON.parse(readFileSync(path, 'utf8'));
  });
  const desk = start(configPort, new ProcessClock());
  await vi.waitFor(() => expect(desk.view?.site).toBe('north'), { timeout: 5_000 });
  const login = asked.find(({ type }) => type === 'AgentLogin');
  expect(login).toMatchObject({ epoch: { desk: 'one' } });
  expect(stored).toEqual({ site: 'north', epoch: login?.type === 'AgentLogin' && login.epoch });
});

test('[LL6] when the clocks have moved apart the desk hears of it before anything else, and asks for a sign of life', async () => {
  const { asked, configPort } = await site();
  const { moved, clock } = movedClock();
  const desk = start(configPort, clock);
  await vi.waitFor(() => expect(desk.view?.site).toBe('north'), { timeout: 5_000 });
  desk.command({ type: 'windowOpen', window: 'w' });
  expect(asked.some(({ type }) => type === 'Ping')).toBe(false);
  moved.byMs = 60_000;
  desk.command({ type: 'windowClosed', window: 'w' });
  await vi.waitFor(() => expect(asked.some(({ type }) => type === 'Ping')).toBe(true), { timeout: 5_000 });
});

test('listeners hear each link, the events of the DN with their site, and what the agent sees', async () => {
  const heard: string[] = [];
  const { configPort } = await site();
  const desk = start(configPort, new ProcessClock(), {
    link: ({ kind, site: at, state }) => heard.push(`${kind} ${state} ${at}`),
    dn: ({ name }, { site: at }) => heard.push(`${name} ${at}`),
    view: (view, before) => {
      if (view.site !== (before?.site ?? null)) heard.push(`works at ${view.site}`);
    },
  });
  await vi.waitFor(() => expect(heard).toContain('works at north'), { timeout: 5_000 });
  for (const told of ['configuration on north', 'telephony on north', 'EventAgentLogin north'])
    expect(heard).toContain(told);
  expect(heard.indexOf('telephony on north')).toBeLessThan(heard.indexOf('EventAgentLogin north'));
  const before = heard.length;
  await desk.stop();
  expect(heard.length).toBe(before);
});

test('what a listener throws is the program’s own failure, and the desk’s turn is done all the same', async () => {
  const failure = new Error('the program has a mistake');
  const { asked, configPort } = await site();
  const failed = once(process, 'uncaughtException');
  const others = process.listeners('uncaughtException').slice(0, -1);
  for (const other of others) process.off('uncaughtException', other);
  endings.push(() => others.forEach((other) => void process.on('uncaughtException', other)));
  let isFirst = true;
  start(configPort, new ProcessClock(), {
    fact: ({ fact }) => {
      // Before the log-in leaves, in the same turn.
      if (fact !== 'loginSent' || !isFirst) return;
      isFirst = false;
      throw failure;
    },
  });
  expect((await failed)[0]).toBe(failure);
  await vi.waitFor(() => expect(asked.some(({ type }) => type === 'AgentLogin')).toBe(true), {
    timeout: 5_000,
  });
});
