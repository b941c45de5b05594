import { describe, expect, test } from 'vitest';
import { USER_DATA_MAX } from './attached-data.ts';
import type { CentreEffect } from './centre-types.ts';
import { Conversation, replay, replayAfter, SITE, tidy } from './transcript.ts';

const expectTalk = (script: string) => expect(replay(script)).toBe(tidy(script));
const after = (before: string, script: string) => expect(replayAfter(before, script)).toBe(tidy(script));
const PHONES = 'phone 1001 up\nphone 1002 up';

function eventsOf(effects: readonly CentreEffect[]) {
  return effects.flatMap((effect) => (effect.type === 'event' ? [effect] : []));
}

describe('calls from outside', () => {
  test('[CA1] a queued call says Queued, Diverted, Ringing, Established, Released, with all its attributes', () => {
    const talk = new Conversation();
    talk.tell({ type: 'configured', configuration: SITE });
    for (const line of ['phone 1003 up', 'login 1003 cid', 'ready 1003']) talk.say(line);
    const [queued, diverted, ringing] = eventsOf(
      talk.centre.handle(5, {
        type: 'callStarted',
        connId: 'k1',
        from: { ani: '+4930', trunk: 'trunk' },
        to: '6000',
        userData: { Topic: 'loan' },
      }),
    );
    const common = {
      ConnID: 'k1',
      CallID: queued?.attributes.CallID,
      CallType: 'Inbound',
      CallState: 'Ok',
      ANI: '+4930',
      DNIS: '6000',
      OtherDN: '+4930',
      ThisQueue: '6000',
      ThisDNRole: 'RoleDestination',
      OtherDNRole: 'RoleOrigination',
      UserData: { Topic: 'loan' },
    };
    expect(queued).toEqual({
      type: 'event',
      dn: '6000',
      name: 'EventQueued',
      attributes: { ThisDN: '6000', ...common },
    });
    expect(diverted?.name).toBe('EventDiverted');
    expect(ringing).toEqual({
      type: 'event',
      dn: '1003',
      name: 'EventRinging',
      attributes: { ThisDN: '1003', AgentID: 'id-cid', ...common },
    });
    const [established] = eventsOf(
      talk.centre.handle(6, { type: 'partyAnswered', connId: 'k1', dn: '1003' }),
    );
    expect(established?.attributes).toEqual({
      ThisDN: '1003',
      AgentID: 'id-cid',
      ...common,
      Extensions: { WrapUpTime: 10 },
    });
    const [notReady, released] = eventsOf(
      talk.centre.handle(7, { type: 'partyGone', connId: 'k1', why: 'normal' }),
    );
    expect(notReady?.attributes.Extensions).toEqual({ WrapUpTime: 10 });
    expect(released?.attributes).toEqual({ ThisDN: '1003', AgentID: 'id-cid', ...common });
  });

  test('[CA16] each call has a number, the same in all its events, with its state and the role of the DN', () => {
    const talk = new Conversation();
    talk.tell({ type: 'configured', configuration: SITE });
    const started = (connId: string, to: string) =>
      eventsOf(
        talk.centre.handle(5, {
          type: 'callStarted',
          connId,
          from: { ani: '+49', trunk: 'trunk' },
          to,
          userData: {},
        }),
      );
    const routed = started('k1', '7000');
    expect(routed.map(({ name }) => name)).toContain('EventRouteRequest');
    for (const { attributes } of routed)
      expect(attributes).toMatchObject({
        CallState: 'Ok',
        CallType: 'Inbound',
        ThisDNRole: 'RoleDestination',
      });
    const numbers = (events: typeof routed) => new Set(events.map(({ attributes }) => attributes.CallID));
    expect(numbers(routed).size).toBe(1);
    expect(numbers(routed)).not.toContain(0);
    expect(numbers(started('k2', '6000'))).not.toEqual(numbers(routed));
    expect(
      numbers(eventsOf(talk.centre.handle(6, { type: 'partyGone', connId: 'k1', why: 'normal' }))),
    ).toEqual(numbers(routed));
  });

  test('[CA5] a direct call rings the phone, whoever is or is not logged in there', () => {
    after(
      `${PHONES}\nlogin 1001 ann`,
      `
      > call k1 +1 1001
      1001 Ringing k1
      ring k1 1001
      > answer k1 1001
      1001 Established k1
      > gone k1 1001
      1001 Released k1
      release k1 200
      > call k2 +1 1002
      1002 Ringing k2
      ring k2 1002
      > fail k2 1002 rejected
      1002 Released k2 Failed
      release k2 603
    `,
    );
  });

  test('[CA5] without a phone in service, or without such a DN, the call is refused', () => {
    after(
      PHONES,
      `
      > call k1 +1 1003
      release k1 480
      > call k2 +1 9999
      release k2 404
      > call k3 +1 trunk
      release k3 404
      > call k4 1001 9999
      1001 Dialing k4
      1001 Released k4 Failed
      release k4 404
    `,
    );
  });

  test('[CA6] a Call Processing Port is a plain destination', () => {
    expectTalk(`
      > call k1 +1 8000
      8000 Ringing k1
      ring k1 8000
      > answer k1 8000
      8000 Established k1
      > gone k1
      8000 Released k1
      release k1 200
    `);
  });

  test('[CA7] a caller from outside who leaves a ringing phone abandons it, a colleague releases it', () => {
    after(
      PHONES,
      `
      > call k1 +1 1001
      1001 Ringing k1
      ring k1 1001
      > gone k1
      1001 Abandoned k1
      withdraw k1 1001 caller-gone
      release k1 487
      > call k2 1002 1001
      1002 Dialing k2
      1001 Ringing k2
      ring k2 1001
      > gone k2 1002
      1001 Released k2
      withdraw k2 1001 caller-gone
      1002 Released k2
      release k2 487
    `,
    );
  });
});

