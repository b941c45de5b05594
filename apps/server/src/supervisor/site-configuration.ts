/**
 * By which configuration a site is started. Where it is in a database the newest copy that a process of the site has kept says
 * what there is, because nobody may be there to be asked; the files are then as old as the database.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Configuration, problemLine } from '@holdfast/centre';
import { compareRevisions } from '@holdfast/protocol';
import { revisionOf } from '@holdfast/servers';
import type { Log } from '../log.ts';
import { CannotRun } from '../role.ts';
import { configurationOfCopy } from '../store/open-configuration.ts';
import { loadFiles } from '../store/read-files.ts';

interface SiteConfigurationPlace {
  readonly files?: string | undefined;
  readonly store?: string | undefined;
  /** Folder of the copies. */
  readonly data: string;
  readonly log: Log;
}

/** Of the processes of one site. */
const COPIES_MAX = 64;

/** Rejects with CannotRun. */
export async function siteConfiguration(place: SiteConfigurationPlace): Promise<Configuration> {
  const { files, store } = place;
  const copied = store === undefined ? undefined : await newestCopy(place);
  if (copied !== undefined) return copied;
  if (files === undefined)
    throw new CannotRun(
      'Nothing says which processes the site has: name a folder with configuration files (--files).',
    );
  const loaded = await loadFiles(files);
  if (!loaded.ok) throw new CannotRun(loaded.problems.map(problemLine).join('\n'));
  return loaded.configuration;
}

async function newestCopy({ data, log }: SiteConfigurationPlace): Promise<Configuration | undefined> {
  // At the first start there is no such folder.
  const names = await readdir(data).catch(() => []);
  const copies = names.filter((name) => name.endsWith('.copy')).slice(0, COPIES_MAX);
  const read = await Promise.all(copies.map((name) => configurationOfCopy(join(data, name), log)));
  return read
    .flatMap((one) => (one === undefined ? [] : one.configuration))
    .reduce<Configuration | undefined>(
      (newest, one) =>
        newest === undefined || compareRevisions(revisionOf(one.revision), revisionOf(newest.revision)) > 0
          ? one
          : newest,
      undefined,
    );
}
