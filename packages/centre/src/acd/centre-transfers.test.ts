import { describe, expect, it } from 'vitest';
import { replayAfter, tidy } from './transcript.ts';

/** Ann and Bob are at their phones, and Ann talks with a caller from outside. */
const TALKING = `
  phone 1001 up
  phone 1002 up
  phone 1003 up
  login 1001 ann
  call k1 +49301 1001 order=7
  answer k1 1001
`;
/** Ann has called Bob. */
const CALLED = `
  phone 1001 up
  phone 1002 up
  phone 1003 up
  call k1 1001 1002
  answer k1 1002
`;
const same = (before: string, script: string) => expect(replayAfter(before, script)).toBe(tidy(script));

describe('a call that is transferred', () => {
  it('[CA17] is with whoever answers; whoever transfers is released then, and the data stays', () => {
    same(
      TALKING,
      `
      > transfer k1 1001 1002
      park k1 1001
      1002 Ringing k1
      ring k1 1002
      > attach k1 1001 note=x
      1002 AttachedDataChanged k1
      1001 AttachedDataChanged k1 #3
      > answer k1 1002
      1002 Established k1
      1001 Released k1 Transferred to=1002 #2
      transferred k1 1001
      > gone k1 1002
      1002 Released k1
      release k1 200
      `,
    );
  });

  it('[CA17] turns whoever was called, too: the one who remains is told who is there now', () => {
    same(
      CALLED,
      `
      > transfer k1 1001 1003
      park k1 1001
      1003 Ringing k1
      ring k1 1003
      > answer k1 1003
      1003 Established k1
      1002 PartyChanged k1 Transferred to=1001
      1001 Released k1 Transferred to=1003 #1
      transferred k1 1001
      > release k1 1002
      1003 Released k1
      1002 Released k1 #2
      release k1 200
      `,
    );
  });

  it('[CA17] leaves over a trunk as a dialled number does', () => {
    same(
      TALKING,
      `
      > transfer k1 1001 0301 trunk=trunk
      park k1 1001
      ring k1 0301 over trunk
      > ringing k1 0301
      > answer k1 0301
      1001 Released k1 Transferred to=0301 #2
      transferred k1 1001
      `,
    );
  });

  it('[CA17] is released at once where it goes to a queue, also over a routing point; the wait begins there', () => {
    same(
      TALKING,
      `
      > wait 60000
      > transfer k1 1001 7000
      park k1 1001
      7000 Queued k1
      7000 RouteRequest k1
      7000 RouteUsed k1
      7000 Diverted k1
      6000 Queued k1
      1001 Released k1 Transferred to=6000 #2
      transferred k1 1001
      treat k1 music
      6000 TreatmentApplied k1
      > login 1002 bob
      1002 AgentLogin #3
      > ready 1002
      1002 AgentReady AutoIn #4
      6000 Diverted k1
      1002 Ringing k1
      ring k1 1002
      > answer k1 1002
      6000 TreatmentEnd k1
      1002 Established k1
      `,
    );
  });

  it('[CA18] is as before where nobody takes it, whatever the reason', () => {
    same(
      TALKING,
      `
      > transfer k1 1001 9999
      park k1 1001
      not transferred k1 1001 404
      refuse #2 unknown-dn
      > transfer k1 1001 1001
      park k1 1001
      not transferred k1 1001 486
      refuse #3 wrong-state
      > transfer k1 1001 1002 client=none
      park k1 1001
      1002 Ringing k1
      ring k1 1002
      > fail k1 1002 busy
      1002 Released k1 Busy
      not transferred k1 1001 486
      > transfer k1 1001 1003
      park k1 1001
      1003 Ringing k1
      ring k1 1003
      > release k1 1003
      1003 Released k1 Failed #5
      not transferred k1 1001 603
      refuse #4 wrong-state
      > hold k1 1001
      1001 Held k1
      > gone k1
      1001 Released k1
      release k1 200
      `,
    );
  });

  it('[CA18] is transferred by an end that talks, and by nobody twice at once', () => {
    same(
      TALKING,
      `
      > transfer k1 1002 1003
      refuse #2 unknown-call
      not transferred k1 1002 481
      > transfer k1 1001 1002
      park k1 1001
      1002 Ringing k1
      ring k1 1002
      > transfer k1 1001 1003
      refuse #4 wrong-state
      not transferred k1 1001 481
      > transfer k1 1002 1003
      refuse #5 wrong-state
      not transferred k1 1002 481
      `,
    );
  });

  it('[CA18] goes on without whoever transfers, and ends with who remains', () => {
    same(
      TALKING,
      `
      > transfer k1 1001 1002
      park k1 1001
      1002 Ringing k1
      ring k1 1002
      > gone k1 1001
      done #2
      1001 Released k1 Transferred to=1002
      transferred k1 1001
      > answer k1 1002
      1002 Established k1
      > transfer k1 1002 1003
      park k1 1002
      1003 Ringing k1
      ring k1 1003
      > gone k1
      1003 Abandoned k1
      withdraw k1 1003 caller-gone
      1002 Released k1 #3
      release k1 487
      `,
    );
  });

  it('[CA18] ends with the deadline of a graceful shutdown that releases calls', () => {
    same(
      TALKING,
      `
      > transfer k1 1001 1002
      park k1 1001
      1002 Ringing k1
      ring k1 1002
      > shutdown on wave=1 within=1000 force=yes
      shutting down: true
      done #3
      > wait 1000
      done #2
      1001 Released k1 Transferred to=1002
      transferred k1 1001
      1002 Released k1 Failed
      withdraw k1 1002 released
      release k1 503
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1001 AgentLogout LogoutReason=graceful_shutdown_logout
      `,
    );
  });
});

