/** The log of the configuration, read: what followers miss, the history for people, and the objects of the past. */
import type { Change, ConfigObject, Revision } from '@holdfast/protocol';
import {
  CHANGES_SHOWN_MAX,
  type EntriesAnswer,
  HISTORY_MAX,
  type HistoryAnswer,
  type HistoryEntry,
  type HistoryQuery,
  type PastAnswer,
  type StoredEntry,
  type Unavailable,
} from '@holdfast/servers';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { objectOf } from './stored-objects.ts';
import { readWriter } from './writer-role.ts';

/** What the database holds as a number; whoever names a higher one means all. */
const NUMBER_MAX = 2 ** 31 - 1;
const bounded = (number: number) => Math.max(0, Math.min(Math.trunc(number), NUMBER_MAX));

/** In one answer, as long as one entry alone has not more. */
const CHANGES_MAX = 20_000;

export interface EntryRow {
  readonly number: number;
  readonly epoch: number;
  readonly id: string;
  readonly at: number;
  readonly who: string;
  readonly came_from: string;
  readonly note: string | null;
  readonly change_count: number;
  readonly merges: string | null;
  readonly merged_entries: number | null;
  readonly resolves: string | null;
}

interface ChangeRow {
  readonly number: number;
  readonly key: string;
  readonly before: unknown;
  readonly after: unknown;
}

const entryColumns = sql`number, epoch, id, at, who, came_from, note, change_count, merges, merged_entries, resolves`;

export async function entriesAfter(
  db: Kysely<unknown>,
  after: Revision,
  limit: number,
): Promise<Exclude<EntriesAnswer, Unavailable>> {
  const { revision } = await readWriter(db);
  const common = await commonRevision(db, after);
  if (common.number !== after.number || common.epoch !== after.epoch)
    return { type: 'diverged', common, revision };
  const { rows } = await sql<EntryRow>`
    select ${entryColumns} from config_entry where number > ${after.number} order by number limit ${limit}`.execute(
    db,
  );
  const page = upToSize(rows);
  const changes = await changesOf(db, page, sql``);
  return {
    type: 'entries',
    entries: page.map((row) => entryOf(row, changes.get(row.number) ?? [])),
    revision,
  };
}

/** The last entry here that the asker has too: numbers are given once in an epoch, by its one writer (CW1). */
export async function commonRevision(db: Kysely<unknown>, { epoch, number }: Revision): Promise<Revision> {
  const { rows } = await sql<Revision>`
    select epoch, number from config_entry where number <= ${bounded(number)} and epoch <= ${bounded(epoch)}
    order by number desc limit 1`.execute(db);
  return rows[0] ?? { epoch: 0, number: 0 };
}

function upToSize(rows: readonly EntryRow[]): readonly EntryRow[] {
  let changes = 0;
  const end = rows.findIndex((row, i) => {
    changes += row.change_count;
    return i > 0 && changes > CHANGES_MAX;
  });
  return end < 0 ? rows : rows.slice(0, end);
}

