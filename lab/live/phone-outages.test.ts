import { expect, test } from 'vitest';
import { PhoneOutages } from './phone-outages.ts';

test('an outage lasts from the last registration that was lost to the next one, and those before are left out', () => {
  const outages = new PhoneOutages();
  outages.registered(50, 'ada');
  outages.lost(100, 'ada');
  outages.registered(300, 'ada');
  outages.registered(400, 'ada');
  outages.lost(1_000, 'ada');
  outages.lost(1_500, 'ada');
  outages.registered(4_500, 'ada');
  expect(outages.since(0)).toHaveLength(2);
  expect(outages.since(200)).toEqual([{ agent: 'ada', from: 1_000, until: 4_500 }]);
});

test('one that goes on has no end, and ends with its phone', () => {
  const outages = new PhoneOutages();
  outages.lost(100, 'ada');
  outages.lost(200, 'bob');
  outages.forget('bob');
  expect(outages.since(0)).toEqual([{ agent: 'ada', from: 100, until: Number.POSITIVE_INFINITY }]);
});
