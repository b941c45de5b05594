import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromRecord, type Plain, toRecord } from './record.ts';

const overTheWire = (value: unknown, now: number): Plain => JSON.parse(JSON.stringify(toRecord(value, now)));

test('an instant keeps its distance from now on the clock of the other process', () => {
  const kept = {
    giveUpAt: 1_500,
    since: 400,
    waitingSince: 900,
    passedOverUntil: 2_000,
    pauseMs: 500,
    at: 7,
  };
  expect(fromRecord(overTheWire(kept, 1_000), 50_000)).toEqual({
    giveUpAt: 50_500,
    since: 49_400,
    waitingSince: 49_900,
    passedOverUntil: 51_000,
    pauseMs: 500,
    at: 7,
  });
});

test('a deadline that never comes never comes there either', () => {
  expect(fromRecord(overTheWire({ endAt: Number.POSITIVE_INFINITY }, 5), 9)).toEqual({
    endAt: Number.POSITIVE_INFINITY,
  });
});

test('bytes, maps and sets come back as what they were, and undefined is left out', () => {
  const kept = {
    sdp: Uint8Array.from({ length: 256 }, (_, byte) => byte),
    ringing: new Map([['6001', { legs: new Set(['a', 'b']) }]]),
    party: undefined,
    nobody: null,
  };
  const { party: _absent, ...present } = kept;
  expect(fromRecord(overTheWire(kept, 0), 0)).toEqual(present);
});

test('attached data may be called as our marks are', () => {
  const kept = {
    userData: { $in: 'x' },
    other: { $bytes: 'y', more: 'z' },
    deep: { $object: { $set: 'w' } },
  };
  expect(fromRecord(overTheWire(kept, 0), 0)).toEqual(kept);
});

test('many bytes, and a field that is called as the prototype is, come back as they were', () => {
  const userData = JSON.parse('{"__proto__":{"since":5},"a":1}');
  const kept = { sdp: Uint8Array.from({ length: 5_000 }, (_, byte) => byte % 251), userData };
  const read = fromRecord<typeof kept>(overTheWire(kept, 0), 0);
  expect(read.sdp).toEqual(kept.sdp);
  expect(Object.keys(read.userData)).toEqual(['__proto__', 'a']);
  expect(Object.getPrototypeOf(read.userData)).toBe(Object.prototype);
  expect(JSON.stringify(read.userData)).toBe(JSON.stringify(userData));
});

test('what cannot cross is refused where it is written', () => {
  expect(() => toRecord({ run: () => 1 }, 0)).toThrow(/function.*'run'/);
  expect(() => toRecord({ count: Number.NaN }, 0)).toThrow(/'count'/);
  const ring: Record<string, unknown> = {};
  ring.next = ring;
  expect(() => toRecord(ring, 0)).toThrow(/deeper/);
});

test('any plain data come back as they were, whatever their names', () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.uint8Array(),
      fc.array(tie('any'), { maxLength: 4 }),
      fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('$in', '$map', 'since', 'endAt')), tie('any')),
    ),
  })).any;
  fc.assert(
    fc.property(value, (kept) => {
      expect(fromRecord(overTheWire(kept, 3), 3)).toEqual(kept);
    }),
  );
});
