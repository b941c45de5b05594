/**
 * The role of writer: one row, changed by compare-and-set, its age by the database's clock alone (CW1).
 *
 * A database that is promoted begins a new timeline, and may lack the last entries of the former one, which followers hold
 * all the same (CW4). So an epoch ends with its timeline, and the epochs of a later timeline are higher than any that the
 * former one can have given: an epoch and a number never name two entries.
 */
import type { Revision } from '@holdfast/protocol';
import type { BeatAnswer, ClaimAnswer, EpochLost, Unavailable, WriterRow } from '@holdfast/servers';
import { type Kysely, sql } from 'kysely';

/** Claims under one timeline: one for each start of a writer, and each change between two. */
const EPOCHS_OF_TIMELINE = 1_000_000;

interface Row {
  readonly epoch: number;
  readonly holder: string | null;
  readonly age_ms: number | null;
  readonly head_epoch: number;
  readonly head_number: number;
  readonly head_hash: string;
  /** Of the last claim, and of the database now. */
  readonly timeline: number;
  readonly timeline_now: number;
}

const timelineNow = sql`('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer`;
const columns = sql`epoch, holder, timeline, ${timelineNow} as timeline_now, head_epoch, head_number, head_hash,
  (extract(epoch from clock_timestamp() - seen_at) * 1000)::double precision as age_ms`;

async function readRow(db: Kysely<unknown>, lock = sql``): Promise<Row> {
  const { rows } = await sql<Row>`select ${columns} from config_writer ${lock}`.execute(db);
  return rows[0] as Row;
}

export async function readWriter(
  db: Kysely<unknown>,
): Promise<{ readonly writer: WriterRow; readonly revision: Revision }> {
  const row = await readRow(db);
  return {
    writer: { epoch: row.epoch, holder: row.holder ?? undefined, ageMs: row.age_ms ?? undefined },
    revision: { epoch: row.head_epoch, number: row.head_number },
  };
}

/** Whoever else writes or claims waits until the transaction has ended. */
export function lockWriter(db: Kysely<unknown>): Promise<Row> {
  return readRow(db, sql`for update`);
}

/** Undefined while the epoch is that of the writer. */
export function epochLost(row: Row, epoch: number): EpochLost | undefined {
  if (row.epoch === epoch && row.timeline === row.timeline_now) return undefined;
  return { type: 'epochLost', epoch: row.epoch, by: row.holder ?? 'nobody' };
}

export interface Claim {
  readonly holder: string;
  readonly staleMs: number;
  /** The highest epoch that the claimer has heard of: a database that was put back from an old copy gives none again. */
  readonly above: number;
}

/** Its own name's role anybody may claim anew: that is its former life, or an answer that was lost. */
export async function claimWriter(
  db: Kysely<unknown>,
  { holder, staleMs, above }: Claim,
): Promise<Exclude<ClaimAnswer, Unavailable>> {
  const row = await lockWriter(db);
  const { age_ms: ageMs, holder: by, timeline_now: timeline } = row;
  // Of a clock that was set back the sign lies ahead: nobody gave it by this one.
  const isFresh = ageMs !== null && Math.abs(ageMs) < staleMs;
  if (isFresh && by !== null && by !== holder) return { type: 'held', by, epoch: row.epoch, ageMs };
  const epoch = Math.max(row.epoch, above, (timeline - 1) * EPOCHS_OF_TIMELINE) + 1;
  await sql`update config_writer set epoch = ${epoch}, holder = ${holder}, timeline = ${timeline},
    seen_at = clock_timestamp()`.execute(db);
  return { type: 'claimed', epoch, revision: { epoch: row.head_epoch, number: row.head_number } };
}

export async function renewWriter(
  db: Kysely<unknown>,
  epoch: number,
  isOver: boolean,
): Promise<Exclude<BeatAnswer, Unavailable>> {
  const lost = epochLost(await lockWriter(db), epoch);
  if (lost !== undefined) return lost;
  await sql`update config_writer set seen_at = ${isOver ? sql`null` : sql`clock_timestamp()`}`.execute(db);
  return { type: 'renewed' };
}
