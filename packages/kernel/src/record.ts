/**
 * Plain data as another process can hold it: what a step or a node keeps, written so that it survives JSON, and read
 * back on the other process's clock. The mate and the peer site follow a server by such records.
 *
 * An instant means nothing on another clock, so what crosses is a duration from the writer's `now` (rule LG5). Which
 * numbers are instants is told by their names: house style lets them end in At, Since or Until, and nothing else.
 * Bytes, maps and sets are written under a key of their own. `undefined` is left out.
 */
import { assert } from './assert.ts';
import type { Millis } from './machine.ts';

/** Data that survives JSON. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain };

/** A record of another process, and when it was received here: its instants count from then. */
export interface HeldRecord {
  readonly value: Plain;
  readonly heldAt: Millis;
}

/** Deeper than anything that a server keeps: a record that refers to itself is a mistake of ours. */
const DEPTH_MAX = 32;
const INSTANT = /(?:^|[a-z0-9])(?:At|Since|Until)$|^(?:since|until|notBefore)$/;
/** Never: a deadline that does not come. */
const NEVER = 'never';
const MARKS = new Set(['$in', '$bytes', '$map', '$set', '$object']);

/** Throws where a function, an instance of a class with private state, or a cycle stands in it: that cannot cross. */
export function toRecord(value: unknown, now: Millis): Plain {
  return write(value, '', now, 0);
}

/** What `toRecord` wrote, `now` being the instant on this clock at which the writer's `now` was. */
export function fromRecord<Value>(record: Plain, now: Millis): Value {
  return read(record, now) as Value;
}

function write(value: unknown, key: string, now: Millis, depth: number): Plain {
  // The words are made only where they are needed: every value of every record comes by here.
  if (depth >= DEPTH_MAX) assert(false, `a record is deeper than ${DEPTH_MAX} at '${key}'`);
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return writeNumber(value, key, now);
    case 'object':
      return value === null ? null : writeObject(value, now, depth + 1);
    default:
      throw new TypeError(`a ${typeof value} cannot stand in a record, at '${key}'`);
  }
}

function writeNumber(value: number, key: string, now: Millis): Plain {
  if (INSTANT.test(key)) return { $in: value === Number.POSITIVE_INFINITY ? NEVER : value - now };
  if (!Number.isFinite(value)) assert(false, `${value} cannot stand in a record, at '${key}'`);
  return value;
}

function writeObject(value: object, now: Millis, depth: number): Plain {
  if (value instanceof Uint8Array) return { $bytes: textOf(value) };
  if (Array.isArray(value))
    return value.map((item) => (item === undefined ? null : write(item, '', now, depth)));
  if (value instanceof Map)
    return {
      $map: [...value].map(([key, item]) => [write(key, '', now, depth), write(item, '', now, depth)]),
    };
  if (value instanceof Set) return { $set: [...value].map((item) => write(item, '', now, depth)) };
  return writeFields(value as Readonly<Record<string, unknown>>, now, depth);
}

function writeFields(value: Readonly<Record<string, unknown>>, now: Millis, depth: number): Plain {
  const plain: Record<string, Plain> = {};
  let count = 0;
  let last = '';
  for (const key of Object.keys(value)) {
    const item = value[key];
    if (item === undefined) continue;
    put(plain, key, write(item, key, now, depth));
    count += 1;
    last = key;
  }
  // Attached data are named by others: a field may be called as one of our marks.
  return count === 1 && MARKS.has(last) ? { $object: plain } : plain;
}

/** Also a field that attached data call `__proto__`: set like any other it would be no field. */
function put(fields: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(fields, key, { value, enumerable: true, configurable: true, writable: true });
  else fields[key] = value;
}

function read(record: Plain, now: Millis): unknown {
  if (typeof record !== 'object' || record === null) return record;
  if (isList(record)) return record.map((item) => read(item, now));
  const keys = Object.keys(record);
  const mark = keys.length === 1 ? keys[0] : undefined;
  const marked = mark === undefined ? undefined : record[mark];
  if (mark === '$object') return readFields(marked as { readonly [key: string]: Plain }, now);
  if (mark === '$in') return marked === NEVER ? Number.POSITIVE_INFINITY : (marked as number) + now;
  if (mark === '$bytes') return bytesOf(marked as string);
  if (mark === '$set') return new Set((marked as readonly Plain[]).map((item) => read(item, now)));
  if (mark === '$map')
    return new Map(
      (marked as readonly (readonly [Plain, Plain])[]).map(([k, v]) => [read(k, now), read(v, now)]),
    );
  return readFields(record, now);
}

function readFields(record: { readonly [key: string]: Plain }, now: Millis): object {
  const fields: Record<string, unknown> = {};
  for (const key of Object.keys(record)) put(fields, key, read(record[key] as Plain, now));
  return fields;
}

function isList(record: Plain): record is readonly Plain[] {
  return Array.isArray(record);
}

/** A function takes no more arguments than fit on the stack. */
const TEXT_AT_ONCE = 1_024;

/** One character for each byte: descriptions of sessions are text, and stay readable on the wire. */
function textOf(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += TEXT_AT_ONCE)
    text += Reflect.apply(String.fromCharCode, undefined, bytes.subarray(at, at + TEXT_AT_ONCE));
  return text;
}

function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  return bytes;
}
