import { makeConfiguration } from '@holdfast/centre';
import { applicationObject } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { whyNotSoleWriter } from './sole-writer.ts';

const server = (name: string, more: object = {}) =>
  applicationObject.parse({
    ...{ objectType: 'Application', name, type: 'ConfigurationServer', host: 'h1', ports: { default: 5000 } },
    options: { 'interaction-workspace': { 'disaster-recovery.site': name.split('-')[1] } },
    ...more,
  });

const judged = (...servers: ReturnType<typeof server>[]) =>
  whyNotSoleWriter(
    makeConfiguration(servers, () => '0'.repeat(64)),
    'config-north',
  );

test('[CX9] a Configuration Server of another site or Host would be a second writer: it is named, with the remedies', () => {
  const why = judged(server('config-north'), server('config-south'), server('config-east'));
  expect(why).toContain('"config-east" of site "east", "config-south" of site "south" are enabled');
  for (const remedy of ['ConfigurationServerProxy', 'postgres://', '--files-only'])
    expect(why).toContain(remedy);
  const backup = server('config-north-b', { host: 'h2' });
  expect(judged(server('config-north', { backup: 'config-north-b' }), backup)).toContain('config-north-b');
});

test('[CX9] one that is alone may have it: beside proxies, beside what is disabled, and beside a backup that is not started', () => {
  const proxy = server('proxy-south', { type: 'ConfigurationServerProxy' });
  expect(judged(server('config-north'), proxy, server('config-south', { enabled: false }))).toBeUndefined();
  const primary = server('config-north', { backup: 'config-north-b' });
  expect(judged(primary, server('config-north-b'))).toBeUndefined();
});
