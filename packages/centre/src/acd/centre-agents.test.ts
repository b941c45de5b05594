import { describe, expect, test } from 'vitest';
import { replay, replayAfter, tidy } from './transcript.ts';

const expectTalk = (script: string) => expect(replay(script)).toBe(tidy(script));
const after = (before: string, script: string) => expect(replayAfter(before, script)).toBe(tidy(script));

const ANN_READY = `
  phone 1001 up
  login 1001 ann
  ready 1001
`;
const ANN_TALKS = `${ANN_READY}
  call k1 +49 6000
  answer k1 1001
`;

describe('logging in', () => {
  test('[AG1] every wrong login has its own refusal and changes nothing', () => {
    expectTalk(`
      > login 9999 ann
      refuse #1 unknown-dn
      > login 6000 ann
      refuse #2 not-an-extension
      > login 1001 ann
      refuse #3 phone-out-of-service
      > phone 1001 up
      1001 DNBackInService
      > login 1001 ann id=nobody
      refuse #4 unknown-agent-login
      > login 1001 ann queues=6000,1002
      refuse #5 unknown-queue
      > login 1001 ann
      1001 AgentLogin #6
    `);
  });

  test('[AG1] a login that is refused does not end the login that it would have replaced', () => {
    after(
      ANN_READY,
      `
      > login 1002 ann
      refuse #3 phone-out-of-service
      > call k1 +49 6000
      6000 Queued k1
      6000 Diverted k1
      1001 Ringing k1
      ring k1 1001
    `,
    );
  });

  test('[AG2] an agent starts NotReady, with AutoIn Ready at once', () => {
    after(
      'phone 1001 up\nphone 1002 up',
      `
      > login 1001 ann
      1001 AgentLogin #1
      > call k1 +49 6000
      6000 Queued k1
      treat k1 music
      6000 TreatmentApplied k1
      > login 1002 bob mode=AutoIn
      1002 AgentLogin AutoIn #2
      1002 AgentReady AutoIn
      6000 Diverted k1
      1002 Ringing k1
      ring k1 1002
    `,
    );
  });

  test('[AG3] [C14] nobody logs in on a DN where somebody is; the same agent does with a higher epoch only', () => {
    after(
      ANN_READY,
      `
      > login 1001 bob
      refuse #3 already-logged-in
      > login 1001 ann epoch=1
      refuse #4 epoch-too-low epoch=1
      > login 1001 ann epoch=0
      refuse #5 epoch-too-low epoch=1
      > login 1001 ann epoch=7
      1001 AgentLogin #6
      > ready 1001
      1001 AgentReady AutoIn #7
    `,
    );
  });

  test('[AG3] another desk with the higher epoch logs the old one out, on the same DN too', () => {
    after(
      ANN_READY,
      `
      > login 1001 ann epoch=2 desk=other
      6000 QueueLogout LogoutReason=login-superseded
      1001 AgentLogout LogoutReason=login-superseded
      1001 AgentLogin #3
      > login 1001 ann epoch=3 desk=other
      1001 AgentLogin #4
    `,
    );
  });

  test('[AG3] [C14] on another DN the higher epoch logs the old one out, any other is refused', () => {
    after(
      `${ANN_READY}\nphone 1002 up`,
      `
      > login 1002 ann epoch=1
      refuse #3 agent-elsewhere epoch=1
      > login 1002 ann epoch=2
      6000 QueueLogout LogoutReason=login-superseded
      1001 AgentLogout LogoutReason=login-superseded
      1002 AgentLogin #4
      > call k1 +49 6000
      6000 Queued k1
      treat k1 music
      6000 TreatmentApplied k1
    `,
    );
  });

  test('[AG3] another desk with a lower epoch hears “elsewhere” while the agent works there, else only the epoch', () => {
    after(
      `${ANN_READY}\nphone 1002 up`,
      `
      > login 1001 ann epoch=0 desk=other
      refuse #3 agent-elsewhere epoch=1
      > routable 1001 no
      > login 1001 ann epoch=0 desk=other
      refuse #4 epoch-too-low epoch=1
      > login 1002 ann epoch=1
      refuse #5 epoch-too-low epoch=1
    `,
    );
  });

  test('[AG3] one Person with another AgentID is the same agent', () => {
    after(
      ANN_READY,
      `
      > login 1001 ann id=id-bob epoch=1
      refuse #3 epoch-too-low epoch=1
      > login 1001 ann id=id-bob epoch=2
      6000 QueueLogout LogoutReason=login-superseded
      1001 AgentLogout LogoutReason=login-superseded
      1001 AgentLogin #4
    `,
    );
  });

  test('[AG3] one AgentID is not used by two persons at once', () => {
    after(
      `${ANN_READY}\nphone 1002 up`,
      `
      > login 1002 bob id=id-ann epoch=9
      refuse #3 agent-elsewhere epoch=1
    `,
    );
  });

  test('[AG3] a call that rings at an agent who logs in again goes back into line', () => {
    after(
      `${ANN_READY}\ncall k1 +49 6000`,
      `
      > login 1001 ann epoch=5
      1001 Released k1 Redirected
      withdraw k1 1001 logged-out
      6000 Queued k1
      1001 AgentLogin #3
      treat k1 music
      6000 TreatmentApplied k1
      > ready 1001
      1001 AgentReady AutoIn #4
      6000 Diverted k1
      1001 Ringing k1
      ring k1 1001
    `,
    );
  });

  test('[AG4] an epoch that has ended never logs in again; a late logout of a lower one changes nothing', () => {
    after(
      ANN_READY,
      `
      > logout 1001
      6000 QueueLogout
      1001 AgentLogout #3
      > login 1001 ann epoch=1
      refuse #4 epoch-too-low epoch=1
      > login 1001 ann epoch=2
      1001 AgentLogin #5
      > logout 1001 epoch=1 person=ann
      refuse #6 not-logged-in epoch=2
      > logout 1001 epoch=2 person=ann
      6000 QueueLogout
      1001 AgentLogout #7
    `,
    );
  });
});

