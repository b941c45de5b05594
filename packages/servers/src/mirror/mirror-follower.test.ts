import { fromRecord, toRecord } from '@holdfast/kernel';
import type { MirrorMessage } from '@holdfast/protocol';
import { expect, it } from 'vitest';
import { MirrorFollower, PART_MAX } from './mirror-follower.ts';
import { MirrorLog } from './mirror-log.ts';
import { MirrorStore } from './mirror-store.ts';

/** The mate's clock is ahead of the primary's by so much. */
const APART_MS = 5_000;
const DUE_AT = 90_000;

it('[MC2] however long it takes until everything has come, instants keep their distance from now', () => {
  const log = new MirrorLog(7, (now) => ({
    records: (function* () {
      for (let n = 0; n < 2 * PART_MAX; n++) yield [`call/${n}`, toRecord({ dueAt: DUE_AT }, now)] as const;
    })(),
    events: [],
    positions: [],
  }));
  log.start(0);
  const follower = new MirrorFollower(log);
  const store = new MirrorStore();
  let now = 1_000;
  let part: MirrorMessage | undefined = follower.follow(now, {});
  for (let n = 0; part?.type === 'snapshot'; n++) {
    expect(store.snapshot(now + APART_MS, part)).toBe(true);
    now += 10_000;
    part = follower.partTaken(now, n);
  }
  expect(store.isComplete).toBe(true);
  const { records } = store.held();
  expect(records.size).toBe(2 * PART_MAX);
  for (const { value, heldAt } of records.values())
    expect(fromRecord<{ dueAt: number }>(value, heldAt).dueAt).toBe(DUE_AT + APART_MS);
});
