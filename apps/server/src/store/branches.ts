/**
 * Branches that were handed in, and what their merges have left open (CW3, CW4). Both are only ever added to, as the log is. A
 * branch may grow: what is there of it is not written again, and what it has more is.
 */
import type { Conflict } from '@holdfast/centre';
import { type Entry, entry, type Revision } from '@holdfast/protocol';
import type {
  ConflictsAnswer,
  ConflictsQuery,
  HandInAnswer,
  HandInRequest,
  NewConflict,
  Unavailable,
  UnmergedAnswer,
} from '@holdfast/servers';
import { type Kysely, sql } from 'kysely';
import { commonRevision } from './read-log.ts';
import { json, partsOf } from './stored-objects.ts';
import { violationIn } from './violation.ts';

export async function handIn(
  db: Kysely<unknown>,
  { id, base, by, at, from, entries }: HandInRequest,
): Promise<Exclude<HandInAnswer, Unavailable>> {
  const common = await commonRevision(db, base);
  if (common.epoch !== base.epoch || common.number !== base.number) return { type: 'diverged', common };
  await sql`insert into config_branch (id, base_epoch, base_number, held_by, handed_at)
    values (${id}, ${base.epoch}, ${base.number}, ${by}, ${at}) on conflict (id) do nothing`.execute(db);
  // Two may hand in what both have held.
  await sql`select 1 from config_branch where id = ${id} for update`.execute(db);
  const stored = await countOf(db, id);
  if (from > stored)
    return { type: 'refused', because: `Of the branch ${id} only ${stored} entries are here.` };
  const fresh = entries.slice(stored - from);
  let position = stored;
  for (const part of partsOf(fresh)) {
    const rows = part.map((body) => ({ position: position++, body }));
    await sql`insert into config_branch_entry (branch, position, body)
      select ${id}::text, position, body from jsonb_to_recordset(${json(rows)}::jsonb) as r(position int, body jsonb)`.execute(
      db,
    );
  }
  return { type: 'handedIn', entries: position, merged: await mergedOf(db, id) };
}

/** The database cannot hold a text that is in it. */
export function refusedForText(error: unknown): Extract<HandInAnswer, { type: 'refused' }> {
  const violation = violationIn(error);
  if (violation?.rule !== 'CD5') throw error;
  return { type: 'refused', because: violation.text };
}

