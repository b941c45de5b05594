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

test('a site without a Configuration Server is named, with the sites that there are', () => {
  const configuration = makeConfiguration([application('sip', 'SIPServer')], nodeHashes.sha256);
  expect(() => siteProcesses(configuration, OPTIONS)).toThrow('The sites are "north"');
});
