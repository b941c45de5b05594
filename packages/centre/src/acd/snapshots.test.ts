import { describe, expect, test } from 'vitest';
import { Conversation, SITE } from './transcript.ts';

describe('snapshots', () => {
  test('[CA13] every DN shows its agent, its calls and since when, in durations', () => {
    const talk = new Conversation();
    talk.tell({ type: 'configured', configuration: SITE });
    for (const line of [
      'phone 1001 up',
      'login 1001 ann epoch=4',
      'ready 1001',
      'wait 100',
      'call k1 +1 6000 A=b',
      'wait 50',
      'call k2 +2 6000',
      'wait 7',
    ]) {
      talk.say(line);
    }
    const agent = {
      AgentID: 'id-ann',
      person: 'ann',
      epoch: { number: 4, desk: 'desk-ann' },
      state: 'Ready',
      workMode: 'AutoIn',
      reasons: {},
      queues: ['6000'],
      routable: true,
      sinceMs: 157,
    };
    const k1 = {
      ConnID: 'k1',
      CallType: 'Inbound',
      OtherDN: '+1',
      ANI: '+1',
      ThisQueue: '6000',
      UserData: { A: 'b' },
    };
    expect(talk.centre.dnSnapshot('1001', talk.now)).toEqual({
      dn: '1001',
      inService: true,
      agent,
      calls: [{ ...k1, state: 'Ringing', sinceMs: 57 }],
    });
    talk.say('answer k1 1001');
    talk.say('wait 3');
    expect(talk.centre.dnSnapshot('1001', talk.now)?.calls).toEqual([
      { ...k1, state: 'Established', sinceMs: 3 },
    ]);
    talk.say('hold k1 1001');
    talk.say('wait 2');
    expect(talk.centre.dnSnapshot('1001', talk.now)?.calls).toEqual([{ ...k1, state: 'Held', sinceMs: 2 }]);
    expect(talk.centre.dnSnapshot('6000', talk.now)?.calls).toMatchObject([
      { ConnID: 'k2', state: 'Queued', sinceMs: 12 },
    ]);
    expect(talk.centre.queueSnapshots(talk.now).find((queue) => queue.dn === '6000')).toEqual({
      dn: '6000',
      waiting: [{ ConnID: 'k2', ANI: '+2', priority: 0, waitedMs: 12 }],
      agentsLoggedIn: 1,
      agentsReady: 1,
    });
    expect(talk.centre.agents()).toMatchObject([{ dn: '1001', agentId: 'id-ann', state: 'Ready', since: 0 }]);
    expect(talk.centre.dnSnapshot('9999', talk.now)).toBeUndefined();
    expect(talk.centre.allSnapshots(talk.now)).toHaveLength(SITE.dns.length);
  });

  test('[CA13] whoever dials sees whom', () => {
    const talk = new Conversation();
    talk.tell({ type: 'configured', configuration: SITE });
    for (const line of ['phone 1002 up', 'call k1 1001 1002', 'wait 4']) talk.say(line);
    const call = { ConnID: 'k1', CallType: 'Internal', ANI: '1001', UserData: {}, sinceMs: 4 };
    expect(talk.centre.dnSnapshot('1001', talk.now)?.calls).toEqual([
      { ...call, state: 'Dialing', OtherDN: '1002' },
    ]);
    expect(talk.centre.dnSnapshot('1002', talk.now)?.calls).toEqual([
      { ...call, state: 'Ringing', OtherDN: '1001' },
    ]);
  });
});
