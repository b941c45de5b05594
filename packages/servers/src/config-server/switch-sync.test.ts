/** The first synchronisation of two Switches, and their comparison, asked of a centre with two Configuration Servers and proxies. */
import { must } from '@holdfast/kernel';
import {
  type ComparedSwitches,
  type ConfigReply,
  type ConfigRequest,
  type Edit,
  objectKey,
} from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { COMPARISONS_WAITING_MAX } from './switch-comparison.ts';
import { askOnce, ConfigCentre } from './testing/config-centre.ts';
import { configWorld, open, revision, sent } from './testing/config-world.ts';

type Request = Extract<ConfigRequest, { readonly ReferenceID: number }>;

/** Two servers that have agreed on who writes, and somebody who asks them. */
class Desk {
  readonly centre = new ConfigCentre(11);

  constructor() {
    this.centre.run(5_000);
  }

  ask(request: Request, at = 'config-north', user?: string): ConfigReply {
    let answer: ConfigReply | undefined;
    const heard = (reply: ConfigReply) => {
      answer = reply;
    };
    askOnce(this.centre, this.centre.process(at), request, heard, user);
    this.centre.run(1_000);
    return must(answer, 'it is answered');
  }

  edit(patches: Readonly<Record<string, Edit['patch']>>, user?: string): void {
    const edits = Object.entries(patches).map(([key, patch]) => ({ key, patch }));
    const reply = this.ask({ type: 'Edit', ReferenceID: 7, dryRun: false, edits }, 'config-north', user);
    if (reply.type !== 'Edited') throw new Error(JSON.stringify(reply));
  }

  sync(more: Partial<SyncRequest> = {}, at?: string, user?: string): ConfigReply {
    return this.ask({ ...SYNC, ...more }, at, user);
  }

  compare(switches?: readonly [string, string], at?: string): ComparedSwitches[] {
    const reply = this.ask(
      { type: 'CompareSwitches', ReferenceID: 9, ...(switches && { switches: [...switches] }) },
      at,
    );
    if (reply.type !== 'SwitchesCompared') throw new Error(JSON.stringify(reply));
    return reply.pairs;
  }

  /** The object as every process serves it. */
  object(key: string): unknown {
    return this.centre.stored().objects.find((object) => objectKey(object) === key);
  }

  get entries() {
    return this.centre.store.entries;
  }
}

type SyncRequest = Extract<ConfigRequest, { type: 'SyncSwitches' }>;
const SYNC: SyncRequest = {
  ...{ type: 'SyncSwitches', ReferenceID: 8, dryRun: false },
  ...{ switches: ['north', 'south'], master: 'north' },
};
const digest = { realm: 'holdfast', md5: 'a'.repeat(32), sha256: 'b'.repeat(64) };

/** What an administrator has made who works at north. */
const GROWN_AT_NORTH = {
  'DN/8100@north': { type: 'ACDQueue', displayName: 'Spring' },
  'DN/7101@north': { type: 'Extension', digest },
  'AgentLogin/7101@north': {},
  'Place/place-7101': { tenant: 'holdfast', dns: ['7101@north'] },
  'Person/agent7101': { tenant: 'holdfast', agentLogins: ['7101@north'], defaultPlace: 'place-7101' },
  'DN/8000@south': { displayName: 'Sales south' },
};

const keysOf = (reply: ConfigReply) =>
  reply.type === 'Edited' ? reply.entry.changes.map(({ key }) => key).sort() : reply;
const unlinked = (name: string, twin: string | null) => ({
  [`Switch/${name}`]: { options: { holdfast: { 'sync-with': twin } } },
});

test('[SY14] a first synchronisation is looked at, done as one entry, and not done again', () => {
  const desk = new Desk();
  desk.edit(GROWN_AT_NORTH);
  const before = desk.entries.length;
  const seen = desk.sync({ dryRun: true });
  const keys = [
    ...['AgentLogin/7101@south', 'DN/7101@south', 'DN/8000@south', 'DN/8100@south', 'Person/agent7101'],
    ...['Place/place-7101', 'Switch/north', 'Switch/south'],
  ];
  expect(keysOf(seen)).toEqual(keys);
  expect(seen).toMatchObject({
    ...{ type: 'Edited', isDryRun: true },
    findings: expect.arrayContaining([
      {
        ...{ severity: 'warning', object: 'DN/8000@south', field: 'displayName' },
        text: expect.stringMatching(/^It is Sales south here and .* at DN\/8000@north, which holds/),
      },
    ]),
  });
  expect(JSON.stringify(seen)).not.toContain('bbbb');
  expect(desk.entries).toHaveLength(before);
  const done = desk.sync({ seenAt: seen.type === 'Edited' ? seen.revision : '', note: 'both sites' });
  expect(keysOf(done)).toEqual(keys);
  expect(desk.entries.slice(before)).toMatchObject([
    { author: { who: 'supervisor1', from: 'workspace' }, note: 'both sites' },
  ]);
  expect(desk.object('Place/place-7101')).toMatchObject({ dns: ['7101@north', '7101@south'] });
  expect(desk.object('Person/agent7101')).toMatchObject({ agentLogins: ['7101@north', '7101@south'] });
  expect(desk.object('DN/7101@south')).toMatchObject({ digest });
  for (const master of ['north', 'south'])
    expect(desk.sync({ master })).toMatchObject({ type: 'Edited', entry: { changes: [] } });
  expect(desk.entries).toHaveLength(before + 1);
  // From now on an edit of either is one of both.
  desk.edit({ 'DN/8100@south': { displayName: 'Autumn' } });
  expect(desk.object('DN/8100@north')).toMatchObject({ displayName: 'Autumn' });
});

