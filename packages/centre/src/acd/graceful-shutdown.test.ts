import { describe, expect, test } from 'vitest';
import { replayAfter, SITE, tidy } from './transcript.ts';

function after(before: string, script: string): void {
  expect(replayAfter(before, script)).toBe(tidy(script));
}

const ANN_READY = 'phone 1001 up\nlogin 1001 ann mode=AutoIn client=none';
const BOB_READY = 'phone 1002 up\nlogin 1002 bob mode=AutoIn client=none';
/** After-call work of 10 s. */
const CID_READY = 'phone 1003 up\nlogin 1003 cid mode=AutoIn client=none';
/** After-call work without end. */
const DAN_READY = 'phone 1004 up\nlogin 1004 dan mode=AutoIn client=none';

const THREE_READY = `${ANN_READY}\n${BOB_READY}\n${CID_READY}`;

describe('a graceful shutdown', () => {
  test('[AG20] logs out at once whoever is neither in a call nor in after-call work, and nobody twice', () => {
    after(
      `${ANN_READY}\n${BOB_READY}\nnotready 1002 reason=lunch client=none\n${CID_READY}\nroutable 1003 no`,
      `
      > shutdown on
      shutting down: true
      done #1
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1001 AgentLogout LogoutReason=graceful_shutdown_logout
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1002 AgentLogout LogoutReason=graceful_shutdown_logout
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
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
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1001 AgentLogout LogoutReason=graceful_shutdown_logout
      > answer k2 1003
      1003 Established k2
      1002 Established k2
      > gone k2 1002
      1003 Released k2
      1002 Released k2
      release k2 200
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
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
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
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
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1003 AgentLogout LogoutReason=graceful_shutdown_logout
      > notready 1004
      1004 AgentNotReady #2
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
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
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1001 AgentLogout LogoutReason=graceful_shutdown_logout
      > gone k2
      6000 TreatmentEnd k2
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
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
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

describe('waves of a graceful shutdown', () => {
  test('[AG24] so many idle agents go at once, the next ones after the pause', () => {
    after(
      `${THREE_READY}\n${DAN_READY}`,
      `
      > shutdown on wave=2 every=2000
      shutting down: true
      done #1
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1001 AgentLogout LogoutReason=graceful_shutdown_logout
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1002 AgentLogout LogoutReason=graceful_shutdown_logout
      > wait 1999
      > wait 1
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1003 AgentLogout LogoutReason=graceful_shutdown_logout
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1004 AgentLogout LogoutReason=graceful_shutdown_logout
      > wait 60000
    `,
    );
  });

  test('[AG24] those go first whose phones can go to the other site, and of them those who take no calls', () => {
    const stays = SITE.dns.map((dn) =>
      dn.number === '1001' ? { ...dn, phoneStays: 'its phone knows one address only' } : dn,
    );
    const script = `
      > shutdown on wave=1 every=1000
      shutting down: true
      done #2
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1003 AgentLogout LogoutReason=graceful_shutdown_logout
      > wait 1000
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1002 AgentLogout LogoutReason=graceful_shutdown_logout
      > wait 1000
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1001 AgentLogout LogoutReason=graceful_shutdown_logout
    `;
    expect(replayAfter(`${THREE_READY}\nnotready 1003`, script, { ...SITE, dns: stays })).toBe(tidy(script));
  });

  test('[AG24] those whose phones stay wait until nobody else is left, also for the end of a call', () => {
    const stays = SITE.dns.map((dn) =>
      dn.number === '1001' ? { ...dn, phoneStays: 'its phone knows one address only' } : dn,
    );
    const script = `
      > shutdown on wave=5 every=1000
      shutting down: true
      done #1
      > wait 60000
      > gone k1
      1002 Released k1
      release k1 200
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1002 AgentLogout LogoutReason=graceful_shutdown_logout
      > wait 0
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1001 AgentLogout LogoutReason=graceful_shutdown_logout
    `;
    const before = `${ANN_READY}\n${BOB_READY}\ncall k1 +49 1002\nanswer k1 1002`;
    expect(replayAfter(before, script, { ...SITE, dns: stays })).toBe(tidy(script));
  });

  test('[AG24] who waits for a wave still serves callers, and then goes when that work is done', () => {
    after(
      THREE_READY,
      `
      > shutdown on wave=1 every=1000
      shutting down: true
      done #1
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1001 AgentLogout LogoutReason=graceful_shutdown_logout
      > call k1 +49 1002
      1002 Ringing k1
      ring k1 1002
      > wait 1000
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1003 AgentLogout LogoutReason=graceful_shutdown_logout
      > answer k1 1002
      1002 Established k1
      > gone k1
      1002 Released k1
      release k1 200
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1002 AgentLogout LogoutReason=graceful_shutdown_logout
    `,
    );
  });

  test('[AG24] taken back it keeps whoever still waits; asked for again the newest terms hold', () => {
    after(
      THREE_READY,
      `
      > shutdown on wave=1 every=1000
      shutting down: true
      done #1
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1001 AgentLogout LogoutReason=graceful_shutdown_logout
      > shutdown on wave=1 every=5000
      done #2
      > wait 1000
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1002 AgentLogout LogoutReason=graceful_shutdown_logout
      > shutdown off
      shutting down: false
      done #3
      > wait 60000
      > notready 1003
      1003 AgentNotReady #4
    `,
    );
  });
});

describe('the deadline of a graceful shutdown', () => {
  const BUSY = `${ANN_READY}\n${CID_READY}\ncall k1 +49 6000\nanswer k1 1001\ncall k2 +49 6000\nanswer k2 1003\ngone k2`;

  test('[AG25] logs out whoever is left, in a call or in after-call work; calls go on', () => {
    after(
      `${BUSY}\n${BOB_READY}\nlogin 1002 bob`,
      `
      > shutdown on wave=1 every=9000 within=4000
      shutting down: true
      done #2
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1002 AgentLogout LogoutReason=graceful_shutdown_logout
      > wait 3999
      > wait 1
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1001 AgentLogout LogoutReason=graceful_shutdown_logout
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1003 AgentLogout LogoutReason=graceful_shutdown_logout
      > wait 60000
      > gone k1
      1001 Released k1
      release k1 200
    `,
    );
  });

  test('[AG25] with force releases calls too, in every phase, but none to an emergency number', () => {
    after(
      `${ANN_READY}\nphone 1003 up\nphone 1004 up\ncall k1 +49 6000\nanswer k1 1001\ncall k2 +49 6000\ncall k3 1003 112 trunk=trunk emergency=yes\ncall k4 +49 1004`,
      `
      > shutdown on wave=1 every=9000 within=4000 force=yes
      shutting down: true
      done #1
      > wait 4000
      1001 Released k1
      release k1 503
      6000 TreatmentEnd k2
      6000 Diverted k2 Overflowed
      release k2 503
      1004 Released k4 Failed
      withdraw k4 1004 released
      release k4 503
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1001 AgentLogout LogoutReason=graceful_shutdown_logout
      > answer k3 112
      1003 Established k3
    `,
    );
  });

  test('[AG25] [C66] does not come once it is taken back, or put off', () => {
    after(
      BUSY,
      `
      > shutdown on wave=1 every=9000 within=4000 force=yes
      shutting down: true
      done #1
      > shutdown on wave=1 every=9000 within=8000 force=yes
      done #2
      > wait 5000
      > shutdown off
      shutting down: false
      done #3
      > wait 4999
      > wait 1
      1003 AgentReady AutoIn
    `,
    );
  });
});
