import type { ConfigObject } from '@holdfast/protocol';
import { expect, it } from 'vitest';
import { fieldSettings } from './field-settings.ts';

const sales: ConfigObject = {
  ...{ objectType: 'AgentGroup', name: 'sales', tenant: 'main', members: ['kim', 'lee'] },
  ...{ originationDNs: [], enabled: true, options: {} },
};
const patchOf = (...words: string[]) => {
  const made = fieldSettings(sales, words);
  return made.ok ? made.patch : made.text;
};

it('[CE11] sets fields, options and entries of maps, and takes them away', () => {
  expect(patchOf('displayName=Kim = Lee', 'enabled=false', 'options/TServer/wrap-up-time=5')).toEqual({
    ...{ displayName: 'Kim = Lee', enabled: false },
    options: { TServer: { 'wrap-up-time': '5' } },
  });
  expect(patchOf('ports/default=5110', 'ports/health=', 'reconnectTimeout=10')).toEqual({
    ...{ ports: { default: 5110, health: null }, reconnectTimeout: 10 },
  });
  expect(patchOf('options/TServer/a=', 'options/TServer/b=0700', 'options/holdfast=')).toEqual({
    options: { TServer: { a: null, b: '0700' }, holdfast: null },
  });
  // A stroke within a name, as differences write it.
  expect(patchOf('options/a~1b/c~0d=x')).toEqual({ options: { 'a/b': { 'c~d': 'x' } } });
});

it('[CE11] sets lists whole, puts in and takes out, and takes anything else as JSON', () => {
  expect(patchOf('members=kim, max,')).toEqual({ members: ['kim', 'max'] });
  expect(patchOf('members+=max,kim', 'members-=lee')).toEqual({ members: ['kim', 'max'] });
  expect(patchOf('members=')).toEqual({ members: [] });
  const made = fieldSettings(undefined, ['dns+=7001@north', 'connections=[{"server":"sip-north"}]']);
  expect(made).toEqual({
    ...{ ok: true },
    patch: { dns: ['7001@north'], connections: [{ server: 'sip-north' }] },
  });
});

it('[CE11] what is none is refused with the field, and no secret is taken or shown', () => {
  expect(patchOf('displayName')).toContain('"displayName": Say FIELD=VALUE');
  expect(patchOf('=x')).toContain('Say FIELD=VALUE');
  expect(patchOf('a//b=x')).toContain('name of no field');
  expect(patchOf('options/__proto__/polluted=x')).toContain('name of no field');
  expect(patchOf('options/TServer=x')).toContain('options/SECTION/OPTION');
  expect(patchOf('connections=[{]')).toContain('not JSON');
  expect(patchOf('passwordHash=my password')).toContain('"passwordHash": Everybody on this machine');
  expect(patchOf('passwordHash=my password')).not.toContain('my password');
  expect(patchOf('digest/md5=0')).toContain('Everybody');
  expect(patchOf('passwordHash=')).toEqual({ passwordHash: null });
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});
