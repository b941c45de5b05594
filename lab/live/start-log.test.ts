import { expect, test } from 'vitest';
import { StartLog } from './start-log.ts';

const line = (what: string, application: string, because?: string) =>
  `${JSON.stringify({ level: 'error', pid: 1, application: 'supervisor-north', what, because, detail: { application } })}\n`;
const ended = (application: string) => line('process ended', application, 'exit status 1');

/** What the start fails with, or undefined while it may still come up. */
function failureOf(log: StartLog): Promise<string | undefined> {
  const patience = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 300));
  return Promise.race([log.failed.catch((error: Error) => error.message), patience]);
}

test('a process that dies again and again fails the start, with what it said last and not where', async () => {
  const log = new StartLog({ restarts: true });
  log.read(ended('sip-north') + ended('config-north') + ended('sip-north'));
  expect(await failureOf(log)).toBeUndefined();
  log.read(ended('sip-north'));
  // The reason comes on another pipe, in pieces.
  log.read('TypeError: no such ');
  log.read('thing\n    at turn (/somewhere.ts:1:2)\n    at input (/somewhere.ts:3:4)\n');
  const failure = await failureOf(log);
  expect(failure).toContain('sip-north ended 3 times: exit status 1');
  expect(failure).toContain('TypeError: no such thing');
  expect(failure).not.toContain('somewhere.ts');
});

test('without restarts the first end is for good, and so is what the supervisor gives up', async () => {
  const once = new StartLog({ restarts: false });
  once.read(ended('config-north'));
  expect(await failureOf(once)).toContain('config-north ended: exit status 1');
  const givenUp = new StartLog({ restarts: true });
  givenUp.read(line('process given up', 'sip-north', '1 deaths within 10 minutes; restarts-max is 0'));
  expect(await failureOf(givenUp)).toContain('sip-north was given up: 1 deaths');
});

test('what starts well, and lines that are no entries, fail nothing', async () => {
  const log = new StartLog({ restarts: true });
  log.read(`${line('process started', 'sip-north')}null\n7\n{"what":1}\n{"what":"process ended"}\n\n`);
  expect(await failureOf(log)).toBeUndefined();
  expect(log.tail()).toContain('supervisor-north: process started (sip-north)');
});
