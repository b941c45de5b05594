/** The store that an address names: `postgres://user:password@host1:5432,host2:5432/database` or `pglite:FOLDER`. */
import { CannotRun } from '../role.ts';
import type { ConfigStore } from './config-store.ts';
import { PGliteDatabase } from './pglite-database.ts';
import { postgresAddress } from './postgres-address.ts';
import { PostgresDatabase } from './postgres-database.ts';
import { SqlStore } from './sql-store.ts';

/** Rejects with CannotRun for what a person has to mend; a PostgreSQL that is away is found later. */
export async function openConfigStore(address: string): Promise<ConfigStore> {
  if (address.startsWith('pglite:')) {
    const folder = address.slice('pglite:'.length);
    if (folder === '' || folder.includes('\0'))
      throw new CannotRun('The address "pglite:" names no folder. Write pglite:FOLDER.');
    return SqlStore.open(await PGliteDatabase.open(folder));
  }
  if (/^postgres(ql)?:/.test(address)) return SqlStore.open(new PostgresDatabase(postgresAddress(address)));
  // It may hold a password, in whatever form.
  throw new CannotRun(
    'The address of the configuration is not understood (it is not shown, as it may hold a password). Write postgres://user:password@host:port/database or pglite:FOLDER.',
  );
}
