import { describe, expect, test } from 'vitest';
import { replayAfter, tidy } from './transcript.ts';

const after = (before: string, script: string) => expect(replayAfter(before, script)).toBe(tidy(script));
const ANN_READY = `
  phone 1001 up
  login 1001 ann
  ready 1001
`;
const BOB_READY = `
  phone 1002 up
  login 1002 bob
  ready 1002
`;

describe('the line of callers', () => {
  test('[QU1] higher priority first, then the longer wait', () => {
    after(
      `call k1 +1 6000\nwait 1\ncall k2 +2 6000 Priority=7\nwait 1\ncall k3 +3 6000 Priority=7\nphone 1001 up\nlogin 1001 ann`,
      `
      > ready 1001
      1001 AgentReady AutoIn #2
      6000 Diverted k2
      1001 Ringing k2
      ring k2 1001
      > answer k2 1001
      6000 TreatmentEnd k2
      1001 Established k2
      > gone k2
      1001 Released k2
      release k2 200
      6000 Diverted k3
      1001 Ringing k3
      ring k3 1001
      > gone k3
      6000 TreatmentEnd k3
      1001 Abandoned k3
      withdraw k3 1001 caller-gone
      release k3 487
      6000 Diverted k1
      1001 Ringing k1
      ring k1 1001
    `,
    );
  });

  test('[QU1] a Priority that is no whole number counts as none', () => {
    after(
      `call k1 +1 6000\ncall k2 +2 6000 Priority=high\ncall k3 +3 6000 Priority=1e9\nphone 1001 up\nlogin 1001 ann`,
      `
      > ready 1001
      1001 AgentReady AutoIn #2
      6000 Diverted k1
      1001 Ringing k1
      ring k1 1001
    `,
    );
  });

  test('[QU5] [QU6] nobody answers: the call goes back to its place, the agent is set NotReady', () => {
    after(
      `${ANN_READY}\ncall k1 +1 6000\ncall k2 +2 6000\nphone 1002 up\nlogin 1002 bob`,
      `
      > wait 14999
      > wait 1
      1001 Released k1 NoAnswer
      withdraw k1 1001 no-answer
      6000 Queued k1
      1001 AgentNotReady ReasonCode=no-answer
      treat k1 music
      6000 TreatmentApplied k1
      > ready 1002
      1002 AgentReady AutoIn #4
      6000 Diverted k1
      1002 Ringing k1
      ring k1 1002
    `,
    );
  });

  test('[QU6] where the queue leaves the agent Ready, the next idle one is rung first', () => {
    after(
      'phone 1001 up\nlogin 1001 ann queues=6001\nready 1001\nwait 5\nphone 1002 up\nlogin 1002 bob queues=6001\nready 1002',
      `
      > call k1 +1 6001
      6001 Queued k1
      6001 Diverted k1
      1001 Ringing k1
      ring k1 1001
      > wait 15000
      1001 Released k1 NoAnswer
      withdraw k1 1001 no-answer
      6001 Queued k1
      6001 Diverted k1
      1002 Ringing k1
      ring k1 1002
      > wait 15000
      1002 Released k1 NoAnswer
      withdraw k1 1002 no-answer
      6001 Queued k1
      6001 Diverted k1
      1001 Ringing k1
      ring k1 1001
    `,
    );
  });

  test('[QU7] one more than the limit is refused, or goes to the overflow DN', () => {
    after(
      'call k1 +1 6000\ncall k2 +2 6000\ncall k3 +3 6000\ncall s1 +4 6002',
      `
      > call k4 +4 6000
      6000 Queued k4
      6000 Diverted k4 Overflowed
      release k4 486
      > call s2 +5 6002
      6002 Queued s2
      6002 Diverted s2 Overflowed
      6001 Queued s2
      treat s2 music
      6001 TreatmentApplied s2
    `,
    );
  });

  test('[QU7] the limit is for those who wait: an idle agent is rung also where nobody may wait', () => {
    after(
      'phone 1001 up\nlogin 1001 ann queues=6003\nready 1001',
      `
      > call k1 +1 6003
      6003 Queued k1
      6003 Diverted k1
      1001 Ringing k1
      ring k1 1001
    `,
    );
  });

  test('[QU8] the longest wait over, the call goes to the overflow DN and keeps the time that it has waited', () => {
    after(
      'call k1 +1 6002\nwait 1000\ncall k2 +2 6001',
      `
      > wait 18999
      > wait 1
      6002 Diverted k1 Overflowed
      6001 Queued k1
      6002 TreatmentEnd k1
      treat k1 music
      6001 TreatmentApplied k1
      > phone 1001 up
      1001 DNBackInService
      > login 1001 ann queues=6001 mode=AutoIn
      1001 AgentLogin AutoIn #1
      1001 AgentReady AutoIn
      6001 Diverted k1
      1001 Ringing k1
      ring k1 1001
    `,
    );
  });

  test('[QU8] a wait that ends while a phone rings overflows when nobody answers there', () => {
    after(
      'call k1 +1 6002\nwait 10000\nphone 1001 up\nlogin 1001 ann queues=6002 mode=AutoIn',
      `
      > wait 14999
      > wait 1
      1001 Released k1 NoAnswer
      withdraw k1 1001 no-answer
      6002 Queued k1
      6002 Diverted k1 Overflowed
      6001 Queued k1
      1001 AgentNotReady ReasonCode=no-answer
      6002 TreatmentEnd k1
      treat k1 music
      6001 TreatmentApplied k1
    `,
    );
  });

  test('[QU10] who finds an idle agent gets no treatment; who waits does, once in each queue', () => {
    after(
      ANN_READY,
      `
      > call k1 +1 6000
      6000 Queued k1
      6000 Diverted k1
      1001 Ringing k1
      ring k1 1001
      > call k2 +2 6000
      6000 Queued k2
      treat k2 music
      6000 TreatmentApplied k2
      > routable 1001 no
      1001 Released k1 Redirected
      withdraw k1 1001 lease
      6000 Queued k1
      treat k1 music
      6000 TreatmentApplied k1
      > routable 1001 yes
      6000 Diverted k1
      1001 Ringing k1
      ring k1 1001
      > routable 1001 no
      1001 Released k1 Redirected
      withdraw k1 1001 lease
      6000 Queued k1
    `,
    );
    // Leases that were stamped together end together: what one agent gives back may not ring at the next (LL2).
    after(
      `${ANN_READY}${BOB_READY}\ncall k1 +1 6000`,
      `
      > routable 1001,1002 no
      1001 Released k1 Redirected
      withdraw k1 1001 lease
      6000 Queued k1
      treat k1 music
      6000 TreatmentApplied k1
    `,
    );
  });

  test('[QU11] a caller who leaves while waiting has abandoned the queue', () => {
    after(
      'call k1 +1 6000\ncall k2 1001 6000',
      `
      > gone k1
      6000 TreatmentEnd k1
      6000 Abandoned k1
      release k1 487
      > gone k2 1001
      6000 TreatmentEnd k2
      6000 Abandoned k2
      1001 Released k2
      release k2 487
    `,
    );
  });
});

