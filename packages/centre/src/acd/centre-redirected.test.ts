import { expect, test } from 'vitest';
import { replayAfter, tidy } from './transcript.ts';

const after = (before: string, script: string) => expect(replayAfter(before, script)).toBe(tidy(script));
const PHONES = 'phone 1001 up\nphone 1002 up';

test('[CA15] a phone that rings sends its caller elsewhere once; the second time the caller is refused', () => {
  after(
    PHONES,
    `
    > call k1 +1 1001
    1001 Ringing k1
    ring k1 1001
    > redirect k1 1001 1002
    1001 Released k1 Redirected
    1002 Ringing k1
    ring k1 1002
    > redirect k1 1001 1003
    > redirect k1 1002 1001
    1002 Released k1 Failed
    release k1 480
    > redirect k1 1002 1001
    `,
  );
});

test('[CA15] what a queue rings is refused, not sent elsewhere', () => {
  after(
    `${PHONES}\nlogin 1001 ann\nready 1001\ncall k1 +1 6000`,
    `
    > redirect k1 1001 1002
    1001 Released k1 Failed
    withdraw k1 1001 released
    6000 Queued k1
    1001 AgentNotReady ReasonCode=rejected
    treat k1 music
    6000 TreatmentApplied k1
    `,
  );
});

test('[CA15] a number outside is dialled over the trunk; what cannot be reached ends the call with the reason', () => {
  after(
    `${PHONES}\ncall k1 1002 1001`,
    `
    > redirect k1 1001 4711 trunk=9000
    1001 Released k1 Redirected
    ring k1 4711 over 9000
    > answer k1 4711
    1002 Established k1
    `,
  );
  after(
    `${PHONES}\ncall k1 +1 1001`,
    `
    > redirect k1 1001 1003
    1001 Released k1 Redirected
    release k1 480
    `,
  );
});
