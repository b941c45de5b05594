/** A small world for the tests of this folder: eight agents, two sites, invented hashes. */
import { configurationFiles } from './configuration-files.ts';
import { type GenerateRequest, generateConfiguration } from './generate-configuration.ts';
import { type LoadedConfiguration, loadConfiguration } from './load-configuration.ts';
import { problemLine } from './problem.ts';
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

/** With a pair of SIP Servers at north. */
export function pairFiles(): ConfigFile[] {
  const [north, south] = REQUEST.sites;
  return sampleFiles({ sites: [{ ...north, standby: { clientPort: 5113, pairPort: 5114 } }, south] });
}

export function load(files: readonly ConfigFile[]): LoadedConfiguration {
  return loadConfiguration(files, sha256);
}

export type Fields = Record<string, unknown>;

/** The sample with one object changed. `select` finds it by its name, number or code (and switch). */
export function changed(list: string, name: string, change: (object: Fields) => void): ConfigFile[] {
  const files = JSON.parse(JSON.stringify(sampleFiles())) as {
    file: string;
    data: Record<string, Fields[]>;
  }[];
  const objects = files.flatMap(({ data }) => data[list] ?? []);
  const found = objects.find((object) => [object.name, `${object.number}@${object.switch}`].includes(name));
  if (found === undefined) throw new Error(`no ${name}`);
  change(found);
  return files;
}

/** Its problems as lines, the file's name left out. */
export function problemsOf(files: ConfigFile[]): string[] {
  const loaded = load(files);
  return loaded.ok ? [] : loaded.problems.map((problem) => problemLine({ ...problem, file: '' }));
}

export function withOption(
  list: string,
  name: string,
  section: string,
  option: string,
  value: string,
): ConfigFile[] {
  return changed(list, name, (object) => {
    const options = (object.options ?? {}) as Record<string, Fields>;
    object.options = { ...options, [section]: { ...options[section], [option]: value } };
  });
}
