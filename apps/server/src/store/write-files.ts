/** Configuration files as a person would write them, from the objects of a generated configuration. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { configurationFiles } from '@holdfast/centre';
import type { ConfigObject } from '@holdfast/protocol';
import { stringify } from 'yaml';

/** Above each file. */
const HEADINGS: Readonly<Record<string, string>> = {
  'tenant.yaml': 'The tenant: whom all other objects belong to.',
  'keys.yaml':
    'What the servers of both sites share, and nobody else may read: drawn by chance when this file was made.',
  'servers.yaml':
    'Hosts, switches and applications of both sites. The desk application holds the options of the desks.',
  'queues.yaml': 'Queues, routing points and trunks of both switches.',
  'phones.yaml':
    'Extensions with their digests, and the places where they stand: one of each switch in one place.',
  'agents.yaml': 'People, their log-ins at both switches, and the groups that give them sites and queues.',
};

/** Over 5,000 objects a person reads no longer, and JSON is read twenty times faster. `indent`: of JSON for people, in blanks. */
export async function writeConfiguration(
  folder: string,
  objects: readonly ConfigObject[],
  format: 'yaml' | 'json' = 'yaml',
  indent = 0,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { file, data } of configurationFiles(objects)) {
    // Keys are for the servers alone.
    const mode = file === 'keys.yaml' ? 0o600 : 0o644;
    if (format === 'json') {
      const text = `${JSON.stringify(data, null, indent)}\n`;
      await writeFile(join(folder, file.replace('.yaml', '.json')), text, { mode });
    } else {
      const text = stringify(data, { schema: 'failsafe', lineWidth: 0 });
      await writeFile(join(folder, file), `# ${HEADINGS[file] ?? ''}\n\n${text}`, { mode });
    }
  }
}
