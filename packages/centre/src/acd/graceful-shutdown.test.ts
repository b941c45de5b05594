import { describe, expect, test } from 'vitest';
import { replayAfter, tidy } from './transcript.ts';

function after(before: string, script: string): void {
  expect(replayAfter(before, script)).toBe(tidy(script));
}

const ANN_READY = 'phone 1001 up\nlogin 1001 ann mode=AutoIn client=none';
const BOB_READY = 'phone 1002 up\nlogin 1002 bob mode=AutoIn client=none';
/** After-call work of 10 s. */
const CID_READY = 'phone 1003 up\nlogin 1003 cid mode=AutoIn client=none';
/** After-call work without end. */
const DAN_READY = 'phone 1004 up\nlogin 1004 dan mode=AutoIn client=none';

describe('a graceful shutdown', () => {
  test('[AG20] logs out at once whoever is neither in a call nor in after-call work, and nobody twice', () => {
    after(
      `${ANN_READY}\n${BOB_READY}\nnotready 1002 reason=lunch client=none\n${CID_READY}\nroutable 1003 no`,
      `
      > shutdown on
      shutting down: true
      done #1
      1001 AgentLogout LogoutReason=graceful_shutdown_logout
      1002 AgentLogout LogoutReason=graceful_shutdown_logout
      1003 AgentLogout LogoutReason=graceful_shutdown_logout
      > shutdown on
      done #2
    `,
    );
  });

  test('[AG20] lets whoever talks end the call first, also a private one', () => {
    after(
      `${ANN_READY}\n${BOB_READY}\nphone 1003 up\ncall k1 +49 6000\nanswer k1 1001\ncall k2 1002 1003`,
      `
      > shutdown on
      shutting down: true
      done #1
      > hold k1 1001
      1001 Held k1
      > gone k1
      1001 Released k1
      release k1 200
      1001 AgentLogout LogoutReason=graceful_shutdown_logout
      > answer k2 1003
      1003 Established k2
      1002 Established k2
      > gone k2 1002
      1003 Released k2
      1002 Released k2
      release k2 200
      1002 AgentLogout LogoutReason=graceful_shutdown_logout
    `,
    );
  });

  test('[AG20] lets a call that rings be answered', () => {
    after(
      `${ANN_READY}\n${BOB_READY}\ncall k1 +49 6000\ncall k2 +49 1002`,
      `
      > shutdown on
      shutting down: true
      done #1
      > answer k1 1001
      1001 Established k1
      > fail k2 1002 busy
      1002 Released k2 Busy
      release k2 486
      1002 AgentLogout LogoutReason=graceful_shutdown_logout
    `,
    );
  });

  test('[AG20] lets after-call work end, timed or untimed', () => {
    after(
      `${CID_READY}\n${DAN_READY}\ncall k1 +49 6000\nanswer k1 1003\ncall k2 +49 6000\nanswer k2 1004\ngone k1`,
      `
      > shutdown on
      shutting down: true
      done #1
      > gone k2
      1004 AgentNotReady AfterCallWork WrapUpTime=untimed
      1004 Released k2
      release k2 200
      > wait 9999
      > wait 1
      1003 AgentReady AutoIn
      1003 AgentLogout LogoutReason=graceful_shutdown_logout
      > notready 1004
      1004 AgentNotReady #2
      1004 AgentLogout LogoutReason=graceful_shutdown_logout
    `,
    );
  });

  test('[AG20] has whoever becomes free serve those in line before going', () => {
    after(
      `${ANN_READY}\ncall k1 +49 6000\nanswer k1 1001\ncall k2 +49 6000\ncall k3 +49 6000`,
      `
      > shutdown on
      shutting down: true
      done #1
      > gone k1
      1001 Released k1
      release k1 200
      6000 Diverted k2
      1001 Ringing k2
      ring k2 1001
      > fail k2 1001 rejected
      1001 Released k2 Failed
      withdraw k2 1001 released
      6000 Queued k2
      1001 AgentNotReady ReasonCode=rejected
      1001 AgentLogout LogoutReason=graceful_shutdown_logout
      > gone k2
      6000 Abandoned k2
      release k2 487
    `,
    );
  });

  test('[AG21] refuses every log-in, also one that would replace a login that still stands', () => {
    after(
      `${ANN_READY}\nphone 1002 up\ncall k1 +49 6000\nanswer k1 1001`,
      `
      > shutdown on
      shutting down: true
      done #1
      > login 1002 bob
      refuse #2 shutting-down
      > login 1001 ann epoch=9
      refuse #3 shutting-down
      > gone k1
      1001 Released k1
      release k1 200
      1001 AgentLogout LogoutReason=graceful_shutdown_logout
    `,
    );
  });

  test('[AG21] that is taken back lets people in again, and keeps those who have not gone yet', () => {
    after(
      `${ANN_READY}\nphone 1002 up\ncall k1 +49 6000\nanswer k1 1001`,
      `
      > shutdown off
      done #1
      > shutdown on
      shutting down: true
      done #2
      > shutdown off
      shutting down: false
      done #3
      > login 1002 bob
      1002 AgentLogin #4
      > gone k1
      1001 Released k1
      release k1 200
    `,
    );
  });
});
