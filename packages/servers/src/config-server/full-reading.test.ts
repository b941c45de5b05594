import type { ConfigObject, ConfigReply, Entry } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { FullReading } from './full-reading.ts';
import { READ_MAX_MS } from './reading-line.ts';
import { revision } from './testing/config-world.ts';
import type { Viewer } from './visible-objects.ts';

/** Of a Configuration Server that sends everything to so many at once. */
function reading(loadMax: string | undefined, entries: readonly Entry[] = []) {
  const configuration = revision((list) => {
    const own = list.find((one) => one.objectType === 'Application' && one.name === 'config-north');
    if (own === undefined) throw new Error('no server');
    if (loadMax !== undefined) own.options.system = { 'proxy-load-max': loadMax };
  });
  const viewers = new Map<string, Viewer>();
  const subscribed = new Set<string>();
  let said: (ConfigReply & { readonly to: string })[] = [];
  const full = new FullReading({
    application: 'config-north',
    configuration: () => configuration,
    entriesSince: (held) => {
      const index = entries.findIndex(({ revision: { epoch, number } }) => held === `${epoch}.${number}`);
      return index < 0 ? undefined : entries.slice(index + 1);
    },
    viewerOf: (connection) => viewers.get(connection),
    subscribe: (connection) => {
      subscribed.add(connection);
      return true;
    },
    send: (to, message) => void said.push({ ...message, to }),
  });
  return {
    ...{ full, configuration, subscribed },
    ask(now: number, connection: string, more: { viewer?: Viewer; since?: string; orRefuse?: boolean } = {}) {
      const { viewer = 'config', ...asked } = more;
      viewers.set(connection, viewer);
      full.asked(now, connection, { type: 'ReadAll', ReferenceID: 2, subscribe: true, ...asked });
    },
    /** Since it was asked last, and to whom. */
    told() {
      const all = said;
      said = [];
      return all.map(({ to, type }) => `${to} ${type}`);
    },
    replies() {
      const all = said;
      said = [];
      return all;
    },
  };
}

test('[CX6] [option system/proxy-load-max] so many are sent everything at once, and the others in their order when one has read it', () => {
  const world = reading('2');
  for (const who of ['a', 'b', 'c', 'd']) world.ask(0, who);
  expect(world.told()).toEqual(['a Objects', 'a Ping', 'b Objects', 'b Ping']);
  // Who waits for it hears of no change before it, which would be laid over nothing.
  expect([...world.subscribed]).toEqual(['a', 'b']);
  world.full.answered(10, 'x');
  expect(world.told()).toEqual([]);
  world.full.answered(20, 'b');
  expect(world.told()).toEqual(['c Objects', 'c Ping']);
  world.full.gone(30, 'a');
  expect(world.told()).toEqual(['d Objects', 'd Ping']);
  const unlimited = reading(undefined);
  for (const who of ['a', 'b', 'c']) unlimited.ask(0, who);
  expect(unlimited.told()).toEqual(['a Objects', 'b Objects', 'c Objects']);
});

test('[CX6] who never says that it has read keeps others waiting for a bounded time, and nobody waits twice', () => {
  const world = reading('1');
  for (const who of ['a', 'b', 'b']) world.ask(5, who);
  expect(world.replies()).toMatchObject([
    { to: 'a', type: 'Objects' },
    { to: 'a', type: 'Ping' },
    { to: 'b', type: 'Error', code: 'wrong-state' },
  ]);
  expect(world.full.nextDeadline()).toBe(5 + READ_MAX_MS);
  world.full.expire(4 + READ_MAX_MS);
  expect(world.told()).toEqual([]);
  world.full.expire(5 + READ_MAX_MS);
  expect(world.told()).toEqual(['b Objects', 'b Ping']);
  world.full.gone(6 + READ_MAX_MS, 'b');
  expect(world.full.nextDeadline()).toBeUndefined();
});

test('[CS8] people are not sent everything', () => {
  const world = reading('1');
  world.ask(0, 'a', { viewer: 'person' });
  expect(world.replies()).toMatchObject([{ to: 'a', type: 'Error', code: 'not-allowed' }]);
});

const entry = (number: number, key: string, after: ConfigObject | null): Entry => ({
  ...{ revision: { epoch: 3, number }, at: 1, author: { who: 'kim', from: 'here' } },
  changes: [{ key, before: null, after }],
});
const tenant = (name: string): ConfigObject => ({ objectType: 'Tenant', name, enabled: true, options: {} });
const keys = { objectType: 'Keys', name: 'keys', tokenKeys: [], nonceKeys: [], serverSecret: 's' };

test('[CX7] who says what it holds is sent what came after it, each object as it is now, and no secret', () => {
  const world = reading('1', [
    entry(7, 'Tenant/x', tenant('x')),
    entry(8, 'Tenant/a', tenant('a')),
    entry(9, 'Keys/keys', { ...keys, enabled: true, options: {} } as ConfigObject),
    entry(10, 'Tenant/a', { ...tenant('a'), enabled: false }),
    entry(11, 'Tenant/x', null),
  ]);
  world.ask(0, 'proxy', { since: '3.7' });
  const [toProxy] = world.replies();
  expect(toProxy).toMatchObject({
    ...{ to: 'proxy', type: 'Changed', revision: world.configuration.revision, deleted: ['Tenant/x'] },
    entries: [{}, {}, {}, {}],
  });
  expect(toProxy?.type === 'Changed' && toProxy.objects).toMatchObject([
    { name: 'a', enabled: false },
    { name: 'keys', serverSecret: 's' },
  ]);
  world.ask(0, 'sip', { since: '3.7', viewer: 'sip' });
  const [toSip] = world.replies();
  expect(JSON.stringify(toSip)).not.toContain('serverSecret');
  expect(toSip).not.toHaveProperty('entries');
  world.ask(0, 'same', { since: world.configuration.revision });
  expect(world.replies()).toMatchObject([{ to: 'same', type: 'Changed', objects: [], deleted: [] }]);
  expect([...world.subscribed]).toEqual(['proxy', 'sip', 'same']);
});

test('[CX7] where nobody knows what came after it, it is sent everything, or told so', () => {
  const world = reading(undefined, [entry(8, 'Tenant/a', tenant('a'))]);
  world.ask(0, 'a', { since: '3.2', orRefuse: true });
  expect(world.replies()).toMatchObject([{ to: 'a', type: 'Error', code: 'not-found' }]);
  world.ask(0, 'a', { since: '3.2' });
  expect(world.replies()).toMatchObject([{ to: 'a', type: 'Objects', objects: world.configuration.objects }]);
});
