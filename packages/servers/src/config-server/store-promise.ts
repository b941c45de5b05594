/** What a store of the configuration promises at the death of a process and of a machine (CW5), in words for whoever runs it. */

export type StoreKind =
  | { readonly type: 'pglite' }
  | {
      readonly type: 'postgres';
      /** Settings of the server that is primary now. */
      readonly fsync: boolean;
      readonly synchronousStandbyNames: string;
    };

export interface StorePromise {
  readonly level: 'info' | 'warn';
  readonly text: string;
}

const KEPT = 'What was answered as done survives the death of this process';

export function storePromise(kind: StoreKind): StorePromise {
  if (kind.type === 'pglite')
    return {
      level: 'info',
      text: `PGlite within this process. ${KEPT}. The death of the machine may cost the last seconds, or the database: what is left then are the copies at the proxies. A PostgreSQL with synchronous standbys loses nothing.`,
    };
  if (!kind.fsync)
    return {
      level: 'warn',
      text: `PostgreSQL with fsync off. ${KEPT}. The death of the database's machine may cost the last seconds, or the database. Set fsync = on.`,
    };
  if (kind.synchronousStandbyNames.trim() === '')
    return {
      level: 'warn',
      text: `PostgreSQL without synchronous standbys. ${KEPT}, that of the database, and of its machine when that one comes back; where a standby is promoted instead, the last entries may be missing. Name synchronous_standby_names at the database.`,
    };
  return {
    level: 'info',
    text: `PostgreSQL with synchronous standbys (${kind.synchronousStandbyNames.trim()}). ${KEPT}, that of the database and that of its machine, also where a standby is promoted.`,
  };
}
