import { expect, test } from 'vitest';
import { LineAccount, SAME_MOMENT_MS } from './line-account.ts';

const NORTH = { site: 'north', number: '8000' };

function line(...arrivals: readonly (readonly [at: number, leg: string])[]): LineAccount {
  const account = new LineAccount();
  for (const [at, leg] of arrivals) {
    account.dialled(leg, NORTH);
    account.taken(at, leg);
  }
  return account;
}

test('who is served in the order of coming overtakes nobody', () => {
  const account = line([0, 'a'], [100, 'b'], [200, 'c']);
  for (const [at, leg] of [
    [1000, 'a'],
    [2000, 'b'],
    [3000, 'c'],
  ] as const)
    account.served(at, leg);
  expect(account.figures(9000)).toEqual({ waiting: 0, inversions: 0, lost: 0 });
});

test('each overtaken caller counts once, also who gives up and who still waits', () => {
  const account = line([0, 'served'], [100, 'gives up'], [200, 'waits'], [300, 'x'], [400, 'y']);
  account.served(1000, 'y');
  account.served(1100, 'x');
  account.served(2000, 'served');
  account.left(2100, 'gives up', false);
  expect(account.figures(3000)).toEqual({ waiting: 1, inversions: 4, lost: 0 });
});

test('what happens in the same moment has no order', () => {
  const account = line([0, 'a'], [SAME_MOMENT_MS, 'b'], [500, 'c'], [600, 'd']);
  account.served(1000, 'b');
  account.served(2000, 'a');
  account.served(3000 + SAME_MOMENT_MS, 'd');
  account.served(3000 + 2 * SAME_MOMENT_MS, 'c');
  expect(account.figures(9000).inversions).toBe(0);
});

test('who dialled a site that was away stands in its line from its first sign', () => {
  const account = new LineAccount();
  account.dialled('early', NORTH);
  account.dialled('late', NORTH);
  account.taken(5000, 'late');
  account.taken(5100, 'early');
  account.served(6000, 'late');
  account.served(7000, 'early');
  expect(account.figures(9000)).toEqual({ waiting: 0, inversions: 0, lost: 0 });
});

test('another number and another site are other lines', () => {
  const account = line([0, 'a']);
  account.dialled('b', { site: 'south', number: '8000' });
  account.dialled('c', { site: 'north', number: '8001' });
  account.taken(500, 'b');
  account.taken(500, 'c');
  account.served(1000, 'b');
  account.served(1000, 'c');
  account.served(5000, 'a');
  expect(account.figures(9000).inversions).toBe(0);
});

test('callers of a dead site are lost, unless they are served after all', () => {
  const account = line([0, 'a'], [100, 'b'], [200, 'c']);
  account.dialled('no sign yet', NORTH);
  expect(account.siteGone('south')).toEqual([]);
  expect(account.siteGone('north')).toEqual(['a', 'b', 'c']);
  expect(account.figures(400)).toEqual({ waiting: 1, inversions: 0, lost: 3 });
  account.served(1000, 'b');
  account.left(1500, 'a', true);
  account.movedOn('no sign yet');
  expect(account.figures(2000)).toEqual({ waiting: 0, inversions: 0, lost: 2 });
});

test('who is told or hangs up is not lost; who hears nothing more is', () => {
  const account = line([0, 'told'], [0, 'silent']);
  account.left(1000, 'told', false);
  account.left(1000, 'silent', true);
  account.dialled('never reached', NORTH);
  account.left(3000, 'never reached', true);
  expect(account.figures(4000)).toEqual({ waiting: 0, inversions: 0, lost: 1 });
});

test('without a caller nothing was looked at', () => {
  expect(new LineAccount().figures(0)).toEqual({ waiting: 0, inversions: null, lost: null });
});
