import { type Change, type ConfigObject, objectKey, type Person } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { makeConfiguration } from './configuration.ts';
import { mayEdit, mayRead, mayReadHistory, mayUnlock, PERMISSIONS, type Verdict } from './permissions.ts';
import { sha256 } from './test-configuration.ts';
import { agent, bank, group } from './test-log.ts';

const person = (name: string, rank: Person['rank'], tenant = 'bank'): Person => ({
  ...agent(name),
  rank,
  tenant,
});
const HASH = '$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aaaa';

const ada = person('ada', 'administrator');
const sue = person('sue', 'supervisor');
const sid = person('sid', 'supervisor');
const audrey = person('audrey', 'auditor');
const other = person('otto', 'administrator', 'other');
const kim = agent('kim');
const lee = agent('lee');
const far = person('far', 'agent', 'other');
const everybody = [ada, sue, sid, audrey, other, kim, lee, far];

const team = group('team', ['sue', 'kim']);
const night = group('night', ['lee']);
const login: ConfigObject = {
  objectType: 'AgentLogin',
  code: 'kim',
  switch: 'north',
  enabled: true,
  options: {},
};
const host: ConfigObject = {
  objectType: 'Host',
  name: 'host',
  address: '10.0.0.1',
  enabled: true,
  options: {},
};
const tenant = (name: string): ConfigObject => ({ objectType: 'Tenant', name, enabled: true, options: {} });
const server: ConfigObject = {
  objectType: 'Application',
  name: 'sip',
  type: 'SIPServer',
  ports: {},
  connections: [],
  enabled: true,
  options: {},
};
const keys: ConfigObject = {
  objectType: 'Keys',
  name: 'keys',
  tokenKeys: [{ id: 'k', publicKey: 'p' }],
  nonceKeys: [],
  enabled: true,
  options: {},
};
const kimsLogin = { ...kim, agentLogins: ['kim@north'] };
const objects = [
  ...bank(),
  ...everybody.filter(({ name }) => name !== 'kim'),
  kimsLogin,
  team,
  night,
  login,
  host,
  tenant('other'),
  tenant('empty'),
  server,
  keys,
];
const world = makeConfiguration(objects, sha256);

const change = (before: ConfigObject | null, after: ConfigObject | null): Change => ({
  key: objectKey((before ?? after) as ConfigObject),
  before,
  after,
});
const edit = (who: Person, before: ConfigObject | null, after: ConfigObject | null): Verdict =>
  mayEdit(who, change(before, after), world);
/** Who of all may. */
const editors = (before: ConfigObject | null, after: ConfigObject | null): string[] =>
  everybody.filter((who) => edit(who, before, after).ok).map(({ name }) => name);
const withOption = (object: ConfigObject, section: string, name: string): ConfigObject => ({
  ...object,
  options: { [section]: { [name]: '10' } },
});

test('[CP1] everybody sets the own password, and no rank but administrators more of themselves', () => {
  for (const who of everybody) {
    expect(edit(who, who, { ...who, passwordHash: HASH }).ok, who.name).toBe(true);
    const isAdministrator = who.rank === 'administrator';
    expect(edit(who, who, { ...who, passwordHash: HASH, displayName: 'X' }).ok, who.name).toBe(
      isAdministrator,
    );
    expect(edit(who, who, { ...who, rank: 'administrator', passwordHash: HASH }).ok, who.name).toBe(
      isAdministrator,
    );
    // Taking a password away is no setting of it.
    expect(edit(who, { ...who, passwordHash: HASH }, who).ok, who.name).toBe(isAdministrator);
  }
  expect(editors(lee, { ...lee, passwordHash: HASH })).toEqual(['ada', 'lee']);
});

