import { type Configuration, generateConfiguration, makeConfiguration } from '@holdfast/centre';
import type { ConfigObject } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { readStatServerConfiguration } from './configuration.ts';

const site = (name: string, base: number) => ({
  ...{ name, address: '127.0.0.1', configPort: base, clientPort: base + 1, statPort: base + 2 },
  ...{ sipPort: base + 50, gateway: `127.0.0.1:${base + 80}` },
});

const { objects } = generateConfiguration({
  agents: 2,
  sites: [site('north', 100), site('south', 200)],
  realm: 'holdfast',
  passwordHash: () => '',
  digest: () => ({ md5: '', sha256: '' }),
  keys: { tokenKeys: [], nonceKeys: [] },
});

type Application = Extract<ConfigObject, { objectType: 'Application' }>;

function changed(name: string, change: Partial<Application>): Configuration {
  const next = objects.map((object) =>
    object.objectType === 'Application' && object.name === name ? { ...object, ...change } : object,
  );
  return makeConfiguration(next, (text) => text);
}

test('[SV10] its SIP Server, its port and its objects are read from its Application', () => {
  const read = readStatServerConfiguration(changed('', {}), 'stat-north');
  expect(read).toMatchObject({
    ok: true,
    listen: { host: '127.0.0.1', port: 102 },
    configuration: {
      ...{ site: 'north', application: 'stat-north', switchName: 'north' },
      sipServer: { members: [{ host: '127.0.0.1', port: 101 }], addpTimeoutMs: 5_000 },
    },
  });
  if (!read.ok) throw new Error(read.text);
  const { persons, queues, extensions } = read.configuration.objects;
  expect([...persons].sort()).toEqual(['administrator1', 'agent7001', 'agent7002', 'guest', 'supervisor1']);
  expect([...queues].sort()).toEqual(['8000', '8001', '8009']);
  expect(extensions.get('7001')).toBe('place-7001');
  expect(read.configuration.persons.get('supervisor1')?.rank).toBe('supervisor');
});

test('[SV10] the backup of the SIP Server follows its primary, and the pair says how long to pause', () => {
  const backup = changed('sip-north', { backup: 'sip-south', reconnectTimeout: 7 });
  const read = readStatServerConfiguration(backup, 'stat-north');
  expect(read.ok && read.configuration.sipServer).toMatchObject({
    members: [{ port: 101 }, { port: 201 }],
    pauseMs: 7_000,
  });
});

test.each([
  ['is no Stat Server', changed('', {}), 'sip-north'],
  ['is no Stat Server', changed('', {}), 'stat-west'],
  ['has no disaster-recovery.site', changed('stat-north', { options: {} }), 'stat-north'],
  ['has no Host or no port "default"', changed('stat-north', { ports: {} }), 'stat-north'],
  ['has no Host or no port "default"', changed('stat-north', { host: 'nowhere' }), 'stat-north'],
  [
    'needs a connection to one SIP Server of site "north" and has 0',
    changed('stat-north', { connections: [] }),
    'stat-north',
  ],
  [
    'needs a connection to one SIP Server of site "north" and has 0',
    changed('sip-north', { enabled: false }),
    'stat-north',
  ],
  ['sip-north has no Host or no port', changed('sip-north', { ports: {} }), 'stat-north'],
])('[SV10] what is missing is named: %s', (text, configuration, name) => {
  const read = readStatServerConfiguration(configuration, name);
  expect(read).toMatchObject({ ok: false });
  expect(!read.ok && read.text).toContain(text);
});
