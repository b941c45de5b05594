import { makeConfiguration } from '@holdfast/centre';
import { applicationObject, type ConfigObject } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { nodeHashes } from '../crypto.ts';
import { siteProcesses } from './site-processes.ts';

const host1: ConfigObject = {
  objectType: 'Host',
  name: 'h1',
  address: '10.0.0.1',
  enabled: true,
  options: {},
};

function application(name: string, type: string, more: object = {}): ConfigObject {
  return applicationObject.parse({
    objectType: 'Application',
    name,
    type,
    host: 'h1',
    ports: { default: 5000 },
    options: { 'interaction-workspace': { 'disaster-recovery.site': 'north' } },
    ...more,
  });
}

const host2: ConfigObject = { ...host1, name: 'h2', address: '10.0.0.2' };

function plan(objects: readonly ConfigObject[], host?: string) {
  const configuration = makeConfiguration(
    [host1, application('config', 'ConfigurationServer'), ...objects],
    nodeHashes.sha256,
  );
  return siteProcesses(configuration, { ...OPTIONS, host });
}

const OPTIONS = { site: 'north', files: '/files', data: '/data', outlive: false } as const;

const PAIR = [
  application('stat', 'StatServer'),
  application('sip-b', 'SIPServer'),
  application('sip-a', 'SIPServer', { backup: 'sip-b' }),
];

test('of a type that has no standby no backup is started, and it is said', () => {
  const { processes, pairs, leftOut } = plan([
    ...PAIR,
    application('stat-b', 'StatServer'),
    application('stat-a', 'StatServer', { backup: 'stat-b' }),
  ]);
  expect(processes.map(({ application: { name } }) => name)).toEqual([
    ...['config', 'sip-a', 'sip-b', 'stat', 'stat-a'],
  ]);
  expect(pairs).toEqual([['sip-a', 'sip-b']]);
  expect(leftOut).toEqual([{ application: 'stat-b', because: 'this release runs no standby: stat-b' }]);
});

test('[PR7] both members of a pair are started, the primary first, and outlive their supervisor', () => {
  const { processes, pairs, leftOut } = plan(PAIR);
  expect(processes.map(({ application: { name }, pair }) => [name, pair])).toEqual([
    ['config', undefined],
    ['sip-a', 'sip-a'],
    ['sip-b', 'sip-a'],
    ['stat', undefined],
  ]);
  expect(processes[2]?.args).toEqual([
    ...['--application', 'sip-b', '--config', '10.0.0.1:5000', '--data', '/data', '--outlive'],
  ]);
  expect(processes[3]?.args).toEqual(['--application', 'stat', '--config', '10.0.0.1:5000']);
  expect(pairs).toEqual([['sip-a', 'sip-b']]);
  expect(leftOut).toEqual([]);
});

const PROXIES = [
  application('proxy-b', 'ConfigurationServerProxy', { ports: { default: 5002 } }),
  application('proxy-a', 'ConfigurationServerProxy', { ports: { default: 5001 }, backup: 'proxy-b' }),
  application('config-south', 'ConfigurationServer', { ports: { default: 6000 }, options: siteOf('south') }),
  application('proxy-south', 'ConfigurationServerProxy', {
    ports: { default: 6001 },
    options: siteOf('south'),
  }),
];

function siteOf(site: string) {
  return { 'interaction-workspace': { 'disaster-recovery.site': site } };
}

const argsOf = ({ processes }: ReturnType<typeof plan>, name: string) =>
  processes.find(({ application: one }) => one.name === name)?.args;

test('[CX8] both of a pair of proxies are started before the servers, which ask them first, and the Configuration Servers last', () => {
  const planned = plan([...PROXIES, application('stat', 'StatServer')]);
  expect(planned.processes.map(({ application: { name } }) => name)).toEqual([
    ...['config', 'proxy-a', 'proxy-b', 'stat'],
  ]);
  expect([planned.pairs, planned.leftOut]).toEqual([[], []]);
  const masters = '10.0.0.1:5000,10.0.0.1:6000';
  expect(argsOf(planned, 'proxy-b')).toEqual([
    ...['--application', 'proxy-b', '--proxy', '--config', masters, '--data', '/data'],
  ]);
  const ports = [5001, 5002, 5000, 6001, 6000];
  expect(argsOf(planned, 'stat')?.at(-1)).toBe(ports.map((port) => `10.0.0.1:${port}`).join(','));
});

