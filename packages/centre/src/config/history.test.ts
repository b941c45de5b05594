import { randomInteger, seededRandom } from '@holdfast/kernel';
import { type Change, type ConfigObject, type Entry, objectKey, type Revision } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { describeChange } from './describe-change.ts';
import { applyEntries, objectsAt, type Present, restoreChanges } from './history.ts';
import { agent, group, LogOfEdits } from './test-log.ts';

const KIM = agent('kim');
const LEE = agent('lee');

/** Five entries: kim comes, lee comes, kim's site, kim goes; the fifth under another writer, whose clock is behind. */
function someLog(): LogOfEdits {
  const log = new LogOfEdits([]);
  log.edit({ at: 1_000 }, KIM);
  log.edit({ at: 2_000 }, LEE);
  log.edit({ at: 3_000 }, { ...KIM, options: { 'agent-desktop': { 'site-1': 'north' } } });
  log.edit({ at: 4_000 }, 'Person/kim');
  log.edit({ at: 3_500, epoch: 2 }, { ...LEE, enabled: false });
  return log;
}

const newestFirst = (log: LogOfEdits): Entry[] => log.entries.toReversed();
const present = (log: LogOfEdits): Present => ({ revision: log.revision, objects: log.objects });

function keysAt(log: LogOfEdits, revision: Revision): string[] {
  const then = objectsAt(present(log), newestFirst(log), { revision });
  if (!then.ok) throw new Error(then.text);
  return then.objects.map(objectKey).sort();
}

test('[CH1] the objects at a revision are those of today with the entries since undone', () => {
  const log = someLog();
  expect(keysAt(log, { epoch: 1, number: 0 })).toEqual([]);
  expect(keysAt(log, { epoch: 1, number: 1 })).toEqual(['Person/kim']);
  expect(keysAt(log, { epoch: 1, number: 3 })).toEqual(['Person/kim', 'Person/lee']);
  expect(keysAt(log, { epoch: 2, number: 5 })).toEqual(['Person/lee']);
  const third = objectsAt(present(log), newestFirst(log), { revision: { epoch: 1, number: 3 } });
  const redone = applyEntries([], log.entries.slice(0, 3));
  expect(third.ok && redone.ok && third.objects.length).toBe(2);
  if (third.ok && redone.ok)
    for (const object of third.objects) expect(redone.objects.get(objectKey(object))).toEqual(object);
});

test('[CH2] at a moment stands what the newest entry not later than it has left, in the order of the log', () => {
  const log = someLog();
  const at = (ms: number) => {
    const then = objectsAt(present(log), newestFirst(log), { at: ms });
    return then.ok ? then.objects.map(objectKey).sort() : then.text;
  };
  expect(at(999)).toEqual([]);
  expect(at(1_000)).toEqual(['Person/kim']);
  expect(at(3_400)).toEqual(['Person/kim', 'Person/lee']);
  // The last writer's clock was behind: at 3.5 s its entry stood.
  expect(at(3_500)).toEqual(['Person/lee']);
  expect(at(9_000)).toEqual(['Person/lee']);
});

test('[CH3] bringing back is an edit of today: one object or all, only what differs, and the log stays', () => {
  const log = someLog();
  const before = JSON.stringify(log.entries);
  const moment = { revision: { epoch: 1, number: 2 } };
  const kim = restoreChanges(present(log), newestFirst(log), moment, ['Person/kim']);
  expect(kim).toEqual({ ok: true, changes: [{ key: 'Person/kim', before: null, after: KIM }] });
  const all = restoreChanges(present(log), newestFirst(log), moment);
  if (!all.ok) throw new Error(all.text);
  expect(all.changes.map(({ key }) => key)).toEqual(['Person/kim', 'Person/lee']);
  expect(JSON.stringify(log.entries)).toBe(before);
  // As an entry of its own it gives what stood then.
  log.append({ at: 9_000 }, all.changes);
  expect(log.objects).toEqual([KIM, LEE]);
  expect(restoreChanges(present(log), newestFirst(log), moment)).toEqual({ ok: true, changes: [] });
  expect(restoreChanges(present(log), newestFirst(log), moment, ['Person/nobody'])).toEqual({
    ok: true,
    changes: [],
  });
});

