import type { Configuration } from '@holdfast/centre';
import { seededRandom } from '@holdfast/kernel';
import { type ConfigReply, type ConfigRequest, configReply } from '@holdfast/protocol';
import { portableHashes } from '@holdfast/sip';
import { expect, test } from 'vitest';
import type { EditRequest } from './config-editor.ts';
import { ConfigServerNode } from './config-server-node.ts';
import type { ConfigServerEffect, ConfigServerInput } from './config-server-types.ts';
import { CUT_OFF_BELIEVED_MS } from './editing.ts';
import { ANNOUNCED_MS } from './rotated-keys.ts';
import { setsOwnPassword } from './secret-changes.ts';
import { configWorld, HASH, open, person, revision, WALL } from './testing/config-world.ts';
import { MemoryStore } from './testing/memory-store.ts';
import { WRITER_STALE_MS } from './writer-role.ts';

const USER = 'agent7001';
const DAY = 86_400_000;
const NEW_HASH = HASH.replace('aGFzaGhhc2g', 'bmV3IGhhc2g');
const [PRESENT, NEW] = ['the present one', 'the new password'];

const FRESH = {
  tokenKey: { id: 'k2', publicKey: 'C'.repeat(43), privateKey: 'D'.repeat(43) },
  nonceKey: 'cd'.repeat(16),
  serverSecret: 'another secret of the servers',
};

/** A Configuration Server that writes to a store; passwords are right when they are what `passwords` holds. */
class Server {
  now = 0;
  readonly store: MemoryStore;
  readonly node: ConfigServerNode;
  readonly log: unknown[] = [];
  readonly hashed: string[] = [];
  said: ConfigReply[] = [];
  #count = 0;
  /** The newest connection. */
  get connection(): string {
    return `c${this.#count}`;
  }

  /** Of whoever has just logged in. */
  say(message: ConfigRequest): ConfigReply | undefined {
    this.said = [];
    this.input({ type: 'message', connection: this.connection, message });
    return this.said.at(-1);
  }

  /** Where it is a proxy. */
  readonly passedOn: Extract<ConfigServerEffect, { type: 'passOn' }>[] = [];

  constructor(configuration: Configuration, { isProxy = false } = {}) {
    this.store = new MemoryStore(configuration.objects);
    this.node = new ConfigServerNode({
      ...{ application: 'config-north', configuration, now: 0, wallOffsetMs: WALL },
      ...(isProxy ? { passesOn: true } : { stored: this.store.revision }),
      ...{ hashes: portableHashes, random: seededRandom(1) },
      signToken: ({ person: name }) => `token ${name}`,
      verifyToken: (token) => ({
        ...{ ok: true, person: token.slice(6), issuedWall: this.wall, expiresAt: WALL + DAY },
      }),
    });
    this.run(WRITER_STALE_MS + 2_000);
  }

  get wall(): number {
    return WALL + this.now;
  }

  run(ms: number): void {
    for (const end = this.now + ms; this.now < end; this.now += 100) this.#do(this.node.expire(this.now));
  }

  input(input: ConfigServerInput): void {
    this.#do(this.node.handle(this.now, input));
  }

  /** Over a connection of its own; the last answer. */
  ask(message: ConfigRequest): ConfigReply | undefined {
    const connection = `c${++this.#count}`;
    this.input({ type: 'opened', connection });
    this.input({ type: 'message', connection, message: open('workspace') });
    this.said = [];
    this.input({ type: 'message', connection, message });
    return this.said.at(-1);
  }

  logIn(password: string) {
    return this.ask({ type: 'LogIn', ReferenceID: 5, user: USER, password });
  }

  setPassword(password: string, newPassword: string, user = USER) {
    return this.ask({ type: 'SetPassword', ReferenceID: 6, user, password, newPassword });
  }

  #do(effects: readonly ConfigServerEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'send') this.said.push(effect.message);
      if (effect.type === 'log') this.log.push(effect.line);
      if (effect.type === 'store') {
        const answer = this.store.request(this.now, effect.request);
        this.input({ type: 'stored', id: effect.id, answer });
      }
      if (effect.type === 'passOn') this.passedOn.push(effect);
      if (effect.type === 'verifyPassword') {
        const ok =
          effect.password === (effect.hash === NEW_HASH ? NEW : PRESENT) && effect.hash !== undefined;
        this.input({ type: 'passwordVerified', id: effect.id, ok });
      }
      if (effect.type === 'makeKeys') this.input({ type: 'keysMade', id: effect.id, fresh: FRESH });
      if (effect.type === 'hashPassword') {
        this.hashed.push(effect.password);
        this.input({ type: 'passwordHashed', id: effect.id, hash: NEW_HASH });
      }
    }
  }
}

