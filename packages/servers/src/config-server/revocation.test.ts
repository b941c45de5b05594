import type { ConfigReply } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { configWorld, person, revision, sent, WALL } from './testing/config-world.ts';

const AGENT = 'agent7001';
/** Made at WALL, good for twelve hours. */
const TOKEN = `token ${AGENT} ${WALL + 12 * 3_600_000}`;

function atWork() {
  const world = configWorld();
  for (const connection of ['a', 'b']) world.open(connection);
  const reply = world.ask('a', { type: 'LogInByToken', ReferenceID: 1, token: TOKEN });
  expect(reply).toMatchObject({ type: 'LoggedIn', token: TOKEN });
  expect(world.logIn('b', 'agent7002', true)).toMatchObject({ type: 'LoggedIn' });
  return world;
}

const byToken = (token: string) => ({ type: 'LogInByToken', ReferenceID: 1, token }) as const;

test('[ID3] who is disabled, deleted or revoked is told so and closed at once, nobody else', () => {
  const cases: [string, Parameters<typeof revision>[0]][] = [
    ['account-disabled', (list) => Object.assign(person(list, AGENT), { enabled: false })],
    ['token-invalid', (list) => void list.splice(list.indexOf(person(list, AGENT)), 1)],
    ['token-revoked', (list) => Object.assign(person(list, AGENT), { tokensNotBefore: WALL + 1 })],
  ];
  for (const [code, change] of cases) {
    const world = atWork();
    const effects = world.input({ type: 'configuration', configuration: revision(change) });
    expect(sent(effects, 'a')).toMatchObject([{ type: 'Error', code }]);
    expect(effects.filter(({ type }) => type === 'close')).toMatchObject([{ connection: 'a' }]);
    expect(effects).toContainEqual(
      expect.objectContaining({ line: expect.objectContaining({ what: 'session ended', agent: AGENT }) }),
    );
    world.open('c');
    expect(world.ask('c', byToken(TOKEN))).toMatchObject({ type: 'Error', code });
  }
});

test('[ID2] a token that is made after the revocation is not concerned', () => {
  const world = atWork();
  const change = (tokensNotBefore: number) =>
    revision((list) => Object.assign(person(list, AGENT), { tokensNotBefore }));
  const effects = world.input({ type: 'configuration', configuration: change(WALL) });
  expect(effects.filter(({ type }) => type === 'close')).toEqual([]);
});

test('[ID4] who is revoked comes in by password at once, also where the clock is behind', () => {
  for (const [aheadMs, isIn] of [
    [0, true],
    [30_000, true],
    [30_001, false],
  ] as const) {
    const notBefore = WALL + aheadMs;
    const configuration = revision((list) => {
      person(list, AGENT).tokensNotBefore = notBefore;
    });
    const world = configWorld(configuration);
    world.open('a');
    const reply: ConfigReply = world.logIn('a', AGENT, true);
    if (!isIn) {
      expect(reply).toMatchObject({ type: 'Error', code: 'bad-configuration' });
      expect(reply.type === 'Error' && reply.text).toContain(`"${AGENT}" has tokensNotBefore ${notBefore}`);
      continue;
    }
    if (reply.type !== 'LoggedIn') throw new Error(reply.type);
    world.open('b');
    expect(world.ask('b', byToken(reply.token))).toMatchObject({ type: 'LoggedIn' });
  }
});

test('[CS5] a person who is locked out is let in again by whoever may, and by nobody else', () => {
  const world = configWorld();
  for (const connection of ['a', 'b', 'c']) world.open(connection);
  for (let n = 0; n < 5; n++) world.logIn('a', AGENT, false);
  const unlock = { type: 'Unlock', ReferenceID: 3, user: AGENT } as const;
  const attempt = { type: 'LogIn', ReferenceID: 4, user: AGENT, password: 'x' } as const;
  expect(world.ask('b', unlock)).toMatchObject({ code: 'not-allowed' });
  world.logIn('b', 'agent7002', true);
  expect(world.ask('b', unlock)).toMatchObject({
    code: 'not-allowed',
    text: expect.stringContaining('unlock'),
  });
  expect(world.ask('a', attempt)).toMatchObject({ code: 'too-many-failures' });
  world.logIn('c', 'administrator1', true);
  expect(world.ask('c', { ...unlock, user: 'nobody' })).toMatchObject({ code: 'not-found' });
  expect(world.ask('c', unlock)).toEqual({ type: 'Unlocked', ReferenceID: 3 });
  expect(world.logIn('a', AGENT, true)).toMatchObject({ type: 'LoggedIn' });
});

test('[ID1] an auditor logs in without a desk, whatever places there are, and reads without secrets', () => {
  const world = configWorld(
    revision((list) => {
      person(list, AGENT).rank = 'auditor';
    }),
  );
  world.open('a');
  const reply = world.logIn('a', AGENT, true);
  expect(reply).toMatchObject({ type: 'LoggedIn', noDesk: expect.stringContaining('auditor') });
  expect(reply).not.toHaveProperty('configuration');
  const read = { type: 'Read', ReferenceID: 2, objectType: 'Person', name: AGENT, subscribe: false } as const;
  const objects = world.ask('a', read);
  expect(objects).toMatchObject({ type: 'Objects', objects: [{ name: AGENT, rank: 'auditor' }] });
  expect(JSON.stringify(objects)).not.toContain('argon2id');
});
