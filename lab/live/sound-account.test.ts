import { expect, test } from 'vitest';
import { heardBetween, LISTEN_EVERY_MS, SoundAccount, soundBothWays } from './sound-account.ts';

const PORTS = { agent: 5000, caller: 6000 };
const HEARD = { received: 100, gapMaxMs: 40 };
const SILENCE = { received: 0, gapMaxMs: 0 };

function speak(
  account: SoundAccount,
  agentHears: typeof HEARD,
  callerHears: typeof HEARD,
  { ms = 2000, looks = ms / LISTEN_EVERY_MS }: { ms?: number; looks?: number } = {},
): void {
  account.begun(0, 'agent', PORTS, () => agentHears);
  account.begun(10, 'caller', PORTS, () => callerHears);
  for (let look = 0; look < looks; look++) account.listened();
  account.ended(ms, 'caller', PORTS, callerHears);
  account.ended(ms + 1000, 'agent', PORTS, agentHears);
}

test('a call is heard both ways when each end has heard the other', () => {
  const account = new SoundAccount();
  speak(account, HEARD, { received: 90, gapMaxMs: 55 });
  speak(account, HEARD, SILENCE);
  expect(account.report()).toEqual({ calls: 2, both_ways: 1, gap_ms_max: 55, unheard_by_lab: 0 });
});

test('an end that nobody spoke to, and a call too short to be heard, are none', () => {
  const account = new SoundAccount();
  speak(account, SILENCE, SILENCE, { ms: 100 });
  account.begun(0, 'caller', { agent: 7000, caller: 6000 }, () => HEARD);
  account.ended(3000, 'caller', { agent: 7000, caller: 6000 }, HEARD);
  account.ended(3000, 'agent', { agent: 1, caller: 2 }, HEARD);
  expect(account.report()).toEqual({ calls: 0, both_ways: 0, gap_ms_max: null, unheard_by_lab: 0 });
});

test('a call during which the lab had no turn to listen says nothing; half of its turns are enough', () => {
  const account = new SoundAccount();
  speak(account, SILENCE, HEARD, { looks: 2 });
  expect(account.report()).toMatchObject({ calls: 0, unheard_by_lab: 1 });
  speak(account, SILENCE, HEARD, { ms: 400, looks: 10 });
  expect(account.report()).toMatchObject({ calls: 1, both_ways: 0 });
});

test('of five calls or fewer the lab may miss one; of a sample of which more is missing nothing is said', () => {
  const heard = { calls: 4, both_ways: 4, gap_ms_max: 40, unheard_by_lab: 1 };
  expect(soundBothWays(heard).ok).toBe(true);
  const missed = soundBothWays({ ...heard, unheard_by_lab: 2 });
  expect(missed.ok).toBe(false);
  expect(missed.detail).toContain('too late to listen to 2 more');
  expect(soundBothWays({ ...heard, calls: 2, both_ways: 2 }).ok).toBe(true);
  expect(soundBothWays({ ...heard, both_ways: 3 }).ok).toBe(false);
  expect(soundBothWays({ ...heard, calls: 0, both_ways: 0, unheard_by_lab: 0 }).ok).toBe(false);
});

test('a call is heard again when both its ends have heard more since; one end, and a call that is over, are not enough', () => {
  const account = new SoundAccount();
  const received = { agent: 100, caller: 100 };
  const hears = (end: 'agent' | 'caller') => () => ({ received: received[end], gapMaxMs: 20 });
  account.begun(0, 'agent', PORTS, hears('agent'));
  expect(account.standing().size).toBe(0);
  account.begun(0, 'caller', PORTS, hears('caller'));
  const before = account.standing();
  const heard = () => heardBetween(before.keys(), { before, after: account.standing() }, 25);
  expect([before.size, heard()]).toEqual([1, 0]);
  received.agent = 150;
  expect(heard()).toBe(0);
  received.caller = 125;
  expect(heard()).toBe(1);
  account.ended(2000, 'caller', PORTS, HEARD);
  expect(heard()).toBe(0);
});
