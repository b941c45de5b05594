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