test('[CH4] what the entries at hand cannot tell is refused, and the missing entry named', () => {
  const log = someLog();
  const entries = newestFirst(log);
  const back = (some: readonly Entry[], revision: Revision) => {
    const then = objectsAt(present(log), some, { revision });
    return then.ok ? then.objects.length : then.text;
  };
  const first = { epoch: 1, number: 1 };
  expect(back(entries.slice(0, 3), { epoch: 1, number: 2 })).toBe(2);
  expect(back(entries.slice(0, 3), first)).toMatch(/^What stood at revision 1\.1 .* entry 2 is missing here/);
  expect(back(entries.toSpliced(2, 1), first)).toContain('entry 3 is missing');
  expect(back(entries.slice(1), first)).toContain('entry 5 is missing');
  expect(back([], first)).toContain('entry 5 is missing');
  expect(back([], log.revision)).toBe(1);
  expect(back(entries, { epoch: 2, number: 6 })).toMatch(
    /^There is no revision 2\.6 yet: 2\.5 is the newest/,
  );
  expect(back(entries, { epoch: 2, number: 3 })).toContain('entry 3 is 1.3');
  const early = objectsAt(present(log), entries.slice(0, 3), { at: 500 });
  expect(early).toMatchObject({ ok: false, text: expect.stringContaining('that moment') });
});

test('[CH4] entries that do not fit what stands are refused, undone or redone', () => {
  const log = someLog();
  const other: Present = { ...present(log), objects: [{ ...LEE, displayName: 'Lee' }] };
  const moment = { revision: { epoch: 1, number: 2 } };
  const text = /^Person\/lee is not what entry 2\.5 left: .* not of one log/;
  expect(objectsAt(other, newestFirst(log), moment)).toMatchObject({
    ok: false,
    text: expect.stringMatching(text),
  });
  expect(restoreChanges(other, newestFirst(log), moment).ok).toBe(false);
  expect(applyEntries([KIM], log.entries)).toMatchObject({
    ok: false,
    text: expect.stringMatching(/^Person\/kim is not what entry 1\.1 finds/),
  });
});

const lines = (before: ConfigObject | null, after: ConfigObject | null) => {
  const key = objectKey((after ?? before) as ConfigObject);
  return describeChange({ key, before, after } satisfies Change);
};

test('[CH5] a difference is told field by field and option by option, and of a list what came and what went', () => {
  const moved = { ...KIM, rank: 'supervisor' as const, options: { 'agent-desktop': { 'site-1': 'south' } } };
  expect(lines({ ...KIM, options: { 'agent-desktop': { 'site-1': 'north', x: '1' } } }, moved)).toEqual([
    'Person/kim: rank: agent → supervisor',
    'Person/kim: options/agent-desktop/site-1: north → south',
    'Person/kim: options/agent-desktop/x: 1 → not set',
  ]);
  const sales = group('sales', ['kim', 'lee']);
  expect(lines(sales, group('sales', ['max', 'lee', 'pat']))).toEqual([
    'AgentGroup/sales: members: added max, pat; removed kim',
  ]);
  // The order of members says nothing.
  expect(lines(sales, group('sales', ['lee', 'kim']))).toEqual([]);
  expect(lines(sales, null)).toEqual(['AgentGroup/sales: deleted']);
  expect(lines(null, sales)).toEqual([
    'AgentGroup/sales: created',
    'AgentGroup/sales: tenant: bank',
    'AgentGroup/sales: members: added kim, lee',
  ]);
  const many = Array.from({ length: 30 }, (_, i) => `m${i}`);
  expect(lines(group('sales', []), group('sales', many))[0]).toMatch(/m19 and 10 more$/);
});