describe('the line of agents', () => {
  test('[QU2] the longest idle agent first; equals by their DN', () => {
    after(
      `phone 1001 up\nphone 1002 up\nphone 1003 up\nlogin 1003 cid mode=AutoIn\nwait 1\nlogin 1002 bob mode=AutoIn\nlogin 1001 ann mode=AutoIn`,
      `
      > call k1 +1 6000
      6000 Queued k1
      6000 Diverted k1
      1003 Ringing k1
      ring k1 1003
      > call k2 +2 6000
      6000 Queued k2
      6000 Diverted k2
      1001 Ringing k2
      ring k2 1001
      > call k3 +3 6000
      6000 Queued k3
      6000 Diverted k3
      1002 Ringing k3
      ring k3 1002
    `,
    );
  });

  test('[QU2] a business call starts the idle time again, a break or a private call does not', () => {
    after(
      `${ANN_READY}\nwait 5\n${BOB_READY}\nwait 5`,
      `
      > notready 1001 reason=lunch
      1001 AgentNotReady ReasonCode=lunch #5
      > ready 1001
      1001 AgentReady AutoIn #6
      > call p1 1001 1003
      1001 Dialing p1
      1001 Released p1 Failed
      release p1 480
      > call k1 +1 6000
      6000 Queued k1
      6000 Diverted k1
      1001 Ringing k1
      ring k1 1001
      > answer k1 1001
      1001 Established k1
      > gone k1
      1001 Released k1
      release k1 200
      > call k2 +2 6000
      6000 Queued k2
      6000 Diverted k2
      1002 Ringing k2
      ring k2 1002
    `,
    );
  });

  test('[QU2] of two who become able at once, the longest idle gets the best call of his queues', () => {
    after(
      'phone 1001 up\nphone 1002 up\nlogin 1002 bob queues=6001 mode=AutoIn\nwait 5\nlogin 1001 ann queues=6000,6001 mode=AutoIn\ncall p1 1001 1002\nanswer p1 1002\ncall k1 +1 6001\ncall k2 +2 6000',
      `
      > gone p1 1001
      1002 Released p1
      1001 Released p1
      release p1 200
      6001 Diverted k1
      1002 Ringing k1
      ring k1 1002
      6000 Diverted k2
      1001 Ringing k2
      ring k2 1001
    `,
    );
  });

  test('[QU3] nobody is rung who is NotReady, not routable, on a call, or rung already', () => {
    after(
      `${ANN_READY}\n${BOB_READY}\nphone 1003 up\nlogin 1003 cid\nready 1003\nphone 1004 up\nlogin 1004 dan`,
      `
      > routable 1002 no
      > call p1 1003 8000
      1003 Dialing p1
      8000 Ringing p1
      ring p1 8000
      > call k1 +1 6000
      6000 Queued k1
      6000 Diverted k1
      1001 Ringing k1
      ring k1 1001
      > call k2 +2 6000
      6000 Queued k2
      treat k2 music
      6000 TreatmentApplied k2
      > gone p1 1003
      8000 Released p1
      withdraw p1 8000 caller-gone
      1003 Released p1
      release p1 487
      6000 Diverted k2
      1003 Ringing k2
      ring k2 1003
    `,
    );
  });

  test('[QU4] [C52] an agent who goes in the moment of the assignment is never rung', () => {
    // Each way to be gone comes in the same instant as the caller, before and after him.
    for (const gone of ['logout 1001', 'phone 1001 down', 'routable 1001 no', 'notready 1001']) {
      const before = replayAfter(ANN_READY, `> ${gone}\n> call k1 +1 6000`);
      expect(before, gone).not.toContain('ring k1');
      expect(before, gone).toContain('treat k1 music');
      const later = replayAfter(`${ANN_READY}\ncall k1 +1 6000`, `> ${gone}`);
      expect(later, gone).toContain('withdraw k1 1001');
      expect(later, gone).toContain('6000 Queued k1');
      expect(later, gone).not.toContain('ring k1');
    }
  });

  test('[QU4] [C52] an answer that crosses the withdrawal does not win the call back', () => {
    after(
      `${ANN_READY}\n${BOB_READY}\ncall k1 +1 6000\nlogout 1001`,
      `
      > answer k1 1001
      withdraw k1 1001 released
      > answer k1 1002
      1002 Established k1
      > answer k1 1001
      withdraw k1 1001 released
    `,
    );
  });

  test('[QU3] whoever answers or starts another call is rung no longer', () => {
    after(
      `${ANN_READY}\nphone 1002 up\ncall k1 +1 6000\ncall d1 +2 1001`,
      `
      > answer d1 1001
      1001 Established d1
      1001 Released k1 Redirected
      withdraw k1 1001 not-ready
      6000 Queued k1
      treat k1 music
      6000 TreatmentApplied k1
      > gone d1
      1001 Released d1
      release d1 200
      6000 Diverted k1
      1001 Ringing k1
      ring k1 1001
      > call d2 1001 1002
      1001 Released k1 Redirected
      withdraw k1 1001 not-ready
      6000 Queued k1
      1001 Dialing d2
      1002 Ringing d2
      ring d2 1002
    `,
    );
  });

  test('[QU10] a caller whom a crossing answer took from the treatment is treated again', () => {
    after(
      `${ANN_READY}\ncall k1 +1 6000\nroutable 1001 no`,
      `
      > answer k1 1001
      withdraw k1 1001 released
      6000 TreatmentEnd k1
      treat k1 music
      6000 TreatmentApplied k1
    `,
    );
  });

  test('[QU9] a phone that refuses is passed over for five seconds; its agent is NotReady where the queue wants it', () => {
    after(
      'phone 1001 up\nlogin 1001 ann queues=6001\nready 1001',
      `
      > call k1 +1 6001
      6001 Queued k1
      6001 Diverted k1
      1001 Ringing k1
      ring k1 1001
      > fail k1 1001 unreachable
      1001 Released k1 Failed
      withdraw k1 1001 released
      6001 Queued k1
      treat k1 music
      6001 TreatmentApplied k1
      > wait 4999
      > wait 1
      6001 Diverted k1
      1001 Ringing k1
      ring k1 1001
    `,
    );
    after(
      `${ANN_READY}\ncall k1 +1 6000`,
      `
      > fail k1 1001 busy
      1001 Released k1 Busy
      withdraw k1 1001 released
      6000 Queued k1
      treat k1 music
      6000 TreatmentApplied k1
    `,
    );
    after(
      `${ANN_READY}\ncall k1 +1 6000`,
      `
      > fail k1 1001 rejected
      1001 Released k1 Failed
      withdraw k1 1001 released
      6000 Queued k1
      1001 AgentNotReady ReasonCode=rejected
      treat k1 music
      6000 TreatmentApplied k1
    `,
    );
  });

  test('[QU12] an agent of several queues gets the best caller of them all', () => {
    after(
      'call k1 +1 6000\nwait 10\ncall k2 +2 6001\ncall k3 +3 6001 Priority=-1\nphone 1001 up\nlogin 1001 ann queues=6000,6001',
      `
      > ready 1001
      1001 AgentReady AutoIn #2
      6001 Diverted k2
      1001 Ringing k2
      ring k2 1001
      > gone k2
      6001 TreatmentEnd k2
      1001 Abandoned k2
      withdraw k2 1001 caller-gone
      release k2 487
      6000 Diverted k1
      1001 Ringing k1
      ring k1 1001
    `,
    );
  });
});
