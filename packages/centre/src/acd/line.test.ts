import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Line } from './line.ts';

const byValue = () =>
  new Line<{ value: number; name: string }>(
    (a, b) => a.value - b.value || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );

test('whoever ranks first stands first, whenever they joined', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ join: fc.boolean(), value: fc.nat(20), name: fc.constantFrom('a', 'b') })),
      (steps) => {
        const line = byValue();
        const there = new Map<string, { value: number; name: string }>();
        for (const { join, value, name } of steps) {
          const key = `${String(value).padStart(3, '0')}${name}`;
          expect(join ? line.add({ value, name }) : line.remove({ value, name })).toBe(
            join !== there.has(key),
          );
          if (join) there.set(key, { value, name });
          else there.delete(key);
          expect(line.items()).toEqual(
            [...there.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item),
          );
          expect(line.size).toBe(there.size);
          expect(line.first()).toEqual(line.items()[0]);
        }
      },
    ),
    { numRuns: 300 },
  );
});
