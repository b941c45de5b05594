import { makeConfiguration } from '@holdfast/centre';
import { applicationObject, type ConfigObject } from '@holdfast/protocol';
import { expect, it } from 'vitest';
import { readPeer } from './read-peer.ts';

function server(
  name: string,
  site: string,
  group: string,
  port: number,
): Extract<ConfigObject, { objectType: 'Application' }> {
  return applicationObject.parse({
    objectType: 'Application',
    ...{ name, type: 'SIPServer', host: 'h1', ports: { default: port } },
    options: { 'interaction-workspace': { 'disaster-recovery.site': site, 'disaster-recovery.name': group } },
  });
}

it('[PQ3] of two groups of two sites each server speaks to that of its own group at the other site', () => {
  const servers = ['red', 'blue'].flatMap((group, n) =>
    ['north', 'south'].map((site, at) => server(`${group}-${site}`, site, group, 5_111 + 100 * n + at)),
  );
  const host: ConfigObject = {
    objectType: 'Host',
    name: 'h1',
    address: '10.0.0.1',
    enabled: true,
    options: {},
  };
  const configuration = makeConfiguration([host, ...servers], () => 'a hash');
  const ports = servers.map((own) => readPeer(configuration, own)?.settings.members.map(({ port }) => port));
  expect(ports).toEqual([[5_112], [5_111], [5_212], [5_211]]);
});

/** Of the one at north, with this in its section `holdfast`; the south has a pair. */
function membersWith(holdfast: Record<string, string>) {
  const south = { ...server('south', 'south', 'default', 5_211), backup: 'south-b' };
  const north = server('north', 'north', 'default', 5_111);
  const host: ConfigObject = {
    objectType: 'Host',
    name: 'h1',
    address: '10.0.0.1',
    enabled: true,
    options: {},
  };
  const objects = [host, north, south, server('south-b', 'south', 'default', 5_213)];
  const own = { ...north, options: { ...north.options, holdfast } };
  return readPeer(
    makeConfiguration(objects, () => 'a hash'),
    own,
  )?.settings.members;
}

it('[SS70] [option holdfast/peer-address] the other site is reached where it is, or at the near end of a tunnel', () => {
  expect(membersWith({})).toEqual([
    { host: '10.0.0.1', port: 5_211, applications: ['south'] },
    { host: '10.0.0.1', port: 5_213, applications: ['south-b'] },
  ]);
  expect(membersWith({ 'peer-address': '127.0.0.1:15211,127.0.0.1:15213' })).toEqual([
    { host: '127.0.0.1', port: 15_211, applications: ['south', 'south-b'] },
    { host: '127.0.0.1', port: 15_213, applications: ['south', 'south-b'] },
  ]);
});
