/** A configuration as a folder of files, which can live in git: read for `apply`, `diff` and `import`, written by `export`. */
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalText, configurationFiles, problemLine, readObjects } from '@holdfast/centre';
import type { ConfigObject } from '@holdfast/protocol';
import { CannotRun } from '../role.ts';
import { type ReadFiles, readFolder, readSingleFile } from '../store/read-files.ts';
import { writeConfiguration } from '../store/write-files.ts';
import { Refused } from './config-session.ts';
import { cutLines } from './config-words.ts';

/** Enough to see what is wrong. */
const PROBLEMS_TOLD_MAX = 100;

export type FileFormat = 'yaml' | 'json';

/** What stands in a file, or in all files of a folder. Rejects with Refused when anything in them is wrong. */
export async function readWanted(path: string): Promise<readonly ConfigObject[]> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    (error: Error) => {
      throw new CannotRun(error.message);
    },
  );
  const read = isFolder ? await readFolder(path) : await readSingleFile(path);
  const { objects, problems } = objectsOf(read);
  if (problems.length > 0)
    throw new Refused([`Nothing is done with ${path}:`, ...cutLines(problems, PROBLEMS_TOLD_MAX)].join('\n'));
  return objects.map(({ object }) => object);
}

function objectsOf(read: ReadFiles) {
  const { objects, problems } = readObjects(read.files);
  return { objects, problems: [...read.problems, ...problems].map(problemLine) };
}

/** Each beside its form in JSON. */
const BASE_NAMES = ['tenant', 'servers', 'queues', 'phones', 'agents'];
/** An export holds none, and leaves those that are there. */
const KEYS_FILES = ['keys.yaml', 'keys.yml', 'keys.json'];

/** Names of the files. Rejects with CannotRun where others would then say the same objects twice. */
export async function writeWanted(
  folder: string,
  objects: readonly ConfigObject[],
  format: FileFormat,
): Promise<string[]> {
  await refuseOthers(folder);
  await mkdir(folder, { recursive: true });
  // The same text for the same configuration, whatever it was read from: so that git shows what has changed, and no more.
  const sorted = objects.map((object) => JSON.parse(canonicalText(object)) as ConfigObject);
  const names = configurationFiles(sorted).map(({ file }) => file.replace('yaml', format));
  for (const base of BASE_NAMES)
    for (const ending of ['yaml', 'yml', 'json']) {
      const name = `${base}.${ending}`;
      if (!names.includes(name)) await rm(join(folder, name), { force: true });
    }
  await writeConfiguration(folder, sorted, format, JSON_INDENT);
  return names;
}

const JSON_INDENT = 1;

async function refuseOthers(folder: string): Promise<void> {
  const isThere = await stat(folder).then(
    () => true,
    () => false,
  );
  if (!isThere) return;
  const { files, problems: unread } = await readFolder(folder);
  // An empty folder is no problem here.
  const { objects, problems } = objectsOf({ files, problems: unread.filter(({ file }) => file !== folder) });
  const own = new Set([
    ...BASE_NAMES.flatMap((base) => [`${base}.yaml`, `${base}.yml`, `${base}.json`]),
    ...KEYS_FILES,
  ]);
  const others = [...new Set(objects.map(({ file }) => file).filter((file) => !own.has(file)))];
  if (problems.length > 0 || others.length > 0)
    throw new CannotRun(
      `${folder} holds what no export has written (${[...others, ...problems].slice(0, 5).join('; ')}). Name another folder, or an empty one.`,
    );
}
