import type { Millis, Node } from '@holdfast/kernel';
import { expect, test } from 'vitest';
import { runNode } from './run-node.ts';

const now = () => performance.now();

/** Says each input back; "again:x" makes the shell put x in while it performs; "in:20" wakes after 20 ms. */
class Echo implements Node<string, string> {
  deadline: Millis | undefined;
  early = 0;

  handle(at: Millis, input: string): string[] {
    if (input.startsWith('in:')) {
      this.deadline = at + Number(input.slice(3));
      return [];
    }
    return [`${input}.1`, `${input}.2`];
  }

  nextDeadline(): Millis | undefined {
    return this.deadline;
  }

  expire(at: Millis): string[] {
    if (this.deadline === undefined || at < this.deadline) {
      this.early++;
      return [];
    }
    this.deadline = undefined;
    return ['woken'];
  }
}

test('effects are performed in order, and an input from inside an effect waits until they are', () => {
  const done: string[] = [];
  const running = runNode(new Echo(), {
    now,
    perform: (effect) => {
      done.push(effect);
      if (effect === 'a.1') running.input('b');
    },
  });
  running.input('a');
  expect(done).toEqual(['a.1', 'a.2', 'b.1', 'b.2']);
  running.stop();
});

test('the node is woken at its deadline, and not before', async () => {
  const echo = new Echo();
  const startedAt = now();
  const woken = new Promise<number>((resolve) => {
    const running = runNode(echo, { now, perform: (effect) => effect === 'woken' && resolve(now()) });
    running.input('in:30');
  });
  expect((await woken) - startedAt).toBeGreaterThanOrEqual(30);
});

test('a deadline that moves nearer is kept', async () => {
  const startedAt = now();
  const woken = new Promise<number>((resolve) => {
    const running = runNode(new Echo(), { now, perform: (effect) => effect === 'woken' && resolve(now()) });
    running.input('in:60000');
    running.input('in:10');
  });
  expect((await woken) - startedAt).toBeLessThan(5_000);
});

test('a deadline that moves away costs one early call, which does nothing', async () => {
  const echo = new Echo();
  const startedAt = now();
  const woken = new Promise<number>((resolve) => {
    const running = runNode(echo, { now, perform: (effect) => effect === 'woken' && resolve(now()) });
    running.input('in:5');
    running.input('in:60');
  });
  expect((await woken) - startedAt).toBeGreaterThanOrEqual(60);
  expect(echo.early).toBeLessThanOrEqual(2);
});

test('after stop nothing is performed', () => {
  const done: string[] = [];
  const running = runNode(new Echo(), {
    now,
    perform: (effect) => {
      done.push(effect);
      running.stop();
    },
  });
  running.input('a');
  running.input('b');
  expect(done).toEqual(['a.1']);
});

test('[PR6] what a node lets go is asked for with the clock read again, after what it has answered', () => {
  const done: string[] = [];
  let clock = 0;
  const node: Node<string, string> = {
    handle(at, input) {
      clock += 1_000;
      return [`${input} at ${at}`];
    },
    outgoing: (at) => [`let go at ${at}`],
    nextDeadline: () => undefined,
    expire: () => [],
  };
  const running = runNode(node, { now: () => clock, perform: (effect, at) => done.push(`${effect}, ${at}`) });
  running.input('a');
  running.input('b');
  expect(done).toEqual(['a at 0, 0', 'let go at 1000, 1000', 'b at 1000, 1000', 'let go at 2000, 2000']);
  running.stop();
});
