/**
 * What merges have left open, for people (CW3): the list of conflicts without secrets, and their resolution by choice, which is an
 * edit like any other and names the conflict that it resolves.
 */
import {
  type Choice,
  type Configuration,
  type Conflict,
  describeConflict,
  fieldName,
  mayEdit,
  resolveConflict,
  splitKey,
} from '@holdfast/centre';
import type { Millis } from '@holdfast/kernel';
import {
  type Change,
  type ConfigRequest,
  type Finding,
  type Person,
  revisionText,
  type ShownConflict,
} from '@holdfast/protocol';
import type { ConflictsAnswer, StoredConflict } from './branch-answers.ts';
import type { Judgement } from './config-editor.ts';
import type { StoreSession } from './store-session.ts';

export type ConflictRead =
  | { readonly type: 'conflict'; readonly conflict: StoredConflict | undefined }
  | Extract<ConflictsAnswer, { type: 'unavailable' }>;

type ChosenOnLink = Extract<ConfigRequest, { type: 'Resolve' }>['choice'];

/** What a request asks to be changed, or why it cannot be. */
export type Resolution =
  | {
      readonly changes: readonly Change[];
      readonly resolves?: string;
      readonly findings?: readonly Finding[];
    }
  | { readonly refusal: NonNullable<Judgement['refusal']>; readonly findings: readonly Finding[] };

export function readConflict(
  session: StoreSession,
  id: string,
  done: (now: Millis, read: ConflictRead) => void,
): void {
  session.conflicts({ id, isOpen: false, limit: 1 }, (now, answer) => {
    if (answer.type === 'unavailable') return done(now, answer);
    done(now, { type: 'conflict', conflict: answer.conflicts[0] });
  });
}

export function resolution(
  configuration: Configuration,
  person: Person,
  choice: ChosenOnLink,
  read: ConflictRead | undefined,
): Resolution {
  const refused = (code: NonNullable<Judgement['refusal']>['code'], text: string) => ({
    ...{ refusal: { code, text }, findings: [] },
  });
  if (read === undefined || read.type === 'unavailable')
    return refused('not-stored', read?.because ?? 'The conflict was not read.');
  const stored = read.conflict;
  if (stored === undefined)
    return refused('bad-configuration', 'There is no such conflict. List them first.');
  const { id, conflict, resolvedIn } = stored;
  if (resolvedIn !== undefined)
    return refused('conflict', `It was resolved in ${revisionText(resolvedIn)}. Edit the object instead.`);
  const { key } = conflict;
  if (key === `Person/${person.name}` && person.rank !== 'administrator')
    return refused('not-allowed', 'What concerns the own Person is resolved by an administrator.');
  const present = configuration.get(...splitKey(key)) ?? null;
  const resolved = resolveConflict(conflict, choiceOf(choice), present);
  if (!resolved.ok) return refused('conflict', resolved.text);
  if (resolved.changes.length > 0) return { changes: resolved.changes, resolves: id };
  // What stands is chosen: nothing changes, and still it is for those who could change all of it.
  const verdict = mayEdit(person, { key, before: present, after: null }, configuration);
  return verdict.ok ? { changes: [], resolves: id } : refused('not-allowed', verdict.text);
}

/** A value that is not said, or null, takes away. */
function choiceOf(choice: ChosenOnLink): Choice {
  return typeof choice === 'string' ? choice : { value: choice.value ?? undefined };
}

/** CE6: without secrets. */
export function shownConflict({ id, kind, conflict, mergedIn, resolvedIn }: StoredConflict): ShownConflict {
  return {
    ...{ id, kind, key: conflict.key, field: fieldName(conflict.path) },
    ...{ main: sideOf(conflict.main), branch: sideOf(conflict.branch) },
    text: describeConflict(conflict),
    mergedIn: revisionText(mergedIn),
    ...(resolvedIn === undefined ? {} : { resolvedIn: revisionText(resolvedIn) }),
  };
}

function sideOf({ author, at, revision }: Conflict['main']): ShownConflict['main'] {
  return {
    ...(author === undefined ? {} : { author }),
    ...(at === undefined ? {} : { at }),
    ...(revision === undefined ? {} : { revision: revisionText(revision) }),
  };
}

/** For the permission to read its history: the object as it stands, else as one of the sides has it. */
export function changeOf({ conflict }: StoredConflict, configuration: Configuration): Change {
  const { key, main, branch } = conflict;
  const present = configuration.get(...splitKey(key)) ?? asObject(main.value) ?? asObject(branch.value);
  return { key, before: present, after: null };
}

function asObject(value: unknown): Change['before'] {
  return typeof value === 'object' && value !== null && 'objectType' in value
    ? (value as Change['before'])
    : null;
}
