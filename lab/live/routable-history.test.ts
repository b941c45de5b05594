import type { EventMessage, EventName } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { LeaseBook } from './lease-book.ts';
import { checkHistory, type SiteLog } from './routable-history.ts';

const LENGTH_MS = 1000;

function log(site: string, loggedIn: string[], ...entries: [time: number, name: EventName][]): SiteLog {
  const all = entries.map(([time, name], index): EventMessage => {
    const position = { epoch: 1, number: index + 1 };
    return { type: 'Event', position, time, name, attributes: { Server: site, ThisDN: '7001' } };
  });
  return { site, loggedIn, entries: all };
}

function check(logs: SiteLog[], promises: [site: string, receivedAt: number][]) {
  const book = new LeaseBook(LENGTH_MS);
  for (const [site, receivedAt] of promises) book.promised('7001', site, receivedAt);
  return checkHistory({
    logs,
    from: 0,
    until: 9000,
    atOf: (time) => time,
    leases: (dn, site) => book.of(dn, site),
  });
}

test('a desk that waits for the end of the lease was never routable at both, though the first site logs nobody out', () => {
  const logs = [log('north', ['7001']), log('south', [], [2100, 'EventAgentLogin'], [2500, 'EventRinging'])];
  const promises: [string, number][] = [
    ['north', 0],
    ['north', 500],
    ['north', 1000],
    ['south', 2090],
    ['south', 2600],
  ];
  expect(check(logs, promises)).toEqual({ logins: 2, rings: 1, violations: [] });
});

test('one that logs in elsewhere while the lease lives was', () => {
  const logs = [log('north', ['7001']), log('south', [], [1500, 'EventAgentLogin'])];
  const { violations } = check(logs, [
    ['north', 1000],
    ['south', 1490],
  ]);
  expect(violations).toEqual(['7001 was routable at both sites from 1500 to 2000 ms']);
});

test('after a logout the rest of the lease is worth nothing', () => {
  const logs = [
    log('north', ['7001'], [1200, 'EventAgentLogout']),
    log('south', [], [1300, 'EventAgentLogin']),
  ];
  expect(
    check(logs, [
      ['north', 1000],
      ['south', 1290],
    ]).violations,
  ).toEqual([]);
});

test('a call that is sent to an agent whose lease has ended is found', () => {
  const logs = [log('north', ['7001'], [2300, 'EventRinging']), log('south', [])];
  expect(check(logs, [['north', 1000]]).violations).toEqual(['north rang 7001 at 2300 ms without a lease']);
});

test('leases that run into one another are one', () => {
  const book = new LeaseBook(LENGTH_MS);
  for (const at of [0, 400, 800, 3000]) book.promised('7001', 'north', at);
  expect(book.of('7001', 'north')).toEqual([
    { from: 0, until: 1800 },
    { from: 3000, until: 4000 },
  ]);
  expect(book.of('7001', 'south')).toEqual([]);
});
