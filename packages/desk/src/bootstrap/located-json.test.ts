import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readLocatedJson } from './located-json.ts';

/** What JSON.parse makes of it. */
function parsed(text: string): { readonly ok: boolean; readonly value?: unknown } {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false };
  }
}

test('what is JSON, and as what it is read, is as JSON.parse has it', () => {
  const sound = fc.json({ maxDepth: 4, stringUnit: 'binary' });
  const bent = fc
    .tuple(sound, fc.nat(40), fc.constantFrom('', ',', ':', '"', '\\', '\n', '0', '}', ']', 'e', '-'))
    .map(([text, at, put]) => text.slice(0, at) + put + text.slice(at + 1));
  fc.assert(
    fc.property(fc.oneof(sound, bent, fc.string()), (text) => {
      const { ok, value } = parsed(text);
      const located = readLocatedJson(text);
      expect(located.ok).toBe(ok);
      if (located.ok) expect(located.value).toEqual(value);
    }),
    { numRuns: 2_000, seed: 7 },
  );
});

test.each([
  ['', 1, 'ends where a value'],
  ['{\n"a": 1\n', 3, 'ends where a comma'],
  ['{\n"a": 01}', 2, 'a comma or the end of what is open is needed, and 1} stands there'],
  ["{'a': 1}", 1, "a key in quotes or } is needed, and 'a': 1} stands there"],
  ['[1,]', 1, 'a value is needed, and ] stands there'],
  ['[1}', 1, 'a comma or the end'],
  ['{"a": "b\nc"}', 1, 'a value is needed, and "b stands there'],
  ['{} x', 1, 'the end of the file is needed, and x stands there'],
])('%j is no JSON from line %i on: %s', (text, line, words) => {
  expect(readLocatedJson(text)).toMatchObject({ ok: false, line, text: expect.stringContaining(words) });
});

test('keys have lines, also those that only stand in a text, and twice is told of one object alone', () => {
  const text = '{\n"a": "\\"b\\":",\n"b": {"a": 1,\n"c": [\n{"a": 2}]},\n"b": 3}';
  const located = readLocatedJson(text);
  if (!located.ok) throw new Error(located.text);
  expect([['a'], ['b', 'a'], ['b', 'c'], ['b', 'c', '0'], ['x']].map(located.lineOf)).toEqual([
    2, 3, 4, 4, 1,
  ]);
  expect(located.twice(9)).toEqual([{ key: 'b', line: 6 }]);
});
