import { expect, it } from 'vitest';
import { leftovers, NOTHING } from './testing/centre-world.ts';
import { GATEWAY } from './testing/server-site.ts';
import { DONE, TRYING, to, transferring } from './testing/transferor.ts';

it('[SS85] [SS81] a transfer that waits for the answer to an offer waits on at another server, which calls then', () => {
  const { ada, bob, caller, leg, world, site, ...centre } = transferring({ answerAfterMs: 100 });
  world.cut.add(caller.host);
  ada.do(ada.userAgent.reinvite(world.now, leg, ada.sdp(6000, 'sendonly', 2)));
  world.run(100);
  expect(ada.refer(leg, to('7002'))).toBe(202);
  site.takeOver();
  world.run(300);
  expect([ada.notified, bob.news()]).toEqual([[TRYING], []]);
  world.cut.delete(caller.host);
  world.run(5_000);
  expect(ada.notified).toEqual([TRYING, DONE]);
  expect(ada.userAgent.sizes().legs).toBe(0);
  expect([bob.hears(), caller.hears()]).toEqual([[`${GATEWAY}:4000`], [`${bob.host}:4000`]]);
  bob.tell({ name: 'hangup' });
  expect(leftovers({ world, site, ...centre })).toEqual(NOTHING);
});
