/** A small world for the tests of this folder: eight agents, two sites, invented hashes. */
import { configurationFiles } from './configuration-files.ts';
import { type GenerateRequest, generateConfiguration } from './generate-configuration.ts';
import { type LoadedConfiguration, loadConfiguration } from './load-configuration.ts';
import type { ConfigFile } from './read-objects.ts';

/** In the place of SHA-256, which no package holds: four times FNV-1a with different starts. */
export function sha256(text: string): string {
  return [0x811c9dc5, 0x9dc5811c, 0x01000193, 0x1c9dc581]
    .map((start) => fnv(text, start))
    .join('')
    .repeat(2);
}

function fnv(text: string, start: number): string {
  let hash = start;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

const site = (name: string, base: number) => ({
  name,
  address: '127.0.0.1',
  configPort: base + 10,
  clientPort: base + 11,
  statPort: base + 12,
  sipPort: base + 60,
  gateway: `127.0.0.1:${base + 90}`,
});

export const REQUEST: GenerateRequest = {
  agents: 8,
  sites: [site('north', 5100), site('south', 5200)],
  realm: 'holdfast',
  passwordHash: () => '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g',
  digest: () => ({ md5: '0'.repeat(32), sha256: '0'.repeat(64) }),
  keys: {
    tokenKeys: [{ id: 'k1', publicKey: 'A'.repeat(43), privateKey: 'B'.repeat(43) }],
    nonceKeys: ['ab'.repeat(16)],
    serverSecret: 'a secret of the servers',
  },
};

export function sampleFiles(change: Partial<GenerateRequest> = {}): ConfigFile[] {
  return configurationFiles(generateConfiguration({ ...REQUEST, ...change }).objects);
}

export function load(files: readonly ConfigFile[]): LoadedConfiguration {
  return loadConfiguration(files, sha256);
}
