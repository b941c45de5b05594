import type { ConfigReply, ConfigRequest } from '@holdfast/protocol';
import { PROTOCOL_VERSION, PROTOCOL_VERSION_OLDEST } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { GREETING_MAX_MS } from '../sip-server/client-health.ts';
import type { ConfigServerEffect } from './config-server-types.ts';
import { CHECKS_MAX, VERIFICATIONS_MAX } from './log-in.ts';
import { SUBSCRIPTIONS_MAX } from './subscriptions.ts';
import {
  configWorld,
  HASH,
  isCheck,
  open,
  person,
  revision,
  SECRET,
  sent,
  WALL,
} from './testing/config-world.ts';

test('[CS1] nothing is answered before Open, and Open names application and version', () => {
  const world = configWorld();
  world.input({ type: 'opened', connection: 'a' });
  expect(world.ask('a', { type: 'LogIn', ReferenceID: 3, user: 'agent7001', password: 'x' })).toMatchObject({
    type: 'Error',
    ReferenceID: 3,
    code: 'wrong-state',
  });
  expect(world.ask('a', open('nobody'))).toMatchObject({ code: 'unknown-application' });
  const newer = { ...open('workspace'), version: PROTOCOL_VERSION + 1 };
  expect(world.ask('a', newer)).toMatchObject({ code: 'bad-message', field: 'version' });
  expect(world.ask('a', { ...open('workspace'), version: PROTOCOL_VERSION_OLDEST - 1 })).toMatchObject({
    ...{ code: 'bad-message', field: 'version' },
    text: 'Version 1 is not served here; 2 to 2 are. Update whichever is older.',
  });
  expect(world.ask('a', open('workspace'))).toMatchObject({
    type: 'Opened',
    site: 'north',
    application: 'workspace',
  });
  expect(world.ask('a', open('workspace'))).toMatchObject({ code: 'wrong-state' });
});

test('[CS1] a connection that does not open in time is closed', () => {
  const world = configWorld();
  world.input({ type: 'opened', connection: 'a' });
  // Whoever has not said what it is gains no time by talking.
  world.at(GREETING_MAX_MS - 1).input({ type: 'message', connection: 'a', message: { type: 'Ping', n: 1 } });
  expect(world.expire()).toEqual([]);
  expect(world.at(GREETING_MAX_MS).expire()).toMatchObject([{ type: 'close', connection: 'a' }]);
  expect(world.node.nextDeadline()).toBeUndefined();
});

test('[CS2] a server must show the secret; a desk needs none', () => {
  const world = configWorld();
  expect(world.open('a', 'sip-north')).toMatchObject({ code: 'not-allowed' });
  expect(world.open('b', 'sip-north', `${SECRET}x`)).toMatchObject({ code: 'not-allowed' });
  expect(world.open('c', 'sip-north', '')).toMatchObject({ code: 'not-allowed' });
  expect(world.open('d', 'sip-north', SECRET)).toMatchObject({ type: 'Opened' });
  expect(world.ask('a', { type: 'ReadAll', ReferenceID: 2, subscribe: false })).toMatchObject({
    code: 'wrong-state',
  });
});

test('[CS2] who shows the secret with an unknown name is told which servers there are, nobody else', () => {
  const world = configWorld();
  const text = (connection: string, secret: string) => {
    const reply = world.open(connection, 'sip-east', secret);
    return reply?.type === 'Error' ? reply.text : '';
  };
  expect(text('b', SECRET)).toContain('"sip-north" (SIPServer)');
  expect(text('c', 'wrong')).toBe('There is no Application "sip-east", or it is disabled.');
});

test('[CS3] the right password gets a token and the configuration of the desk', () => {
  const world = configWorld().at(5_000);
  world.open('a');
  const effects = world.say('a', { type: 'LogIn', ReferenceID: 7, user: 'agent7001', password: 'pass' });
  expect(effects).toEqual([{ type: 'verifyPassword', id: 1, hash: HASH, password: 'pass' }]);
  const [reply] = sent(world.at(6_000).input({ type: 'passwordVerified', id: 1, ok: true }));
  const expiresAt = WALL + 6_000 + 12 * 3_600_000;
  expect(reply).toMatchObject({
    type: 'LoggedIn',
    ReferenceID: 7,
    token: `token agent7001 ${expiresAt}`,
    expiresAt,
  });
  expect(reply?.type === 'LoggedIn' && reply.configuration?.preferredSite).toBe('north');
});

