import { makeConfiguration } from '@holdfast/centre';
import { applicationObject, type ConfigObject } from '@holdfast/protocol';
import { expect, it } from 'vitest';
import { readPairMembership } from './read-pair.ts';

const ENDPOINTS = { holdfast: { 'arbiter-endpoints': 'http://10.0.0.1:2379,http://10.0.0.2:2379' } };

function server(name: string, more: object = {}): ConfigObject {
  return applicationObject.parse({
    objectType: 'Application',
    ...{ name, type: 'SIPServer', host: 'h1', ports: { default: 5111, pair: 5119 } },
    ...more,
  });
}

const host = (name: string, address: string): ConfigObject => ({
  objectType: 'Host',
  ...{ name, address, enabled: true, options: {} },
});

function read(name: string, ...servers: ConfigObject[]) {
  const objects = [host('h1', '10.0.0.1'), host('h2', '10.0.0.2'), ...servers];
  return readPairMembership(
    makeConfiguration(objects, () => 'a hash'),
    name,
  );
}

const FIRST = { pair: 'sip-a', at: { host: '10.0.0.1', port: 5119 } } as const;
const ON_ONE_HOST = { ...FIRST, arbiter: { type: 'supervisor' }, addressHook: undefined } as const;

it('[PR7] who names a backup, and who is named, are members of one pair; the backup connects', () => {
  const servers = [server('sip-a', { backup: 'sip-b' }), server('sip-b', { ports: { default: 5113 } })];
  expect(read('sip-a', ...servers)).toEqual({
    ok: true,
    pair: { ...ON_ONE_HOST, mate: 'sip-b', connects: false },
  });
  expect(read('sip-b', ...servers)).toEqual({
    ok: true,
    pair: { ...ON_ONE_HOST, mate: 'sip-a', connects: true },
  });
});

it('[PR7] a server without a backup, or whose backup is disabled, is alone', () => {
  const alone = { ok: true, pair: undefined };
  expect(read('sip-a', server('sip-a'))).toEqual(alone);
  expect(read('sip-a', server('sip-a', { backup: 'sip-b' }), server('sip-b', { enabled: false }))).toEqual(
    alone,
  );
});

it('[PR8] on two Hosts the arbiter is the etcd that both name, and without one no member runs', () => {
  const first = server('sip-a', { backup: 'sip-b', options: ENDPOINTS });
  const second = server('sip-b', { host: 'h2', options: ENDPOINTS });
  expect(read('sip-b', first, second)).toEqual({
    ok: true,
    pair: {
      ...{ ...FIRST, mate: 'sip-a', connects: true },
      arbiter: { type: 'etcd', endpoints: ['http://10.0.0.1:2379', 'http://10.0.0.2:2379'] },
      addressHook: undefined,
    },
  });
  const unset = read('sip-a', server('sip-a', { backup: 'sip-b' }), server('sip-b', { host: 'h2' }));
  expect(unset).toMatchObject({ ok: false, text: expect.stringContaining('holdfast/arbiter-endpoints') });
});

it('[PR10] [option holdfast/address-hook] on two Hosts it says how the address moves, on one nothing moves', () => {
  const options = { holdfast: { ...ENDPOINTS.holdfast, 'address-hook': '/opt/holdfast/virtual-ip' } };
  const address = { TServer: { 'sip-address': '10.0.0.50' } };
  const pairOn = (host: string, more: object = address) =>
    read(
      'sip-b',
      server('sip-a', { backup: 'sip-b', options: { ...options, ...more } }),
      server('sip-b', { host, options: { ...options, ...more } }),
    );
  const addressHook = { program: '/opt/holdfast/virtual-ip', address: '10.0.0.50' };
  expect(pairOn('h2')).toMatchObject({ ok: true, pair: { addressHook } });
  expect(pairOn('h1')).toMatchObject({ ok: true, pair: { addressHook: undefined } });
  for (const more of [{}, { TServer: { 'sip-address': 'sip.example.net' } }])
    expect(pairOn('h2', more)).toMatchObject({
      ok: false,
      text: expect.stringContaining('TServer/sip-address'),
    });
});

it('a primary without the port `pair` is told so', () => {
  const servers = [server('sip-a', { backup: 'sip-b', ports: { default: 5111 } }), server('sip-b')];
  expect(read('sip-b', ...servers)).toEqual({
    ok: false,
    text: 'Application/sip-a has no Host or no port "pair"; set both.',
  });
});
