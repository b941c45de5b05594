import { expect, test } from 'vitest';
import { nextMoveWords } from '../agent-texts.ts';
import { nextMove } from './next-move.ts';

const NORTH = { site: 'north', preferredSite: 'north' };
const sentence = (
  name: string,
  value: string,
  waitsFor = '',
  where: Parameters<typeof nextMove>[1] = NORTH,
) => nextMoveWords(nextMove({ name, value, source: 'x', waitsFor, from: null, until: null }, where));

test.each([
  ['disaster-recovery.timeout', '60 s', 'Leaves north after 60 s without a SIP Server.'],
  ['disaster-recovery.timeout', '60', 'Leaves north after 60 s without a SIP Server.'],
  ['site-timeout', '30 s', 'Leaves north after 30 s without a SIP Server.'],
  ['site-timeout', 'unset (never)', 'Never leaves north for want of a SIP Server.'],
  ['disaster-recovery.wait-for-sipphone-timeout', '30 s', 'Leaves north after 30 s without the phone there.'],
  ['site-sip-register-timeout', '0 (never)', 'Never leaves north for want of the phone.'],
])('%s = %s: %s', (name, value, words) => {
  expect(sentence(name, value)).toBe(words);
});

test('who is away from home is told of the way back, in the third person', () => {
  const away = { site: 'south', preferredSite: 'north' };
  expect(sentence('disaster-recovery.auto-restore', 'true', 'your own site north to be back', away)).toBe(
    'Goes back to north by itself; waits for its own site north to be back.',
  );
});

test('the lease of the other site, and an option that is not known here', () => {
  expect(sentence('lease-length', '4 s')).toContain('4 s after it was last heard');
  expect(sentence('something-new', '5', 'your phone at site south')).toBe(
    'Waits for the phone at site south.',
  );
});

test('who is logged out leaves the site that is preferred', () => {
  const out = { site: null, preferredSite: 'south' };
  expect(sentence('site-timeout', '3 s', '', out)).toContain('Leaves south');
});