test('[CX8] a Configuration Server with a database keeps a copy, and its backup serves beside it unless the database is a PGlite', () => {
  const objects = [
    application('config-b', 'ConfigurationServer', { ports: { default: 5003 } }),
    application('config-a', 'ConfigurationServer', { ports: { default: 5004 }, backup: 'config-b' }),
  ];
  const of = (store?: string) =>
    siteProcesses(makeConfiguration([host1, ...objects], nodeHashes.sha256), { ...OPTIONS, store });
  const names = (planned: ReturnType<typeof plan>) =>
    planned.processes.map(({ application: { name } }) => name);
  expect(names(of('postgres://holdfast@db/configuration')).sort()).toEqual(['config-a', 'config-b']);
  expect(names(of('pglite:/data/store'))).toEqual(['config-a']);
  expect(of('pglite:/data/store').leftOut[0]?.because).toContain(
    'config-b cannot open the PGlite of config-a',
  );
  expect(of().leftOut).toHaveLength(1);
  // The address may hold a password, and every list of processes shows arguments.
  expect(argsOf(of('postgres://holdfast:secret@db/x'), 'config-a')).toEqual([
    ...['--application', 'config-a', '--files', '/files', '--data', '/data'],
  ]);
  expect(argsOf(of(), 'config-a')).toEqual(['--application', 'config-a', '--files', '/files']);
});

test.each([
  ['another host', { host: 'h2' }, 'belongs to host "h2"'],
  ['another type', { type: 'StatServer' }, 'is of type StatServer'],
])('[PR7] a backup of %s is left out with the reason', (_, more, because) => {
  const { pairs, leftOut } = plan([
    application('sip-b', 'SIPServer', more),
    application('sip-a', 'SIPServer', { backup: 'sip-b' }),
  ]);
  expect(pairs).toEqual([]);
  expect(leftOut[0]?.because).toContain(because);
});

const ON_TWO_HOSTS = [
  application('stat', 'StatServer'),
  application('sip-b', 'SIPServer', { host: 'h2', options: pairOptions() }),
  application('sip-a', 'SIPServer', {
    ...{ backup: 'sip-b', options: pairOptions(), ports: { default: 5000, pair: 5001 } },
  }),
];

function pairOptions() {
  return {
    'interaction-workspace': { 'disaster-recovery.site': 'north' },
    TServer: { 'sip-address': '10.0.0.50' },
    holdfast: { 'arbiter-endpoints': 'http://10.0.0.9:2379', 'address-hook': '/opt/virtual-ip' },
  };
}

test.each([
  ['h1', ['config', 'sip-a', 'stat'], 'sip-a'],
  ['h2', ['sip-b'], 'sip-b'],
])(
  '[PR8] a supervisor of Host %s starts what belongs to it, and watches its member of the pair',
  (name, names, member) => {
    const { processes, pairs } = plan([host2, ...ON_TWO_HOSTS], name);
    expect(processes.map(({ application }) => application.name)).toEqual(names);
    expect(pairs).toEqual([]);
    const watched = processes.filter(({ across }) => across !== undefined);
    expect(watched.map(({ application }) => application.name)).toEqual([member]);
    expect(watched[0]?.across?.addressHook).toEqual({ program: '/opt/virtual-ip', address: '10.0.0.50' });
    // Nobody could remove the address for a member that outlives its supervisor.
    expect(watched[0]?.args).not.toContain('--outlive');
  },
);

test('a Host to which nothing of the site belongs is named, with those that there are', () => {
  expect(() => plan([host2, ...ON_TWO_HOSTS], 'h3')).toThrow(
    'Nothing of site "north" belongs to Host "h3" (--host). Its Hosts are "h1", "h2".',
  );
});

test('a site without a Configuration Server or proxy is named, with the sites that there are', () => {
  const configuration = makeConfiguration([application('sip', 'SIPServer')], nodeHashes.sha256);
  expect(() => siteProcesses(configuration, OPTIONS)).toThrow('The sites are "north"');
});

test('[CX8] a site may consist of proxies alone, which follow the Configuration Server of the other site', () => {
  const south = { ...OPTIONS, site: 'south' };
  const objects = PROXIES.filter((one) => 'name' in one && one.name !== 'config-south');
  const stat = application('stat', 'StatServer', { options: siteOf('south') });
  const master = application('config', 'ConfigurationServer');
  const planned = siteProcesses(
    makeConfiguration([host1, master, ...objects, stat], nodeHashes.sha256),
    south,
  );
  expect(planned.processes.map(({ application: { name } }) => name)).toEqual(['proxy-south', 'stat']);
  expect(argsOf(planned, 'proxy-south')).toEqual([
    ...['--application', 'proxy-south', '--proxy', '--config', '10.0.0.1:5000', '--data', '/data'],
  ]);
  const ports = [6001, 5001, 5002, 5000];
  expect(argsOf(planned, 'stat')?.at(-1)).toBe(ports.map((port) => `10.0.0.1:${port}`).join(','));
  const masterless = makeConfiguration([host1, ...objects, stat], nodeHashes.sha256);
  expect(() => siteProcesses(masterless, south)).toThrow('no site has an enabled ConfigurationServer');
});
