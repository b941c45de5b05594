import { makeConfiguration } from '@holdfast/centre';
import { type LogLine, must, seededRandom } from '@holdfast/kernel';
import type { ConfigObject, ConfigReply, ConfigRequest } from '@holdfast/protocol';
import { portableHashes } from '@holdfast/sip';
import { expect, test } from 'vitest';
import { OUTAGE_REPEAT_MS } from '../outage-log.ts';
import { ServerClients } from '../server-clients.ts';
import {
  type ConfigFollowerEffect,
  ConfigFollowerNode,
  type ConfigFollowerOptions,
  FOLLOWER_ADDP_MS,
  FOLLOWER_PAUSE_MS,
} from './config-follower.ts';
import { HAND_BACK_AGAIN_MS } from './hand-back.ts';

const north = { host: 'n', port: 1 };
const south = { host: 's', port: 2 };
const tenant = (name: string) => ({ objectType: 'Tenant', name, enabled: true, options: {} });

const SECRET = 'the secret of all servers';
const OWN = { application: 'config-north', site: 'north' };

function start(more: Partial<ConfigFollowerOptions> = {}) {
  const there = new ServerClients<Extract<ConfigRequest, { type: 'Open' }>>({
    ...{ link: 'configuration', hashes: portableHashes, random: seededRandom(2) },
    secret: () => SECRET,
  });
  const node = new ConfigFollowerNode({
    application: 'sip',
    secret: SECRET,
    hashes: portableHashes,
    servers: [north, south],
    now: 0,
    random: seededRandom(1),
    ...more,
  });
  const world = {
    node,
    attempt: 0,
    lines: [] as LogLine[],
    sent: [] as ConfigRequest[],
    expire: (now: number) => note(node.expire(now)),
    opened: (now: number) => note(node.handle(now, { type: 'opened', attempt: world.attempt })),
    says: (now: number, message: ConfigReply) =>
      note(node.handle(now, { type: 'message', attempt: world.attempt, message })),
    closed: (now: number, why = 'gone') =>
      note(node.handle(now, { type: 'closed', attempt: world.attempt, why })),
    /** Connected and opened: both have shown the secret (LK1). */
    admit(now: number, revision: string) {
      world.opened(now);
      const open = world.sent.at(-1);
      if (open?.type !== 'Open' || open.nonce === undefined) throw new Error('no nonce');
      world.says(now, there.challenge('c', { ...open, nonce: open.nonce }, OWN));
      const shown = world.sent.at(-1);
      const proof = shown?.type === 'Proof' ? there.shown('c', shown.proof)?.proof : undefined;
      return world.says(now, opened(revision, proof));
    },
    /** And all read. */
    follow(now: number, revision: string, objects: unknown[]) {
      world.admit(now, revision);
      return world.says(now, { type: 'Objects', ReferenceID: 2, revision, objects });
    },
  };
  function note(effects: ConfigFollowerEffect[]): ConfigFollowerEffect[] {
    for (const effect of effects) {
      if (effect.type === 'connect') world.attempt = effect.attempt;
      if (effect.type === 'log') world.lines.push(effect.line);
      if (effect.type === 'send') world.sent.push(effect.message);
    }
    return effects.filter(({ type }) => type !== 'log');
  }
  return world;
}

const opened = (revision: string, proof?: string): ConfigReply => ({
  ...{ type: 'Opened', ReferenceID: 1, application: 'sip', site: 'north', version: 2, revision },
  ...(proof === undefined ? {} : { proof }),
});

const serverOf = (effects: ConfigFollowerEffect[]) =>
  effects.flatMap((effect) => (effect.type === 'connect' ? [effect.server] : []));

test('[CS12] it opens, reads everything and subscribes', () => {
  const world = start();
  expect(world.node.nextDeadline()).toBe(0);
  expect(world.expire(0)).toMatchObject([{ type: 'connect', server: north }]);
  expect(world.admit(1, 'r1')).toMatchObject([
    { type: 'send', message: { type: 'ReadAll', subscribe: true } },
  ]);
  expect(world.sent).toMatchObject([
    { type: 'Open', application: 'sip' },
    { type: 'Proof' },
    { type: 'ReadAll' },
  ]);
  const read = world.says(3, { type: 'Objects', ReferenceID: 2, revision: 'r1', objects: [tenant('a')] });
  expect(read).toMatchObject([
    { type: 'configuration', configuration: { revision: 'r1', objects: [tenant('a')] } },
  ]);
});

