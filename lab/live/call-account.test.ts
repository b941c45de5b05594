import { expect, test } from 'vitest';
import { CallAccount } from './call-account.ts';

function talking(account: CallAccount, number: number): void {
  account.offered(0, `c${number}`, 'north', 4000 + number);
  account.answered(`agent${number}`, `a${number}`, 4000 + number);
}

test('a call is kept only when both ends ended normally after the fault', () => {
  const account = new CallAccount();
  for (const number of [1, 2, 3, 4]) talking(account, number);
  account.fault();
  account.callerEnded('c1', 'normal');
  account.agentEnded('agent1', 'a1', 'normal');
  account.callerEnded('c2', 'lost');
  account.agentEnded('agent2', 'a2', 'lost');
  account.agentEnded('agent3', 'a3', 'normal');
  account.callerEnded('c3', 'lost');
  expect(account.figures()).toEqual({
    offered: 4,
    answered: 4,
    established: 4,
    kept: 1,
    lost: 3,
    lostBy: { 'both-ends': 1, 'caller-end': 1, 'not-ended': 1 },
  });
});

test('a caller who waits is no established call, and one answered after the fault is not counted', () => {
  const account = new CallAccount();
  account.offered(0, 'c1', 'north', 4001);
  expect(account.waiting).toBe(1);
  account.fault();
  account.answered('agent1', 'a1', 4001);
  expect(account.talking).toBe(1);
  account.callerEnded('c1', 'normal');
  account.agentEnded('agent1', 'a1', 'normal');
  expect(account.figures()).toMatchObject({ answered: 1, established: 0, kept: 0, lost: 0 });
});

test('a caller who goes on at the next site is one call', () => {
  const account = new CallAccount();
  account.offered(0, 'c1', 'north', 4001);
  account.offered(4, 'c1b', 'south', 4001);
  account.answered('agent1', 'a1', 4001);
  account.callerEnded('c1b', 'normal');
  expect(account.figures()).toMatchObject({ offered: 1, answered: 1, established: null });
});
