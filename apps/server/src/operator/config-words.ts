/** What an administrator reads and writes at `holdfast config`, as text. */
import { describeChange, FILE_LISTS, splitKey } from '@holdfast/centre';
import {
  type Change,
  type CheckFinding,
  type Entry,
  type Finding,
  type ObjectType,
  revisionText,
  type ShownConflict,
} from '@holdfast/protocol';
import { readDuration } from './drain-words.ts';

/** Lines of one entry in a list of many. */
const ENTRY_LINES_MAX = 20;
/** The history of everything shows so many changes of an entry, and not how many there are. */
const CHANGES_SHOWN = 100;
/** Lines of what has just been changed; `diff` shows all. */
const LINES_MAX = 500;

/** `Person`, `person` or `persons`. */
export function typeOf(word: string): ObjectType | undefined {
  const wanted = word.toLowerCase();
  for (const [list, type] of Object.entries(FILE_LISTS))
    if (wanted === type.toLowerCase() || wanted === list.toLowerCase()) return type;
  return undefined;
}

/** `person/kim` as `Person/kim`; undefined where no object can be meant. */
export function keyOf(word: string): string | undefined {
  const [type, name] = splitKey(word);
  const known = word.includes('/') ? typeOf(type) : undefined;
  return known === undefined || name === '' ? undefined : `${known}/${name}`;
}

export function typesInWords(): string {
  return Object.values(FILE_LISTS).join(', ');
}

/** Every difference; of a secret only that there is one. */
export function changeLines(changes: readonly Change[]): string[] {
  return changes.flatMap((change) => {
    const lines = describeChange(change);
    return lines.length > 0 ? lines : [`${change.key}: changed in what is not shown`];
  });
}

export function cutLines(lines: readonly string[], max = LINES_MAX): string[] {
  if (lines.length <= max) return [...lines];
  return [...lines.slice(0, max), `and ${lines.length - max} lines more`];
}

/** `2 created, 1 deleted`. */
export function countsInWords(changes: readonly Change[]): string {
  const counts = { created: 0, changed: 0, deleted: 0 };
  for (const { before, after } of changes) {
    const isSeen = before !== null || after !== null;
    counts[isSeen && before === null ? 'created' : isSeen && after === null ? 'deleted' : 'changed'] += 1;
  }
  const said = Object.entries(counts).filter(([, count]) => count > 0);
  return said.map(([what, count]) => `${count} ${what}`).join(', ') || 'nothing to do';
}

export function findingLines(findings: readonly Finding[]): string[] {
  return findings.map(({ severity, rule, object, field, text }) =>
    [severity, rule, [object, field].filter((part) => part !== '').join(': '), text]
      .filter((part) => part !== undefined && part !== '')
      .join('  '),
  );
}

/** Errors first. */
export function checkLines(findings: readonly CheckFinding[]): string[] {
  const rank = ({ severity }: CheckFinding) => (severity === 'error' ? 0 : 1);
  return [...findings]
    .sort((a, b) => rank(a) - rank(b))
    .flatMap(({ severity, rule, object, field, reason, remedy, isFixable }) => [
      `${severity}  ${rule}  ${[object, field].filter((part) => part !== '').join(': ')}`,
      `    ${reason}`,
      `    ${isFixable ? '(--fix) ' : ''}${remedy}`,
    ]);
}

/** What, what each side has made of it and who, when; and what stands now. */
export function conflictLines({
  id,
  kind,
  text,
  main,
  branch,
  mergedIn,
  resolvedIn,
}: ShownConflict): string[] {
  const state =
    resolvedIn === undefined
      ? kind === 'conflict'
        ? 'open'
        : 'settled by rule'
      : `resolved in ${resolvedIn}`;
  const side = (name: string, { author, at, revision }: ShownConflict['main']) => {
    if (author === undefined) return `    ${name}: not edited`;
    const when = at === undefined ? '' : `, ${instantInWords(at)}`;
    return `    ${name}: ${author.who} (${author.from})${when}${revision === undefined ? '' : `, ${revision}`}`;
  };
  return [
    `${id}  ${state}, merged in ${mergedIn}`,
    `    ${text}`,
    ...[side('main line', main), side('branch', branch)],
  ];
}

/** `at` as local time with its offset would be read differently at the two sites: UTC. */
function instantInWords(at: number): string {
  return `${new Date(at).toISOString().replace('T', ' ').slice(0, 19)} UTC`;
}

export function entryLines({ revision, at, author, note, changes, resolves }: Entry): string[] {
  const choice = resolves === undefined ? '' : `  resolves ${resolves}`;
  const head = `${revisionText(revision)}  ${instantInWords(at)}  ${author.who} (${author.from})${choice}`;
  const lines = cutLines(changeLines(changes), ENTRY_LINES_MAX);
  if (changes.length >= CHANGES_SHOWN) lines.push(`(these are the first ${changes.length} of its changes)`);
  return [note === undefined ? head : `${head}  ${note}`, ...lines.map((line) => `    ${line}`)];
}

const INSTANT = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/;

/** `2026-03-01`, `2026-03-01T08:30` (UTC unless it says otherwise), or `90s`, `15m`, `2h` ago; in ms since 1970. */
export function readInstant(text: string, now: number): number | undefined {
  if (/^\d+[smh]$/.test(text)) {
    const ago = readDuration(text);
    return ago === undefined ? undefined : now - ago;
  }
  if (!INSTANT.test(text)) return undefined;
  const hasZone = text.length <= 10 || /(Z|[+-]\d\d:\d\d)$/.test(text);
  const at = Date.parse(`${text.replace(' ', 'T')}${hasZone ? '' : 'Z'}`);
  return Number.isNaN(at) ? undefined : at;
}

/** `3.128`; `3.128+2` where a site that is cut off is looked at. */
const REVISION = /^\d{1,15}\.\d{1,15}(\+\d{1,9})?$/;

export function isRevision(text: string): boolean {
  return REVISION.test(text);
}
