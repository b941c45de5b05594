import { expect, it } from 'vitest';
import { Following } from './following.ts';
import { DIGEST_EVERY_MS } from './mirror-follower.ts';

it('[LG6] records that differ again after everything has been sent are asked for anew once in five seconds', () => {
  const following = new Following();
  const everything = (now: number) =>
    following.hear(now, {
      type: 'snapshot',
      ...{ epoch: 7, number: 3, now, part: 0, isLast: true, positions: [], events: [] },
      put: [['dn/7001', { calls: [] }, 3]],
    });
  const otherDigest = (now: number) =>
    following.hear(now, { type: 'digest', epoch: 7, number: 3, digest: 1 }).replies;
  everything(1_000);
  expect(otherDigest(1_000)).toEqual([{ type: 'follow' }]);
  everything(1_010);
  expect(otherDigest(1_010)).toEqual([]);
  // What is held stays until then: an old record is more than none.
  expect(following.store.size).toBe(1);
  expect(otherDigest(1_010 + DIGEST_EVERY_MS)).toEqual([{ type: 'follow' }]);
});
