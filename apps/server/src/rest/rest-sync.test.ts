/** The synchronisation of two Switches over real HTTP, with a Configuration Server over PGlite. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMINISTRATOR, AGENT, type Asked, ask, logIn, type RestWorld, startRest } from './test-rest.ts';

let world: RestWorld;
beforeAll(async () => {
  world = await startRest();
}, 60_000);
afterAll(() => world.stop());

const PATH = '/v1/synchronisation';
const say = (method: string, path: string, asked: Asked = {}) =>
  ask(world.url, method, path, { token: world.token, ...asked });
const edit = async (patches: Readonly<Record<string, object | null>>) => {
  const edits = Object.entries(patches).map(([key, patch]) => ({ key, patch }));
  const { status, text } = await say('POST', '/v1/edits', { body: { edits } });
  expect(status, text).toBe(200);
};
const TERMS = { switches: ['north', 'south'], master: 'north' };
const keysOf = (changes: readonly { key: string }[]) => changes.map(({ key }) => key).sort();

test('[RE13] two Switches are brought alike after a look, compared, and kept alike', async () => {
  expect((await say('GET', PATH)).body).toMatchObject({ pairs: [] });
  await edit({
    'DN/8100@north': { type: 'ACDQueue', displayName: 'Spring' },
    'DN/8000@south': { displayName: 'Sales south' },
  });
  const named = `${PATH}?switch=north&switch=south`;
  const before = (await say('GET', named)).body;
  expect(before.pairs).toMatchObject([{ isKeptAlike: false, places: 'one', more: 0 }]);
  const [{ digests, differences }] = before.pairs;
  expect(digests[0]).not.toBe(digests[1]);
  expect(differences).toContainEqual({
    ...{ object: 'DN/8000@south', field: 'displayName', value: 'Sales south', other: expect.any(String) },
    by: {
      revision: before.revision,
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      author: { who: ADMINISTRATOR, from: '127.0.0.1' },
    },
  });

  const look = await say('POST', `${PATH}?dryRun=true`, { body: TERMS });
  expect(look.status, look.text).toBe(200);
  expect(look.body).toMatchObject({ isDryRun: true, revision: before.revision });
  const keys = ['DN/8000@south', 'DN/8100@south', 'Switch/north', 'Switch/south'];
  expect(keysOf(look.body.changes)).toEqual(keys);
  expect(look.body.findings).toContainEqual(
    expect.objectContaining({ object: 'DN/8000@south', field: 'displayName', severity: 'warning' }),
  );
  const done = await say('POST', PATH, { body: { ...TERMS, seenAt: look.body.revision, note: 'first run' } });
  expect([done.status, keysOf(done.body.changes)]).toEqual([200, keys]);
  expect(done.headers.get('etag')).toBe(`"${done.body.revision}"`);
  const again = await say('POST', PATH, { body: { ...TERMS, master: 'south' } });
  expect(again.body).toMatchObject({ changes: [], revision: done.body.revision });
  const alike = (await say('GET', PATH)).body.pairs[0];
  expect(alike).toMatchObject({ isKeptAlike: true, differences: [] });
  expect(alike.digests[0]).toBe(alike.digests[1]);
  await edit({ 'DN/8100@south': { displayName: 'Autumn' } });
  expect((await say('GET', '/v1/objects/DN/8100@north')).body).toMatchObject({ displayName: 'Autumn' });
}, 60_000);

test('[RE13] what cannot be, who may not, and input that is wrong are problems that name it', async () => {
  const refused = async (method: string, path: string, asked: Asked, status: number, text: string) => {
    const answer = await say(method, path, asked);
    expect([answer.status, answer.body.code !== undefined], answer.text).toEqual([status, true]);
    expect(answer.text).toContain(text);
  };
  const post = (body: unknown, status: number, text: string) => refused('POST', PATH, { body }, status, text);
  await post({ ...TERMS, switches: ['north', 'west'] }, 422, 'There is no Switch \\"west\\"');
  await post({ ...TERMS, master: 'west' }, 422, 'The master is one of the two');
  await post({ ...TERMS, ownOptions: 'contact' }, 422, 'sync-own-options');
  await post({ switches: ['north', 'south'] }, 400, 'master');
  await post({ ...TERMS, switches: ['north'] }, 400, 'switches');
  await post({ ...TERMS, places: 'both' }, 400, 'places');
  await post({ ...TERMS, shoes: 42 }, 400, 'shoes');
  await post({ ...TERMS, master: "north'; drop table config_object; --" }, 422, 'The master is one');
  await refused('GET', `${PATH}?switch=north`, {}, 400, 'switch');
  await refused('GET', `${PATH}?switch=north&switch=west`, {}, 404, 'west');
  const token = await logIn(world.url, AGENT);
  await refused('GET', PATH, { token }, 403, 'not-allowed');
  await refused('POST', `${PATH}?dryRun=true`, { token, body: TERMS }, 403, 'not-allowed');
}, 60_000);