test('[CS12] changes are laid over what was read', () => {
  const world = start();
  world.expire(0);
  world.follow(1, 'r1', [tenant('a'), tenant('b')]);
  const changed = world.says(5, {
    type: 'Changed',
    revision: 'r2',
    objects: [tenant('c')],
    deleted: ['Tenant/a'],
  });
  expect(changed).toMatchObject([
    { type: 'configuration', configuration: { revision: 'r2', objects: [tenant('b'), tenant('c')] } },
  ]);
});

test('[D42] a lost server is followed by the next, the round by a pause with a random part', () => {
  const world = start();
  expect(serverOf(world.expire(0))).toEqual([north]);
  expect(world.closed(1)).toEqual([]);
  expect(serverOf(world.expire(1))).toEqual([south]);
  world.closed(2);
  const next = world.node.nextDeadline() ?? 0;
  expect(next).toBeGreaterThan(2 + FOLLOWER_PAUSE_MS);
  expect(next).toBeLessThanOrEqual(2 + 1.5 * FOLLOWER_PAUSE_MS);
  expect(world.expire(next - 1)).toEqual([]);
  expect(serverOf(world.expire(next))).toEqual([north]);
});

test('[CS13] after a connection that stood the own site is tried first, and the same revision is not told twice', () => {
  const world = start();
  world.expire(0);
  world.closed(1);
  world.expire(1);
  world.follow(2, 'r1', [tenant('a')]);
  world.closed(50);
  const at = world.node.nextDeadline() ?? 0;
  expect(serverOf(world.expire(at))).toEqual([north]);
  expect(world.follow(at + 1, 'r1', [tenant('a')])).toEqual([]);
  expect(world.says(at + 2, { type: 'Changed', revision: 'r2', objects: [], deleted: [] })).toHaveLength(1);
});

test('[CS13] a refusal is told and the next server tried', () => {
  const world = start();
  world.expire(0);
  world.opened(1);
  const effects = world.says(2, { type: 'Error', ReferenceID: 1, code: 'not-allowed', text: 'no' });
  expect(effects).toMatchObject([
    { type: 'refused', server: north, code: 'not-allowed', text: 'no' },
    { type: 'close', attempt: 1 },
  ]);
  expect(serverOf(world.expire(2))).toEqual([south]);
});

test('[CS13] a server that is silent for two time-outs is left', () => {
  const world = start();
  world.expire(0);
  world.follow(0, 'r1', [tenant('a')]);
  expect(world.expire(FOLLOWER_ADDP_MS)).toMatchObject([{ type: 'send', message: { type: 'Ping' } }]);
  expect(world.expire(2 * FOLLOWER_ADDP_MS)).toMatchObject([{ type: 'close' }]);
});

test('[CS13] the time-outs of the connection that its own Application has to the server hold, 10 s before they are read', () => {
  const base = { enabled: true, options: {}, tenant: 't' };
  const host = (name: string, address: string) => ({ objectType: 'Host', ...base, name, address });
  const server = (name: string, port: number) => ({
    ...{ objectType: 'Application', type: 'ConfigurationServer', ...base, name, host: name },
    ...{ ports: { default: port }, connections: [] },
  });
  const connection = (name: string, addp: object) => ({ server: name, port: 'default', addp });
  const own = (...connections: object[]) => ({
    ...{ objectType: 'Application', type: 'SIPServer', ...base, name: 'sip', host: 'n', switch: 'n' },
    ...{ ports: { default: 1 }, connections },
  });
  const objects = [
    ...[host('n', 'n'), host('s', 's'), server('n', 1), server('s', 2)].map(({ tenant: _, ...one }) => one),
    own(connection('s', { timeout: 7 }), connection('n', { timeout: 3, remoteTimeout: 20 })),
  ];
  const world = start();
  world.expire(0);
  world.follow(0, 'r1', objects);
  expect(world.node.nextDeadline()).toBe(3_000);
  expect(world.expire(3_000)).toMatchObject([{ type: 'send', message: { type: 'Ping' } }]);
  expect(world.expire(6_000)).toMatchObject([{ type: 'close' }]);
  // The server learns with the next Open when it is to ask; until another is read the last one known holds.
  world.expire(must(world.node.nextDeadline(), 'it pauses'));
  expect(world.opened(8_000)).toMatchObject([{ message: { type: 'Open', addpTimeoutMs: 20_000 } }]);
  world.closed(8_001);
  world.expire(8_001);
  world.follow(8_002, 'r2', objects);
  expect(world.node.nextDeadline()).toBe(8_002 + 7_000);
  // A connection that is taken away leaves the default.
  world.says(8_003, { type: 'Changed', revision: 'r3', objects: [own()], deleted: [] });
  expect(world.node.nextDeadline()).toBe(8_003 + FOLLOWER_ADDP_MS);
});

