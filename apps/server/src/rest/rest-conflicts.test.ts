/** What a merge leaves open, over real HTTP: a branch that was held at a site, and a Configuration Server over PGlite that merges it. */
import type { Entry, Person } from '@holdfast/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BranchFile } from '../store/branch-file.ts';
import { AGENT, type Asked, ask, logIn, type RestWorld, startRest } from './test-rest.ts';

const KIM = `/v1/objects/Person/${AGENT}`;
const AT = Date.UTC(2026, 2, 1, 8, 30);

let world: RestWorld;
beforeAll(async () => {
  world = await startRest();
  await say('PATCH', KIM, { body: { displayName: 'Of the main line' } });
  // Made before that, on the first entry.
  await world.restart(async () => {
    const kim = world.objects.find(
      (one): one is Person => one.objectType === 'Person' && one.name === AGENT,
    ) as Person;
    const base = { epoch: 1, number: 1 };
    const entry: Entry = {
      ...{ revision: { ...base, ahead: 1 }, at: AT, author: { who: 'lee', from: 'workspace' } },
      changes: [
        {
          key: `Person/${AGENT}`,
          before: kim,
          after: { ...kim, displayName: 'Of the branch', enabled: false },
        },
      ],
    };
    const file = await BranchFile.open(world.branch, () => {});
    expect(await file.do({ type: 'keep', branch: 'of-south', base, entry })).toEqual({ type: 'kept' });
    await file.close();
  });
  for (;;) {
    const { body } = await say('GET', '/v1/conflicts');
    if (body.conflicts.length > 0) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}, 60_000);
afterAll(() => world.stop());

const say = (method: string, path: string, asked: Asked = {}) =>
  ask(world.url, method, path, { token: world.token, ...asked });
const nameNow = async () => (await say('GET', KIM)).body.displayName as string;

describe('[RE12] what a merge has left open', () => {
  test('is listed with both sides, who and when, for those who may read the history', async () => {
    const { body } = await say('GET', '/v1/conflicts');
    expect(body).toMatchObject({
      more: false,
      conflicts: [
        {
          ...{ kind: 'conflict', key: `Person/${AGENT}`, field: 'displayName', id: 'of-south.1.1' },
          main: {
            author: { who: 'administrator1', from: '127.0.0.1' },
            revision: expect.stringMatching(/^\d+\.2$/),
          },
          branch: {
            author: { who: 'lee', from: 'workspace' },
            revision: '1.1+1',
            at: new Date(AT).toISOString(),
          },
          text: expect.stringContaining('Of the branch'),
        },
      ],
    });
    // What nobody else had touched is merged.
    expect((await say('GET', KIM)).body).toMatchObject({ displayName: 'Of the main line', enabled: false });
    const token = await logIn(world.url, 'agent7002');
    const refused = await ask(world.url, 'GET', '/v1/conflicts', { token });
    expect([refused.status, refused.body.code]).toEqual([403, 'not-allowed']);
    const { body: history } = await say('GET', '/v1/history?limit=1');
    expect(history.entries).toMatchObject([{ author: { who: 'merge' }, merges: { branch: 'of-south' } }]);
  });

  test('is resolved by choice once, by who may edit the object, and as an edit', async () => {
    const path = '/v1/conflicts/of-south.1.1/resolve';
    for (const body of [
      {},
      { choice: 'both' },
      { choice: {} },
      { choice: 'main', value: 1 },
      { choice: 7 },
    ]) {
      const { status, body: problem } = await say('POST', path, { body });
      expect([status, problem.code], JSON.stringify(body)).toEqual([400, 'bad-message']);
    }
    const unknown = await say('POST', '/v1/conflicts/nothing/resolve', { body: { choice: 'main' } });
    expect([unknown.status, unknown.body.code]).toEqual([422, 'bad-configuration']);
    const token = await logIn(world.url, 'agent7002');
    const refused = await ask(world.url, 'POST', path, { token, body: { choice: 'branch' } });
    expect([refused.status, refused.body.code]).toEqual([403, 'not-allowed']);
    const wrong = await say('POST', path, { body: { choice: { value: 7 } } });
    expect([wrong.status, wrong.body.code]).toEqual([409, 'conflict']);

    const tried = await say('POST', `${path}?dryRun=true`, { body: { choice: 'branch' } });
    expect(tried.body).toMatchObject({ isDryRun: true, changes: [{ key: `Person/${AGENT}` }] });
    expect(await nameNow()).toBe('Of the main line');
    const body = { choice: { value: 'Of today' }, note: 'asked her' };
    const resolved = await say('POST', path, { body });
    expect([resolved.status, resolved.headers.get('etag')]).toEqual([200, `"${resolved.body.revision}"`]);
    expect(await nameNow()).toBe('Of today');
    const again = await say('POST', path, { body });
    expect([again.status, again.body.code]).toEqual([409, 'conflict']);
    expect((await say('GET', '/v1/conflicts')).body).toEqual({ conflicts: [], more: false });
    const { body: all } = await say('GET', '/v1/conflicts?all=true');
    expect(all.conflicts).toMatchObject([{ id: 'of-south.1.1', resolvedIn: resolved.body.revision }]);
    const { body: history } = await say('GET', '/v1/history?limit=1');
    expect(history.entries).toMatchObject([{ note: 'asked her', resolves: 'of-south.1.1' }]);
  });

  test('stands in the description of the interface', async () => {
    const { body } = await ask(world.url, 'GET', '/openapi.json');
    expect(Object.keys(body.paths['/v1/conflicts'])).toEqual(['get']);
    const { post } = body.paths['/v1/conflicts/{id}/resolve'];
    expect(post.parameters.map(({ name }: { name: string }) => name)).toEqual(['dryRun', 'id']);
    expect(JSON.stringify(post.requestBody)).toContain('"branch"');
  });
});
