import { expect, test } from 'vitest';
import { LineAccount, SAME_MOMENT_MS, serviceOfLine } from './line-account.ts';

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
  expect(account.figures(9000)).toEqual({ waiting: 0, served: 3, inversions: 0, lost: 0 });
});

test('each overtaken caller counts once, also who gives up and who still waits', () => {
  const account = line([0, 'served'], [100, 'gives up'], [200, 'waits'], [300, 'x'], [400, 'y']);
  account.served(1000, 'y');
  account.served(1100, 'x');
  account.served(2000, 'served');
  account.left(2100, 'gives up', false);
  expect(account.figures(3000)).toEqual({ waiting: 1, served: 3, inversions: 4, lost: 0 });
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
  expect(account.figures(9000)).toEqual({ waiting: 0, served: 2, inversions: 0, lost: 0 });
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
  expect(account.figures(400)).toEqual({ waiting: 0, served: 0, inversions: 0, lost: 3 });
  account.served(1000, 'b');
  account.left(1500, 'a', true);
  account.movedOn('no sign yet');
  expect(account.figures(2000)).toEqual({ waiting: 0, served: 1, inversions: 0, lost: 2 });
});

test('who is told or hangs up is not lost; who hears nothing more is', () => {
  const account = line([0, 'told'], [0, 'silent']);
  account.left(1000, 'told', false);
  account.left(1000, 'silent', true);
  account.dialled('never reached', NORTH);
  account.left(3000, 'never reached', true);
  expect(account.figures(4000)).toEqual({ waiting: 0, served: 0, inversions: 0, lost: 1 });
});

test('without a caller nothing was looked at', () => {
  expect(new LineAccount().figures(0)).toEqual({ waiting: 0, served: null, inversions: null, lost: null });
});

/** Six callers come to a line in which nobody stands, and this becomes of them. */
function serviceAfter(fate: (account: LineAccount, legs: readonly string[]) => void) {
  const account = new LineAccount();
  const legs = ['a', 'b', 'c', 'd', 'e', 'f'];
  const before = account.figures(0);
  for (const [index, leg] of legs.entries()) {
    account.dialled(leg, NORTH);
    account.taken(200 * index, leg);
  }
  const stood = account.figures(2000);
  fate(account, legs);
  return serviceOfLine({ before, stood, after: account.figures(9000) }, legs.length);
}

test('a line of which everybody is answered in the order of coming was served', () => {
  const all = serviceAfter((account, legs) => {
    for (const [index, leg] of legs.entries()) account.served(3000 + 500 * index, leg);
  });
  expect(all).toEqual({ ok: true, detail: '6 stood in line, 6 of 6 were served, 0 overtaken, 0 lost' });
});

test('a line that empties because its site dies was not served, whether its callers are lost, told or hang up', () => {
  const lost = serviceAfter((account) => void account.siteGone('north'));
  expect(lost).toEqual({ ok: false, detail: '6 stood in line, 0 of 6 were served, 0 overtaken, 6 lost' });
  const told = serviceAfter((account, legs) => {
    for (const leg of legs) account.left(3000, leg, false);
  });
  expect(told).toEqual({ ok: false, detail: '6 stood in line, 0 of 6 were served, 0 overtaken, 0 lost' });
  const allButOne = serviceAfter((account, legs) => {
    for (const leg of legs.slice(0, 5)) account.served(3000, leg);
    account.left(4000, 'f', false);
  });
  expect(allButOne.ok).toBe(false);
});

test('callers of a dead site who never had a sign stand in no line, so that it was not served', () => {
  const account = new LineAccount();
  const before = account.figures(0);
  for (const leg of ['a', 'b', 'c']) account.dialled(leg, NORTH);
  const stood = account.figures(1000);
  expect([stood.waiting, account.withoutSign]).toEqual([0, 3]);
  for (const leg of ['a', 'b', 'c']) account.left(2000, leg, true);
  expect(serviceOfLine({ before, stood, after: account.figures(9000) }, 3).ok).toBe(false);
});

test('who goes on at another site after the first has died is not lost', () => {
  const account = line([0, 'a']);
  account.siteGone('north');
  account.dialled('again', { site: 'south', number: '8000' });
  account.movedOn('a');
  expect(account.figures(1000)).toMatchObject({ waiting: 0, lost: 0 });
});
