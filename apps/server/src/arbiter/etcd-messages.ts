/**
 * The answers of etcd's JSON gateway, read. Its 64-bit numbers are text, its bytes are base64, and what has its
 * default (0, false, empty) is left out. Whatever else comes gives a problem in words, never an exception.
 */
import type { KeySeen, RoleKey } from '@holdfast/continuity';
import { roleKey } from '@holdfast/protocol';

export type SeenOrProblem =
  | { readonly seen: KeySeen; readonly problem?: undefined }
  | { readonly seen?: undefined; readonly problem: string };

export const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Of `/v3/kv/range`: one key, or none. */
export function readRange(value: unknown): SeenOrProblem {
  const range = objectOf(value);
  // An etcd puts its header into every answer; without one somebody else has answered.
  if (objectOf(range?.header) === undefined) return { problem: 'its answer is none of an etcd' };
  const pairs = range?.kvs ?? [];
  if (!Array.isArray(pairs)) return { problem: 'its answer has no list of keys' };
  if (pairs.length === 0) return { seen: { revision: { start: 0, count: 0 }, key: undefined } };
  return readPair(pairs[0]);
}

/** Of `/v3/kv/txn` that puts `key`, or says what stands. */
export function readTxn(value: unknown, key: RoleKey): SeenOrProblem & { readonly succeeded: boolean } {
  const txn = objectOf(value);
  const header = objectOf(txn?.header);
  if (header === undefined) return { succeeded: false, problem: 'its answer is none of an etcd' };
  if (txn?.succeeded === true) {
    const count = numberOf(header.revision);
    if (count === undefined) return { succeeded: true, problem: 'its answer has no revision' };
    return { succeeded: true, seen: { revision: { start: 0, count }, key } };
  }
  const first = Array.isArray(txn?.responses) ? objectOf(txn.responses[0]) : undefined;
  const range = objectOf(first?.response_range);
  if (range === undefined) return { succeeded: false, problem: 'its answer does not say what stands' };
  return { succeeded: false, ...readRange({ header, ...range }) };
}

/** A key with its value, as ranges and watches give it. */
export function readPair(value: unknown): SeenOrProblem {
  const pair = objectOf(value);
  const count = numberOf(pair?.mod_revision);
  if (count === undefined) return { problem: 'its answer has no revision of the key' };
  const key = readKey(pair?.value);
  if (key === undefined)
    return { problem: `what stands under the key at revision ${count} is none of ours; delete it` };
  return { seen: { revision: { start: 0, count }, key } };
}

function readKey(value: unknown): RoleKey | undefined {
  if (typeof value !== 'string') return undefined;
  try {
    return roleKey.safeParse(JSON.parse(Buffer.from(value, 'base64').toString())).data;
  } catch {
    // Somebody else wrote something that is no JSON.
    return undefined;
  }
}

export function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

/** A revision: 64 bits as text; 2^53 changes are more than an etcd lives through. */
function numberOf(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^\d{1,16}$/.test(value)) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}
