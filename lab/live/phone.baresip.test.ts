/** baresip with an account at each site: MD5, two tones, and the loss of a primary and of a site. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Baresip } from './peers/baresip.ts';
import {
  beginStory,
  dialsAQueue,
  isCalledAndHears,
  type PhoneStory,
  survivesATakeover,
  survivesItsSite,
} from './peers/phone-story.ts';
import { kindsOf, refusedByOthers } from './peers/sent-messages.ts';

let story: PhoneStory;
beforeAll(async () => {
  story = await beginStory((options) => Baresip.start(options), 'md5');
}, 40_000);
afterAll(() => story?.lab.stop());

test('it registers at both sites with MD5, the only algorithm that it can bear to be offered', async () => {
  await story.phone.registered();
  expect(story.phone.algorithms()).toEqual(new Set(['MD5']));
});

test('it is called, answers, and the two hear each other', () => isCalledAndHears(story));

test('it dials a queue, an agent answers, and the two hear each other', () => dialsAQueue(story));

test(
  'the primary is killed in a call: both hear each other, hold and BYE go through its mate',
  () => survivesATakeover(story),
  60_000,
);

test(
  'its site is killed in a call of its agent: both hear each other, hold and BYE go through the other site',
  () => survivesItsSite(story),
  120_000,
);

test('every message that was sent to it is accepted by the parsers of jssip and sip', () => {
  const sent = story.lab.sent();
  expect(refusedByOthers(sent)).toEqual([]);
  for (const kind of ['INVITE', 'ACK', 'BYE', '100', '180', '200', '401'])
    expect(kindsOf(sent)).toContain(kind);
});