test('[option holdfast/token-life] a token is good for so long', () => {
  const goodFor = (life?: string) => {
    const configuration = revision((list) => {
      const server = list.find((one) => one.objectType === 'Application' && one.name === 'config-north');
      if (server === undefined) throw new Error('no server');
      if (life !== undefined) server.options.holdfast = { 'token-life': life };
    });
    const world = configWorld(configuration);
    world.open('a');
    const reply = world.logIn('a', 'agent7001', true);
    return reply.type === 'LoggedIn' ? reply.expiresAt - WALL : undefined;
  };
  expect(goodFor()).toBe(12 * 3_600_000);
  expect(goodFor('60')).toBe(60_000);
});

test('[CS4] wrong password and unknown user cannot be told apart', () => {
  const world = configWorld();
  world.open('a');
  const [known] = world.say('a', { type: 'LogIn', ReferenceID: 1, user: 'agent7001', password: 'x' });
  const wrong = sent(world.input({ type: 'passwordVerified', id: 1, ok: false }));
  const [unknown] = world.say('a', { type: 'LogIn', ReferenceID: 1, user: 'nobody', password: 'x' });
  const nobody = sent(world.input({ type: 'passwordVerified', id: 2, ok: false }));
  expect([known?.type, unknown?.type]).toEqual(['verifyPassword', 'verifyPassword']);
  expect(wrong).toEqual(nobody);
  expect(wrong[0]).toMatchObject({ code: 'wrong-password' });
});

test('[CS4] a person who is disabled learns it only with the right password', () => {
  const world = configWorld(
    revision((list) => {
      person(list, 'agent7001').enabled = false;
    }),
  );
  world.open('a');
  expect(world.logIn('a', 'agent7001', false)).toMatchObject({ code: 'wrong-password' });
  expect(world.logIn('a', 'agent7001', true)).toMatchObject({ code: 'account-disabled' });
});

test('[CS5] after five failures a name is locked, known or not, and a token still comes in', () => {
  for (const user of ['agent7001', 'nobody']) {
    const world = configWorld();
    world.open('a');
    for (let i = 0; i < 5; i++)
      expect(world.logIn('a', user, false)).toMatchObject({ code: 'wrong-password' });
    expect(world.ask('a', { type: 'LogIn', ReferenceID: 1, user, password: 'x' })).toMatchObject({
      code: 'too-many-failures',
      retryAfterMs: 60_000,
    });
    expect(world.logIn('a', 'agent7002', true)).toMatchObject({ type: 'LoggedIn' });
    const token = `token agent7001 ${WALL + 1_000}`;
    expect(world.ask('a', { type: 'LogInByToken', ReferenceID: 1, token })).toMatchObject({
      type: 'LoggedIn',
      token,
    });
  }
});

test('[CS6] one log-in of a connection is checked at a time, so many in all, the others in their order', () => {
  const world = configWorld();
  const logIn = (user: string): ConfigRequest => ({ type: 'LogIn', ReferenceID: 1, user, password: user });
  const checked = (effects: readonly ConfigServerEffect[]) =>
    effects.flatMap((effect) => (effect.type === 'verifyPassword' ? [effect.password] : []));
  const begun: string[] = [];
  for (let i = 0; i < VERIFICATIONS_MAX; i++) {
    world.open(`c${i}`);
    begun.push(...checked(world.say(`c${i}`, logIn(`u${i}`))));
  }
  expect(begun).toEqual(Array.from({ length: CHECKS_MAX }, (_, i) => `u${i}`));
  expect(world.ask('c0', logIn('u0'))).toMatchObject({ code: 'wrong-state' });
  expect(world.ask(`c${VERIFICATIONS_MAX - 1}`, logIn('other'))).toMatchObject({ code: 'wrong-state' });
  world.open('last');
  expect(world.ask('last', logIn('agent7002'))).toMatchObject({ code: 'overloaded', retryAfterMs: 1_000 });
  const next = world.input({ type: 'passwordVerified', id: 1, ok: true });
  expect(checked(next)).toEqual([`u${CHECKS_MAX}`]);
  expect(checked(world.say('last', logIn('agent7002')))).toEqual([]);
});

