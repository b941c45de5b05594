/** Passwords, revocation, unlocking and the look into the log over real HTTP, with a Configuration Server over PGlite. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  ADMINISTRATOR,
  AGENT,
  type Asked,
  ask,
  logIn,
  PASSWORD,
  type RestWorld,
  startRest,
} from './test-rest.ts';

let world: RestWorld;
beforeAll(async () => {
  world = await startRest();
}, 120_000);
afterAll(() => world.stop());

const say = (method: string, path: string, asked: Asked = {}) =>
  ask(world.url, method, path, { token: world.token, ...asked });
const tryLogIn = async (user: string, password: string) => {
  const { status, body } = await ask(world.url, 'POST', '/v1/log-in', { body: { user, password } });
  return [status, body.code];
};
const [GIVEN, CHOSEN] = ['given at the desk', 'chosen by the agent'];

test('[RE14] an administrator sets a password, and its owner another without a token', async () => {
  const path = `/v1/persons/${AGENT}/password`;
  const reset = await say('PUT', path, { body: { newPassword: GIVEN, note: 'forgotten' } });
  expect(reset.status).toBe(200);
  expect(reset.body).toMatchObject({ isDryRun: false, author: { who: ADMINISTRATOR, from: '127.0.0.1' } });
  expect(reset.headers.get('etag')).toBe(`"${reset.body.revision}"`);
  expect(await tryLogIn(AGENT, PASSWORD)).toEqual([401, 'wrong-password']);
  expect(await tryLogIn(AGENT, GIVEN)).toEqual([403, 'password-expired']);
  const own = (password: string, newPassword: string) =>
    ask(world.url, 'POST', '/v1/password', { body: { user: AGENT, password, newPassword } });
  expect((await own(GIVEN, 'short')).body).toMatchObject({ status: 422, code: 'password-unfit' });
  expect((await own('a guess', CHOSEN)).body).toMatchObject({ status: 401, code: 'wrong-password' });
  const set = await own(GIVEN, CHOSEN);
  expect([set.status, set.body.author]).toEqual([200, { who: AGENT, from: '127.0.0.1' }]);
  expect(await tryLogIn(AGENT, CHOSEN)).toEqual([200, undefined]);
  const told = JSON.stringify([world.log, reset.body, set.body]);
  for (const secret of [GIVEN, CHOSEN, 'argon2']) expect(told).not.toContain(secret);
}, 60_000);

test('[RE14] nobody else sets one, and what is wrong with the request is named', async () => {
  const token = await logIn(world.url, 'agent7004');
  const refused = await ask(world.url, 'PUT', '/v1/persons/agent7003/password', {
    ...{ token, body: { newPassword: GIVEN } },
  });
  expect([refused.status, refused.body.code]).toEqual([403, 'not-allowed']);
  const path = '/v1/persons/agent7003/password';
  expect((await ask(world.url, 'PUT', path, { body: { newPassword: GIVEN } })).status).toBe(401);
  for (const body of [{}, { newPassword: 'x'.repeat(2_000) }, { newPassword: GIVEN, rank: 'agent' }])
    expect((await say('PUT', path, { body })).body).toMatchObject({ status: 400, code: 'bad-message' });
  const nobody = await say('PUT', '/v1/persons/nobody/password', { body: { newPassword: GIVEN } });
  expect([nobody.status, nobody.body.code]).toEqual([404, 'not-found']);
  expect(await tryLogIn('agent7003', PASSWORD)).toEqual([200, undefined]);
}, 60_000);

test('[RE14] a revoked token is refused with the next request, and the password lets in again', async () => {
  const token = await logIn(world.url, 'agent7004');
  const own = '/v1/objects/Person/agent7004';
  expect((await ask(world.url, 'GET', own, { token })).status).toBe(200);
  expect((await ask(world.url, 'POST', '/v1/persons/agent7003/revoke', { token })).status).toBe(403);
  const revoked = await say('POST', '/v1/persons/agent7004/revoke', { body: { note: 'lost' } });
  expect([revoked.status, revoked.body.changes[0]?.key]).toEqual([200, 'Person/agent7004']);
  const { status, body } = await ask(world.url, 'GET', own, { token });
  expect([status, body.code]).toEqual([401, 'token-revoked']);
  expect(await tryLogIn('agent7004', PASSWORD)).toEqual([200, undefined]);
}, 60_000);

test('[RE14] who is locked out is let in again', async () => {
  for (let n = 0; n < 5; n++) expect((await tryLogIn('agent7003', 'a guess'))[0]).toBe(401);
  expect(await tryLogIn('agent7003', PASSWORD)).toEqual([429, 'too-many-failures']);
  const path = '/v1/persons/agent7003/unlock';
  const token = await logIn(world.url, 'agent7004');
  expect((await ask(world.url, 'POST', path, { token })).status).toBe(403);
  expect((await say('POST', path)).body).toEqual({ user: 'agent7003', application: 'config-north' });
  expect(await tryLogIn('agent7003', PASSWORD)).toEqual([200, undefined]);
}, 60_000);

test('[RE14] the log is verified for who may read it', async () => {
  const { status, body } = await say('GET', '/v1/history/verification');
  const { revision } = (await say('GET', '/v1/revision')).body;
  expect([status, body]).toEqual([200, { isSound: true, revision, entries: Number(revision.split('.')[1]) }]);
  const token = await logIn(world.url, 'agent7004');
  expect((await ask(world.url, 'GET', '/v1/history/verification', { token })).status).toBe(403);
}, 60_000);
