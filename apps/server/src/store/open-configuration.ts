/**
 * What a Configuration Server begins with: what its database holds, else the copy that it kept, else files. A database that holds
 * nothing yet takes the files as its first entry; later it is the truth, and files are edits like any other.
 */
import {
  type Configuration,
  type LoadedConfiguration,
  makeConfiguration,
  problemLine,
} from '@holdfast/centre';
import { type ConfigObject, type Entry, objectKey, type Revision, revisionText } from '@holdfast/protocol';
import { type HeldLines, revisionOf } from '@holdfast/servers';
import { nodeHashes } from '../crypto.ts';
import type { Log } from '../log.ts';
import { CannotRun } from '../role.ts';
import type { ConfigStore } from './config-store.ts';
import { readCopy, revisionOfCopy } from './disk-copy.ts';
import { loadFiles } from './read-files.ts';

export interface ConfigurationPlace {
  readonly application: string;
  /** Folder of configuration files: all there is, or the first entry of a store. */
  readonly files?: string | undefined;
  readonly store?: ConfigStore | undefined;
  /** File of the copy. */
  readonly copy?: string | undefined;
  readonly log: Log;
}

export interface OpenedConfiguration {
  readonly configuration: Configuration;
  /** Of what the store holds, or held when the copy was written. */
  readonly stored?: Revision;
  /** The last entries that it came from, of a copy. */
  readonly recent?: readonly Entry[];
}

/** An import finds nobody who writes: the store is empty. */
const IMPORT_STALE_MS = 1_000;
const AGAIN_MS = 1_000;

/** Rejects with CannotRun. With neither copy nor database it waits for the database. */
export async function openConfiguration(place: ConfigurationPlace): Promise<OpenedConfiguration> {
  const { store, files, copy, log } = place;
  if (store === undefined) {
    if (files === undefined)
      throw new CannotRun('Name a folder with configuration files (--files) or a database (--store).');
    return { configuration: await readFiles(files, log) };
  }
  for (let told = ''; ; ) {
    const read = await store.read();
    if (read.type === 'configuration') {
      if (read.revision.number > 0 && (await holdsMore(store, copy))) {
        // What the database has lost is handed back from there, and then read anew (CW4).
        const copied = copy === undefined ? undefined : await openCopy(copy, log);
        if (copied !== undefined) return copied;
      }
      if (read.revision.number > 0) return opened(read.objects, read.revision);
      return importFiles(store, place);
    }
    if (read.because !== told)
      log({ level: 'warn', what: 'the configuration database cannot be read', because: read.because });
    // What is no good the first time stays so.
    const copied = told === '' && copy !== undefined ? await openCopy(copy, log) : undefined;
    told = read.because;
    if (copied !== undefined) return copied;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

/** Whether a copy comes from another line than the database has now: that was promoted, or put back from an old one. */
async function holdsMore(store: ConfigStore, copy: string | undefined): Promise<boolean> {
  const revision = copy === undefined ? undefined : await revisionOfCopy(copy);
  if (revision === undefined) return false;
  return (await store.entriesAfter(revisionOf(revision), 1)).type === 'diverged';
}

async function openCopy(file: string, log: Log): Promise<OpenedConfiguration | undefined> {
  const copied = await configurationOfCopy(file, log);
  if (copied === undefined) return undefined;
  const { configuration, lines } = copied;
  return {
    configuration,
    stored: revisionOf(configuration.revision),
    ...(lines?.held === undefined ? {} : { recent: lines.held.entries }),
  };
}

/** Of a copy that is sound; what is there and is not is said. */
export async function configurationOfCopy(
  file: string,
  log: Log,
): Promise<{ readonly configuration: Configuration; readonly lines: HeldLines | undefined } | undefined> {
  const copy = await readCopy(file);
  if (copy.type === 'corrupt')
    log({ level: 'error', what: 'the copy of the configuration is not served', because: copy.because });
  if (copy.type !== 'copy') return undefined;
  const { revision, objects, lines } = copy;
  log({ level: 'info', what: 'the copy of the configuration is served', detail: { revision } });
  return { configuration: makeConfiguration(objects, nodeHashes.sha256, revision), lines };
}

function opened(objects: readonly ConfigObject[], revision: Revision): OpenedConfiguration {
  return {
    configuration: makeConfiguration(objects, nodeHashes.sha256, revisionText(revision)),
    stored: revision,
  };
}

async function importFiles(
  store: ConfigStore,
  { application, files, log }: ConfigurationPlace,
): Promise<OpenedConfiguration> {
  if (files === undefined)
    throw new CannotRun(
      'The database is empty. Name a folder with the configuration to begin with (--files).',
    );
  const { objects } = await readFiles(files, log);
  const claim = await store.claim(application, IMPORT_STALE_MS);
  if (claim.type !== 'claimed') {
    const because = claim.type === 'held' ? `"${claim.by}" is filling it` : claim.because;
    log({ level: 'info', what: 'the configuration database is empty', because });
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    return openConfiguration({ application, files, store, log });
  }
  const { epoch } = claim;
  const written = await store.commit({
    ...{ epoch, id: `import-${epoch}`, at: Date.now(), author: { who: 'import', from: application } },
    note: `of ${files}`,
    changes: objects.map((object) => ({ key: objectKey(object), before: null, after: object })),
  });
  await store.release(epoch);
  if (written.type !== 'committed') {
    const because = 'because' in written ? written.because : 'text' in written ? written.text : written.type;
    throw new CannotRun(`The files in ${files} cannot be written to the database: ${because}`);
  }
  const detail = { objects: objects.length, revision: revisionText(written.revision) };
  log({ level: 'info', what: 'files imported into the configuration database', detail });
  return opened(objects, written.revision);
}

/** Without a first revision there is nothing to serve. */
async function readFiles(files: string, log: Log): Promise<Configuration> {
  const loaded = await loadFiles(files);
  tellWarnings(loaded, log);
  if (loaded.ok) return loaded.configuration;
  throw new CannotRun(
    `The configuration in ${files} has problems:\n${loaded.problems.map(problemLine).join('\n')}`,
  );
}

export function tellWarnings({ warnings }: LoadedConfiguration, log: Log): void {
  for (const warning of warnings)
    log({ level: 'warn', what: 'configuration', because: problemLine(warning) });
}
