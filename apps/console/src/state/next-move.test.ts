import { expect, test } from 'vitest';
import { nextMoveWords } from '../agent-texts.ts';
import { nextMove } from './next-move.ts';

const sentence = (name: string, value: string, waitsFor = '', site = 'north') =>
  nextMoveWords(nextMove({ name, value, source: 'x', site, waitsFor, from: null, until: null }));

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
  expect(sentence('disaster-recovery.auto-restore', 'true', 'your own site north to be back')).toBe(
    'Goes back to north by itself; waits for its own site north to be back.',
  );
});

test('the lease of a site, and an option that is not known here', () => {
  expect(sentence('lease-length', '4 s')).toContain('lease of site north has certainly ended, 4 s after');
  expect(sentence('something-new', '5', 'your phone at site south')).toBe(
    'Waits for the phone at site south.',
  );
});

test('the site is that for which the option is set, wherever the agent is', () => {
  expect(sentence('site-timeout', '3 s', '', 'south')).toBe('Leaves south after 3 s without a SIP Server.');
});