test('[SY14] with the other as master its values hold, and the form of Places is the one asked for', () => {
  const desk = new Desk();
  desk.edit(GROWN_AT_NORTH);
  const terms = { master: 'south', places: 'each', ownOptions: 'TServer/contact,a/b' } as const;
  expect(desk.sync(terms)).toMatchObject({ type: 'Edited' });
  expect(desk.object('DN/8000@north')).toMatchObject({ displayName: 'Sales south' });
  expect(desk.object('Place/place-7101')).toMatchObject({ dns: ['7101@north'] });
  expect(desk.object('Place/place-7101-south')).toMatchObject({ dns: ['7101@south'] });
  expect(desk.compare()).toMatchObject([
    { switches: ['north', 'south'], isKeptAlike: true, places: 'each', ownOptions: 'TServer/contact,a/b' },
  ]);
});

test('[SY14] it is judged as any edit: permission before all else, conflicts, and what cannot be', () => {
  const desk = new Desk();
  const refused = (reply: ConfigReply) =>
    reply.type === 'NotEdited' ? [reply.code, reply.findings.map(({ object }) => object)] : reply;
  expect(refused(desk.sync({ dryRun: true }, undefined, 'agent7001'))).toEqual(['not-allowed', []]);
  const none = { switches: ['north', 'west'] as [string, string] };
  expect(refused(desk.sync(none, undefined, 'agent7001'))).toEqual(['not-allowed', []]);
  expect(refused(desk.sync(none))).toEqual(['bad-configuration', ['Switch/west']]);
  expect(refused(desk.sync({ master: 'west' }))).toEqual(['bad-configuration', ['Switch/west']]);
  desk.edit({ 'DN/8000@south': { displayName: 'Sales south' } });
  const { revision: seenAt } = desk.centre.stored();
  desk.edit({ 'DN/8000@south': { displayName: 'Sales far south' } });
  expect(refused(desk.sync({ seenAt }))).toEqual(['conflict', ['DN/8000@south']]);
  expect(desk.entries).toHaveLength(2);
});

test('[SY14] [SY15] at a proxy, and where another one writes, both are asked of whoever can answer', () => {
  const desk = new Desk();
  desk.edit(GROWN_AT_NORTH);
  for (const at of ['proxy-south', 'config-south'])
    expect(desk.sync({ dryRun: true }, at)).toMatchObject({ type: 'Edited', isDryRun: true });
  expect(desk.compare(['north', 'south'], 'proxy-north')).toMatchObject([{ isKeptAlike: false }]);
  expect(desk.sync({}, 'proxy-south')).toMatchObject({ type: 'Edited' });
  for (const at of ['proxy-south', 'config-south'])
    expect(desk.compare(undefined, at)).toMatchObject([{ isKeptAlike: true, differences: [] }]);
});

test('[SY15] two Switches that are alike have one digest and no difference; of those that are not it is told who did it', () => {
  const desk = new Desk();
  expect(desk.compare()).toEqual([]);
  desk.sync();
  const [alike] = desk.compare();
  expect(alike).toMatchObject({ differences: [], more: 0, findings: [] });
  expect(alike?.digests[0]).toBe(alike?.digests[1]);
  // While they do not name each other nothing is carried; when they do again, what differs stays.
  desk.edit({ ...unlinked('north', null), ...unlinked('south', null) });
  desk.edit({ 'DN/8000@south': { displayName: 'Elsewhere' } });
  desk.edit({ 'DN/8000@south': { options: { holdfast: { 'wait-max': '7' } } } });
  desk.edit({ 'DN/8009@south': { displayName: 'Afterwards' } });
  desk.edit({ 'DN/8009@south': { displayName: 'Overflow' } });
  desk.edit({ ...unlinked('north', 'south'), ...unlinked('south', 'north') });
  const [drifted] = desk.compare();
  expect(drifted?.digests[0]).not.toBe(drifted?.digests[1]);
  const [named, waiting] = desk.entries.slice(-5);
  expect(drifted?.differences).toEqual([
    {
      ...{ object: 'DN/8000@south', field: 'displayName', value: 'Elsewhere', other: expect.any(String) },
      by: { revision: named?.revision, at: named?.at, author: { who: 'supervisor1', from: 'workspace' } },
    },
    expect.objectContaining({
      ...{ field: 'options/holdfast/wait-max', value: '7' },
      by: expect.objectContaining({ revision: waiting?.revision }),
    }),
  ]);
  // A synchronisation mends it, whoever is asked to hold.
  desk.sync({ master: 'south' });
  expect(desk.object('DN/8000@north')).toMatchObject({ displayName: 'Elsewhere' });
  expect(desk.compare()).toMatchObject([{ differences: [] }]);
});

