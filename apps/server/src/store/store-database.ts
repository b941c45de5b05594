/** What the store needs of a database: connections for kysely, and to be told of those that are lost. */
import type { StoreKind } from '@holdfast/servers';
import type { PostgresPool } from 'kysely';

export interface StoreDatabase extends PostgresPool {
  readonly type: StoreKind['type'];
  /** After an error that no statement has caused: the next connection is a new one, of PostgreSQL at whichever host is primary then. */
  lost(): void;
}