const expiring = () =>
  revision((list) => {
    person(list, USER).options = { holdfast: { 'password-lifetime': '30' } };
    person(list, USER).passwordChangedAt = WALL - 30 * DAY;
  });

test('[ID8] [ID9] an expired password lets in no more, and sets a new one, which does', () => {
  const server = new Server(expiring());
  expect(server.logIn('a wrong one')).toMatchObject({ code: 'wrong-password' });
  expect(server.logIn(PRESENT)).toMatchObject({ type: 'Error', code: 'password-expired' });
  expect(server.setPassword(PRESENT, NEW)).toMatchObject({ type: 'Edited', ReferenceID: 6, isDryRun: false });
  expect(server.logIn(PRESENT)).toMatchObject({ code: 'wrong-password' });
  expect(server.logIn(NEW)).toMatchObject({ type: 'LoggedIn' });
  expect(server.store.entries).toMatchObject([{ author: { who: USER, from: 'workspace' } }]);
  const [change] = server.store.entries[0]?.changes ?? [];
  expect(change?.after).toMatchObject({ passwordHash: NEW_HASH, passwordChangedAt: WALL + server.now });
});

test('[ID8] where no new one can be set an expired password lets in', () => {
  const files = configWorld(expiring());
  files.open('a');
  expect(files.logIn('a', USER, true)).toMatchObject({ type: 'LoggedIn' });
  const server = new Server(expiring());
  server.store.isAway = true;
  server.run(10_000);
  expect(server.logIn(PRESENT)).toMatchObject({ type: 'LoggedIn' });
  expect(server.setPassword(PRESENT, NEW)).toMatchObject({ type: 'NotEdited', code: 'not-stored' });
  expect(server.logIn(PRESENT)).toMatchObject({ type: 'LoggedIn' });
});

test('[ID9] who does not know the present one sets none, and failures count as those of log-ins', () => {
  const server = new Server(revision());
  for (let n = 0; n < 5; n++)
    expect(server.setPassword('a guess', NEW)).toMatchObject({ code: 'wrong-password' });
  expect(server.setPassword(PRESENT, NEW)).toMatchObject({ code: 'too-many-failures' });
  expect(server.logIn(PRESENT)).toMatchObject({ code: 'too-many-failures' });
  expect(server.setPassword(PRESENT, NEW, 'nobody')).toMatchObject({ code: 'wrong-password' });
  expect([server.hashed, server.store.entries]).toEqual([[], []]);
});

test('[CS5] the time to wait can be read by whoever is told it, whatever the clock says', () => {
  const server = new Server(revision());
  for (let n = 0; n < 5; n++) {
    server.now += 0.3;
    server.logIn('a guess');
  }
  server.now += 0.3;
  const refused = server.logIn('a guess');
  expect(refused).toMatchObject({ code: 'too-many-failures' });
  expect(configReply.safeParse(refused).success).toBe(true);
});

test('[ID9] [ID10] what cannot be set is refused after the check and before the work, and changes nothing', () => {
  const disabled = revision((list) => {
    person(list, USER).enabled = false;
  });
  expect(new Server(disabled).setPassword(PRESENT, NEW)).toMatchObject({ code: 'account-disabled' });
  const server = new Server(revision());
  for (const unfit of ['short', PRESENT, USER.toUpperCase()])
    expect(server.setPassword(PRESENT, unfit)).toMatchObject({ type: 'Error', code: 'password-unfit' });
  expect([server.hashed, server.store.entries]).toEqual([[], []]);
  const files = configWorld();
  files.open('a');
  const message = {
    type: 'SetPassword',
    ReferenceID: 6,
    user: USER,
    password: PRESENT,
    newPassword: NEW,
  } as const;
  files.say('a', message);
  const [reply] = files.input({ type: 'passwordVerified', id: 1, ok: true });
  expect(reply).toMatchObject({ message: { code: 'wrong-state', text: expect.stringContaining('files') } });
});