describe('one login at both sites', () => {
  test('[AG23] what is held up to the epoch of the other site ends, and nothing up to it is admitted any more', () => {
    after(
      ANN_READY,
      `
      > elsewhere ann epoch=5
      6000 QueueLogout LogoutReason=login-superseded
      1001 AgentLogout LogoutReason=login-superseded
      done #3
      > login 1001 ann epoch=5
      refuse #4 epoch-too-low epoch=5
      > login 1001 ann epoch=6
      1001 AgentLogin #5
      > elsewhere bob epoch=9
      done #6
    `,
    );
  });

  test('[AG23] a higher epoch is named, and whether its lease is live; nothing changes', () => {
    after(
      `phone 1001 up\nlogin 1001 ann epoch=7\nready 1001`,
      `
      > elsewhere ann epoch=5
      refuse #3 agent-elsewhere epoch=7
      > routable 1001 no
      > elsewhere ann epoch=5
      refuse #4 epoch-too-low epoch=7
      > logout 1001
      6000 QueueLogout
      1001 AgentLogout #5
      > elsewhere ann epoch=5
      refuse #6 epoch-too-low epoch=7
    `,
    );
  });
});

describe('states', () => {
  test('[AG5] [D37] what is asked for during a call takes effect after it, and the newest word counts', () => {
    after(
      ANN_TALKS,
      `
      > notready 1001 reason=lunch
      done #3
      > ready 1001
      done #4
      > notready 1001 reason=training
      done #5
      > gone k1
      1001 Released k1
      1001 AgentNotReady ReasonCode=training
      release k1 200
    `,
    );
  });

  test('[AG5] a request that is taken back during the call leaves no trace', () => {
    after(
      ANN_TALKS,
      `
      > notready 1001
      done #3
      > ready 1001
      done #4
      > gone k1
      1001 Released k1
      release k1 200
    `,
    );
  });

  test('[AG6] a request for the state that holds gives its event again to whoever asked, and only then', () => {
    after(
      `phone 1001 up\nphone 1002 up\nlogin 1001 ann\nlogin 1002 bob\nready 1001\nwait 10\nready 1002`,
      `
      > ready 1001
      1001 AgentReady AutoIn #5
      > ready 1001 client=none
      > notready 1002 reason=lunch
      1002 AgentNotReady ReasonCode=lunch #6
      > notready 1002 reason=lunch
      1002 AgentNotReady ReasonCode=lunch #7
      > ready 1002
      1002 AgentReady AutoIn #8
      # Ann is still the longer idle one.
      > call k1 +49 6000
      6000 Queued k1
      6000 Diverted k1
      1001 Ringing k1
      ring k1 1001
    `,
    );
  });

  test('[C61] [D36] a failed outbound call leaves the agent in the state before it, with its reason', () => {
    after(
      `phone 1001 up\nlogin 1001 ann\nnotready 1001 reason=lunch`,
      `
      > call k1 1001 0301234 trunk=trunk
      1001 Dialing k1
      ring k1 0301234 over trunk
      > fail k1 0301234 busy
      1001 DestinationBusy k1 Busy
      1001 Released k1 Busy
      release k1 486
      > call k2 +49 6000
      6000 Queued k2
      treat k2 music
      6000 TreatmentApplied k2
      > notready 1001 reason=lunch
      1001 AgentNotReady ReasonCode=lunch #3
    `,
    );
  });

  test('[AG16] wrong requests are refused by name', () => {
    after(
      ANN_READY,
      `
      > ready 9999
      refuse #3 unknown-dn
      > notready 1002
      refuse #4 not-logged-in
      > logout 1002
      refuse #5 not-logged-in
      > logout 9999
      refuse #6 unknown-dn
      > ready 1001 mode=AuxWork
      refuse #7 bad-message
    `,
    );
  });
});