async function countOf(db: Kysely<unknown>, id: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from config_branch_entry where branch = ${id}`.execute(db);
  return rows[0]?.count ?? 0;
}

async function mergedOf(
  db: Kysely<unknown>,
  id: string,
): Promise<{ readonly entries: number; readonly revision: Revision } | undefined> {
  const { rows } = await sql<Revision & { readonly merged_entries: number }>`
    select merged_entries, epoch, number from config_entry where merges = ${id}
    order by merged_entries desc limit 1`.execute(db);
  const [row] = rows;
  return row && { entries: row.merged_entries, revision: { epoch: row.epoch, number: row.number } };
}

interface BranchRow {
  readonly id: string;
  readonly base_epoch: number;
  readonly base_number: number;
  readonly held_by: string;
  readonly merged: number;
}

export async function unmerged(db: Kysely<unknown>): Promise<UnmergedAnswer> {
  const { rows } = await sql<BranchRow>`
    select b.id, b.base_epoch, b.base_number, b.held_by, coalesce(m.merged, 0) as merged
      from config_branch b
      cross join lateral (select count(*)::int as entries from config_branch_entry where branch = b.id) e
      cross join lateral (select max(merged_entries) as merged from config_entry where merges = b.id) m
      where e.entries > coalesce(m.merged, 0) order by b.place limit 1`.execute(db);
  const [row] = rows;
  if (row === undefined) return { type: 'unmerged', branch: undefined };
  const { id, held_by: by, merged } = row;
  const base = { epoch: row.base_epoch, number: row.base_number };
  const { rows: bodies } = await sql<{ body: unknown }>`
    select body from config_branch_entry where branch = ${id} order by position`.execute(db);
  const entries: Entry[] = [];
  for (const { body } of bodies) {
    const parsed = entry.safeParse(body);
    if (!parsed.success) {
      const because = `The branch ${id} in the database is not one that this release can read. A later release has written it: run that one.`;
      return { type: 'unavailable', because };
    }
    entries.push(parsed.data);
  }
  return { type: 'unmerged', branch: { id, base, by, entries, merged, others: await othersOf(db, row) } };
}

/** Of those with the same base what is merged: entries that a database has lost stand in several (CW4). */
async function othersOf(
  db: Kysely<unknown>,
  { id, base_epoch: epoch, base_number: number }: BranchRow,
): Promise<{ readonly id: string; readonly revisions: readonly Revision[] }[]> {
  const { rows } = await sql<{ id: string; revision: Revision }>`
    select b.id, e.body->'revision' as revision
      from config_branch b join config_branch_entry e on e.branch = b.id
      where b.base_epoch = ${epoch} and b.base_number = ${number} and b.id <> ${id}
        and e.position < (select max(merged_entries) from config_entry where merges = b.id)
      order by b.place, e.position`.execute(db);
  const others = new Map<string, Revision[]>();
  for (const row of rows) {
    const revisions = others.get(row.id);
    if (revisions === undefined) others.set(row.id, [row.revision]);
    else revisions.push(row.revision);
  }
  return [...others].map(([other, revisions]) => ({ id: other, revisions }));
}

/** In the transaction of their merge. */
export async function keepConflicts(
  db: Kysely<unknown>,
  number: number,
  conflicts: readonly NewConflict[],
): Promise<void> {
  let position = 0;
  for (const part of partsOf(conflicts)) {
    const rows = part.map(({ id, kind, conflict }) => ({ id, position: position++, kind, body: conflict }));
    await sql`insert into config_conflict (id, number, position, kind, body)
      select id, ${number}::int, position, kind, body
        from jsonb_to_recordset(${json(rows)}::jsonb) as r(id text, position int, kind text, body jsonb)`.execute(
      db,
    );
  }
}

interface ConflictRow extends Revision {
  readonly id: string;
  readonly kind: NewConflict['kind'];
  readonly body: unknown;
  readonly resolved_epoch: number | null;
  readonly resolved_number: number | null;
}

export async function conflicts(
  db: Kysely<unknown>,
  { id, isOpen, limit }: ConflictsQuery,
): Promise<Exclude<ConflictsAnswer, Unavailable>> {
  // No text of the database holds it, and a parameter with it would be an error.
  if (id?.includes('\0')) return { type: 'conflicts', conflicts: [], isLast: true };
  const conditions = [
    sql`true`,
    ...(id === undefined ? [] : [sql`c.id = ${id}`]),
    ...(isOpen ? [sql`c.kind = 'conflict' and r.number is null`] : []),
  ];
  const { rows } = await sql<ConflictRow>`
    select c.id, c.kind, c.body, m.epoch, m.number, r.epoch as resolved_epoch, r.number as resolved_number
      from config_conflict c join config_entry m on m.number = c.number
      left join config_entry r on r.resolves = c.id
      where ${sql.join(conditions, sql` and `)} order by c.number, c.position limit ${limit + 1}`.execute(db);
  const found = rows.slice(0, limit).map((row) => {
    const { resolved_epoch: epoch, resolved_number: number } = row;
    return {
      ...{ id: row.id, kind: row.kind },
      // As `keepConflicts` has written it.
      conflict: row.body as Conflict,
      mergedIn: { epoch: row.epoch, number: row.number },
      resolvedIn: epoch === null || number === null ? undefined : { epoch, number },
    };
  });
  return { type: 'conflicts', conflicts: found, isLast: rows.length <= limit };
}