test('[ID8] [ID9] a proxy passes the new one on, and believes for a minute that it cannot', () => {
  const proxy = new Server(expiring(), { isProxy: true });
  expect(proxy.logIn(PRESENT)).toMatchObject({ code: 'password-expired' });
  expect(proxy.setPassword(PRESENT, NEW)).toBeUndefined();
  const [first] = proxy.passedOn;
  expect(first?.request).toMatchObject({
    ...{ type: 'Edit', author: { who: USER, from: 'workspace' } },
    edits: [{ key: `Person/${USER}`, patch: { passwordHash: NEW_HASH } }],
  });
  const why = 'Nobody answers.';
  proxy.input({ type: 'notPassedOn', id: first?.id ?? 0, wasSent: false, ageMs: 5_000, why });
  expect(proxy.said.at(-1)).toMatchObject({ type: 'NotEdited', code: 'not-stored', ReferenceID: 6 });
  expect(proxy.logIn(PRESENT)).toMatchObject({ type: 'LoggedIn' });
  proxy.now += CUT_OFF_BELIEVED_MS;
  expect(proxy.logIn(PRESENT)).toMatchObject({ code: 'password-expired' });
});

test('[ID9] by an edit like any other nobody below an administrator sets the own password', () => {
  const server = new Server(revision());
  expect(server.logIn(PRESENT)).toMatchObject({ type: 'LoggedIn' });
  const patch = { passwordHash: NEW_HASH, passwordChangedAt: WALL };
  const edit = (key: string, of: Record<string, unknown> = patch): EditRequest => ({
    ...{ type: 'Edit', ReferenceID: 7, dryRun: false },
    edits: [{ key, patch: of }],
  });
  server.input({ type: 'message', connection: 'c1', message: edit(`Person/${USER}`) });
  expect(server.said.at(-1)).toMatchObject({
    ...{ type: 'Error', ReferenceID: 7, code: 'not-allowed' },
    text: expect.stringContaining('SetPassword'),
  });
  const agent = person([...revision().objects], USER);
  const isOwn = (request: EditRequest, rank = agent.rank) => setsOwnPassword({ ...agent, rank }, request);
  const restore = { type: 'Restore', ReferenceID: 8, dryRun: false, to: { revision: '1.1' } } as const;
  expect(isOwn(edit(`Person/${USER}`, { passwordChangedAt: 1 }))).toBe(true);
  expect(isOwn(edit(`Person/${USER}`, { displayName: 'Kim' }))).toBe(false);
  expect(isOwn(edit('Person/agent7002'))).toBe(false);
  expect(isOwn(restore)).toBe(true);
  expect(isOwn({ ...restore, keys: [`Person/${USER}`] }, 'supervisor')).toBe(true);
  expect(isOwn({ ...restore, keys: ['Person/agent7002'] }, 'supervisor')).toBe(false);
  expect(isOwn(edit(`Person/${USER}`), 'administrator')).toBe(false);
});

test('[ID11] an administrator has keys changed and sees none; what is stolen counts no more at once', () => {
  const server = new Server(
    revision((list) => {
      person(list, USER).rank = 'administrator';
    }),
  );
  const rotate = (what: readonly ('tokenKey' | 'nonceKey' | 'serverSecret')[], isStolen = false) => {
    server.logIn(PRESENT);
    const message = { type: 'RotateKeys' as const, ReferenceID: 9, what: [...what], isStolen };
    server.input({ type: 'message', connection: server.connection, message });
    return server.said.at(-1);
  };
  const keys = () => server.node.configuration.all('Keys')[0];
  const before = keys();
  const reply = rotate(['nonceKey']);
  expect(reply).toMatchObject({ type: 'Edited', ReferenceID: 9 });
  expect(keys()).toEqual({ ...before, nonceKeys: [FRESH.nonceKey, ...(before?.nonceKeys ?? [])] });
  rotate(['tokenKey', 'serverSecret']);
  const [next, former] = keys()?.tokenKeys ?? [];
  expect(next).toEqual({ ...FRESH.tokenKey, signsFrom: WALL + server.now + ANNOUNCED_MS });
  expect(former).toMatchObject({ id: 'k1', goodUntil: expect.any(Number) });
  expect(keys()).toMatchObject({
    ...{ serverSecret: FRESH.serverSecret, serverSecretFormer: before?.serverSecret },
  });
  rotate(['tokenKey', 'serverSecret'], true);
  expect(keys()?.tokenKeys).toEqual([FRESH.tokenKey]);
  expect(keys()?.serverSecretFormer).toBeUndefined();
  const written = JSON.stringify([reply, server.log]);
  for (const secret of [FRESH.nonceKey, FRESH.serverSecret, FRESH.tokenKey.privateKey])
    expect(written).not.toContain(secret);
});

