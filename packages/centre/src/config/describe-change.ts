/**
 * The difference of two objects in lines for people, what a dry run and `diff` print (CH5). Secrets are never shown (CF14):
 *
 *     Person/kim: options/agent-desktop/site-1: north → south
 *     Person/kim: passwordHash: changed
 *     AgentGroup/sales: members: added lee, max; removed kim
 */
import type { Change, ConfigObject } from '@holdfast/protocol';
import {
  areEqual,
  isListField,
  isOrderedList,
  isSecret,
  listFieldsOf,
  type Piece,
  piecesOf,
  sequenceOf,
} from './object-pieces.ts';
import { shownValue } from './problem.ts';

/** Elements of one list that are named; of an import of 10,000 members the rest is counted. */
const NAMED_MAX = 20;
/** What the key says already. */
const OF_THE_KEY: ReadonlySet<string> = new Set(['name', 'number', 'code', 'switch']);

export function describeChange({ key, before, after }: Change): string[] {
  if (after === null) return before === null ? [] : [`${key}: deleted`];
  if (before === null) return [`${key}: created`, ...createdLines(after).map((line) => `${key}: ${line}`)];
  return differences(before, after).map((line) => `${key}: ${line}`);
}

/** A value for people: in one line, cut, and without what a terminal would obey. */
export function describeValue(objectType: string, path: readonly string[], value: unknown): string {
  if (value === undefined) return 'not set';
  if (isSecret(objectType, path)) return 'not shown';
  return shownValue(value).replace(/\p{Cc}/gu, '?');
}

function createdLines(object: ConfigObject): string[] {
  const isTold = ({ path: [field = ''], value }: Piece) => {
    if (field === 'switch') return object.objectType === 'Application';
    return !OF_THE_KEY.has(field) && !(field === 'enabled' && value === true);
  };
  const pieces = [...piecesOf(object)].filter(([, piece]) => isTold(piece));
  const single = pieces.filter(([, { path }]) => !isListField(path[0] ?? ''));
  return [
    ...single.map(([name, { path, value }]) => `${name}: ${shownIn(object, path, value)}`),
    ...listFieldsOf([object]).flatMap((field) => listLine(null, object, field)),
  ];
}

function differences(before: ConfigObject, after: ConfigObject): string[] {
  const [old, fresh] = [piecesOf(before), piecesOf(after)];
  const lines: string[] = [];
  for (const name of new Set([...old.keys(), ...fresh.keys()])) {
    const path = (fresh.get(name) ?? old.get(name))?.path ?? [];
    const [from, to] = [old.get(name)?.value, fresh.get(name)?.value];
    if (areEqual(from, to)) continue;
    // What came into a list and what left it is told in one line for each list.
    if (isListField(path[0] ?? '') && (from === undefined || to === undefined)) continue;
    if (isSecret(after.objectType, path)) lines.push(`${name}: ${secretChange(from, to)}`);
    else lines.push(`${name}: ${shownIn(after, path, from)} → ${shownIn(after, path, to)}`);
  }
  return [...lines, ...listFieldsOf([before, after]).flatMap((field) => listLine(before, after, field))];
}

function shownIn(object: ConfigObject, path: readonly string[], value: unknown): string {
  return describeValue(object.objectType, path, value);
}

function secretChange(from: unknown, to: unknown): string {
  if (from === undefined) return 'set';
  return to === undefined ? 'removed' : 'changed';
}

function listLine(before: ConfigObject | null, after: ConfigObject, field: string): string[] {
  const [old, fresh] = [sequenceOf(before, field), sequenceOf(after, field)];
  const added = fresh.filter(isNotIn(old));
  const removed = old.filter(isNotIn(fresh));
  const parts: string[] = [];
  if (added.length > 0) parts.push(`added ${named(added)}`);
  if (removed.length > 0) parts.push(`removed ${named(removed)}`);
  const kept = [old.filter(isIn(fresh)), fresh.filter(isIn(old))] as const;
  if (isOrderedList(field) && !areEqual(kept[0], kept[1]))
    parts.push(`order ${named(kept[0])} → ${named(kept[1])}`);
  return parts.length === 0 ? [] : [`${field}: ${parts.join('; ')}`];
}

function isIn(names: readonly string[]): (name: string) => boolean {
  const set = new Set(names);
  return (name) => set.has(name);
}

function isNotIn(names: readonly string[]): (name: string) => boolean {
  const has = isIn(names);
  return (name) => !has(name);
}

function named(names: readonly string[]): string {
  const more = names.length - NAMED_MAX;
  const shown = names.slice(0, NAMED_MAX).join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
}
