/** What the database says when it refuses, in the words of the object model or of whoever runs it. */
import { CONSTRAINTS } from './migrations.ts';

/** As `pg` and PGlite give them. */
interface DatabaseError extends Error {
  /** SQLSTATE. */
  readonly code: string;
  readonly constraint?: string | undefined;
  readonly detail?: string | undefined;
}

/** An answer of the database, and not of the way to it: five characters with a digit; `EPIPE` has none. */
function isDatabaseError(error: unknown): error is DatabaseError {
  return error instanceof Error && 'code' in error && /^(?=.*\d)[0-9A-Z]{5}$/.test(String(error.code));
}

export interface Violation {
  readonly rule: string;
  /** What both are about, where the database names it. */
  readonly target: string | undefined;
  readonly text: string;
}

/** Undefined where the object model has nothing to do with it. */
export function violationIn(error: unknown): Violation | undefined {
  if (!isDatabaseError(error)) return undefined;
  const target = keyIn(error.detail);
  const named = `"${target ?? 'an object'}"`;
  switch (error.constraint) {
    case CONSTRAINTS.target:
      return {
        rule: 'CF3',
        target,
        text: `${named} is referred to and does not exist. Create it, or take the reference away in the same edit.`,
      };
    case CONSTRAINTS.kind:
      return {
        rule: error.detail?.includes('Place.dns') === true ? 'CF4' : 'CF3',
        target,
        text: `${named} is of a type that cannot be where it is named. Name another DN, or change its type.`,
      };
    case CONSTRAINTS.placeOfDN:
      return {
        rule: 'CF4',
        target,
        text: `${named} is already in a Place. A DN is in at most one: remove it from the other.`,
      };
    case CONSTRAINTS.personOfLogin:
      return {
        rule: 'CF12',
        target,
        text: `${named} already belongs to a Person. Give each person an own one.`,
      };
    case CONSTRAINTS.loginAtSwitch:
      return {
        rule: 'CF12',
        target,
        text: `${named} has a second Agent Login at one Switch. Leave one.`,
      };
    case CONSTRAINTS.once:
      return {
        rule: target?.startsWith('Person/') ? 'CF12' : 'CF4',
        target,
        text: `${named} names one thing twice. Leave it once.`,
      };
    default:
      break;
  }
  // Characters that PostgreSQL holds in no text: U+0000 and halves of a surrogate pair.
  if (['22P05', '22021', '22P02'].includes(error.code))
    return {
      rule: 'CD5',
      target: undefined,
      text: 'A text has a character that cannot be stored (U+0000, or half of a surrogate pair). Remove it.',
    };
  return undefined;
}

/** `(from_key, scope)=(Person/kim, north)`: the first value, whatever language the words around it are in. */
function keyIn(detail: string | undefined): string | undefined {
  return /\)=\(([^,)]*)/.exec(detail ?? '')?.[1];
}

/** Why the database cannot be used now, or at all: `remedy` where a person has to do something about it. */
export interface Failure {
  readonly because: string;
  readonly isForPeople: boolean;
  /** The same statement may work on another connection, or another host. */
  readonly isConnectionLost: boolean;
}

const RIGHTS = 'Make the user the owner of the database, or grant it create on schema public';

/** SQLSTATEs and classes, the longer first. */
const FAILURES: readonly (readonly [
  prefix: string,
  remedy: string,
  what: 'people' | 'connection' | 'moment',
])[] = [
  ['28', 'Correct user and password in the address of the database, or pg_hba.conf there', 'people'],
  ['3D', 'Create the database (createdb), or correct its name in the address', 'people'],
  ['42501', RIGHTS, 'people'],
  ['3F', RIGHTS, 'people'],
  ['25006', 'It is no primary any more; the others are asked', 'connection'],
  ['25P03', 'It is asked again', 'connection'],
  ['57P', 'It ends or starts; it is asked again', 'connection'],
  ['08', 'It is asked again', 'connection'],
  ['53100', 'Its disk is full: make room there', 'moment'],
  ['53', 'It has no room for more: see its memory, its disk and max_connections', 'moment'],
  ['58', 'Its disk fails: see its own log', 'moment'],
  ['57014', 'It took too long; it is asked again', 'moment'],
  ['55P03', 'Another process holds what is needed; it is asked again', 'moment'],
  ['40', 'Two edits met; it is asked again', 'moment'],
  ['XX', 'It found its own files broken: see its log, and restore it from a copy', 'moment'],
];

/** Of PGlite, which gives it another code. */
const NO_ROOM = /No space left|File too large/;

export function failureOf(error: unknown): Failure {
  if (!isDatabaseError(error)) {
    // The connection, or PGlite itself.
    const because = error instanceof Error ? error.message || error.name : String(error);
    return { because: sentence(because), isForPeople: false, isConnectionLost: true };
  }
  const code = NO_ROOM.test(error.message) ? '53100' : error.code;
  const found = FAILURES.find(([prefix]) => code.startsWith(prefix));
  const [, remedy, what] = found ?? ['', 'See the log of the database', 'moment'];
  return {
    because: `The database says "${error.message}" (${error.code}). ${remedy}.`,
    isForPeople: what === 'people',
    isConnectionLost: what === 'connection',
  };
}

function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}