test('[SY15] without the store who did it is known of the latest edits, and why no more', () => {
  const desk = new Desk();
  desk.edit({ 'DN/8000@south': { displayName: 'Elsewhere' } });
  desk.centre.store.isAway = true;
  const reply = desk.ask({ type: 'CompareSwitches', ReferenceID: 9, switches: ['south', 'north'] });
  expect(reply).toMatchObject({ type: 'SwitchesCompared', unnamedBecause: 'The database is away.' });
  const [pair] = reply.type === 'SwitchesCompared' ? reply.pairs : [];
  expect(pair?.differences.filter(({ by }) => by !== undefined)).toMatchObject([
    { object: 'DN/8000@south', field: 'displayName', by: { author: { who: 'supervisor1' } } },
  ]);
});

test('[SY14] a site that is cut off brings no Switches alike: that waits for the database', () => {
  const desk = new Desk();
  desk.centre.store.isAway = true;
  desk.centre.run(20_000);
  expect(desk.sync()).toMatchObject({
    ...{ type: 'NotEdited', code: 'not-stored' },
    text: expect.stringContaining('Two Switches are brought alike when it is back.'),
  });
});

test('[SY15] it is for who may read the history, about Switches that there are, and so many at once', () => {
  const desk = new Desk();
  const compare = { type: 'CompareSwitches', ReferenceID: 9 } as const;
  expect(desk.ask(compare, undefined, 'agent7001')).toMatchObject({ type: 'Error', code: 'not-allowed' });
  expect(desk.ask({ ...compare, switches: ['north', 'west'] })).toMatchObject({
    ...{ type: 'Error', code: 'not-found', text: expect.stringContaining('There is no Switch "west"') },
  });
  expect(desk.ask({ ...compare, switches: ['north', 'north'] })).toMatchObject({ code: 'not-found' });
  desk.edit({ 'DN/8000@south': { displayName: 'Elsewhere' } });
  const heard: string[] = [];
  const told = (reply: ConfigReply) => void heard.push(reply.type === 'Error' ? reply.code : reply.type);
  const ask = { ...compare, switches: ['north', 'south'] as [string, string] };
  // One is looked at, and two are too many.
  const north = desk.centre.process('config-north');
  for (let count = 0; count < 1 + COMPARISONS_WAITING_MAX + 2; count++)
    askOnce(desk.centre, north, ask, told);
  desk.centre.run(10_000);
  expect(heard.filter((word) => word === 'SwitchesCompared')).toHaveLength(1 + COMPARISONS_WAITING_MAX);
  expect(heard.filter((word) => word === 'overloaded')).toHaveLength(2);
});

test('[SY15] one that serves files compares them, and brings nothing alike', () => {
  const world = configWorld(
    revision((list) => {
      for (const object of list) {
        if (object.objectType === 'Person' && object.name === 'supervisor1') object.rank = 'auditor';
        if (object.objectType === 'DN' && object.number === '8000' && object.switch === 'south')
          object.displayName = 'Elsewhere';
      }
    }),
  );
  world.open('a');
  world.logIn('a', 'supervisor1', true);
  const reply = world.ask('a', { type: 'CompareSwitches', ReferenceID: 9, switches: ['north', 'south'] });
  expect(reply).toMatchObject({
    ...{ type: 'SwitchesCompared', unnamedBecause: 'It serves files, which have no history.' },
    pairs: [{ isKeptAlike: false, more: 0 }],
  });
  const [pair] = reply.type === 'SwitchesCompared' ? reply.pairs : [];
  expect(pair?.differences).toContainEqual(
    expect.objectContaining({ object: 'DN/8000@south', value: 'Elsewhere' }),
  );
  expect(sent(world.say('a', { ...SYNC, dryRun: true }))).toMatchObject([
    { type: 'Error', code: 'wrong-state', text: expect.stringContaining('serves files') },
  ]);
  // Who has not logged in is told nothing.
  world.input({ type: 'opened', connection: 'b' });
  world.say('b', open('workspace'));
  expect(world.ask('b', { type: 'CompareSwitches', ReferenceID: 9 })).toMatchObject({ code: 'not-allowed' });
});