describe('calls from inside', () => {
  test('[CA2] an internal call is told to both', () => {
    after(
      PHONES,
      `
      > call k1 1001 1002
      1001 Dialing k1
      1002 Ringing k1
      ring k1 1002
      > ringing k1 1002
      > answer k1 1002
      1002 Established k1
      1001 Established k1
      > gone k1 1002
      1002 Released k1
      1001 Released k1
      release k1 200
    `,
    );
  });

  test('[CA2] a phone that calls itself is busy, and learns it as of any other (CA4)', () => {
    after(
      PHONES,
      `
      > call k1 1001 1001
      1001 Dialing k1
      1001 DestinationBusy k1 Busy
      1001 Released k1 Busy
      release k1 486
    `,
    );
  });

  test('[CA3] an outbound call is told to the one who dials', () => {
    after(
      PHONES,
      `
      > call k1 1001 0301234 trunk=trunk
      1001 Dialing k1
      ring k1 0301234 over trunk
      > ringing k1 0301234
      1001 NetworkReached k1
      > ringing k1 0301234
      > answer k1 0301234
      1001 Established k1
      > gone k1 0301234
      1001 Released k1
      release k1 200
    `,
    );
  });

  test('[CA4] why a call fails reaches the one who dials', () => {
    after(
      `${PHONES}\ncall k1 1001 1002\ncall k2 1001 1002\ncall k3 1001 0301234 trunk=trunk`,
      `
      > fail k1 1002 busy
      1001 DestinationBusy k1 Busy
      1002 Released k1 Busy
      1001 Released k1 Busy
      release k1 486
      > fail k2 1002 no-answer
      1002 Released k2 NoAnswer
      1001 Released k2 NoAnswer
      release k2 480
      > fail k3 0301234 unreachable
      1001 Released k3 Failed
      release k3 480
    `,
    );
  });

  test('[CA4] a full queue is busy for a colleague who dials it; one who hangs up first learns nothing of it', () => {
    after(
      `${PHONES}\ncall k1 +1 6000\ncall k2 +2 6000\ncall k3 1002 6000`,
      `
      > call k4 1001 6000
      1001 Dialing k4
      6000 Queued k4
      6000 Diverted k4 Overflowed
      1001 DestinationBusy k4 Busy
      1001 Released k4 Busy
      release k4 486
      > gone k3 1002
      6000 TreatmentEnd k3
      6000 Abandoned k3
      1002 Released k3
      release k3 487
    `,
    );
  });
});

