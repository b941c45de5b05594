import { expect, test } from 'vitest';
import { ProcessClock } from './clock.ts';

/** Two clocks that the test moves by hand. */
function clocks() {
  const at = { monotonic: 1_000, wall: 1_700_000_000_000 };
  const jumps: number[] = [];
  const clock = new ProcessClock({ sources: { monotonic: () => at.monotonic, wall: () => at.wall } });
  clock.onJump((byMs) => jumps.push(byMs));
  const pass = (monotonic: number, wall: number = monotonic) => {
    at.monotonic += monotonic;
    at.wall += wall;
  };
  return { at, clock, jumps, pass };
}

test('now follows the monotonic clock and the offset leads to the time of day', () => {
  const { at, clock, pass } = clocks();
  pass(250);
  expect(clock.now()).toBe(1_250);
  expect(clock.now() + clock.wallOffset()).toBe(at.wall);
});

test('a suspension, which the monotonic clock does not count, is a jump forward', () => {
  const { clock, jumps, pass } = clocks();
  pass(10, 60_010);
  clock.now();
  clock.now();
  expect(jumps).toEqual([60_000]);
});

test('time set back is a jump, and now does not go back', () => {
  const { clock, jumps, pass } = clocks();
  pass(10, -3_600_000);
  expect(clock.now()).toBe(1_010);
  expect(jumps).toEqual([-3_600_010]);
});

test('slewing and the coarse tick of the wall clock are no jumps, however long they go on', () => {
  const { clock, jumps, pass } = clocks();
  for (let second = 0; second < 3_600; second++) {
    pass(1_000, 1_001);
    clock.now();
  }
  expect(jumps).toEqual([]);
});

test('the jump is told before the reading that saw it is used', () => {
  const { clock, pass } = clocks();
  const order: string[] = [];
  clock.onJump(() => order.push('jump'));
  pass(5, 5_000);
  clock.now();
  order.push('now');
  expect(order).toEqual(['jump', 'now']);
});

test('a process stopped between the two readings of one look sees no jump', () => {
  let monotonic = 0;
  let wall = 0;
  let stopsFor = 0;
  const clock = new ProcessClock({
    sources: {
      monotonic: () => monotonic,
      wall: () => {
        const read = wall;
        monotonic += stopsFor;
        wall += stopsFor;
        stopsFor = 0;
        return read;
      },
    },
  });
  const jumps: number[] = [];
  clock.onJump((byMs) => jumps.push(byMs));
  stopsFor = 10_000;
  expect(clock.now()).toBe(10_000);
  expect(jumps).toEqual([]);
});

test('who has stopped listening hears no more', () => {
  const { clock, pass } = clocks();
  let heard = 0;
  const stop = clock.onJump(() => heard++);
  stop();
  pass(1, 9_000);
  clock.now();
  expect(heard).toBe(0);
});