test('[CS13] what is heard of a former connection, and what cannot be read, changes nothing that was read', () => {
  const world = start();
  world.expire(0);
  const former = world.attempt;
  world.closed(1);
  world.expire(1);
  expect(world.node.handle(2, { type: 'opened', attempt: former })).toEqual([]);
  expect(world.follow(3, 'r1', [{ objectType: 'Widget' }])).toMatchObject([{ type: 'close' }]);
  expect(world.node.nextDeadline()).toBeGreaterThan(3);
});

test('[CS14] an outage is said when it begins, once a minute with the count, and when it is over', () => {
  const world = start();
  let failures = 0;
  let now = 0;
  const roundUntil = (until: number) => {
    for (;;) {
      now = must(world.node.nextDeadline(), 'it goes round for ever');
      if (now > until) return;
      world.expire(now);
      world.closed(now, 'ECONNREFUSED');
      failures += 1;
    }
  };
  const said = () => world.lines.splice(0).map(({ what }) => what);
  roundUntil(1);
  expect(said()).toEqual(['configuration server lost']);
  roundUntil(OUTAGE_REPEAT_MS - 2_000);
  expect(said()).toEqual([]);
  roundUntil(10 * OUTAGE_REPEAT_MS);
  const lines = [...world.lines];
  expect(new Set(said())).toEqual(new Set(['configuration server still lost']));
  expect(lines.length).toBeGreaterThanOrEqual(9);
  expect(lines.length).toBeLessThanOrEqual(10);
  expect(lines.at(-1)).toMatchObject({ because: 'ECONNREFUSED' });
  // Another reason is news.
  world.expire(now);
  world.opened(now);
  world.says(now, { type: 'Error', ReferenceID: 1, code: 'not-allowed', text: 'no' });
  expect(world.lines.splice(0)).toMatchObject([
    { what: 'configuration server lost', because: 'refused: no' },
  ]);
  now = must(world.node.nextDeadline(), 'it goes on');
  world.expire(now);
  world.follow(now, 'r1', [tenant('a')]);
  expect(world.lines.splice(0)).toMatchObject([
    { level: 'info', what: 'configuration server back', detail: { failures: failures + 1 } },
  ]);
  // The next outage is one of its own; a first connection that stands at once says nothing.
  world.closed(now + 10, 'ECONNREFUSED');
  expect(said()).toEqual(['configuration server lost']);
  const calm = start();
  calm.expire(0);
  calm.follow(1, 'r1', []);
  expect(calm.lines).toEqual([]);
});

const CHALLENGE: ConfigReply = { type: 'Challenge', ReferenceID: 1, ...OWN, nonce: 'a nonce of a stranger' };

test.each([
  ['challenges nobody', () => [opened('r1')]],
  ['shows nothing', () => [CHALLENGE, opened('r1')]],
  ['shows a guess', () => [CHALLENGE, opened('r1', 'a guess')]],
  ['sends back what it hears', (heard: string) => [CHALLENGE, opened('r1', heard)]],
])(
  '[LK1] who listens at the address of a Configuration Server and %s learns nothing and is left',
  (_what, says) => {
    const world = start();
    world.expire(0);
    world.opened(1);
    const shown = () => world.sent.findLast((message) => message.type === 'Proof');
    const effects = says('').flatMap((_, index) => {
      const message = says(shown()?.proof ?? '')[index];
      return message === undefined ? [] : world.says(2, message);
    });
    expect(effects.at(-1)).toMatchObject({ type: 'close', why: 'it does not show the server secret' });
    expect(
      world.says(3, { type: 'Objects', ReferenceID: 2, revision: 'r1', objects: [tenant('a')] }),
    ).toEqual([]);
    expect(JSON.stringify(world.sent)).not.toContain(SECRET);
    expect(world.lines).toMatchObject([{ because: 'it does not show the server secret' }]);
    // It is no refusal that would end the process: the next server is asked.
    expect(serverOf(world.expire(3))).toEqual([south]);
  },
);

test('[LK1] a Configuration Server is answered one challenge on a connection, and another on the next', () => {
  const world = start();
  const proofs = () => world.sent.flatMap((message) => (message.type === 'Proof' ? [message.proof] : []));
  world.expire(0);
  world.opened(1);
  for (const nonce of ['a first long nonce', 'a second long nonce'])
    world.says(2, { ...CHALLENGE, nonce } as ConfigReply);
  expect(proofs()).toHaveLength(1);
  world.closed(3);
  world.expire(3);
  world.opened(4);
  world.says(5, CHALLENGE);
  expect(new Set(proofs()).size).toBe(2);
});

