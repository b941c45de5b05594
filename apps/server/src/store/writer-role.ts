/** The role of writer: one row, changed by compare-and-set, its age by the database's clock alone (CW1). */
import type { Revision } from '@holdfast/protocol';
import { type Kysely, sql } from 'kysely';
import type { BeatAnswer, ClaimAnswer, Unavailable, WriterRow } from './config-store.ts';

interface Row {
  readonly epoch: number;
  readonly holder: string | null;
  readonly age_ms: number | null;
  readonly head_epoch: number;
  readonly head_number: number;
}

const columns = sql`epoch, holder, head_epoch, head_number,
  (extract(epoch from clock_timestamp() - seen_at) * 1000)::double precision as age_ms`;

export async function readWriter(
  db: Kysely<unknown>,
): Promise<{ readonly writer: WriterRow; readonly revision: Revision }> {
  const { rows } = await sql<Row>`select ${columns} from config_writer`.execute(db);
  const row = rows[0] as Row;
  return {
    writer: { epoch: row.epoch, holder: row.holder ?? undefined, ageMs: row.age_ms ?? undefined },
    revision: { epoch: row.head_epoch, number: row.head_number },
  };
}

/** In a transaction of its own. Its own name's role anybody may claim anew: that is its former life, or its own lost answer. */
export async function claimWriter(
  db: Kysely<unknown>,
  holder: string,
  staleMs: number,
): Promise<Exclude<ClaimAnswer, Unavailable>> {
  const { rows } = await sql<Row>`select ${columns} from config_writer for update`.execute(db);
  const row = rows[0] as Row;
  const { age_ms: ageMs, holder: by } = row;
  // Of a clock that was set back the sign lies ahead: nobody gave it by this one.
  const isFresh = ageMs !== null && Math.abs(ageMs) < staleMs;
  if (isFresh && by !== null && by !== holder) return { type: 'held', by, epoch: row.epoch, ageMs };
  const epoch = row.epoch + 1;
  await sql`update config_writer set epoch = ${epoch}, holder = ${holder}, seen_at = clock_timestamp()`.execute(
    db,
  );
  return { type: 'claimed', epoch, revision: { epoch: row.head_epoch, number: row.head_number } };
}

export async function renewWriter(
  db: Kysely<unknown>,
  epoch: number,
  isOver: boolean,
): Promise<Exclude<BeatAnswer, Unavailable>> {
  const seenAt = isOver ? sql`null` : sql`clock_timestamp()`;
  const { rows } = await sql`update config_writer set seen_at = ${seenAt}
    where epoch = ${epoch} returning epoch`.execute(db);
  if (rows.length > 0) return { type: 'renewed' };
  const { writer } = await readWriter(db);
  return { type: 'epochLost', epoch: writer.epoch, by: writer.holder ?? 'nobody' };
}
