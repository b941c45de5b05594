import { expect, test } from 'vitest';
import { progressInWords, readDuration, stayingInWords } from './drain-words.ts';

const PROGRESS = {
  ...{ by: 'max', agents: 12, inWaves: 3, calls: 1, waiting: 0, phones: 40, staying: [], stayingCount: 0 },
  ...{ isPastDeadline: false, isForced: false, endsProcess: false, isDrained: false },
};

test('a duration is seconds unless it says minutes or hours', () => {
  expect(['90', '90s', '15m', '2h'].map(readDuration)).toEqual([90_000, 90_000, 900_000, 7_200_000]);
  for (const wrong of ['', '0', '-1', '1.5', '1d', '1 m', '9999999', '200h'])
    expect(readDuration(wrong)).toBeUndefined();
});

test('one line says what is left, and until when', () => {
  expect(progressInWords({ ...PROGRESS, deadlineInMs: 59_100 })).toBe(
    '12 agents left (3 idle), 1 call, 0 waiting in queues, 40 phones registered, 60 s until the deadline',
  );
  expect(progressInWords({ ...PROGRESS, isPastDeadline: true })).toContain('the deadline has passed');
  expect(progressInWords({ ...PROGRESS, phones: 1, isDrained: true })).toBe(
    'drained: no agent and no call is left, 1 phone registered',
  );
});

test('who cannot move is named with the reason, and those beyond the message are counted', () => {
  expect(stayingInWords(PROGRESS)).toEqual([]);
  const staying = [{ dn: '7001', AgentID: '1001', because: 'Why.' }];
  expect(stayingInWords({ ...PROGRESS, staying, stayingCount: 3 })).toEqual([
    '3 agents cannot work at the other site and will be logged out last:',
    '  1001 on DN 7001: Why.',
    '  and 2 more',
  ]);
});
