/**
 * Whether the log and the objects are what was committed (CD7): the chain of hashes from the first entry to the one that
 * the writer's row names as the last, and each object as its last change left it.
 */
import { createHash } from 'node:crypto';
import { canonicalText } from '@holdfast/centre';
import type { Change } from '@holdfast/protocol';
import type { Unavailable, VerifyAnswer } from '@holdfast/servers';
import { type Kysely, sql } from 'kysely';
import { entryHash } from './entry-hash.ts';
import { type EntryRow, linksOf } from './read-log.ts';

/** Read at once: few round trips, and bounded memory. */
const ENTRIES_READ = 500;

interface ChainedRow extends EntryRow {
  readonly previous_hash: string;
  readonly hash: string;
}

type Verdict = Exclude<VerifyAnswer, Unavailable>;

/** In one transaction, so that nothing is added meanwhile. */
export async function verifyLog(db: Kysely<unknown>): Promise<Verdict> {
  const { rows: heads } = await sql<{ head_epoch: number; head_number: number; head_hash: string }>`
    select head_epoch, head_number, head_hash from config_writer`.execute(db);
  const head = heads[0];
  if (head === undefined) return { type: 'broken', at: 'the writer', because: 'Its row is gone.' };
  const digests = new Map<string, string>();
  let [number, hash] = [0, ''];
  for (;;) {
    const { rows } = await sql<ChainedRow>`
      select number, epoch, id, at, who, came_from, note, change_count, merges, merged_entries, resolves,
        previous_hash, hash
      from config_entry where number > ${number} order by number limit ${ENTRIES_READ}`.execute(db);
    for (const row of rows) {
      const because = await whyBroken(db, row, { number, hash }, digests);
      if (because !== undefined) return { type: 'broken', at: `${row.epoch}.${row.number}`, because };
      ({ number, hash } = row);
    }
    if (rows.length < ENTRIES_READ) break;
  }
  if (number !== head.head_number || hash !== head.head_hash)
    return {
      type: 'broken',
      at: `${head.head_epoch}.${head.head_number}`,
      because: `The log ends with entry ${number}, and the last that was made is ${head.head_number}.`,
    };
  const revision = { epoch: head.head_epoch, number };
  return (await firstOtherObject(db, digests)) ?? { type: 'sound', entries: number, revision };
}

async function whyBroken(
  db: Kysely<unknown>,
  row: ChainedRow,
  last: { readonly number: number; readonly hash: string },
  digests: Map<string, string>,
): Promise<string | undefined> {
  const { number, epoch, id, at, who, came_from: from, note } = row;
  if (number !== last.number + 1) return `Entry ${last.number + 1} is missing.`;
  if (row.previous_hash !== last.hash) return `It does not follow on the entry ${last.number} that is here.`;
  const { rows: changes } = await sql<Change>`
    select key, before, after from config_change where number = ${number} order by position`.execute(db);
  if (entryHash(last.hash, { number, epoch, id, at, who, from, note, ...linksOf(row) }, changes) !== row.hash)
    return 'It is not what was committed: it, or one of its changes, has been edited.';
  for (const { key, after } of changes) {
    if (after === null) digests.delete(key);
    else digests.set(key, digestOf(after));
  }
  return undefined;
}

async function firstOtherObject(
  db: Kysely<unknown>,
  digests: Map<string, string>,
): Promise<Verdict | undefined> {
  const { rows } = await sql<{ key: string; body: unknown }>`select key, body from config_object`.execute(db);
  for (const { key, body } of rows) {
    if (digests.get(key) !== digestOf(body))
      return { type: 'broken', at: key, because: 'The object is not what its last entry made of it.' };
    digests.delete(key);
  }
  const [gone] = digests.keys();
  return gone === undefined
    ? undefined
    : { type: 'broken', at: gone, because: 'The object is gone, and no entry has deleted it.' };
}

function digestOf(body: unknown): string {
  return createHash('sha256').update(canonicalText(body)).digest('base64url');
}