test('[CP2] a supervisor enables and disables agents of the own groups, and sets the options of their desks and log-ins', () => {
  expect(editors(kim, { ...kim, enabled: false })).toEqual(['ada', 'sue']);
  expect(editors(kim, withOption(kim, 'agent-desktop', 'site-1'))).toEqual(['ada', 'sue']);
  expect(editors(kim, withOption(kim, 'interaction-workspace', 'disaster-recovery.timeout'))).toEqual([
    'ada',
    'sue',
  ]);
  expect(editors(kim, withOption(kim, 'holdfast', 'return-half-life'))).toEqual(['ada', 'sue']);
  expect(editors(login, withOption(login, 'TServer', 'wrap-up-time'))).toEqual(['ada', 'sue']);
  // Not what no desk reads, nor anything else of the agent, nor agents of other groups and tenants.
  for (const [before, after] of [
    [kim, withOption(kim, 'holdfast', 'lease-length')],
    [kim, withOption(kim, 'unknown', 'option')],
    [kim, { ...kim, tenant: 'other' }],
    [kim, { ...kim, displayName: 'Kim' }],
    [kim, { ...kim, enabled: false, agentLogins: [] as string[], defaultPlace: 'place-7001' }],
    [kim, null],
    [null, agent('new')],
    [login, withOption(login, 'TServer', 'sip-port')],
    [login, { ...login, enabled: false }],
    [lee, { ...lee, enabled: false }],
    [far, { ...far, enabled: false }],
  ] as const)
    expect(edit(sue, before, after).ok, JSON.stringify(after)).toBe(false);
});

test('[CP2] what a Person has of passwords is not an option of a desk', () => {
  const lifetime = withOption(kim, 'holdfast', 'password-lifetime');
  expect(edit(sue, kim, lifetime).ok).toBe(false);
  expect(edit(ada, kim, lifetime).ok).toBe(true);
});

test('[CP3] whom too many failures have locked out is let in by a supervisor of the own groups or an administrator', () => {
  const unlockers = (locked: Person) =>
    everybody.filter((who) => mayUnlock(who, locked, world).ok).map(({ name }) => name);
  expect(unlockers(kim)).toEqual(['ada', 'sue']);
  expect(unlockers(lee)).toEqual(['ada']);
  expect(unlockers(sue)).toEqual(['ada']);
  expect(unlockers(far)).toEqual(['otto']);
});

test('[CP4] a supervisor puts agents of the tenant into the own groups and takes them out, and nobody else', () => {
  expect(editors(team, group('team', ['sue', 'kim', 'lee']))).toEqual(['ada', 'sue']);
  expect(editors(team, group('team', ['sue']))).toEqual(['ada', 'sue']);
  for (const [before, after] of [
    [team, group('team', ['sue', 'kim', 'ada'])],
    [team, group('team', ['sue', 'kim', 'sid'])],
    [team, group('team', ['sue', 'kim', 'far'])],
    [team, group('team', ['kim'])],
    [team, { ...team, options: { a: { b: 'c' } } }],
    [night, group('night', ['lee', 'sue'])],
    [night, group('night', ['lee', 'kim'])],
    [team, null],
  ] as const)
    expect(edit(sue, before, after).ok, JSON.stringify(after)).toBe(false);
});

test('[CP5] an administrator edits all of the own tenant and what belongs to none; a supervisor nothing of that', () => {
  const ours = objects.filter((object) => !('tenant' in object && object.tenant === 'other'));
  for (const object of ours) {
    const isOther = objectKey(object) === 'Tenant/other';
    const changed = { ...object, enabled: false } as ConfigObject;
    expect(edit(ada, object, changed).ok, objectKey(object)).toBe(!isOther);
    expect(edit(ada, object, null).ok, objectKey(object)).toBe(!isOther);
  }
  expect(editors(far, { ...far, rank: 'supervisor' })).toEqual(['otto']);
  expect(editors(kim, { ...kim, tenant: 'other' })).toEqual([]);
  for (const object of [server, keys, host, ...bank().filter(({ objectType }) => objectType !== 'Person')])
    expect(edit(sue, object, { ...object, enabled: false } as ConfigObject).ok, objectKey(object)).toBe(
      false,
    );
  for (const who of [sue, sid, ada, audrey])
    expect(edit(sue, who, { ...who, enabled: false }).ok, who.name).toBe(false);
});

