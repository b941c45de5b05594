/**
 * A branch that was handed in becomes changes of the main line (CW3): field by field by the merge, then what follows at the other
 * Switch, then the validator: what would break something stays out and is a conflict. Whatever is handed in comes to an end here, so
 * that no branch waits for ever.
 */
import {
  asChanges,
  type Configuration,
  type Conflict,
  findingsBrought,
  mergeBranch,
  splitKey,
  syncEntry,
  type Touch,
  withDerived,
} from '@holdfast/centre';
import {
  CHANGES_MAX,
  type Change,
  type ConfigObject,
  type Entry,
  objectKey,
  type Revision,
  revisionText,
} from '@holdfast/protocol';
import type { NewConflict, UnmergedBranch } from './branch-answers.ts';
import { isSameRevision } from './revision-of.ts';

export interface HandedIn {
  readonly branch: UnmergedBranch;
  /** All objects at its base. */
  readonly base: readonly ConfigObject[];
  /** Entries of the main line since, up to the configuration. */
  readonly main: readonly Entry[];
  readonly configuration: Configuration;
  placeOf(dn: string): string | undefined;
}

export interface Merged {
  readonly changes: readonly Change[];
  readonly conflicts: readonly NewConflict[];
  readonly note: string;
}

/** Each takes out what the validator names; after so many all of it is left to people. */
const ROUNDS_MAX = 10;
const NOTE_CHARS_MAX = 1_000;

export function mergeHandedIn(handedIn: HandedIn): Merged {
  const { branch, base, main } = handedIn;
  const isKnown = knownEntries(branch);
  const merge = mergeBranch({ base, main, branch: branch.entries, isKnown });
  if (!merge.ok) return leaveAll(handedIn, merge.text);
  const { changes, refused } = withoutErrors(handedIn, merge.changes, merge.sources);
  const named = (kind: NewConflict['kind'], all: readonly Conflict[], from: number) =>
    all.map((conflict, i) => ({ id: conflictName(branch, from + i), kind, conflict }));
  const open = [...merge.conflicts, ...refused];
  const conflicts = [...named('conflict', open, 1), ...named('stricter', merge.stricter, 1 + open.length)];
  return { changes, conflicts, note: noteOf(branch, isKnown) };
}

/** Nothing of it is done, and each object that it has edited is a conflict. */
export function leaveAll({ branch, base, configuration }: HandedIn, because: string): Merged {
  const isKnown = knownEntries(branch);
  const last = new Map<string, { change: Change; entry: Entry }>();
  for (const entry of branch.entries.filter((one) => !isKnown(one)))
    for (const change of entry.changes) last.set(change.key, { change, entry });
  const former = new Map(base.map((object) => [objectKey(object), object]));
  const conflicts = [...last].map(([key, { change, entry }], i): NewConflict => {
    const { author, at, revision } = entry;
    const stands = configuration.get(...splitKey(key)) ?? null;
    const conflict = {
      ...{ key, path: [], base: former.get(key) ?? null, main: { value: stands } },
      ...{ branch: { value: change.after, author, at, revision }, stands, proposal: change.after, because },
    };
    return { id: conflictName(branch, i + 1), kind: 'conflict', conflict };
  });
  return { changes: [], conflicts, note: noteOf(branch, isKnown) };
}

/** Names are given once: a branch that has grown is merged again. */
function conflictName({ id, entries }: UnmergedBranch, n: number): string {
  return `${id}.${entries.length}.${n}`;
}

/**
 * What an earlier merge has brought of this branch, and these merges. Entries of a lost main line stand in several branches, and are
 * the same ones; those that a cut-off site has made are its own.
 */
function knownEntries({ id, entries, merged, others }: UnmergedBranch): (entry: Entry) => boolean {
  const known = new Set<Entry>(entries.slice(0, merged));
  const branches = new Set([id]);
  for (const other of others) {
    const lost = new Set(other.revisions.filter(({ ahead }) => ahead === undefined).map(revisionText));
    for (const entry of entries) {
      if (entry.revision.ahead !== undefined || !lost.has(revisionText(entry.revision))) continue;
      known.add(entry);
      branches.add(other.id);
    }
  }
  return (entry) => known.has(entry) || (entry.merges !== undefined && branches.has(entry.merges.branch));
}

