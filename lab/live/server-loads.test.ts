import { LOAD_LINE } from '@holdfast/server';
import { expect, test } from 'vitest';
import { ServerLoads } from './server-loads.ts';

const line = (pid: number, rssKB: number) =>
  `${JSON.stringify({
    level: 'info',
    pid,
    application: `sip-${pid}`,
    detail: { loopDelayP99Ms: 1.5, loopDelayMaxMs: 3, overMs: 10, rssKB, heapKB: 7 },
    what: LOAD_LINE,
  })}\n`;

test('loads are found in what the servers log, also in pieces, the newest of each', () => {
  const loads = new ServerLoads();
  const text = `${line(1, 10)}{"what":"something else"}\nnot JSON, but says ${LOAD_LINE}\n${line(1, 20)}${line(2, 30)}`;
  for (let at = 0; at < text.length; at += 7) loads.read(text.slice(at, at + 7));
  expect(loads.hasAll([1, 2])).toBe(true);
  expect(loads.hasAll([1, 2, 3])).toBe(false);
  expect(loads.take([1, 2, 3])).toEqual([
    { application: 'sip-1', loopDelayP99Ms: 1.5, loopDelayMaxMs: 3, rssKB: 20, heapKB: 7 },
    { application: 'sip-2', loopDelayP99Ms: 1.5, loopDelayMaxMs: 3, rssKB: 30, heapKB: 7 },
  ]);
  expect(loads.take([1, 2])).toEqual([]);
});
