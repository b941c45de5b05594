/** Properties of applications and connections: changing one changes what a desk is told at log-in. */
import {
  type Application,
  applicationObject,
  type ConfigObject,
  type DeskConfiguration,
  PROPERTIES,
} from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { makeConfiguration } from './configuration.ts';
import { deskConfiguration } from './desk-configuration.ts';
import { generateConfiguration } from './generate-configuration.ts';
import { REQUEST, sha256 } from './test-configuration.ts';

type Change = (application: Application) => Application;

/** What the desk of agent7001 is told, with this Application changed. */
function desk(name: string, change: Change = (same) => same): DeskConfiguration {
  return deskOf(changedIn(generateConfiguration(REQUEST).objects, name, change));
}

function changedIn(objects: readonly ConfigObject[], name: string, change: Change): ConfigObject[] {
  return objects.map((object) =>
    object.objectType === 'Application' && object.name === name ? change(object) : object,
  );
}

function deskOf(objects: readonly ConfigObject[]): DeskConfiguration {
  const configuration = makeConfiguration(objects, sha256);
  const person = configuration.get('Person', 'agent7001');
  const application = configuration.get('Application', 'workspace');
  if (person === undefined || application === undefined) throw new Error('missing');
  const answer = deskConfiguration(configuration, { person, application, places: [] });
  if (!answer.ok) throw new Error(answer.text);
  return answer.configuration;
}

/** With a pair of SIP Servers at north. */
function pairObjects(): readonly ConfigObject[] {
  const [north, south] = REQUEST.sites;
  const standby = { clientPort: 5_113, pairPort: 5_114 };
  return generateConfiguration({ ...REQUEST, sites: [{ ...north, standby }, south] }).objects;
}

const telephony = (name: string, change?: Change) => desk(name, change).sites[0]?.telephony;

/** The connection of the desktop to the SIP Server of north, changed. */
function connected(change: Partial<Application['connections'][number]>): Change {
  return (application) => ({
    ...application,
    connections: application.connections.map((one) =>
      one.server === 'sip-north' ? { ...one, ...change } : one,
    ),
  });
}

test('[property connection/server] names whom the desk connects to', () => {
  expect(desk('workspace').sites.map(({ site }) => site)).toEqual(['north', 'south']);
  const moved = desk('workspace', connected({ server: 'config-north' }));
  expect(moved.sites.map(({ site }) => site)).toEqual(['south']);
});

test('[property connection/port] names the port of that server', () => {
  const twoPorts: Change = (server) => ({ ...server, ports: { ...server.ports, desks: 5_999 } });
  expect(telephony('workspace')?.members[0]?.port).toBe(5_111);
  const withPort = changedIn(generateConfiguration(REQUEST).objects, 'sip-north', twoPorts);
  const changed = changedIn(withPort, 'workspace', connected({ port: 'desks' }));
  expect(deskOf(changed).sites[0]?.telephony.members[0]?.port).toBe(5_999);
});

test('[property connection/addp.timeout] is when the desk asks whether the server is there', () => {
  expect(telephony('workspace')?.addpTimeoutMs).toBe(5_000);
  expect(telephony('workspace', connected({ addp: { timeout: 20.5 } }))?.addpTimeoutMs).toBe(20_500);
});

test('[property connection/addp.remoteTimeout] is when the server is to ask for the desk, where it differs', () => {
  expect(telephony('workspace')?.addpRemoteTimeoutMs).toBeUndefined();
  const addp = { timeout: 5, remoteTimeout: 30 };
  expect(telephony('workspace', connected({ addp }))).toMatchObject({
    addpTimeoutMs: 5_000,
    addpRemoteTimeoutMs: 30_000,
  });
});

test('[property application/backup] is the second member of the pair, of the same site', () => {
  const members = deskOf(pairObjects()).sites[0]?.telephony.members;
  expect(members?.map(({ application, port }) => [application, port])).toEqual([
    ['sip-north', 5_111],
    ['sip-north-b', 5_113],
  ]);
  expect(telephony('sip-north')?.members).toHaveLength(1);
});

test('[property application/reconnectTimeout] of a pair is the pause after both have failed', () => {
  const pair = changedIn(pairObjects(), 'sip-north', (server) => ({ ...server, reconnectTimeout: 7 }));
  expect(deskOf(pair).sites[0]?.telephony.reconnectPauseMs).toBe(7_000);
  // Without a backup the option of the desk holds (S0).
  expect(telephony('sip-north', (server) => ({ ...server, reconnectTimeout: 7 }))?.reconnectPauseMs).toBe(
    2_000,
  );
});

test('[property application/ports] and its Host are where the desk connects', () => {
  const moved = telephony('sip-north', (server) => ({ ...server, ports: { default: 6_111 } }));
  expect(moved?.members[0]).toMatchObject({ host: '127.0.0.1', port: 6_111 });
});

test('[property application/host] without one nobody can connect there', () => {
  const { host: _, ...homeless } = telephonyServer();
  expect(telephony('sip-north', () => homeless)?.members).toEqual([]);
});

function telephonyServer(): Application {
  const found = generateConfiguration(REQUEST).objects.find(
    (object) => object.objectType === 'Application' && object.name === 'sip-north',
  );
  if (found?.objectType !== 'Application') throw new Error('missing');
  return found;
}

test("[property application/switch] decides whose phones are the server's own", () => {
  const other = desk('sip-north', (server) => ({ ...server, switch: 'elsewhere' }));
  expect(other.sites.map(({ site }) => site)).toEqual(['south']);
  const text = expect.stringContaining('no Extension on a Switch whose SIP Server serves site "north"');
  expect(other.warnings).toEqual([{ kind: 'oneSite', text }]);
});

test('the schema of an Application allows what the catalogue of properties says', () => {
  const read = (more: object) =>
    applicationObject.safeParse({ objectType: 'Application', name: 'a', type: 'SIPServer', ...more });
  const addp = (field: string) => (value: number) => ({
    connections: [{ server: 'b', addp: { timeout: 10, [field]: value } }],
  });
  const ranges = [
    ['addp.timeout', addp('timeout'), 0.05],
    ['addp.remoteTimeout', addp('remoteTimeout'), 0.05],
    ['reconnectTimeout', (reconnectTimeout: number) => ({ reconnectTimeout }), 1],
    ['ports', (port: number) => ({ ports: { default: port } }), 1],
  ] as const;
  for (const [name, make, step] of ranges) {
    const { allowed = '' } = PROPERTIES.find((property) => property.name === name) ?? {};
    const [min = 0, max = 0] = (allowed.match(/[\d.]+/g) ?? []).map(Number);
    expect(max, allowed).toBeGreaterThan(min);
    for (const value of [min, max]) expect(read(make(value)).success, `${name} ${value}`).toBe(true);
    for (const value of [min - step, max + step])
      expect(read(make(value)).success, `${name} ${value}`).toBe(false);
  }
  const connection = read({ connections: [{ server: 'b' }] }).data?.connections[0];
  expect(String(connection?.addp.timeout)).toBe(
    PROPERTIES.find(({ name }) => name === 'addp.timeout')?.default,
  );
  expect(connection?.port).toBe(PROPERTIES.find(({ name }) => name === 'port')?.default);
});