test('[CH5] servers are compared by server and port, and their order is told', () => {
  const desktop = (...servers: string[]): ConfigObject => ({
    objectType: 'Application',
    name: 'desk',
    type: 'Workspace',
    ports: {},
    connections: servers.map((server) => ({ server, port: 'default', addp: { timeout: 10 } })),
    enabled: true,
    options: {},
  });
  expect(lines(desktop('a', 'b'), desktop('b', 'a', 'c'))).toEqual([
    'Application/desk: connections: added c:default; order a:default, b:default → b:default, a:default',
  ]);
  const slower = desktop('a', 'b');
  if (slower.objectType === 'Application')
    slower.connections[0] = { server: 'a', port: 'default', addp: { timeout: 30 } };
  expect(lines(desktop('a', 'b'), slower)[0]).toMatch(
    /^Application\/desk: connections\/a:default: .*10.* → .*30/,
  );
});

test('[CH6] no secret is told, and nothing that a terminal would obey', () => {
  const hash = (salt: string) => `$argon2id$v=19$m=1,t=1,p=1$${salt}$aGFzaA`;
  const withHash = { ...KIM, passwordHash: hash('first') };
  expect(lines(KIM, withHash)).toEqual(['Person/kim: passwordHash: set']);
  expect(lines(withHash, { ...KIM, passwordHash: hash('second') })).toEqual([
    'Person/kim: passwordHash: changed',
  ]);
  expect(lines(withHash, KIM)).toEqual(['Person/kim: passwordHash: removed']);
  expect(lines(null, withHash).join()).not.toContain('argon2id');
  const digest = (md5: string) => ({ realm: 'r', md5: md5.repeat(32), sha256: md5.repeat(64) });
  const phone = (md5: string): ConfigObject => ({
    objectType: 'DN',
    number: '7001',
    switch: 'north',
    type: 'Extension',
    digest: digest(md5),
    enabled: true,
    options: {},
  });
  expect(lines(phone('a'), phone('b'))).toEqual(['DN/7001@north: digest: changed']);
  const keys = (secret: string, ...ids: string[]): ConfigObject => ({
    objectType: 'Keys',
    name: 'keys',
    tokenKeys: ids.map((id) => ({ id, publicKey: secret, privateKey: secret })),
    nonceKeys: [secret],
    serverSecret: secret,
    enabled: true,
    options: {},
  });
  const told = [
    ...lines(keys('first', 'k1'), keys('second', 'k1', 'k2')),
    ...lines(null, keys('first', 'k1')),
  ];
  expect(told).toContain('Keys/keys: tokenKeys/k1: changed');
  expect(told).toContain('Keys/keys: tokenKeys: added k2');
  expect(told.join()).not.toMatch(/first|second/);
  const loud = lines(KIM, { ...KIM, displayName: 'Kim\u001b[2J\n' });
  expect(loud).toEqual(['Person/kim: displayName: not set → Kim?[2J?']);
});

test('[CH1] at each revision of a long log stands what stood there, and restoring it gives that again', () => {
  const random = seededRandom(7);
  const log = new LogOfEdits([]);
  const stood: ConfigObject[][] = [[]];
  for (let at = 1; at <= 300; at++) {
    const name = `p${randomInteger(random, 1, 12)}`;
    const key = `Person/${name}`;
    const isThere = log.get(key) !== undefined;
    const person = { ...agent(name), displayName: `${randomInteger(random, 1, 5)}` };
    log.edit({ at }, isThere && random() < 0.4 ? key : person);
    stood.push(log.objects);
  }
  for (const [number, objects] of stood.entries()) {
    const moment = { revision: { epoch: 1, number } };
    const then = objectsAt(present(log), newestFirst(log), moment);
    expect(then.ok && then.objects.sort((a, b) => (objectKey(a) < objectKey(b) ? -1 : 1))).toEqual(objects);
    const back = restoreChanges(present(log), newestFirst(log), moment);
    if (!back.ok) throw new Error(back.text);
    const restored = new LogOfEdits(log.objects);
    restored.append({ at: 1 }, back.changes);
    expect(restored.objects).toEqual(objects);
  }
});
