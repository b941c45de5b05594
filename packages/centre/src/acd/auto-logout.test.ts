import { describe, expect, test } from 'vitest';
import type { CentreConfiguration, LoginRules } from './centre-types.ts';
import { Conversation, replayAfter, SITE, tidy } from './transcript.ts';

/** ann does nothing for 60 s at the most. */
function site(more: Partial<LoginRules> = {}): CentreConfiguration {
  return { ...SITE, agentLogins: [{ code: 'id-ann', wrapUpMs: 10_000, autoLogoutMs: 60_000, ...more }] };
}

function after(before: string, script: string, more: Partial<LoginRules> = {}): void {
  expect(replayAfter(before, script, site(more))).toBe(tidy(script));
}

const ANN = 'phone 1001 up\nlogin 1001 ann client=none';

describe('an agent who does nothing', () => {
  test('[AG22] is logged out when the time is over, and not a moment before', () => {
    after(
      ANN,
      `
      > wait 59999
      > wait 1
      6000 QueueLogout LogoutReason=auto_logout
      1001 AgentLogout LogoutReason=auto_logout
    `,
    );
  });

  test('[AG22] stays where the option is 0', () => {
    after(ANN, '> wait 86400000', { autoLogoutMs: 0 });
  });

  test.each(['ready 1001', 'notready 1001 mode=AuxWork', 'notready 1001 mode=AfterCallWork'])(
    '[AG22] stays after "%s", unless all states are included',
    (work) => {
      const untimed = { isIdleWorkTimed: false };
      after(`${ANN}\n${work} client=none`, '> wait 86400000', untimed);
      after(
        `${ANN}\n${work} client=none`,
        `
        > wait 59999
        > wait 1
        6000 QueueLogout LogoutReason=auto_logout
        1001 AgentLogout LogoutReason=auto_logout
      `,
        { ...untimed, isAutoLogoutForAll: true },
      );
    },
  );

  test('[AG22] begins anew with a request, also one that changes nothing', () => {
    after(
      `${ANN}\nwait 50000\nnotready 1001 client=none`,
      `
      > wait 59999
      > wait 1
      6000 QueueLogout LogoutReason=auto_logout
      1001 AgentLogout LogoutReason=auto_logout
    `,
    );
  });

  test('[AG22] is not logged out during a call, and the time counts from its end', () => {
    after(
      `${ANN}\ncall k1 +49 1001\nanswer k1 1001`,
      `
      > wait 600000
      > gone k1
      1001 AgentNotReady AfterCallWork WrapUpTime=10
      1001 Released k1
      release k1 200
      > wait 10000
      1001 AgentNotReady
      > wait 59999
      > wait 1
      6000 QueueLogout LogoutReason=auto_logout
      1001 AgentLogout LogoutReason=auto_logout
    `,
    );
  });

  test('[AG22] is judged by the configuration of now', () => {
    const talk = new Conversation();
    talk.tell({ type: 'configured', configuration: site({ autoLogoutMs: 0 }) });
    for (const line of ANN.split('\n')) talk.say(line);
    talk.say('wait 90000');
    talk.tell({ type: 'configured', configuration: site({ autoLogoutMs: 120_000 }) });
    expect(talk.say('wait 29999')).toEqual([]);
    expect(talk.say('wait 1')).toEqual([
      '6000 QueueLogout LogoutReason=auto_logout',
      '1001 AgentLogout LogoutReason=auto_logout',
    ]);
    expect(talk.say('wait 86400000')).toEqual([]);
  });
});