test('[CS6] who goes away before the check has begun costs none, and is not counted as a failure', () => {
  const world = configWorld();
  const logIn = (user: string): ConfigRequest => ({ type: 'LogIn', ReferenceID: 1, user, password: 'x' });
  for (let i = 0; i < CHECKS_MAX; i++) {
    world.open(`c${i}`);
    world.say(`c${i}`, logIn(`u${i}`));
  }
  for (let attempt = 0; attempt < 10; attempt++) {
    world.open('impatient');
    expect(world.say('impatient', logIn('agent7001'))).toEqual([]);
    world.input({ type: 'closed', connection: 'impatient' });
  }
  expect(world.input({ type: 'passwordVerified', id: 1, ok: false }).filter(isCheck)).toEqual([]);
  world.open('a');
  expect(world.logIn('a', 'agent7001', true)).toMatchObject({ type: 'LoggedIn' });
});

test('[CS6] the result of a check whose connection is gone is dropped, and one that was never asked likewise', () => {
  const world = configWorld();
  world.open('a');
  world.say('a', { type: 'LogIn', ReferenceID: 1, user: 'agent7001', password: 'x' });
  world.input({ type: 'closed', connection: 'a' });
  expect(sent(world.input({ type: 'passwordVerified', id: 1, ok: true }))).toEqual([]);
  expect(world.input({ type: 'passwordVerified', id: 1, ok: true })).toEqual([]);
  expect(world.input({ type: 'passwordVerified', id: 99, ok: true })).toEqual([]);
});

test('[CS7] [C72] a thousand who come at once by token are answered in the moment: nobody waits for a password', () => {
  const world = configWorld();
  const replies: string[] = [];
  // Passwords are being checked meanwhile, as many as there may be.
  for (let i = 0; i < 300; i++) {
    world.open(`p${i}`);
    world.say(`p${i}`, { type: 'LogIn', ReferenceID: 1, user: `user${i}`, password: 'x' });
  }
  for (let i = 0; i < 1_000; i++) {
    world.open(`c${i}`);
    const token = `token agent700${1 + (i % 8)} ${WALL + 5_000}`;
    const effects = world.say(`c${i}`, { type: 'LogInByToken', ReferenceID: i, token });
    expect(effects.some(isCheck)).toBe(false);
    replies.push(...sent(effects).map(({ type }) => type));
  }
  expect(replies).toEqual(Array.from({ length: 1_000 }, () => 'LoggedIn'));
});

test('[CS7] a token of either site logs in with the same answer; forged, expired and orphaned ones are refused', () => {
  const world = configWorld().at(1_000);
  world.open('a');
  const byToken = (token: string) => world.ask('a', { type: 'LogInByToken', ReferenceID: 1, token });
  const good = byToken(`token agent7002 ${WALL + 5_000}`);
  expect(good).toMatchObject({
    type: 'LoggedIn',
    expiresAt: WALL + 5_000,
    configuration: { preferredSite: 'south' },
  });
  expect(byToken('forged')).toMatchObject({ code: 'token-invalid' });
  expect(byToken(`token agent7002 ${WALL + 999}`)).toMatchObject({ code: 'token-expired' });
  expect(byToken(`token nobody ${WALL + 5_000}`)).toMatchObject({ code: 'token-invalid' });
  world.input({ type: 'clockJumped', wallOffsetMs: WALL + 10_000 });
  expect(byToken(`token agent7002 ${WALL + 5_000}`)).toMatchObject({ code: 'token-expired' });
});

test('[CS7] a configuration that does not let the person work is refused with the objects named', () => {
  const world = configWorld(
    revision((list) => {
      person(list, 'agent7001').agentLogins = [];
    }),
  );
  world.open('a');
  const reply = world.logIn('a', 'agent7001', true);
  expect(reply).toMatchObject({ code: 'bad-configuration' });
  expect(reply.type === 'Error' && reply.text).toContain(
    'Person "agent7001" has no enabled AgentLogin at Switch "north"',
  );
});

