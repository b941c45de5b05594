import { describe, expect, test } from 'vitest';
import type { CentreConfiguration, LoginRules } from './centre-types.ts';
import { replayAfter, SITE, tidy } from './transcript.ts';

const after = (before: string, script: string) => expect(replayAfter(before, script)).toBe(tidy(script));
const ANN_TALKS = `
  phone 1001 up
  login 1001 ann
  ready 1001
  call k1 +49 6000
  answer k1 1001
`;

describe('after-call work', () => {
  const CID_TALKS = `
    phone 1003 up
    login 1003 cid
    ready 1003
    call k1 +49 6000
  `;

  test('[AG7] timed after-call work comes before EventReleased and ends in Ready by itself', () => {
    after(
      CID_TALKS,
      `
      > answer k1 1003
      1003 Established k1 WrapUpTime=10
      > gone k1
      1003 AgentNotReady AfterCallWork WrapUpTime=10
      1003 Released k1
      release k1 200
      > call k2 +49 6000
      6000 Queued k2
      treat k2 music
      6000 TreatmentApplied k2
      > wait 9999
      > wait 1
      1003 AgentReady AutoIn
      6000 Diverted k2
      1003 Ringing k2
      ring k2 1003
    `,
    );
  });

  test('[AG7] there is none after a call that was not answered, and none after the agent’s own call', () => {
    after(
      CID_TALKS,
      `
      > gone k1
      1003 Abandoned k1
      withdraw k1 1003 caller-gone
      release k1 487
      > call k2 1003 0301234 trunk=trunk
      1003 Dialing k2
      ring k2 0301234 over trunk
      > answer k2 0301234
      1003 Established k2
      > gone k2 0301234
      1003 Released k2
      release k2 200
    `,
    );
  });

  test('[AG7] there is none while another business call goes on', () => {
    after(
      `${CID_TALKS}\nanswer k1 1003\ncall k2 +50 1003\nanswer k2 1003`,
      `
      > gone k1
      1003 Released k1
      release k1 200
      > gone k2
      1003 AgentNotReady AfterCallWork WrapUpTime=10
      1003 Released k2
      release k2 200
    `,
    );
  });

  test('[AG8] [D36] after-call work leads back to the state before the call', () => {
    after(
      `phone 1003 up\nlogin 1003 cid\nnotready 1003 mode=AuxWork reason=lunch\ncall k1 +49 1003\nanswer k1 1003`,
      `
      > gone k1
      1003 AgentNotReady AfterCallWork WrapUpTime=10
      1003 Released k1
      release k1 200
      > wait 10000
      1003 AgentNotReady AuxWork ReasonCode=lunch
    `,
    );
  });

  test('[AG8] untimed after-call work waits for the agent', () => {
    after(
      `phone 1004 up\nlogin 1004 dan\nready 1004\ncall k1 +49 6000`,
      `
      > answer k1 1004
      1004 Established k1 WrapUpTime=untimed
      > gone k1
      1004 AgentNotReady AfterCallWork WrapUpTime=untimed
      1004 Released k1
      release k1 200
      > wait 3600000
      > ready 1004
      1004 AgentReady AutoIn #3
    `,
    );
  });

  test('[AG8] after every call in ManualIn the agent says when he is Ready again', () => {
    after(
      `phone 1001 up\nlogin 1001 ann\nready 1001 mode=ManualIn\ncall k1 +49 6000`,
      `
      > answer k1 1001
      1001 Established k1 WrapUpTime=untimed
      > gone k1
      1001 AgentNotReady AfterCallWork WrapUpTime=untimed
      1001 Released k1
      release k1 200
      > ready 1001
      1001 AgentReady AutoIn #3
    `,
    );
  });

  test('[AG9] after-call work can be asked for: timed outside a call, prolonged while it runs', () => {
    after(
      'phone 1003 up\nlogin 1003 cid\nready 1003',
      `
      > notready 1003 mode=AfterCallWork
      1003 AgentNotReady AfterCallWork WrapUpTime=10 #3
      > wait 10000
      1003 AgentReady AutoIn
      > notready 1003 mode=AfterCallWork
      1003 AgentNotReady AfterCallWork WrapUpTime=10 #4
      > notready 1003 mode=AfterCallWork
      1003 AgentNotReady AfterCallWork WrapUpTime=untimed #5
      > wait 60000
      > ready 1003
      1003 AgentReady AutoIn #6
    `,
    );
  });

  const rules = (more: Partial<LoginRules>): CentreConfiguration => ({
    ...SITE,
    agentLogins: [{ code: 'id-cid', wrapUpMs: 10_000, ...more }],
  });
  const CID_ON_BREAK = 'phone 1003 up\nlogin 1003 cid\nnotready 1003 mode=AuxWork reason=lunch';

  test('[AG9] with acw-in-idle-force-ready false it ends in the state before it, asked for twice or not', () => {
    const isReadyAfterIdleWork = false;
    const script = (work: string) => `
      > notready 1003 mode=AfterCallWork
      1003 AgentNotReady AfterCallWork WrapUpTime=10 #3
      > wait 10000
      ${work}
    `;
    const before = (script: string, configuration: CentreConfiguration) =>
      expect(replayAfter(CID_ON_BREAK, script, configuration)).toBe(tidy(script));
    before(script('1003 AgentNotReady AuxWork ReasonCode=lunch'), rules({ isReadyAfterIdleWork }));
    before(script('1003 AgentReady AutoIn'), rules({}));
  });

  test('[AG9] with timed-acw-in-idle false it has no end of its own', () => {
    const script = `
      > notready 1003 mode=AfterCallWork
      1003 AgentNotReady AfterCallWork WrapUpTime=untimed #3
      > wait 60000
    `;
    const configuration = rules({ isIdleWorkTimed: false });
    expect(replayAfter(CID_ON_BREAK, script, configuration)).toBe(tidy(script));
  });

  test('[AG10] what was asked for during the call follows timed work and stands in place of untimed work', () => {
    after(
      `${CID_TALKS}\nanswer k1 1003`,
      `
      > notready 1003 reason=lunch
      done #3
      > gone k1
      1003 AgentNotReady AfterCallWork WrapUpTime=10
      1003 Released k1
      release k1 200
      > wait 10000
      1003 AgentNotReady ReasonCode=lunch
    `,
    );
    after(
      `phone 1004 up\nlogin 1004 dan\nready 1004\ncall k1 +49 6000\nanswer k1 1004`,
      `
      > ready 1004
      done #3
      > gone k1
      1004 Released k1
      release k1 200
    `,
    );
  });

  test('[AG10] after-call work asked for during a call has no end of its own', () => {
    after(
      ANN_TALKS,
      `
      > notready 1001 mode=AfterCallWork
      done #3
      > gone k1
      1001 AgentNotReady AfterCallWork WrapUpTime=untimed
      1001 Released k1
      release k1 200
    `,
    );
  });
});