describe('during a call', () => {
  const TALK = `${PHONES}\ncall k1 1001 1002\nanswer k1 1002`;

  test('[CA8] holding and retrieving are told once, to the DN that holds', () => {
    after(
      TALK,
      `
      > hold k1 1002
      1002 Held k1
      > hold k1 1002
      > hold k1 1001
      1001 Held k1
      > retrieve k1 1002
      1002 Retrieved k1
      > retrieve k1 1002
      > hold k1 9999
    `,
    );
  });

  test('[CA9] UserData stays with the call, and every change is told to all who have a part in it', () => {
    after(
      `${PHONES}\nlogin 1001 ann\nready 1001\ncall k1 +1 6000 Topic=loan\nanswer k1 1001`,
      `
      > attach k1 1001 Customer=77
      1001 AttachedDataChanged k1 #3
      > attach k1 1001 Customer=77
      done #4
      > delete k1 1001 Nothing
      done #5
      > delete k1 1001 Topic
      1001 AttachedDataChanged k1 #6
      > attach k1 1002 Customer=78
      refuse #7 unknown-call
      > attach k9 1001 Customer=78
      refuse #8 unknown-call
      > delete k1 1001
      1001 AttachedDataChanged k1 #9
    `,
    );
    after(
      TALK,
      `
      > attach k1 1001 Customer=77
      1002 AttachedDataChanged k1
      1001 AttachedDataChanged k1 #1
    `,
    );
    after(
      'call k1 +1 6000',
      `
      > attach k1 6000 Customer=77
      6000 AttachedDataChanged k1 #1
    `,
    );
  });

  test('[CA9] what is attached comes to the next agent with the call', () => {
    const talk = new Conversation();
    talk.tell({ type: 'configured', configuration: SITE });
    for (const line of [
      'call k1 +1 6000 Topic=loan',
      'attach k1 6000 Customer=77',
      'phone 1001 up',
      'login 1001 ann',
    ])
      talk.say(line);
    const ring = talk.centre
      .handle(9, { type: 'ready', dn: '1001' })
      .find((effect) => effect.type === 'ring');
    expect(ring?.userData).toEqual({ Topic: 'loan', Customer: '77' });
  });

  test('[CA9] UserData has a limit for each call', () => {
    const talk = new Conversation();
    talk.tell({ type: 'configured', configuration: SITE });
    talk.say('call k1 +1 6000');
    const large = 'x'.repeat(4_096);
    const answers: string[] = [];
    for (let key = 0; key < 20; key++) answers.push(...talk.say(`attach k1 6000 key${key}=${large}`));
    expect(answers.filter((answer) => answer.startsWith('refuse'))).toHaveLength(
      20 - Math.floor(USER_DATA_MAX / 4_101),
    );
  });

  test('[CA10] a party releases the call; one that rings refuses it', () => {
    after(
      TALK,
      `
      > release k1 1002
      1002 Released k1 #1
      1001 Released k1
      release k1 200
      > release k1 1002
      refuse #2 unknown-call
      > call k2 1001 1002
      1001 Dialing k2
      1002 Ringing k2
      ring k2 1002
      > release k2 1002
      1002 Released k2 Failed #3
      1001 Released k2 Failed
      release k2 603
    `,
    );
    after(
      'call k1 1001 6000',
      `
      > release k1 6000
      refuse #1 wrong-state
      > release k1 1001
      6000 TreatmentEnd k1
      6000 Abandoned k1
      1001 Released k1 #2
      release k1 487
    `,
    );
    after(
      'phone 1001 up\nlogin 1001 ann\nready 1001\ncall k1 +1 6000',
      `
      > release k1 1001
      1001 Released k1 Failed #3
      withdraw k1 1001 released
      6000 Queued k1
      1001 AgentNotReady ReasonCode=rejected
      treat k1 music
      6000 TreatmentApplied k1
    `,
    );
  });

  test('[CA11] what comes late about a call, or about somebody who left it, changes nothing', () => {
    after(
      TALK,
      `
      > gone k1 9999
      > fail k1 9999
      > gone k1
      1002 Released k1
      1001 Released k1
      release k1 200
      > gone k1
      > answer k1 1002
      > fail k1 1002
      > hold k1 1002
      > ringing k1 1002
    `,
    );
  });

  test('[CA11] [C44] [D32] [D34] a call whose BYE was lost is over for its agent, its queue and every list', () => {
    const talk = new Conversation();
    talk.tell({ type: 'configured', configuration: SITE });
    for (const line of ['phone 1001 up', 'login 1001 ann', 'ready 1001', 'call k1 +1 6000', 'answer k1 1001'])
      talk.say(line);
    expect(talk.tell({ type: 'partyGone', connId: 'k1', dn: '1001', why: 'lost' })).toEqual([
      '1001 Released k1',
      'release k1 200',
    ]);
    expect(talk.centre.callCount).toBe(0);
    expect(talk.centre.dnSnapshot('1001', 1)?.calls).toEqual([]);
    expect(talk.centre.queueSnapshots(1).every((queue) => queue.waiting.length === 0)).toBe(true);
    expect(talk.say('call k2 +2 6000')).toContain('ring k2 1001');
  });

  test('[CA12] [D44] a call that ends as soon as it starts is reported whole', () => {
    expectTalk(`
      > call k1 +1 6000
      6000 Queued k1
      treat k1 music
      6000 TreatmentApplied k1
      > gone k1
      6000 TreatmentEnd k1
      6000 Abandoned k1
      release k1 487
      > call k2 1001 9999
      1001 Dialing k2
      1001 Released k2 Failed
      release k2 404
    `);
  });
});
