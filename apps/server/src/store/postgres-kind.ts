/** The settings of a PostgreSQL on which depends what it can promise (CW5). Who may connect may read them. */
import type { StoreKind } from '@holdfast/servers';
import { type Kysely, sql } from 'kysely';

export async function postgresKind(db: Kysely<unknown>): Promise<StoreKind> {
  const { rows } = await sql<{ fsync: string; standbys: string }>`select current_setting('fsync') as fsync,
    current_setting('synchronous_standby_names') as standbys`.execute(db);
  return {
    type: 'postgres',
    fsync: rows[0]?.fsync !== 'off',
    synchronousStandbyNames: rows[0]?.standbys ?? '',
  };
}
