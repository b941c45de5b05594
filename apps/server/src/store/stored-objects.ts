/** Objects and their references as rows. */
import { canonicalText, referencesOf, splitReference } from '@holdfast/centre';
import { type Change, type ConfigObject, configObject, objectKey } from '@holdfast/protocol';
import { type Kysely, sql } from 'kysely';

/** Rows in one statement: few round trips, and no parameter of hundreds of megabytes. */
const ROWS_MAX = 2_000;
/** No key is longer, so that nothing of this length exists. */
const KEY_MAX = 320;

export interface ReferenceRow {
  readonly from_key: string;
  /** `Place.dns`: where the reference stands, in objects of that type. */
  readonly kind: string;
  readonly to_key: string;
  /** Of Agent Logins their Switch: a Person has one at each (CF12). */
  readonly scope: string | null;
}

/** In these lists nothing may stand twice, and the database sees it. In others it may (two ports of one server). */
const ONCE: readonly string[] = ['Place.dns', 'Person.agentLogins'];

export function referenceRows(object: ConfigObject): ReferenceRow[] {
  const from = objectKey(object);
  const rows: ReferenceRow[] = [];
  const seen = new Set<string>();
  for (const { field, type, name } of referencesOf(object)) {
    const kind = `${object.objectType}.${field.replace(/^holdfast\//, '').replace(/\..*$/, '')}`;
    const row = {
      from_key: from,
      kind,
      to_key: `${type}/${name}`,
      scope: kind === 'Person.agentLogins' ? splitReference(name).switch : null,
    };
    const identity = `${kind} ${row.to_key}`;
    if (seen.has(identity) && !ONCE.includes(kind)) continue;
    seen.add(identity);
    rows.push(row);
  }
  return rows;
}

/** What an edit does to the rows: only what differs, because a group may have 20,000 members. */
function referenceChanges(changes: readonly Change[]): { gone: ReferenceRow[]; fresh: ReferenceRow[] } {
  const gone: ReferenceRow[] = [];
  const fresh: ReferenceRow[] = [];
  for (const { before, after } of changes) {
    const old = before === null ? [] : referenceRows(before);
    const now = after === null ? [] : referenceRows(after);
    const textOf = ({ kind, to_key }: ReferenceRow) => `${kind} ${to_key}`;
    const [oldTexts, nowTexts] = [new Set(old.map(textOf)), new Set(now.map(textOf))];
    gone.push(...old.filter((row) => !nowTexts.has(textOf(row))));
    // A row that stands twice goes in twice, so that the database refuses it.
    fresh.push(...now.filter((row, i) => !oldTexts.has(textOf(row)) || isAgain(now, i, textOf)));
  }
  return { gone, fresh };
}

function isAgain(rows: readonly ReferenceRow[], at: number, textOf: (row: ReferenceRow) => string): boolean {
  const row = rows[at] as ReferenceRow;
  return ONCE.includes(row.kind) && rows.findIndex((one) => textOf(one) === textOf(row)) !== at;
}

/** A reference that nothing can satisfy, whatever is in the database. */
export function endlessReference(changes: readonly Change[]): ReferenceRow | undefined {
  for (const { after } of changes) {
    const found =
      after === null ? undefined : referenceRows(after).find(({ to_key }) => to_key.length > KEY_MAX);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Undefined where the database holds what no release has written. */
export function objectOf(body: unknown): ConfigObject | undefined {
  const parsed = configObject.safeParse(body);
  return parsed.success ? parsed.data : undefined;
}

export async function objectsOfKeys(
  db: Kysely<unknown>,
  keys: readonly string[],
): Promise<Map<string, ConfigObject>> {
  const found = new Map<string, ConfigObject>();
  for (const part of partsOf(keys)) {
    const { rows } = await sql<{ key: string; body: unknown }>`
      select key, body from config_object where key in (select jsonb_array_elements_text(${json(part)}::jsonb))`.execute(
      db,
    );
    for (const { key, body } of rows) {
      const object = objectOf(body);
      if (object !== undefined) found.set(key, object);
    }
  }
  return found;
}

/** Which of the changes begin from what is no longer there. */
export function staleChanges(
  changes: readonly Change[],
  stored: ReadonlyMap<string, ConfigObject>,
): { readonly key: string; readonly stored: ConfigObject | null }[] {
  return changes.flatMap(({ key, before }) => {
    const now = stored.get(key) ?? null;
    return canonicalText(now) === canonicalText(before) ? [] : [{ key, stored: now }];
  });
}

/** References go before what they name, and come after it. */
export async function applyChanges(
  db: Kysely<unknown>,
  changes: readonly Change[],
  revision: { readonly epoch: number; readonly number: number },
): Promise<void> {
  const { gone, fresh } = referenceChanges(changes);
  for (const rows of partsOf(gone))
    await sql`delete from config_reference r using jsonb_to_recordset(${json(rows)}::jsonb)
      as g(from_key text, kind text, to_key text)
      where r.from_key = g.from_key and r.kind = g.kind and r.to_key = g.to_key`.execute(db);
  const deleted = changes.filter(({ after }) => after === null).map(({ key }) => key);
  for (const keys of partsOf(deleted))
    await sql`delete from config_object where key in (select jsonb_array_elements_text(${json(keys)}::jsonb))`.execute(
      db,
    );
  const written = changes.filter(({ after }) => after !== null);
  for (const part of partsOf(written)) {
    const rows = json(part.map(({ key, after }) => ({ key, body: after })));
    await sql`insert into config_object (key, body, epoch, number)
      select key, body, ${revision.epoch}::int, ${revision.number}::int
        from jsonb_to_recordset(${rows}::jsonb) as r(key text, body jsonb)
      on conflict (key) do update set body = excluded.body, epoch = excluded.epoch, number = excluded.number`.execute(
      db,
    );
  }
  for (const rows of partsOf(fresh))
    await sql`insert into config_reference (from_key, kind, to_key, scope)
      select from_key, kind, to_key, scope
        from jsonb_to_recordset(${json(rows)}::jsonb) as r(from_key text, kind text, to_key text, scope text)`.execute(
      db,
    );
}

export function* partsOf<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += ROWS_MAX) yield all.slice(at, at + ROWS_MAX);
}

export function json(value: unknown): string {
  return JSON.stringify(value);
}
