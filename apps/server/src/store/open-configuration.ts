/**
 * What a Configuration Server begins with: what its database holds, else the copy that it kept, else files. A database that holds
 * nothing yet takes the copy as its first entry (its predecessor was lost), else the files; later it is the truth, and files
 * are edits like any other (CX9, CX10).
 */
import {
  type Configuration,
  type LoadedConfiguration,
  makeConfiguration,
  problemLine,
} from '@holdfast/centre';
import { type ConfigObject, type Entry, objectKey, type Revision, revisionText } from '@holdfast/protocol';
import { type HeldLines, revisionOf, whyNotSoleWriter } from '@holdfast/servers';
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
      if (read.revision.number === 0) return fill(store, place);
      if (await holdsMore(store, copy)) {
        // What the database has lost is handed back from there, and then read anew (CW4).
        const copied = copy === undefined ? undefined : await openCopy(copy, log);
        if (copied !== undefined) return copied;
      }
      const found = opened(read.objects, read.revision);
      await tellOfStored(store, found.configuration, place);
      return found;
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

/** What a database begins with. */
interface Beginning {
  readonly configuration: Configuration;
  readonly from: string;
  /** The highest epoch under which any of it may have been written. */
  readonly above: number;
}

async function fill(store: ConfigStore, place: ConfigurationPlace): Promise<OpenedConfiguration> {
  const { application, log } = place;
  const { configuration, from, above } = await beginning(place);
  const why = await secondWriter(store, configuration, application);
  if (why !== undefined) throw new CannotRun(why);
  const claim = await store.claim(application, IMPORT_STALE_MS, above);
  if (claim.type !== 'claimed') {
    const because = claim.type === 'held' ? `"${claim.by}" is filling it` : claim.because;
    log({ level: 'info', what: 'the configuration database is empty', because });
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    return openConfiguration({ ...place, store });
  }
  const { epoch } = claim;
  const written = await store.commit({
    ...{ epoch, id: `import-${epoch}`, at: Date.now(), author: { who: 'import', from: application } },
    note: `of ${from}`,
    changes: configuration.objects.map((object) => ({ key: objectKey(object), before: null, after: object })),
  });
  await store.release(epoch);
  if (written.type !== 'committed') {
    const because = 'because' in written ? written.because : 'text' in written ? written.text : written.type;
    throw new CannotRun(`What stands in ${from} cannot be written to the database: ${because}`);
  }
  const detail = {
    ...{ from, objects: configuration.objects.length, revision: revisionText(written.revision) },
  };
  log({ level: 'info', what: 'the configuration database is filled', detail });
  return opened(configuration.objects, written.revision);
}

/** The copy is newer than the files that its database was once filled with, and has the secrets. */
async function beginning({ files, copy, log }: ConfigurationPlace): Promise<Beginning> {
  const kept = copy === undefined ? undefined : await readCopy(copy);
  if (kept?.type === 'corrupt')
    throw new CannotRun(
      `The database is empty, and the copy of what it held is damaged: ${kept.because} Put a sound one in its place, such as that of a proxy; or remove it, to begin with files.`,
    );
  if (kept?.type === 'copy') {
    const { revision, objects } = kept;
    const { epoch } = revisionOf(revision);
    return {
      configuration: makeConfiguration(objects, nodeHashes.sha256, revision),
      // What a proxy has copied of a Configuration Server with files has no epoch.
      ...{ from: `${copy}, revision ${revision}`, above: Number.isSafeInteger(epoch) ? epoch : 0 },
    };
  }
  if (files === undefined)
    throw new CannotRun(
      'The database is empty. Name a folder with the configuration to begin with (--files).',
    );
  return { configuration: await readFiles(files, log), from: files, above: 0 };
}

/** CX9: of a database that nobody else can open. */
async function secondWriter(
  store: ConfigStore,
  configuration: Configuration,
  application: string,
): Promise<string | undefined> {
  const { type } = await store.kind();
  return type === 'pglite' ? whyNotSoleWriter(configuration, application) : undefined;
}

async function tellOfStored(
  store: ConfigStore,
  configuration: Configuration,
  { application, files, log }: ConfigurationPlace,
): Promise<void> {
  if (files !== undefined)
    log({
      level: 'info',
      what: 'the files are read no more',
      because: `CX10: The configuration is in the database, under revision ${configuration.revision}. What stands in ${files} comes into it by "holdfast config import ${files}"; "holdfast config diff ${files}" says what that would change.`,
    });
  const why = await secondWriter(store, configuration, application);
  if (why !== undefined)
    log({ level: 'error', what: 'another Configuration Server may write too', because: `CX9: ${why}` });
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