test('[CS15] who is no agent, or cannot be one now, comes in to read and edit, without a desk and with the reason', () => {
  const world = configWorld(
    revision((list) => {
      const supervisor = person(list, 'supervisor1');
      supervisor.agentLogins = [];
      supervisor.defaultPlace = undefined;
      person(list, 'administrator1').defaultPlace = 'gone';
      person(list, 'agent7002').rank = 'auditor';
      person(list, 'agent7002').agentLogins = [];
    }),
  );
  const read: ConfigRequest = { type: 'Read', ReferenceID: 3, objectType: 'Host', subscribe: false };
  for (const [user, reason] of [
    ['supervisor1', 'no default Place'],
    ['administrator1', '"gone"'],
    ['agent7002', 'an auditor'],
  ] as const) {
    world.open(user);
    const reply = world.logIn(user, user, true);
    expect(reply).toMatchObject({ type: 'LoggedIn', noDesk: expect.stringContaining(reason) });
    expect(reply).not.toHaveProperty('configuration');
    expect(world.ask(user, read)).toMatchObject({ type: 'Objects' });
    const token = `token ${user} ${WALL + 5_000}`;
    expect(world.ask(user, { type: 'LogInByToken', ReferenceID: 4, token })).toMatchObject({
      ...{ type: 'LoggedIn', token, noDesk: expect.stringContaining(reason) },
    });
  }
});

/** All secrets that a text contains. */
function secretsIn(reply: ConfigReply): string[] {
  const text = JSON.stringify(reply);
  const secrets = {
    password: HASH,
    // A property, not the value of an option.
    digest: '"md5":',
    signing: 'B'.repeat(43),
    server: SECRET,
    nonce: 'ab'.repeat(16),
  };
  return Object.entries(secrets).flatMap(([name, secret]) => (text.includes(secret) ? [name] : []));
}

test('[CS8] secrets go only where they are used', () => {
  const world = configWorld();
  const readAll: ConfigRequest = { type: 'ReadAll', ReferenceID: 2, subscribe: false };
  const seen = (application: string) => {
    world.open(application, application, SECRET);
    return secretsIn(world.ask(application, readAll));
  };
  expect(seen('config-south')).toEqual(['password', 'digest', 'signing', 'server', 'nonce']);
  expect(seen('sip-north')).toEqual(['digest', 'nonce']);
  expect(seen('supervisor-north')).toEqual([]);
  // It checks tokens, by the public keys.
  expect(seen('stat-north')).toEqual([]);
  const keys = world.ask('stat-north', readAll);
  expect(keys.type === 'Objects' && keys.objects).toContainEqual(
    expect.objectContaining({ objectType: 'Keys', tokenKeys: [{ id: 'k1', publicKey: 'A'.repeat(43) }] }),
  );
  world.open('a');
  expect(world.ask('a', readAll)).toMatchObject({ code: 'not-allowed' });
  const read = (objectType: string): ConfigRequest => ({
    type: 'Read',
    ReferenceID: 3,
    objectType,
    subscribe: false,
  });
  expect(world.ask('a', read('Person'))).toMatchObject({ code: 'not-allowed' });
  world.logIn('a', 'supervisor1', true);
  for (const objectType of ['Person', 'DN', 'Keys'])
    expect(secretsIn(world.ask('a', read(objectType)))).toEqual([]);
});

test('[CS8] one object is read by name, and one that does not exist is named', () => {
  const world = configWorld();
  world.open('a', 'sip-north', SECRET);
  const read = (name: string): ConfigRequest => ({
    type: 'Read',
    ReferenceID: 3,
    objectType: 'DN',
    name,
    subscribe: false,
  });
  const reply = world.ask('a', read('8000@north'));
  expect(reply.type === 'Objects' && reply.objects).toMatchObject([{ number: '8000', switch: 'north' }]);
  expect(world.ask('a', read('8000@west'))).toMatchObject({
    code: 'not-found',
    text: 'There is no DN "8000@west".',
  });
});

