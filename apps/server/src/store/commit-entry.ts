/**
 * One entry in one transaction. First of all the writer's row is locked: whoever else writes, or claims, waits until this
 * one has ended, so that of two writers who both believe in their role one alone commits (CW1).
 */
import { type Change, objectKey, type Revision } from '@holdfast/protocol';
import type { CommitAnswer, CommitRequest } from '@holdfast/servers';
import { type Kysely, sql } from 'kysely';
import { keepConflicts } from './branches.ts';
import { entryHash } from './entry-hash.ts';
import {
  applyChanges,
  endlessReference,
  json,
  objectsOfKeys,
  partsOf,
  staleChanges,
} from './stored-objects.ts';
import { epochLost, lockWriter } from './writer-role.ts';

type Refused = Exclude<CommitAnswer, { type: 'committed' } | { type: 'unavailable' }>;

/** Thrown within the transaction, so that it is rolled back. */
export class Refusal extends Error {
  readonly answer: Refused;
  constructor(answer: Refused) {
    super(answer.type);
    this.answer = answer;
  }
}

/** Throws a Refusal, or what the database throws. */
export async function commitEntry(db: Kysely<unknown>, request: CommitRequest): Promise<Revision> {
  const { epoch, id, changes } = request;
  const writer = await lockWriter(db);
  const done = await revisionOf(db, id);
  if (done !== undefined) return done;
  const lost = epochLost(writer, epoch);
  if (lost !== undefined) throw new Refusal(lost);
  await refuseRepeated(db, request);
  refuseMalformed(changes);
  const stored = await objectsOfKeys(
    db,
    changes.map(({ key }) => key),
  );
  const conflicts = staleChanges(changes, stored);
  if (conflicts.length > 0) throw new Refusal({ type: 'conflict', conflicts });
  const revision = { epoch, number: writer.head_number + 1 };
  await applyChanges(db, changes, revision);
  await append(db, request, revision, writer.head_hash);
  await keepConflicts(db, revision.number, request.conflicts ?? []);
  // Here, and not within COMMIT, so that what they refuse is known to have changed nothing.
  await sql`set constraints all immediate`.execute(db);
  // A COMMIT that waits for its standby must not be cut short: PostgreSQL would then acknowledge what the standby lacks (CW5).
  await sql`set local statement_timeout = 0`.execute(db);
  return revision;
}

async function revisionOf(db: Kysely<unknown>, id: string): Promise<Revision | undefined> {
  const { rows } = await sql<Revision>`select epoch, number from config_entry where id = ${id}`.execute(db);
  return rows[0];
}

/** CW3: a branch is merged once as far as it has come, and a conflict resolved once. */
async function refuseRepeated(db: Kysely<unknown>, { merges, resolves }: CommitRequest): Promise<void> {
  const { rows } = await sql<Revision>`
    select epoch, number from config_entry
      where (merges = ${merges?.branch ?? null}::text and merged_entries >= ${merges?.entries ?? 0}::int)
        or resolves = ${resolves ?? null}::text limit 1`.execute(db);
  const [done] = rows;
  if (done === undefined) return;
  const text = `It has been done already, in ${done.epoch}.${done.number}. Look again.`;
  throw new Refusal({ type: 'constraint', rule: 'CW3', objects: [], text });
}

/** What whoever asks should have refused; the database would not see all of it. */
function refuseMalformed(changes: readonly Change[]): void {
  const seen = new Set<string>();
  for (const { key, before, after } of changes) {
    const isNamed = [before, after].every((object) => object === null || objectKey(object) === key);
    if (seen.has(key) || !isNamed || (before === null && after === null))
      throw new Refusal({
        type: 'constraint',
        rule: 'CD4',
        objects: [key],
        text: `"${key}" is changed twice in one entry, or to an object of another name. Make it one change.`,
      });
    seen.add(key);
  }
  const endless = endlessReference(changes);
  if (endless !== undefined)
    throw new Refusal({
      type: 'constraint',
      rule: 'CF3',
      objects: [endless.from_key],
      text: `"${endless.from_key}" refers to a name that is longer than any can be. Correct it.`,
    });
}

async function append(
  db: Kysely<unknown>,
  request: CommitRequest,
  { epoch, number }: Revision,
  previous: string,
): Promise<void> {
  const { id, at, author, changes, merges, resolves } = request;
  const note = request.note ?? null;
  const { who, from } = author;
  const hash = entryHash(previous, { number, epoch, id, at, who, from, note, merges, resolves }, changes);
  await sql`insert into config_entry
    (number, epoch, id, at, who, came_from, note, change_count, merges, merged_entries, resolves, previous_hash, hash)
    values (${number}, ${epoch}, ${id}, ${at}, ${who}, ${from}, ${note}, ${changes.length}, ${merges?.branch ?? null},
      ${merges?.entries ?? null}, ${resolves ?? null}, ${previous}, ${hash})`.execute(db);
  let position = 0;
  for (const part of partsOf(changes)) {
    const rows = part.map((one) => ({ position: position++, ...one }));
    await sql`insert into config_change (number, position, key, before, after)
      select ${number}::int, position, key, before, after
        from jsonb_to_recordset(${json(rows)}::jsonb) as r(position int, key text, before jsonb, after jsonb)`.execute(
      db,
    );
  }
  await sql`update config_writer set seen_at = clock_timestamp(),
    head_epoch = ${epoch}, head_number = ${number}, head_hash = ${hash}`.execute(db);
}
