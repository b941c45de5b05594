import { describe, expect, test } from 'vitest';
import { Deadlines } from './deadlines.ts';
import { randomInteger, seededRandom } from './random.ts';

function allDue(deadlines: Deadlines<string>, now: number): string[] {
  const due: string[] = [];
  for (let name = deadlines.takeDue(now); name !== undefined; name = deadlines.takeDue(now)) due.push(name);
  return due;
}

describe('deadlines', () => {
  test('come out the earliest first, equal ones in the order in which they were set', () => {
    const deadlines = new Deadlines<string>();
    for (const [name, at] of [
      ['c', 30],
      ['a', 10],
      ['b', 20],
      ['b2', 20],
    ] as const)
      deadlines.set(name, at);
    expect(deadlines.next()).toBe(10);
    expect(allDue(deadlines, 20)).toEqual(['a', 'b', 'b2']);
    expect(deadlines.next()).toBe(30);
  });

  test('one that has moved later is not due at its former instant, and counts as set when it moved', () => {
    const deadlines = new Deadlines<string>();
    deadlines.set('moved', 10);
    deadlines.set('stays', 20);
    deadlines.set('moved', 20);
    expect(deadlines.next()).toBe(20);
    expect(allDue(deadlines, 19)).toEqual([]);
    expect(allDue(deadlines, 20)).toEqual(['stays', 'moved']);
    expect(deadlines.size).toBe(0);
  });

  test('one that has moved earlier, or was cleared and set again, is due once', () => {
    const deadlines = new Deadlines<string>();
    deadlines.set('earlier', 50);
    deadlines.set('earlier', 10);
    deadlines.set('again', 5);
    deadlines.clear('again');
    deadlines.set('again', 40);
    expect(deadlines.get('again')).toBe(40);
    expect(allDue(deadlines, 100)).toEqual(['earlier', 'again']);
    expect(deadlines.next()).toBeUndefined();
  });

  test('do as a sorted list does, whatever is set, moved and cleared', () => {
    const random = seededRandom(7);
    const deadlines = new Deadlines<string>();
    const plain = new Map<string, { at: number; order: number }>();
    for (let order = 0, now = 0; order < 20_000; order++) {
      const name = `n${randomInteger(random, 0, 300)}`;
      if (random() < 0.2) {
        deadlines.clear(name);
        plain.delete(name);
      } else {
        const at = now + randomInteger(random, 0, 500);
        deadlines.set(name, at);
        plain.set(name, { at, order });
      }
      if (random() < 0.05) now += randomInteger(random, 0, 200);
      const due = [...plain].filter(([, { at }]) => at <= now);
      due.sort(([, a], [, b]) => a.at - b.at || a.order - b.order);
      for (const [gone] of due) plain.delete(gone);
      expect(allDue(deadlines, now)).toEqual(due.map(([gone]) => gone));
      const ats = [...plain.values()].map(({ at }) => at);
      expect(deadlines.next()).toBe(ats.length === 0 ? undefined : Math.min(...ats));
      expect(deadlines.size).toBe(plain.size);
    }
  });
});