describe('leaving', () => {
  test('[AG11] the reason of a logout says who wanted it', () => {
    after(
      'phone 1001 up',
      `
      > login 1001 ann
      1001 AgentLogin #1
      > logout 1001
      6000 QueueLogout
      1001 AgentLogout #2
      > login 1001 ann
      1001 AgentLogin #3
      > logout 1001 by=supervisor
      6000 QueueLogout LogoutReason=supervisor_logout
      1001 AgentLogout LogoutReason=supervisor_logout #4
      > login 1001 ann
      1001 AgentLogin #5
      > logout 1001 by=supervisor reason=shift-over
      6000 QueueLogout LogoutReason=shift-over
      1001 AgentLogout LogoutReason=shift-over #6
      > login 1001 ann
      1001 AgentLogin #7
      > logout 1001 by=server reason=graceful_shutdown_logout client=none
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1001 AgentLogout LogoutReason=graceful_shutdown_logout
    `,
    );
  });

  test('[AG11] each queue that is left is told, also by a login of the same desk to fewer queues', () => {
    after(
      'phone 1001 up',
      `
      > login 1001 ann queues=6000,6001
      1001 AgentLogin #1
      > login 1001 ann queues=6001
      6000 QueueLogout LogoutReason=login-superseded
      1001 AgentLogin #2
      > logout 1001 by=supervisor
      6001 QueueLogout LogoutReason=supervisor_logout
      1001 AgentLogout LogoutReason=supervisor_logout #3
    `,
    );
  });

  test('[AG12] [C56] a phone that goes out of service logs its agent out, and what rang there goes back into line', () => {
    after(
      `${ANN_READY}\ncall k1 +49 6000`,
      `
      > phone 1001 down
      1001 DNOutOfService
      1001 Released k1 Redirected
      withdraw k1 1001 logged-out
      6000 Queued k1
      6000 QueueLogout LogoutReason=dr-force_logout
      1001 AgentLogout LogoutReason=dr-force_logout
      treat k1 music
      6000 TreatmentApplied k1
      > phone 1001 down
      > ready 1001
      refuse #3 not-logged-in
    `,
    );
  });

  test('[AG12] [D39] an agent whose phone is back logs in and is Ready again', () => {
    after(
      `${ANN_READY}\nphone 1001 down`,
      `
      > phone 1001 up
      1001 DNBackInService
      > login 1001 ann
      1001 AgentLogin #3
      > ready 1001
      1001 AgentReady AutoIn #4
      > call k1 +49 6000
      6000 Queued k1
      6000 Diverted k1
      1001 Ringing k1
      ring k1 1001
    `,
    );
  });

  test('[AG13] a call goes on when its agent logs out, and leads to no after-call work', () => {
    after(
      'phone 1003 up\nlogin 1003 cid\nready 1003\ncall k1 +49 6000\nanswer k1 1003',
      `
      > logout 1003
      6000 QueueLogout
      1003 AgentLogout #3
      > hold k1 1003
      1003 Held k1
      > gone k1 1003
      1003 Released k1
      release k1 200
    `,
    );
  });

  test('[AG14] an agent without a live lease stays logged in and gets no calls; what rang there goes back', () => {
    after(
      `${ANN_READY}\ncall k1 +49 6000`,
      `
      > routable 1001 no
      1001 Released k1 Redirected
      withdraw k1 1001 lease
      6000 Queued k1
      treat k1 music
      6000 TreatmentApplied k1
      > routable 1001 no
      > ready 1001
      1001 AgentReady AutoIn #3
      > routable 1001 yes
      6000 Diverted k1
      1001 Ringing k1
      ring k1 1001
    `,
    );
  });

  test('[AG15] NotReady while a queue’s call rings takes effect at once, and the call goes back into line', () => {
    after(
      `${ANN_READY}\ncall k1 +49 6000`,
      `
      > notready 1001 reason=lunch
      1001 Released k1 Redirected
      withdraw k1 1001 not-ready
      6000 Queued k1
      1001 AgentNotReady ReasonCode=lunch #3
      treat k1 music
      6000 TreatmentApplied k1
    `,
    );
  });
});