export async function history(
  db: Kysely<unknown>,
  query: HistoryQuery,
): Promise<Exclude<HistoryAnswer, Unavailable>> {
  const { key, who, fromAt, toAt, before } = query;
  // No text of the database holds it, and a parameter with it would be an error.
  if (`${key}${who}`.includes('\0')) return { type: 'history', entries: [], isLast: true };
  const limit = Math.min(Math.max(1, query.limit), HISTORY_MAX);
  const conditions = [
    ...(key === undefined ? [] : [sql`number in (select number from config_change where key = ${key})`]),
    ...(who === undefined ? [] : [sql`who = ${who}`]),
    ...(fromAt === undefined ? [] : [sql`at >= ${fromAt}`]),
    ...(toAt === undefined ? [] : [sql`at < ${toAt}`]),
    ...(before === undefined ? [] : [sql`number < ${bounded(before)}`]),
  ];
  const where = conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`;
  const { rows } = await sql<EntryRow>`
    select ${entryColumns} from config_entry ${where} order by number desc limit ${limit + 1}`.execute(db);
  const page = rows.slice(0, limit);
  const shown = key === undefined ? sql`and position < ${CHANGES_SHOWN_MAX}` : sql`and key = ${key}`;
  const changes = await changesOf(db, page, shown);
  const entries = page.map((row): HistoryEntry => {
    return { ...entryOf(row, changes.get(row.number) ?? []), changeCount: row.change_count };
  });
  return { type: 'history', entries, isLast: rows.length <= limit };
}

async function changesOf(
  db: Kysely<unknown>,
  entries: readonly EntryRow[],
  condition: RawBuilder<unknown>,
): Promise<Map<number, Change[]>> {
  const numbers = JSON.stringify(entries.map(({ number }) => number));
  const { rows } = await sql<ChangeRow>`
    select number, key, before, after from config_change
    where number in (select value::int from jsonb_array_elements_text(${numbers}::jsonb)) ${condition}
    order by number, position`.execute(db);
  const found = new Map<number, Change[]>();
  for (const { number, key, before, after } of rows) {
    const change = { key, before: before as ConfigObject | null, after: after as ConfigObject | null };
    const list = found.get(number);
    if (list === undefined) found.set(number, [change]);
    else list.push(change);
  }
  return found;
}

function entryOf(row: EntryRow, changes: readonly Change[]): StoredEntry {
  const { id, epoch, number, at, who, came_from: from, note } = row;
  return {
    id,
    revision: { epoch, number },
    at,
    author: { who, from },
    ...(note === null ? {} : { note }),
    changes: [...changes],
    ...linksOf(row),
  };
}

/** The branch that an entry has brought in, and the conflict that it resolves. */
export function linksOf({
  merges,
  merged_entries: entries,
  resolves,
}: Pick<EntryRow, 'merges' | 'merged_entries' | 'resolves'>): Pick<StoredEntry, 'merges' | 'resolves'> {
  return {
    ...(merges === null || entries === null ? {} : { merges: { branch: merges, entries } }),
    ...(resolves === null ? {} : { resolves }),
  };
}

/** From the objects of today, and for each that has changed since what it was before the first of these changes. */
export async function objectsAt(
  db: Kysely<unknown>,
  when: Revision | number,
): Promise<Exclude<PastAnswer, Unavailable> | { readonly type: 'unreadable'; readonly key: string }> {
  const revision = typeof when === 'number' ? await revisionAt(db, when) : await commonRevision(db, when);
  if (typeof when !== 'number' && (revision.epoch !== when.epoch || revision.number !== when.number))
    return {
      type: 'unknown',
      because: `There is no revision ${when.epoch}.${when.number} in this log. The last before it is ${revision.epoch}.${revision.number}.`,
    };
  const { rows } = await sql<{ key: string; body: unknown }>`
    with past as (
      select distinct on (key) key, before from config_change where number > ${revision.number}
      order by key, number
    )
    select key, body from config_object where key not in (select key from past)
    union all select key, before from past where before is not null`.execute(db);
  const read = readObjects(rows);
  return read.type === 'unreadable' ? read : { type: 'past', objects: read.objects, revision };
}

async function revisionAt(db: Kysely<unknown>, at: number): Promise<Revision> {
  const { rows } = await sql<Revision>`
    select epoch, number from config_entry where at <= ${at} order by number desc limit 1`.execute(db);
  return rows[0] ?? { epoch: 0, number: 0 };
}

export function readObjects(
  rows: readonly { readonly key: string; readonly body: unknown }[],
):
  | { readonly type: 'objects'; readonly objects: readonly ConfigObject[] }
  | { readonly type: 'unreadable'; readonly key: string } {
  const objects: ConfigObject[] = [];
  for (const { key, body } of rows) {
    const object = objectOf(body);
    if (object === undefined) return { type: 'unreadable', key };
    objects.push(object);
  }
  return { type: 'objects', objects };
}
