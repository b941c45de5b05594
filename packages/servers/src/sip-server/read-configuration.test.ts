import { makeConfiguration } from '@holdfast/centre';
import type { ConfigObject } from '@holdfast/protocol';
import { expect, it } from 'vitest';
import { readSipServerConfiguration } from './read-configuration.ts';

const base = { enabled: true, options: {} } as const;
const dn = (number: string, type: 'Trunk' | 'CallProcessingPort', contact?: string): ConfigObject => ({
  objectType: 'DN',
  ...base,
  switch: 'sw',
  number,
  type,
  options: contact === undefined ? {} : { TServer: { contact } },
});

const OBJECTS: readonly ConfigObject[] = [
  { objectType: 'Tenant', ...base, name: 'bank' },
  { objectType: 'Host', ...base, name: 'h', address: '10.0.0.1' },
  { objectType: 'Switch', ...base, name: 'sw', tenant: 'bank' },
  {
    objectType: 'Application',
    ...base,
    name: 'sip',
    type: 'SIPServer',
    host: 'h',
    switch: 'sw',
    ports: { default: 5111 },
    connections: [],
    options: { 'interaction-workspace': { 'disaster-recovery.site': 'north' } },
  },
  {
    objectType: 'Keys',
    ...base,
    name: 'keys',
    tokenKeys: [{ id: 'k1', publicKey: 'A'.repeat(43), privateKey: 'B'.repeat(43) }],
    nonceKeys: ['ab'.repeat(16)],
    serverSecret: 'a secret of the servers',
  },
  dn('9000', 'Trunk', 'sip:10.0.9.1:5070'),
  dn('8800', 'CallProcessingPort', 'sip:[2001:db8::8];transport=tcp'),
  dn('8801', 'CallProcessingPort'),
];

it('[SS34] the contact of a Call Processing Port is where it is called, and makes no trunk of it', () => {
  const read = readSipServerConfiguration(
    makeConfiguration(OBJECTS, (text) => text),
    'sip',
  );
  if (!read.ok) throw new Error(read.text);
  expect(
    read.configuration.dns.map(({ number, gateway, contact }) => ({ number, gateway, contact })),
  ).toEqual([
    {
      number: '8800',
      gateway: undefined,
      contact: { host: '2001:db8::8', port: undefined, transport: 'TCP' },
    },
    { number: '8801', gateway: undefined, contact: undefined },
    { number: '9000', gateway: { host: '10.0.9.1', port: 5070, transport: undefined }, contact: undefined },
  ]);
});

it('[SS42] what new calls are answered during a graceful shutdown comes from the options, or is 603', () => {
  const withOptions = (TServer: Record<string, string>) => {
    const objects = OBJECTS.map((object) =>
      object.objectType === 'Application' ? { ...object, options: { ...object.options, TServer } } : object,
    );
    const read = readSipServerConfiguration(
      makeConfiguration(objects, (text) => text),
      'sip',
    );
    if (!read.ok) throw new Error(read.text);
    const { shutdownRejectCode, peerTrunk } = read.configuration;
    return { shutdownRejectCode, peerTrunk };
  };
  expect(withOptions({})).toEqual({ shutdownRejectCode: 603, peerTrunk: undefined });
  expect(withOptions({ 'shutdown-sip-reject-code': '302', 'dr-peer-trunk': '9000' })).toEqual({
    shutdownRejectCode: 302,
    peerTrunk: '9000',
  });
});

it('[AD6] session timers are on unless the option says otherwise, and what we propose is no shorter than what we take', () => {
  const withOptions = (holdfast: Record<string, string>) => {
    const objects = OBJECTS.map((object) =>
      object.objectType === 'Application' ? { ...object, options: { ...object.options, holdfast } } : object,
    );
    const read = readSipServerConfiguration(
      makeConfiguration(objects, (text) => text),
      'sip',
    );
    return read.ok ? read.configuration.sessionTimer : read.text;
  };
  expect(withOptions({})).toEqual({ intervalS: 1_800, minS: 90 });
  expect(withOptions({ 'session-expires': '120', 'session-min-se': '600' })).toEqual({
    intervalS: 600,
    minS: 600,
  });
  expect(withOptions({ 'session-timer': 'false' })).toBeUndefined();
});

it('a wrap-up time of an Agent Login that is not allowed counts as not set: the server has its own', () => {
  const wrapUpOf = (value: string) => {
    const login = {
      objectType: 'AgentLogin' as const,
      ...{ code: '7001', switch: 'sw', enabled: true },
      options: { TServer: { 'wrap-up-time': value } },
    };
    const read = readSipServerConfiguration(
      makeConfiguration([...OBJECTS, login], (text) => text),
      'sip',
    );
    if (!read.ok) throw new Error(read.text);
    return read.configuration.centre.agentLogins.map(({ wrapUpMs }) => wrapUpMs);
  };
  expect(wrapUpOf('7')).toEqual([7_000]);
  expect(wrapUpOf('long')).toEqual([undefined]);
});

it('[SS70] the peer is the pair of the other site in the same group, its primary first; of several nobody can say which', () => {
  const server = (
    name: string,
    site: string,
    more: { backup?: string; group?: string } = {},
  ): ConfigObject => ({
    objectType: 'Application',
    ...base,
    name,
    type: 'SIPServer',
    host: name === 'far2' ? 'h2' : 'h',
    switch: 'far',
    ports: { default: name === 'far' ? 5211 : 5212 },
    connections: [],
    ...(more.backup !== undefined && { backup: more.backup }),
    options: {
      'interaction-workspace': {
        'disaster-recovery.site': site,
        ...(more.group !== undefined && { 'disaster-recovery.name': more.group }),
      },
    },
  });
  const peerOf = (...others: readonly ConfigObject[]) => {
    const host: ConfigObject = { objectType: 'Host', ...base, name: 'h2', address: '10.0.0.2' };
    const read = readSipServerConfiguration(
      makeConfiguration([...OBJECTS, host, ...others], (text) => text),
      'sip',
    );
    return read.ok ? read.configuration.peer : read.text;
  };
  expect(peerOf()).toBeUndefined();
  expect(peerOf(server('near', 'north'))).toBeUndefined();
  expect(peerOf(server('far', 'south', { group: 'other' }))).toBeUndefined();
  expect(peerOf(server('far2', 'south'), server('far', 'south', { backup: 'far2' }))).toEqual({
    site: 'south',
    settings: {
      members: [
        { host: '10.0.0.1', port: 5211, applications: ['far'] },
        { host: '10.0.0.2', port: 5212, applications: ['far2'] },
      ],
      addpTimeoutMs: 3_000,
      pauseMs: 500,
    },
  });
  expect(peerOf(server('far', 'south'), server('far2', 'south'))).toBeUndefined();
});