interface Fitting {
  readonly changes: readonly Change[];
  readonly refused: readonly Conflict[];
}

/** With what follows from them; without those that bring an error. */
function withoutErrors(
  { configuration, placeOf }: HandedIn,
  merged: readonly Change[],
  sources: ReadonlyMap<string, readonly Touch[]>,
): Fitting {
  let kept = merged;
  const refused: Conflict[] = [];
  for (let round = 1; kept.length > 0; round++) {
    const all = withDerived(kept, syncEntry(configuration, kept, placeOf).changes);
    const reasons = errorsOf(configuration, all);
    if (reasons.size === 0) return { changes: all, refused };
    const open = kept.filter((change) => !isLock(change));
    const named = open.filter(({ key }) => reasons.has(key));
    // Where none of them is named, or it comes to no end, it is all of them.
    const isLast = open.length === 0 || round === ROUNDS_MAX;
    const out = new Set(named.length > 0 && !isLast ? named : open);
    const [first = ''] = reasons.values();
    for (const change of out)
      refused.push(
        refusedConflict(change, reasons.get(change.key) ?? first, sources.get(change.key)?.at(-1)),
      );
    kept = isLast ? [] : kept.flatMap((change) => (out.has(change) ? lockOf(change) : [change]));
  }
  return { changes: [], refused };
}

/** By object, why it cannot be so. */
function errorsOf(configuration: Configuration, changes: readonly Change[]): ReadonlyMap<string, string> {
  if (changes.length > CHANGES_MAX)
    return new Map([['', `It would change ${changes.length} objects, and one entry holds ${CHANGES_MAX}.`]]);
  const keys = changes.map(({ key }) => key);
  const after = configuration.with(asChanges(changes));
  const brought = findingsBrought({ before: configuration, after }, keys);
  const errors = brought.filter(({ severity }) => severity === 'error');
  return new Map(errors.map(({ object, reason, remedy }) => [object, `${reason} ${remedy}`]));
}

/** Who was disabled at the branch is disabled all the same (CW3a). */
function lockOf({ key, before, after }: Change): Change[] {
  if (before === null || !before.enabled || after?.enabled !== false || before.objectType !== 'Person')
    return [];
  return [{ key, before, after: { ...before, enabled: false } }];
}

function isLock(change: Change): boolean {
  const [lock] = lockOf(change);
  return lock !== undefined && JSON.stringify(lock.after) === JSON.stringify(change.after);
}

function refusedConflict({ key, before, after }: Change, because: string, touch?: Touch): Conflict {
  const [lock] = lockOf({ key, before, after });
  const stands = lock === undefined ? before : lock.after;
  return {
    ...{ key, path: [], main: { value: before }, branch: { value: after, ...touch } },
    ...{ stands, proposal: after, because },
  };
}

/** Who has edited how often, and what. */
function noteOf({ by, base, entries }: UnmergedBranch, isKnown: (entry: Entry) => boolean): string {
  const fresh = entries.filter((entry) => !isKnown(entry));
  const edits = new Map<string, Set<string>>();
  for (const { author, changes } of fresh) {
    const keys = edits.get(author.who) ?? new Set<string>();
    for (const { key } of changes) keys.add(key);
    edits.set(author.who, keys);
  }
  const told = [...edits].map(([who, keys]) => `${who}: ${[...keys].join(', ')}`).join('; ');
  const range = `${spanOf(fresh)} on ${revisionText(base)}`;
  const note = `Edits handed in by ${by}, ${range}. ${told}`;
  return note.length <= NOTE_CHARS_MAX ? note : `${note.slice(0, NOTE_CHARS_MAX - 1)}…`;
}

function spanOf(entries: readonly Entry[]): string {
  const [first, last] = [entries[0]?.revision, entries.at(-1)?.revision];
  if (first === undefined || last === undefined) return 'all of them known';
  const name = (one: Revision) => revisionText(one);
  return isSameRevision(first, last) ? name(first) : `${name(first)} to ${name(last)}`;
}