describe('a call that is transferred to an emergency number', () => {
  const SHUTDOWN = '> shutdown on wave=1 within=1000 force=yes\nshutting down: true';

  it('[AG25] is spared by the deadline of a graceful shutdown while it rings and when it stands', () => {
    same(
      `${TALKING}
      call k2 1002 1003
      answer k2 1003
      transfer k2 1002 112 trunk=trunk emergency=yes
      transfer k1 1001 112 trunk=trunk emergency=yes
      answer k1 112`,
      `
      ${SHUTDOWN}
      done #4
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1001 AgentLogout LogoutReason=graceful_shutdown_logout
      > wait 1000
      `,
    );
  });

  it('[AG25] [CA18] is as any other again where nobody has taken it', () => {
    same(
      `${TALKING}
      transfer k1 1001 112 trunk=trunk emergency=yes
      fail k1 112 busy`,
      `
      ${SHUTDOWN}
      done #3
      > wait 1000
      1001 Released k1
      release k1 503
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1001 AgentLogout LogoutReason=graceful_shutdown_logout
      `,
    );
  });

  it('[AG25] [CA15] [CA19] is spared also where it was sent there, or was made one with a call to it', () => {
    same(
      `${TALKING}
      call k2 1001 112 trunk=trunk emergency=yes
      answer k2 112
      join k1 k2 1001
      call k3 1002 1003
      redirect k3 1003 112 trunk=trunk emergency=yes
      answer k3 112`,
      `
      ${SHUTDOWN}
      done #3
      6000 QueueLogout LogoutReason=graceful_shutdown_logout
      1001 AgentLogout LogoutReason=graceful_shutdown_logout
      > wait 1000
      `,
    );
  });
});

describe('two calls of one DN', () => {
  it('[CA19] become the first of them: its ConnID and its data stay', () => {
    same(
      `${TALKING}
      call k2 1001 1002 consult=k1
      answer k2 1002`,
      `
      > join k1 k2 1001
      1002 PartyChanged k1 Transferred was=k2 to=1001
      1001 Released k1 Transferred to=1002 #2
      join k1 k2 1001
      1001 Released k2 Transferred was=k1 to=+49301
      release k2 200
      > attach k1 1002 a=b
      1002 AttachedDataChanged k1 #3
      > gone k1
      1002 Released k1
      release k1 200
      `,
    );
  });

  it('[CA19] become one whoever has called whom, and stay two where one does not stand', () => {
    same(
      `${CALLED}
      call k2 1003 1001`,
      `
      > join k1 k2 1001
      refuse #1 wrong-state
      not transferred k1 1001 481
      > join k1 k9 1001
      refuse #2 unknown-call
      not transferred k1 1001 481
      > join k1 k1 1001
      refuse #3 unknown-call
      not transferred k1 1001 481
      > answer k2 1001
      1001 Established k2
      1003 Established k2
      > join k1 k2 1001
      1002 PartyChanged k1 Transferred to=1001
      1003 PartyChanged k1 Transferred was=k2 to=1001
      1001 Released k1 Transferred to=1003 #4
      join k1 k2 1001
      1001 Released k2 Transferred to=1002
      release k2 200
      > release k1 1003
      1003 Released k1 #5
      1002 Released k1
      release k1 200
      `,
    );
  });

  it('[CA20] a consultation says for which call it was made', () => {
    same(
      TALKING,
      `
      > call k2 1001 1002 consult=k1
      1001 Dialing k2 was=k1
      1002 Ringing k2 was=k1
      ring k2 1002
      > answer k2 1002
      1002 Established k2 was=k1
      1001 Established k2 was=k1
      `,
    );
  });
});
