import type { ConfigObject } from '@holdfast/protocol';
import { expect, it } from 'vitest';
import { canonicalText, makeConfiguration } from './configuration.ts';
import { configurationFiles } from './configuration-files.ts';
import { asChanges, editConfiguration, editsTo, mergePatch, patchTo } from './edit-configuration.ts';
import { readObjects } from './read-objects.ts';
import { sha256 } from './test-configuration.ts';

const HASH = '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g';
const kim: ConfigObject = {
  ...{ objectType: 'Person', name: 'kim', tenant: 'main', rank: 'agent', passwordHash: HASH },
  ...{ agentLogins: [], enabled: true, options: { 'agent-desktop': { 'site-1': 'a', 'site-2': 'b' } } },
};
const configuration = makeConfiguration([kim], sha256, '1.1');
const edited = (...edits: Parameters<typeof editConfiguration>[1]) => editConfiguration(configuration, edits);

it('[CE1] a patch changes what it names, null takes away, and the rest stays as it is', () => {
  const patch = { displayName: 'Kim', options: { 'agent-desktop': { 'site-1': null, x: 'y' } } };
  expect(edited({ key: 'Person/kim', patch })).toEqual({
    problems: [],
    changes: [
      {
        ...{ key: 'Person/kim', before: kim },
        after: { ...kim, displayName: 'Kim', options: { 'agent-desktop': { 'site-2': 'b', x: 'y' } } },
      },
    ],
  });
});

it('[CE1] merges as the examples of RFC 7396 appendix A do', () => {
  const examples: [unknown, unknown, unknown][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  for (const [target, patch, result] of examples) expect(mergePatch(target, patch)).toEqual(result);
  expect(mergePatch({}, JSON.parse('{"__proto__": {"polluted": 1}}'))).toEqual({});
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

it('[CE2] what is not there is created, named by its key; null deletes; what changes nothing is no change', () => {
  const { changes, problems } = edited(
    { key: 'DN/7001@north', patch: { type: 'Extension' } },
    { key: 'Person/kim', patch: { rank: 'agent' } },
    { key: 'Tenant/main', patch: {} },
  );
  expect(problems).toEqual([]);
  expect(changes.map(({ key, before }) => [key, before])).toEqual([
    ['DN/7001@north', null],
    ['Tenant/main', null],
  ]);
  expect(changes[0]?.after).toMatchObject({ number: '7001', switch: 'north', enabled: true });
  const gone = edited({ key: 'Person/kim', patch: null }).changes;
  expect(gone).toEqual([{ key: 'Person/kim', before: kim, after: null }]);
  expect(configuration.with(asChanges(gone)).objects).toEqual([]);
  // One after the other, and nothing comes of it.
  const both = edited({ key: 'Host/a', patch: { address: '10.0.0.1' } }, { key: 'Host/a', patch: null });
  expect(both).toEqual({ changes: [], problems: [] });
});

it('[CE3] what does not fit is refused with object and field, all of it, and no secret is shown', () => {
  const { problems } = edited(
    { key: 'Person/kim', patch: { rank: 'chief', passwordHash: 'my password' } },
    { key: 'Person/kim', patch: { name: 'lee' } },
    { key: 'Person/lee', patch: null },
    { key: 'Car/x', patch: {} },
    { key: 'Person/', patch: {} },
    { key: 'DN/7001', patch: { type: 'Extension' } },
  );
  const told = problems.map(({ object, field, text }) => `${object} ${field}: ${text}`);
  expect(told.join('\n')).not.toContain('my password');
  expect(told.map((line) => line.replace(/ .*/, ''))).toEqual([
    ...['Person/kim', 'Person/kim', 'Person/kim', 'Person/lee', 'Car/x', 'Person/', 'DN/7001'],
  ]);
  expect(told[0]).toContain('rank');
  expect(told[2]).toContain('The patch would make it Person/lee');
  expect(told[4]).toContain('Tenant, Host, Application');
});

/** As people see it. */
const shownKim = Object.fromEntries(
  Object.entries(kim).filter(([name]) => name !== 'passwordHash'),
) as unknown as ConfigObject;

it('[CE10] the patch to another object makes it that, and leaves the secrets that nobody was shown', () => {
  const wanted: ConfigObject = {
    ...{ objectType: 'Person', name: 'kim', displayName: 'Kim', tenant: 'main', rank: 'supervisor' },
    ...{ agentLogins: ['7001@north'], enabled: true, options: { 'agent-desktop': { 'site-2': 'c' } } },
  };
  const patch = patchTo(shownKim, wanted);
  expect(patch).toEqual({
    ...{ displayName: 'Kim', rank: 'supervisor', agentLogins: ['7001@north'] },
    options: { 'agent-desktop': { 'site-1': null, 'site-2': 'c' } },
  });
  expect(edited({ key: 'Person/kim', patch }).changes[0]?.after).toEqual({ ...wanted, passwordHash: HASH });
  expect(patchTo(wanted, wanted)).toEqual({});
  expect(patchTo(shownKim, kim)).toEqual({ passwordHash: HASH });
  // And the way back.
  expect(mergePatch(wanted, patchTo(wanted, kim))).toEqual(kim);
  const bare = { ...kim, options: {} };
  expect(patchTo(kim, bare)).toEqual({ options: { 'agent-desktop': null } });
  expect(patchTo(undefined, bare)).toMatchObject({ name: 'kim', tenant: 'main' });
});

it('[CE12] files become edits of what differs; what stands in none goes last, on request, and Keys never', () => {
  const host = (name: string): ConfigObject => ({
    ...{ objectType: 'Host', name, address: '10.0.0.1', enabled: true, options: {} },
  });
  const keys = { objectType: 'Keys', name: 'main' } as ConfigObject;
  const present = [host('a'), host('b'), shownKim, keys];
  const wanted = [host('c'), host('b'), { ...host('a'), enabled: false }];
  const edits = editsTo({ present, wanted, prunes: false });
  expect(edits.map(({ key }) => key)).toEqual(['Host/c', 'Host/a']);
  expect(edits[1]?.patch).toEqual({ enabled: false });
  const pruned = editsTo({ present, wanted, prunes: true });
  expect(pruned.slice(0, 2)).toEqual(edits);
  expect(pruned.slice(2)).toEqual([{ key: 'Person/kim', patch: null }]);
});

it('[CE12] what was exported is read back as it was', () => {
  const objects: ConfigObject[] = [
    { ...kim, tokensNotBefore: 1_700_000_000_001, passwordChangedAt: 1_600_000_000_000 } as ConfigObject,
    { objectType: 'Place', name: 'empty', tenant: 'main', dns: [], enabled: true, options: {} },
  ];
  const read = readObjects(configurationFiles(objects));
  expect(read.problems).toEqual([]);
  expect(canonicalText(read.objects.map(({ object }) => object))).toBe(canonicalText(objects));
});