test('[CS8] a person reads, and hears of, what the rank lets read', () => {
  const world = configWorld();
  const read = (objectType: string, name?: string): ConfigRequest => ({
    ...{ type: 'Read', ReferenceID: 3, objectType, subscribe: true },
    ...(name === undefined ? {} : { name }),
  });
  const names = (reply: ConfigReply) =>
    reply.type === 'Objects' && reply.objects.map((object) => (object as { name: string }).name);
  world.open('agent');
  world.logIn('agent', 'agent7001', true);
  expect(names(world.ask('agent', read('Person')))).toEqual(['agent7001']);
  expect(names(world.ask('agent', read('Host')))).toEqual([]);
  expect(world.ask('agent', read('Person', 'agent7002'))).toMatchObject({ code: 'not-allowed' });
  expect(world.ask('agent', read('Person', 'nobody'))).toMatchObject({ code: 'not-found' });
  world.open('board');
  world.logIn('board', 'supervisor1', true);
  const seen = names(world.ask('board', read('Person')));
  expect(seen).toEqual(expect.arrayContaining(['agent7001', 'agent7002', 'supervisor1']));
  const next = revision((list) => {
    person(list, 'agent7001').displayName = 'Kim';
    person(list, 'agent7002').displayName = 'Lee';
  });
  const effects = world.input({ type: 'configuration', configuration: next });
  // Its desk is told besides (CS17).
  const heard = (connection: string) =>
    sent(effects, connection).flatMap((reply) => (reply.type === 'Changed' ? [reply.objects] : []));
  expect(heard('agent')).toMatchObject([[{ displayName: 'Kim' }]]);
  expect(heard('board')).toMatchObject([[{ displayName: 'Kim' }, { displayName: 'Lee' }]]);
});

test('[CS9] who has subscribed is told what changes and what is deleted, as far as it may see it', () => {
  const world = configWorld();
  world.open('sip', 'sip-north', SECRET);
  world.ask('sip', { type: 'ReadAll', ReferenceID: 2, subscribe: true });
  world.open('board');
  world.logIn('board', 'supervisor1', true);
  world.ask('board', { type: 'Read', ReferenceID: 2, objectType: 'DN', name: '8000@north', subscribe: true });
  world.open('silent', 'sip-south', SECRET);
  world.ask('silent', { type: 'ReadAll', ReferenceID: 2, subscribe: false });
  const next = revision((list) => {
    person(list, 'agent7001').displayName = 'Kim';
    // A password alone is nobody's business.
    person(list, 'agent7002').passwordHash = HASH.replace('aGFz', 'bGFz');
    list.splice(
      list.findIndex((object) => object.objectType === 'DN' && object.number === '8900'),
      1,
    );
  });
  const effects = world.input({ type: 'configuration', configuration: next });
  const [toSip] = sent(effects, 'sip');
  expect(toSip).toMatchObject({ type: 'Changed', revision: next.revision, deleted: ['DN/8900@north'] });
  expect(toSip?.type === 'Changed' && toSip.objects).toMatchObject([
    { objectType: 'Person', name: 'agent7001', displayName: 'Kim' },
  ]);
  expect(sent(effects, 'board')).toEqual([
    { type: 'Changed', revision: next.revision, objects: [], deleted: [] },
  ]);
  expect(sent(effects, 'silent')).toEqual([]);
  expect(world.input({ type: 'configuration', configuration: next })).toEqual([]);
});

test('[CS9] who asks for changes only is told nothing of what there is, also of what is not there yet', () => {
  const world = configWorld();
  world.open('board');
  world.logIn('board', 'supervisor1', true);
  const read = { type: 'Read', ReferenceID: 2, subscribe: true, onlyChanges: true } as const;
  const { revision: now } = world.node.configuration;
  for (const named of [{ objectType: 'DN' }, { objectType: 'Person', name: 'not.yet' }])
    expect(world.ask('board', { ...read, ...named })).toEqual({
      ...{ type: 'Objects', ReferenceID: 2, revision: now, objects: [] },
    });
  const next = revision((list) => void list.push({ ...person(list, 'agent7001'), name: 'not.yet' }));
  expect(sent(world.input({ type: 'configuration', configuration: next }), 'board')).toMatchObject([
    { objects: [{ name: 'not.yet' }] },
  ]);
});