const rename: Extract<ConfigRequest, { type: 'Edit' }> = {
  ...{ type: 'Edit', ReferenceID: 77, dryRun: false, author: { who: 'kim', from: 'workspace' } },
  edits: [{ key: 'Tenant/a', patch: { enabled: false } }],
};

test('[CX3] a proxy learns from which entries a change came, as long as it follows without a gap', () => {
  const world = start();
  world.expire(0);
  world.follow(1, '1.7', [tenant('a')]);
  const changes = [{ key: 'Tenant/b', before: null, after: tenant('b') as never }];
  const entry = { revision: { epoch: 1, number: 8 }, at: 5, author: { who: 'kim', from: 'x' }, changes };
  const changed = { type: 'Changed' as const, revision: '1.8', objects: [tenant('b')], deleted: [] };
  expect(world.says(5, { ...changed, entries: [entry] })).toMatchObject([
    { type: 'configuration', changes: { changed: [tenant('b')], deleted: [] }, entries: [entry] },
  ]);
});

test('[CX7] who has read before asks for what came after that, and lays it over', () => {
  const world = start();
  world.expire(0);
  world.follow(1, '3.7', [tenant('a'), tenant('b')]);
  world.closed(2);
  const at = must(world.node.nextDeadline(), 'it pauses');
  world.expire(at);
  world.admit(at + 1, '3.9');
  expect(world.sent.at(-1)).toMatchObject({
    type: 'ReadAll',
    subscribe: true,
    since: '3.7',
    orRefuse: false,
  });
  const news = { type: 'Changed', revision: '3.9', objects: [tenant('c')], deleted: ['Tenant/a'] } as const;
  expect(
    world.says(at + 2, { ...news, objects: [...news.objects], deleted: [...news.deleted] }),
  ).toMatchObject([
    { type: 'configuration', configuration: { revision: '3.9', objects: [tenant('b'), tenant('c')] } },
  ]);
});

test('[CX7] of a copy too, and where nothing has changed there is nothing to tell', () => {
  const held = makeConfiguration([tenant('a') as ConfigObject], portableHashes.sha256, '3.7');
  const world = start({ held });
  world.expire(0);
  world.admit(1, '3.7');
  expect(world.sent.at(-1)).toMatchObject({ type: 'ReadAll', since: '3.7' });
  expect(world.says(2, { type: 'Changed', revision: '3.7', objects: [], deleted: [] })).toEqual([]);
  expect(world.node.ageMs(50)).toBe(0);
  world.closed(1_000);
  expect(world.node.ageMs(4_000)).toBe(3_998);
});

test('[CX7] [option csproxy/delay-reload] a proxy that cannot go on where it was reads everything after so long', () => {
  readsEverythingAfter5s('delay-reload', undefined);
});

test('[CX7] [option csproxy/delay-reload-backup] and the backup of a pair after a time of its own', () => {
  readsEverythingAfter5s('delay-reload-backup', 'sip');
});

function readsEverythingAfter5s(option: string, backup: string | undefined): void {
  const proxy = (name: string, more: object) =>
    ({
      ...{ objectType: 'Application', type: 'ConfigurationServerProxy', name, host: 'n', enabled: true },
      ...{ ports: {}, connections: [], options: {}, ...more },
    }) as unknown as ConfigObject;
  const objects = [
    proxy('sip', { options: { csproxy: { [option]: '5' } } }),
    proxy('other', backup === undefined ? {} : { backup }),
  ];
  const world = start({ held: makeConfiguration(objects, portableHashes.sha256, '3.7') });
  world.expire(0);
  world.admit(1, '9.1');
  expect(world.sent.at(-1)).toMatchObject({ type: 'ReadAll', since: '3.7', orRefuse: true });
  const refusal = { type: 'Error', ReferenceID: 2, code: 'not-found', text: 'Not at hand.' } as const;
  expect(world.says(2, refusal)).toEqual([]);
  expect(world.node.nextDeadline()).toBe(5_002);
  expect(world.expire(5_001)).toEqual([]);
  const [asked] = world.expire(5_002);
  expect(asked).toMatchObject({ type: 'send', message: { type: 'ReadAll' } });
  expect(asked?.type === 'send' && asked.message).not.toHaveProperty('since');
  const read = world.says(5_003, {
    type: 'Objects',
    ReferenceID: 2,
    revision: '9.1',
    objects: [tenant('a')],
  });
  expect(read).toMatchObject([{ type: 'configuration', configuration: { revision: '9.1' } }]);
}