test('[CP5] a tenant without an administrator is looked after by those of others', () => {
  expect(editors(null, tenant('new'))).toEqual(['ada', 'otto']);
  expect(editors(null, person('first', 'administrator', 'empty'))).toEqual(['ada', 'otto']);
  expect(editors(null, person('second', 'administrator', 'other'))).toEqual(['otto']);
});

test('[CP6] auditors and agents edit nothing else, and who is disabled nothing at all', () => {
  for (const object of objects)
    for (const who of [audrey, kim, lee, far]) {
      expect(edit(who, object, { ...object, enabled: !object.enabled }).ok, objectKey(object)).toBe(false);
      expect(edit(who, object, null).ok, objectKey(object)).toBe(false);
    }
  expect(edit({ ...ada, enabled: false }, kim, { ...kim, enabled: false }).ok).toBe(false);
});

test('[CP7] no permission changes the history', () => {
  const onHistory = Object.values(PERMISSIONS).filter(({ on }) => on === 'history');
  expect(onHistory.map(({ does }) => does)).toEqual(['read']);
});

test('[CP8] an agent reads itself, supervisors and administrators what is of the tenant or of none, auditors all', () => {
  const readers = (object: ConfigObject) =>
    everybody.filter((who) => mayRead(who, object, world).ok).map(({ name }) => name);
  expect(readers(kim)).toEqual(['ada', 'sue', 'sid', 'audrey', 'kim']);
  expect(readers(far)).toEqual(['audrey', 'otto', 'far']);
  expect(readers(server)).toEqual(['ada', 'sue', 'sid', 'audrey', 'otto']);
  expect(readers(login)).toEqual(['ada', 'sue', 'sid', 'audrey']);
});

test('[CP9] the history is read by auditors, and of their tenant and what is of none by administrators', () => {
  const readers = (before: ConfigObject | null, after: ConfigObject | null) =>
    everybody.filter((who) => mayReadHistory(who, change(before, after), world).ok).map(({ name }) => name);
  expect(readers(kim, null)).toEqual(['ada', 'audrey']);
  expect(readers(null, far)).toEqual(['audrey', 'otto']);
  expect(readers(kim, { ...kim, tenant: 'other' })).toEqual(['audrey']);
  expect(readers(host, host)).toEqual(['ada', 'audrey', 'otto']);
});

test('[CP10] a refusal names the permission and who has it, and shows no secret', () => {
  expect(edit(sue, lee, { ...lee, enabled: false })).toEqual({
    ok: false,
    permission: 'agents',
    text: 'sue (supervisor) may not change Person/lee: enabled. That needs the permission "agents" (enable and disable agents, and set the options of their desks and log-ins), which supervisors for the agents of their groups and administrators of the same tenant have.',
  });
  const refused = edit(audrey, lee, { ...lee, passwordHash: HASH });
  expect(refused).toMatchObject({
    permission: 'objects',
    text: expect.stringContaining('Person/lee: passwordHash.'),
  });
  expect(JSON.stringify(refused)).not.toContain('argon2');
  expect(edit(kim, null, server)).toMatchObject({
    permission: 'objects',
    text: expect.stringMatching(
      /^kim \(agent\) may not change Application\/sip\. .* which administrators of the same tenant have\.$/,
    ),
  });
  expect(mayUnlock(kim, lee, world)).toMatchObject({ permission: 'unlock-agents' });
  expect(mayRead(kim, lee, world)).toMatchObject({ permission: 'read-objects' });
  expect(mayReadHistory(sue, change(kim, null), world)).toMatchObject({ permission: 'read-history' });
});
