/** Where a site's configuration is kept: in a database, the supervisor's own unless another is named; or in files, where that is asked for. */
import { join } from 'node:path';
import type { Configuration } from '@holdfast/centre';
import { whyNotSoleWriter } from '@holdfast/servers';
import { CannotRun } from '../role.ts';
import { hasPGlite } from '../store/pglite-database.ts';
import type { SiteProcess } from './site-processes.ts';

const PGLITE = 'pglite:';
/** In the data folder of the site that writes. */
const OWN_FOLDER = 'configuration.pglite';

export interface StoreChoice {
  readonly files?: string | undefined;
  /** As it was named. */
  readonly store?: string | undefined;
  readonly filesOnly: boolean;
  readonly data: string;
}

/** The address of the database; undefined where there are files alone. Throws CannotRun. */
export function chosenStore({ files, store, filesOnly, data }: StoreChoice): string | undefined {
  if (!filesOnly) return store ?? `${PGLITE}${join(data, OWN_FOLDER)}`;
  if (store !== undefined)
    throw new CannotRun(
      'Files alone (--files-only) and a database (--store, HOLDFAST_CONFIG_STORE) exclude each other: name one of them.',
    );
  if (files === undefined)
    throw new CannotRun('Files alone (--files-only): name the folder in which they are (--files).');
  return undefined;
}

/** CX9: before anything is started. A PGlite that holds something already is opened; its server says what is wrong. */
export function refuseSecondWriter(
  configuration: Configuration,
  processes: readonly SiteProcess[],
  store: string | undefined,
): void {
  if (store?.startsWith(PGLITE) !== true || hasPGlite(store.slice(PGLITE.length))) return;
  for (const { application } of processes) {
    if (application.type !== 'ConfigurationServer') continue;
    const why = whyNotSoleWriter(configuration, application.name);
    if (why !== undefined) throw new CannotRun(why);
  }
}