test('[CX5] of a link that is there for edits alone they wait until it stands, and learn that it cannot', () => {
  const world = start({ onlyPasses: true });
  world.node.handle(0, { type: 'pass', id: 5, request: rename });
  world.expire(0);
  expect(world.admit(1, '1.7')).toMatchObject([{ type: 'send', message: { type: 'Edit' } }]);
  expect(world.sent.map(({ type }) => type)).not.toContain('ReadAll');
  expect(world.closed(2)).toMatchObject([{ type: 'notPassedOn', id: 5, wasSent: true }]);
  const at = must(world.node.nextDeadline(), 'it pauses');
  world.expire(at);
  world.node.handle(at + 1, { type: 'pass', id: 6, request: rename });
  expect(world.closed(at + 2, 'refused')).toMatchObject([{ type: 'notPassedOn', id: 6, wasSent: false }]);
});

test('[CX4] an edit is passed on under a name of its own, and its answer comes back', () => {
  const world = start();
  world.expire(0);
  world.follow(1, '1.7', [tenant('a')]);
  world.node.handle(2, { type: 'pass', id: 5, request: rename });
  const [sent] = world.node.handle(2, { type: 'pass', id: 6, request: rename });
  if (sent?.type !== 'send' || !('ReferenceID' in sent.message)) throw new Error('not sent');
  expect(sent.message).toMatchObject({ type: 'Edit', author: { who: 'kim' } });
  const { ReferenceID = 0 } = sent.message;
  const refusal = { type: 'Error', ReferenceID, code: 'not-allowed', text: 'No.' } as const;
  expect(world.says(3, refusal)).toMatchObject([{ type: 'passedOn', id: 6, reply: refusal }]);
  // The connection is lost before the other answer: nobody knows.
  expect(world.closed(4_003)).toMatchObject([{ type: 'notPassedOn', id: 5, wasSent: true, ageMs: 4_000 }]);
  // And with nobody to pass it to.
  expect(world.node.handle(5_003, { type: 'pass', id: 7, request: rename })).toMatchObject([
    { type: 'notPassedOn', id: 7, wasSent: false, ageMs: 5_000 },
  ]);
});

test('[CW4] a proxy that is told another line asks what is common, and hands back what the main line has lost', () => {
  const entries = [7, 8, 9].map((number) => ({
    ...{ revision: { epoch: 1, number }, at: 5, author: { who: 'kim', from: 'x' }, changes: [] },
  }));
  const held = { revision: { epoch: 1, number: 9 }, entries };
  const world = start({ kept: { held, owed: [] } });
  world.expire(0);
  world.follow(1, '5.8', [tenant('a')]);
  expect(world.sent.at(-1)).toEqual({ type: 'HandBack', ReferenceID: 3, held: '1.9' });
  expect(world.node.kept?.owed).toEqual([held]);
  world.says(2, { type: 'HandedBack', ReferenceID: 3, common: { epoch: 1, number: 7 } });
  expect(world.sent.at(-1)).toMatchObject({
    ...{ type: 'HandBack', ReferenceID: 3 },
    tail: {
      base: { epoch: 1, number: 7 },
      first: { epoch: 1, number: 8 },
      from: 0,
      entries: entries.slice(1),
    },
  });
  const done = { type: 'HandedBack', ReferenceID: 3, common: { epoch: 1, number: 7 }, entries: 2 } as const;
  expect(world.says(3, done)).toMatchObject([{ type: 'handedBack' }]);
  expect(world.node.kept).toEqual({ held: { revision: { epoch: 5, number: 8 }, entries: [] }, owed: [] });
});

test('[CW4] it asks again where the database could not be asked, and after the connection was lost', () => {
  const entries = [
    { revision: { epoch: 1, number: 9 }, at: 5, author: { who: 'kim', from: 'x' }, changes: [] },
  ];
  const world = start({ kept: { held: { revision: { epoch: 1, number: 9 }, entries }, owed: [] } });
  const asked = () => world.sent.filter(({ type }) => type === 'HandBack').length;
  world.expire(0);
  world.follow(1, '5.8', [tenant('a')]);
  world.says(2, { type: 'Error', ReferenceID: 3, code: 'not-ready', text: 'The database is away.' });
  expect(asked()).toBe(1);
  world.expire(2 + HAND_BACK_AGAIN_MS);
  expect(asked()).toBe(2);
  world.closed(3 + HAND_BACK_AGAIN_MS);
  world.expire(3 + HAND_BACK_AGAIN_MS);
  const at = must(world.node.nextDeadline(), 'it goes round');
  world.expire(at);
  world.follow(at + 1, '5.8', [tenant('a')]);
  expect(asked()).toBe(3);
});