test('[ID11] nobody else has them changed', () => {
  const server = new Server(revision());
  const message = { type: 'RotateKeys', ReferenceID: 9, what: ['tokenKey'], isStolen: true } as const;
  expect(server.ask({ ...message, what: [...message.what] })).toMatchObject({ code: 'not-allowed' });
  server.logIn(PRESENT);
  const asked = { ...message, what: [...message.what] };
  server.input({ type: 'message', connection: server.connection, message: asked });
  expect(server.said.at(-1)).toMatchObject({ code: 'not-allowed', text: expect.stringContaining('agent') });
  expect(server.store.entries).toEqual([]);
});

const ADMINISTRATOR = 'supervisor1';

/** With an administrator, and somebody of that rank at another tenant. */
const administered = () =>
  revision((list) => {
    const office = person(list, ADMINISTRATOR);
    office.rank = 'administrator';
    list.push({ objectType: 'Tenant', name: 'other', enabled: true, options: {} });
    list.push({ ...office, name: 'stranger', tenant: 'other', agentLogins: [], defaultPlace: undefined });
  });

function enter(server: Server, user: string): void {
  server.ask({ type: 'LogInByToken', ReferenceID: 5, token: `token ${user}` });
}

test('[ID12] an administrator sets a first or a forgotten password, which is good for setting another', () => {
  const server = new Server(administered());
  enter(server, ADMINISTRATOR);
  const note = 'asked for at the desk';
  const reset = { type: 'ResetPassword', ReferenceID: 9, user: USER, newPassword: NEW, note } as const;
  const reply = server.say(reset);
  expect(reply).toMatchObject({ type: 'Edited', ReferenceID: 9, isDryRun: false });
  expect(server.store.entries).toMatchObject([{ author: { who: ADMINISTRATOR, from: 'workspace' }, note }]);
  expect(server.node.configuration.get('Person', USER)).toMatchObject({
    ...{ passwordHash: NEW_HASH, passwordChangedAt: 0 },
  });
  expect(server.logIn(PRESENT)).toMatchObject({ code: 'wrong-password' });
  expect(server.logIn(NEW)).toMatchObject({ type: 'Error', code: 'password-expired' });
  // Tokens are not concerned.
  expect(server.ask({ type: 'LogInByToken', ReferenceID: 5, token: `token ${USER}` })).toMatchObject({
    type: 'LoggedIn',
  });
  expect(server.setPassword(NEW, 'of my own choice')).toMatchObject({ type: 'Edited' });
  expect(server.logIn(NEW)).toMatchObject({ type: 'LoggedIn' });
  const written = JSON.stringify([server.log, reply]);
  for (const secret of [NEW, 'argon2id']) expect(written).not.toContain(secret);
});

test('[ID12] nobody else sets one, nobody the own, none that is unfit, and nothing is hashed for that', () => {
  const server = new Server(administered());
  const reset = { type: 'ResetPassword', ReferenceID: 9, user: USER, newPassword: NEW } as const;
  expect(server.ask(reset)).toMatchObject({ code: 'not-allowed', text: 'Log in first.' });
  for (const user of [USER, 'agent7002', 'stranger']) {
    enter(server, user);
    expect(server.say(reset), user).toMatchObject({ type: 'Error', ReferenceID: 9, code: 'not-allowed' });
  }
  enter(server, ADMINISTRATOR);
  const own = server.say({ ...reset, user: ADMINISTRATOR });
  expect(own).toMatchObject({ code: 'not-allowed', text: expect.stringContaining('SetPassword') });
  expect(server.say({ ...reset, user: 'nobody' })).toMatchObject({ code: 'not-found' });
  expect(server.say({ ...reset, newPassword: 'short' })).toMatchObject({ code: 'password-unfit' });
  expect(server.say({ ...reset, newPassword: USER.toUpperCase() })).toMatchObject({ code: 'password-unfit' });
  expect([server.hashed, server.store.entries]).toEqual([[], []]);
});

