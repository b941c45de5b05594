/** Objects, edits, history and findings over real HTTP, with a Configuration Server over PGlite. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
}, 60_000);
afterAll(() => world.stop());

const say = (method: string, path: string, asked: Asked = {}) =>
  ask(world.url, method, path, { token: world.token, ...asked });
const KIM = `/v1/objects/Person/${AGENT}`;
const revisionNow = async () => (await say('GET', '/v1/revision')).body.revision as string;

describe('[RE2] the way in', () => {
  test('is a user name and a password for a token, and the token for everything else', async () => {
    const { status, body, headers } = await ask(world.url, 'POST', '/v1/log-in', {
      body: { user: ADMINISTRATOR, password: PASSWORD },
    });
    expect([status, Object.keys(body), headers.get('cache-control')]).toEqual([
      200,
      ['token', 'expiresAt'],
      'no-store',
    ]);
    expect(Date.parse(body.expiresAt)).toBeGreaterThan(Date.now() + 11 * 3_600_000);
    expect((await ask(world.url, 'GET', KIM, { token: body.token })).status).toBe(200);
  });

  test('a wrong password, no token and a forged one are refused, each with its code', async () => {
    const wrong = await ask(world.url, 'POST', '/v1/log-in', {
      body: { user: ADMINISTRATOR, password: 'x' },
    });
    expect([wrong.status, wrong.body.code]).toEqual([401, 'wrong-password']);
    const none = await ask(world.url, 'GET', KIM);
    expect([none.status, none.body.code, none.headers.get('www-authenticate')]).toEqual([
      401,
      'no-token',
      'Bearer realm="holdfast"',
    ]);
    const [head, claims, signature] = world.token.split('.');
    const forged = Buffer.from(
      JSON.stringify({ sub: ADMINISTRATOR, rank: 'administrator', iat: 1, exp: 9e9 }),
    );
    for (const token of [`${head}.${forged.toString('base64url')}.${signature}`, `${head}.${claims}.`, 'x']) {
      const { status, body } = await ask(world.url, 'GET', KIM, { token });
      expect([status, body.code]).toEqual([401, 'token-invalid']);
    }
    for (const Authorization of ['Basic YTpi', `Bearer ${'a'.repeat(5_000)}`, `Bearer ${world.token} x`]) {
      const { status, body } = await ask(world.url, 'GET', KIM, { headers: { Authorization } });
      expect([status, body.code]).toEqual([401, 'no-token']);
    }
  });

  test('what ends a log-in ends it here at once, and no word of it is in the log', async () => {
    const token = await logIn(world.url, 'agent7004');
    const own = '/v1/objects/Person/agent7004';
    expect((await ask(world.url, 'GET', own, { token })).status).toBe(200);
    expect((await say('PATCH', own, { body: { enabled: false } })).status).toBe(200);
    const { status, body } = await ask(world.url, 'GET', own, { token });
    expect([status, body.code]).toEqual([403, 'account-disabled']);
    expect((await say('PATCH', own, { body: { enabled: true } })).status).toBe(200);
    expect((await ask(world.url, 'GET', own, { token })).status).toBe(200);
    const logged = JSON.stringify(world.log);
    expect(logged).toContain('agent7004');
    for (const secret of [token, world.token, PASSWORD]) expect(logged).not.toContain(secret);
  });
});

describe('[RE3] objects are read', () => {
  test('by type and name, page by page in the order of their keys, all of one revision', async () => {
    const all = await say('GET', '/v1/objects?limit=10000');
    const keys = (objects: readonly Record<string, string>[]) =>
      objects.map(
        ({ objectType, name, number, code, switch: at }) =>
          `${objectType}/${name ?? `${number ?? code}@${at}`}`,
      );
    // Keys are nobody's to read.
    const expected = world.objects.filter(({ objectType }) => objectType !== 'Keys').length;
    expect(all.body.objects).toHaveLength(expected);
    expect(all.headers.get('etag')).toBe(`"${all.body.revision}"`);
    const paged: string[] = [];
    let after = '';
    for (let pages = 0; pages < 100; pages++) {
      const { body } = await say('GET', `/v1/objects?limit=7${after}`);
      paged.push(...keys(body.objects));
      if (body.next === undefined) break;
      after = `&after=${encodeURIComponent(body.next)}`;
    }
    expect(paged).toEqual(keys(all.body.objects));
    const two = await say('GET', '/v1/objects?type=Switch&type=Tenant');
    expect(keys(two.body.objects)).toEqual(['Switch/north', 'Switch/south', 'Tenant/holdfast']);
    const one = await say('GET', `/v1/objects?name=${AGENT}`);
    expect(keys(one.body.objects)).toEqual([`Person/${AGENT}`]);
  });

  test('without their secrets, and not again while nothing has changed', async () => {
    const { body, headers } = await say('GET', KIM);
    expect(body).toMatchObject({ objectType: 'Person', name: AGENT });
    expect(body.passwordHash).toBeUndefined();
    expect((await say('GET', '/v1/objects?type=DN')).text).not.toContain('sha256');
    const etag = headers.get('etag') ?? '';
    const same = await say('GET', KIM, { headers: { 'If-None-Match': etag } });
    expect([same.status, same.text]).toEqual([304, '']);
    expect((await say('GET', KIM, { headers: { 'If-None-Match': '"0.1"' } })).status).toBe(200);
    expect((await say('GET', '/v1/objects/DN/8000@north')).body).toMatchObject({ number: '8000' });
  });

  test('as far as the rank lets, and what is not there is not found', async () => {
    const token = await logIn(world.url, AGENT);
    const { body } = await ask(world.url, 'GET', '/v1/objects', { token });
    expect(body.objects).toMatchObject([{ name: AGENT }]);
    const other = await ask(world.url, 'GET', '/v1/objects/Person/agent7002', { token });
    expect([other.status, other.body.code]).toEqual([403, 'not-allowed']);
    for (const path of ['/v1/objects/Person/nobody', '/v1/objects/Nothing/x']) {
      const missing = await say('GET', path);
      expect([missing.status, missing.body.code]).toEqual([404, 'not-found']);
    }
  });
});

describe('[RE4] one object is edited', () => {
  test('by a merge patch, which leaves what it does not name; the answer says what has changed', async () => {
    const { status, body, headers } = await say('PATCH', `${KIM}?note=married`, {
      text: JSON.stringify({ displayName: 'Kim' }),
      headers: { 'Content-Type': 'application/merge-patch+json' },
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ...{ isDryRun: false, author: { who: ADMINISTRATOR, from: '127.0.0.1' }, findings: [] },
      changes: [{ key: `Person/${AGENT}`, after: { displayName: 'Kim' } }],
    });
    expect(JSON.stringify(body)).not.toContain('argon2id');
    expect(headers.get('etag')).toBe(`"${body.revision}"`);
    expect(await revisionNow()).toBe(body.revision);
    expect((await logIn(world.url, AGENT)).length).toBeGreaterThan(20);
    const again = await say('PATCH', KIM, { body: { displayName: 'Kim' } });
    expect(again.body).toMatchObject({ revision: body.revision, changes: [] });
  });

  test('only if nobody has changed the same field since the revision of If-Match', async () => {
    const seen = await revisionNow();
    const ifMatch = { headers: { 'If-Match': `"${seen}"` } };
    expect((await say('PATCH', KIM, { body: { displayName: 'Lee' } })).status).toBe(200);
    const second = await say('PATCH', KIM, { body: { displayName: 'Max' }, ...ifMatch });
    expect([second.status, second.body.code, second.headers.get('content-type')]).toEqual([
      412,
      'conflict',
      'application/problem+json; charset=utf-8',
    ]);
    expect(second.body.findings).toMatchObject([{ object: `Person/${AGENT}`, field: 'displayName' }]);
    const other = await say('PATCH', KIM, { body: { options: { holdfast: {} } }, ...ifMatch });
    expect(other.status).toBe(200);
    const gone = await say('PATCH', '/v1/objects/Person/nobody', { body: {}, headers: { 'If-Match': '*' } });
    expect(gone.status).toBe(412);
    for (const tag of ['3.128', 'W/"3.128"', '"a", "b"']) {
      const bad = await say('PATCH', KIM, { body: {}, headers: { 'If-Match': tag } });
      expect([bad.status, bad.body.field]).toEqual([400, 'If-Match']);
    }
  });

  test('whole, created and deleted; what a dry run says is not done', async () => {
    const path = '/v1/objects/Person/new.one';
    const whole = { tenant: 'holdfast', displayName: 'New' };
    const dry = await say('PUT', `${path}?dryRun=true`, { body: whole });
    expect([dry.status, dry.body.isDryRun, dry.body.changes.length]).toEqual([200, true, 1]);
    expect((await say('GET', path)).status).toBe(404);
    const created = await say('PUT', path, { body: whole, headers: { 'If-None-Match': '*' } });
    expect([created.status, created.headers.get('location')]).toEqual([201, path]);
    expect((await say('PUT', path, { body: whole, headers: { 'If-None-Match': '*' } })).status).toBe(412);
    // Without a name in it, which the path has; what is not in it goes.
    const replaced = await say('PUT', path, { body: { tenant: 'holdfast', rank: 'auditor' } });
    expect(replaced.status).toBe(200);
    const { body } = await say('GET', path);
    expect([body.rank, body.displayName]).toEqual(['auditor', undefined]);
    expect((await say('DELETE', path)).body.changes).toMatchObject([{ key: 'Person/new.one', after: null }]);
    expect((await say('DELETE', path)).status).toBe(404);
    const kim = (await say('GET', KIM)).body;
    expect((await say('PUT', KIM, { body: kim })).body.changes).toEqual([]);
    // Its password, which nobody was shown, is as it was.
    expect((await logIn(world.url, AGENT)).length).toBeGreaterThan(20);
  });

  test('not against the model, the rank or the path', async () => {
    const broken = await say('PATCH', KIM, { body: { defaultPlace: 'nowhere' } });
    expect([broken.status, broken.body.code]).toEqual([422, 'bad-configuration']);
    expect(broken.body.findings).toMatchObject([{ object: `Person/${AGENT}`, field: 'defaultPlace' }]);
    const unknown = await say('PATCH', KIM, { body: { nickname: 'K' } });
    expect([unknown.status, unknown.body.code]).toEqual([422, 'bad-configuration']);
    expect(unknown.text).toContain('nickname');
    const renamed = await say('PUT', KIM, { body: { tenant: 'holdfast', name: 'other' } });
    expect(renamed.status).toBe(422);
    const other = await say('PUT', KIM, { body: { objectType: 'DN', number: '1', switch: 'north' } });
    expect([other.status, other.body.field]).toEqual([400, 'objectType']);
    const token = await logIn(world.url, AGENT);
    const agent = await ask(world.url, 'PATCH', KIM, { token, body: { rank: 'administrator' } });
    expect([agent.status, agent.body.code]).toEqual([403, 'not-allowed']);
  });
});

describe('[RE5] many are edited in one entry', () => {
  test('all of them, or none', async () => {
    const edits = ['7001', '7002'].map((n) => ({
      key: `Person/agent${n}`,
      patch: { displayName: `No. ${n}` },
    }));
    const { status, body } = await say('POST', '/v1/edits', { body: { edits, note: 'numbers' } });
    expect([status, body.changes.length]).toEqual([200, 2]);
    const half = [
      ...edits.map((edit) => ({ ...edit, patch: { displayName: 'x' } })),
      { key: 'Person/nobody', patch: null },
    ];
    const refused = await say('POST', '/v1/edits', { body: { edits: half } });
    expect([refused.status, refused.body.code]).toEqual([422, 'bad-configuration']);
    expect((await say('GET', KIM)).body.displayName).toBe('No. 7001');
    const dry = await say('POST', '/v1/edits?dryRun=true', { body: { edits: half.slice(0, 2) } });
    expect([dry.status, dry.body.changes.length, await revisionNow()]).toEqual([200, 2, body.revision]);
    const late = await say('POST', '/v1/edits', {
      body: {
        edits: half.slice(0, 1),
        seenAt: `${body.revision.split('.')[0]}.${body.revision.split('.')[1] - 1}`,
      },
    });
    expect([late.status, late.body.code]).toEqual([409, 'conflict']);
  });
});

describe('[RE6] what was edited', () => {
  test('is told newest first, page by page, by object, person and time, to who may read it', async () => {
    for (const displayName of ['one', 'two', 'three']) await say('PATCH', KIM, { body: { displayName } });
    const key = `key=${encodeURIComponent(`Person/${AGENT}`)}`;
    const first = await say('GET', `/v1/history?${key}&limit=2`);
    const names = (entries: readonly { changes: { after: { displayName: string } }[] }[]) =>
      entries.map(({ changes }) => changes[0]?.after.displayName);
    expect(names(first.body.entries)).toEqual(['three', 'two']);
    expect(first.body.entries[0].author).toEqual({ who: ADMINISTRATOR, from: '127.0.0.1' });
    const second = await say('GET', `/v1/history?${key}&limit=1&before=${first.body.next}`);
    expect(names(second.body.entries)).toEqual(['one']);
    const importing = await say('GET', '/v1/history?who=import&limit=1');
    expect(importing.body.entries).toMatchObject([{ revision: '1.1' }]);
    const { at, revision } = first.body.entries[0];
    const since = await say('GET', `/v1/history?from=${encodeURIComponent(at)}`);
    expect(since.body.entries).toMatchObject([{ revision, at }]);
    const later = await say('GET', `/v1/history?from=${Date.parse(at) + 60_000}`);
    expect(later.body.entries).toEqual([]);
    const token = await logIn(world.url, AGENT);
    expect((await ask(world.url, 'GET', '/v1/history', { token })).status).toBe(403);
  });

  test('is brought back, as a new entry', async () => {
    const before = await revisionNow();
    await say('PATCH', KIM, { body: { displayName: 'wrong' } });
    const dry = await say('POST', '/v1/restore?dryRun=true', { body: { to: { revision: before } } });
    expect(dry.body.changes).toMatchObject([{ key: `Person/${AGENT}`, after: { displayName: 'three' } }]);
    const done = await say('POST', '/v1/restore', {
      body: { keys: [`Person/${AGENT}`], to: { revision: before } },
    });
    expect([done.status, done.body.changes.length]).toEqual([200, 1]);
    expect((await say('GET', KIM)).body.displayName).toBe('three');
    const { at } = (await say('GET', `/v1/history?before=${done.body.revision}&limit=1`)).body.entries[0];
    const again = await say('POST', '/v1/restore?dryRun=true', { body: { to: { at } } });
    expect(again.body.changes).toMatchObject([{ after: { displayName: 'wrong' } }]);
    const never = await say('POST', '/v1/restore', { body: { to: { revision: '9.99999' } } });
    expect([never.status, never.body.code]).toEqual([422, 'bad-configuration']);
    const early = await say('POST', '/v1/restore', { body: { to: { at: 'yesterday' } } });
    expect([early.status, early.body.code]).toEqual([400, 'bad-message']);
  });
});

test('[RE8] findings of the validator are told, narrowed, and fixed', async () => {
  const { status, body } = await say('GET', '/v1/findings');
  expect([status, body.revision]).toEqual([200, await revisionNow()]);
  for (const finding of body.findings)
    expect(finding).toMatchObject({ rule: expect.stringMatching(/^V\d+$/), isFixable: expect.any(Boolean) });
  const errors = await say('GET', '/v1/findings?severity=error');
  expect(errors.body.findings).toEqual(
    body.findings.filter(({ severity }: { severity: string }) => severity === 'error'),
  );
  const dry = await say('POST', '/v1/findings/fix?dryRun=true');
  expect([dry.status, dry.body.isDryRun]).toEqual([200, true]);
  const token = await logIn(world.url, AGENT);
  expect((await ask(world.url, 'GET', '/v1/findings', { token })).status).toBe(403);
});

test('[RE10] SQL and markup in names are names', async () => {
  const names = ["kim'; DROP TABLE object; --", '<script>alert(1)</script>', '{{7*7}}', 'kim\u0000'];
  for (const name of names) {
    const path = `/v1/objects/Person/${encodeURIComponent(name)}`;
    expect((await say('GET', path)).status).toBe(404);
    const made = await say('PUT', path, { body: { tenant: 'holdfast' } });
    expect([made.status, made.body.code]).toEqual([422, 'bad-configuration']);
    const found = await say('GET', `/v1/history?who=${encodeURIComponent(name)}`);
    expect([found.status === 200 ? found.body.entries : []]).toEqual([[]]);
  }
  const shown = "Kim'); DELETE FROM entry; --";
  expect((await say('PATCH', KIM, { body: { displayName: shown } })).status).toBe(200);
  expect((await say('GET', KIM)).body.displayName).toBe(shown);
  expect((await say('GET', '/v1/history?limit=1')).body.entries).toHaveLength(1);
});