test('[CS9] subscriptions are bounded, and the same one twice is one', () => {
  const world = configWorld();
  world.open('a', 'sip-north', SECRET);
  const subscribe = (name: string): ConfigReply =>
    world.ask('a', { type: 'Read', ReferenceID: 3, objectType: 'DN', name, subscribe: true });
  for (let i = 0; i < 2 * SUBSCRIPTIONS_MAX; i++) expect(subscribe('8000@north').type).toBe('Objects');
  for (let i = 1; i < SUBSCRIPTIONS_MAX; i++) subscribe(`x${i}@north`);
  expect(subscribe('8001@north')).toMatchObject({ code: 'overloaded' });
});

test('[CS10] a silent client is polled after one time-out and closed after two', () => {
  const world = configWorld();
  world.open('a');
  expect(world.node.nextDeadline()).toBe(1_000);
  expect(sent(world.at(1_000).expire())).toEqual([{ type: 'Ping', n: 1 }]);
  expect(world.say('a', { type: 'Pong', n: 1 })).toEqual([]);
  expect(world.at(1_500).ask('a', { type: 'Ping', n: 4 })).toEqual({ type: 'Pong', n: 4 });
  world.at(2_000).expire();
  expect(sent(world.at(2_500).expire())).toEqual([{ type: 'Ping', n: 2 }]);
  expect(world.at(3_500).expire()).toMatchObject([{ type: 'close', connection: 'a' }]);
  expect(world.say('a', { type: 'Ping', n: 5 })).toEqual([]);
});

test('[CS11] of nothing that a person types is a word in the log but the user name', () => {
  const world = configWorld();
  world.open('a');
  const lines: ConfigServerEffect[] = [];
  const password = 'do not log me';
  lines.push(...world.say('a', { type: 'LogIn', ReferenceID: 1, user: 'agent7001', password }));
  lines.push(...world.input({ type: 'passwordVerified', id: 1, ok: false }));
  lines.push(...world.say('a', { type: 'LogInByToken', ReferenceID: 1, token: `token ${password}` }));
  lines.push(...world.say('a', { type: 'LogIn', ReferenceID: 1, user: 'agent7001', password }));
  lines.push(...world.input({ type: 'passwordVerified', id: 2, ok: true }));
  const logged = JSON.stringify(lines.filter(({ type }) => type === 'log'));
  expect(logged).toContain('agent7001');
  expect(logged).not.toContain(password);
  expect(logged).not.toContain('token agent7001');
});

test('[CS16] a client within the process needs a log-in and nothing else, gets no desk, and falls silent for ever', () => {
  const world = configWorld();
  world.input({ type: 'opened', connection: 'rest:1', from: '192.0.2.7' });
  expect(world.node.nextDeadline()).toBeUndefined();
  const read: ConfigRequest = { type: 'Read', ReferenceID: 1, objectType: 'Person', subscribe: false };
  expect(world.ask('rest:1', read)).toMatchObject({ code: 'not-allowed', text: 'Log in first.' });
  expect(world.ask('rest:1', open('config-south'))).toMatchObject({ code: 'wrong-state' });
  const token = `token agent7001 ${WALL + 5_000}`;
  const reply = world.ask('rest:1', { type: 'LogInByToken', ReferenceID: 2, token });
  expect(reply).toEqual({ type: 'LoggedIn', ReferenceID: 2, token, expiresAt: WALL + 5_000 });
  expect(world.ask('rest:1', read)).toMatchObject({ type: 'Objects', objects: [{ name: 'agent7001' }] });
  expect(world.node.nextDeadline()).toBeUndefined();
  // What ends a log-in ends it here too.
  const next = revision((list) => {
    person(list, 'agent7001').enabled = false;
  });
  expect(world.input({ type: 'configuration', configuration: next })).toMatchObject([
    { type: 'log' },
    { type: 'send', connection: 'rest:1', message: { code: 'account-disabled' } },
    { type: 'log' },
    { type: 'close', connection: 'rest:1' },
  ]);
});