test('[ID12] where no other can be set, one that was given lets in', () => {
  const given = revision((list) => {
    person(list, USER).passwordChangedAt = 0;
  });
  const files = configWorld(given);
  files.open('a');
  expect(files.logIn('a', USER, true)).toMatchObject({ type: 'LoggedIn' });
  const message = { type: 'ResetPassword', ReferenceID: 6, user: 'agent7002', newPassword: NEW } as const;
  expect(files.ask('a', message)).toMatchObject({
    ...{ code: 'wrong-state', text: expect.stringContaining('files') },
  });
});

test('[ID13] a revocation is by the clock of the server, and later than all that was made before it', () => {
  const server = new Server(administered());
  const notBefore = () => server.node.configuration.get('Person', USER)?.tokensNotBefore;
  const revoke = { type: 'Revoke', ReferenceID: 9, user: USER } as const;
  enter(server, ADMINISTRATOR);
  expect(server.say({ ...revoke, note: 'left' })).toMatchObject({ type: 'Edited', ReferenceID: 9 });
  expect(notBefore()).toBe(server.wall + 1);
  expect(server.store.entries).toMatchObject([{ author: { who: ADMINISTRATOR }, note: 'left' }]);
  // Also what the instant of the first one has let in.
  server.say(revoke);
  expect(notBefore()).toBe(server.wall + 2);
  expect(server.ask({ type: 'LogInByToken', ReferenceID: 5, token: `token ${USER}` })).toMatchObject({
    code: 'token-revoked',
  });
  expect(server.logIn(PRESENT)).toMatchObject({ type: 'LoggedIn' });
});

test('[ID13] only an administrator revokes, and whoever revokes the own log-in is out', () => {
  const server = new Server(administered());
  const revoke = { type: 'Revoke', ReferenceID: 9, user: USER } as const;
  for (const user of [USER, 'agent7002', 'stranger']) {
    enter(server, user);
    expect(server.say(revoke), user).toMatchObject({ type: 'NotEdited', code: 'not-allowed' });
  }
  enter(server, ADMINISTRATOR);
  expect(server.say({ ...revoke, user: 'nobody' })).toMatchObject({ code: 'not-found' });
  expect(server.store.entries).toEqual([]);
  server.say({ ...revoke, user: ADMINISTRATOR });
  expect(server.said[0]).toMatchObject({ type: 'Error', code: 'token-revoked' });
  expect(server.say(revoke)).toBeUndefined();
  expect(server.store.entries).toHaveLength(1);
});

test('[ID12] [ID13] a proxy passes both on as the edits that they are', () => {
  const proxy = new Server(administered(), { isProxy: true });
  enter(proxy, ADMINISTRATOR);
  proxy.say({ type: 'ResetPassword', ReferenceID: 8, user: USER, newPassword: NEW });
  proxy.say({ type: 'Revoke', ReferenceID: 9, user: USER });
  const author = { who: ADMINISTRATOR, from: 'workspace' };
  expect(proxy.passedOn.map(({ request }) => request)).toMatchObject([
    { type: 'Edit', author, edits: [{ patch: { passwordHash: NEW_HASH, passwordChangedAt: 0 } }] },
    { type: 'Edit', author, edits: [{ patch: { tokensNotBefore: proxy.wall + 1 } }] },
  ]);
});

test('[CS11] neither password, nor the hash, is in a line of the log or in an answer', () => {
  const server = new Server(expiring());
  const answers = [
    server.setPassword('do not log me', NEW),
    server.setPassword(PRESENT, 'short'),
    server.setPassword(PRESENT, NEW),
    server.logIn(NEW),
  ];
  expect(answers.at(2)).toMatchObject({ type: 'Edited' });
  const written = JSON.stringify([server.log, answers]);
  expect(written).toContain(USER);
  for (const secret of ['do not log me', PRESENT, NEW, 'argon2id']) expect(written).not.toContain(secret);
});
