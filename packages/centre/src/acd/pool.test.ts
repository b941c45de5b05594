import { POOL_CALLERS_MAX } from '@holdfast/protocol';
import { describe, expect, test } from 'vitest';
import { Centre } from './centre.ts';
import type { CentreEffect, CentreInput } from './centre-types.ts';
import { checkCentre } from './check-centre.ts';
import { Conversation, pooledSite, replay, replayAfter, SITE, tidy } from './transcript.ts';

const after = (before: string, script: string) =>
  expect(replayAfter(before, script, pooledSite())).toBe(tidy(script));
const ready = (dn: string, agent: string) => `phone ${dn} up\nlogin ${dn} ${agent}\nready ${dn}\n`;

describe('callers here, agents there', () => {
  test('[QU16] who waits is announced with priority and time waited, while the other site can be asked', () => {
    after(
      'call k1 +1 6000\nwait 700',
      `
      > link up
      tell waiting 6000 k1:0:700
      > call k2 +2 6000 Priority=3
      6000 Queued k2
      treat k2 music
      6000 TreatmentApplied k2
      tell waiting 6000 k2:3:0 k1:0:700
      > gone k2
      6000 TreatmentEnd k2
      6000 Abandoned k2
      release k2 487
      tell waiting 6000 k1:0:700
      > link silent
      tell waiting 6000
      > link up
      tell waiting 6000 k1:0:700
      > link lost
      > link up
      tell waiting 6000 k1:0:700
    `,
    );
  });

  test('[QU16] not of a queue that is not pooled, and not for callers beyond the first eight', () => {
    expect(replay('> link up\n> call k1 +1 6000')).not.toContain('tell');
    const talk = new Conversation();
    const dns = pooledSite().dns.map((dn) =>
      dn.queue === undefined ? dn : { ...dn, queue: { ...dn.queue, waitingMax: 100 } },
    );
    talk.tell({ type: 'configured', configuration: { ...SITE, dns } });
    talk.say('link up');
    const told = Array.from({ length: 20 }, (_, n) => talk.say(`call k${n} +1 6000`));
    const announcements = told.map((lines) => lines.filter((line) => line.startsWith('tell')));
    expect(announcements.flat()).toHaveLength(POOL_CALLERS_MAX);
    expect(announcements[POOL_CALLERS_MAX]).toEqual([]);
  });

  test('[QU18] a granted agent is taken for the caller, who is offered to nobody else meanwhile and talks there', () => {
    after(
      'link up\ncall k1 +1 6000 topic=loan',
      `
      > granted k1 6000 7 2001
      tell take k1 7
      6000 Diverted k1 to=2001
      ring k1 6000 over trunk
      tell waiting 6000
      # An agent of ours who becomes free has nobody to serve.
      > phone 1001 up
      1001 DNBackInService
      > login 1001 ann
      1001 AgentLogin #1
      > ready 1001
      1001 AgentReady AutoIn #2
      > ringing k1 6000
      > answer k1 6000
      6000 TreatmentEnd k1
      > gone k1 6000
      release k1 200
    `,
    );
  });

  test('[QU18] whoever does not wait any more declines', () => {
    after(
      `link up\ncall k1 +1 6000\n${ready('1001', 'ann')}`,
      `
      > granted k1 6000 7 2001
      tell decline k1 7
      > granted k9 6000 8 2001
      tell decline k9 8
    `,
    );
    after(
      'link up\ncall k1 +1 6000\ncall k2 +2 6001\ngranted k1 6000 7 2001',
      `
      # Kept for one agent at a time, and in its own queue alone.
      > granted k1 6000 8 2002
      tell decline k1 8
      > granted k2 6000 9 2002
      tell decline k2 9
    `,
    );
  });

  test('[QU18] without an answer there the caller is back at the same place, and hears the same', () => {
    after(
      'link up\ncall k1 +1 6000\nwait 1000\ncall k2 +2 6000\ngranted k1 6000 7 2001\nringing k1 6000',
      `
      > fail k1 6000 no-answer
      withdraw k1 6000 no-answer
      6000 Queued k1
      tell waiting 6000 k1:0:1000 k2:0:0
    `,
    );
  });

  test('[QU18] what does not ring within 500 ms is taken back, and nobody is asked for during 5 s', () => {
    after(
      'link up\ncall k1 +1 6000\ngranted k1 6000 7 2001',
      `
      > wait 499
      > wait 1
      withdraw k1 6000 no-answer
      6000 Queued k1
      > granted k1 6000 8 2001
      tell decline k1 8
      > wait 4999
      > wait 1
      tell waiting 6000 k1:0:5500
    `,
    );
  });

  test('[QU18] what rings goes on for the ring time and two seconds, where nothing more is heard', () => {
    after(
      'link up\ncall k1 +1 6000\ngranted k1 6000 7 2001\nringing k1 6000',
      `
      > wait 16999
      > wait 1
      withdraw k1 6000 no-answer
      6000 Queued k1
      tell waiting 6000 k1:0:17000
    `,
    );
  });

  test('[QU18] a lost link takes back what has not been answered; who talks goes on', () => {
    after(
      'link up\ncall k1 +1 6000\ncall k2 +2 6000\ngranted k1 6000 7 2001\nringing k1 6000\ngranted k2 6000 8 2002\nringing k2 6000\nanswer k2 6000',
      `
      > link lost
      withdraw k1 6000 released
      6000 Queued k1
      > gone k2
      release k2 200
    `,
    );
  });

  test('[QU18] a caller who leaves is gone there too, and no event is of a DN of ours', () => {
    after(
      'link up\ncall k1 +1 6000\ngranted k1 6000 7 2001\nringing k1 6000',
      `
      > gone k1
      6000 TreatmentEnd k1
      withdraw k1 6000 caller-gone
      release k1 487
    `,
    );
  });

  test('[QU18] the longest wait and the removal of the queue end what is offered there, as of any caller', () => {
    const talk = new Conversation();
    talk.tell({ type: 'configured', configuration: pooledSite() });
    for (const line of ['link up', 'call k1 +1 6000', 'granted k1 6000 7 2001']) talk.say(line);
    const dns = pooledSite().dns.filter(({ number }) => number !== '6000');
    expect(talk.tell({ type: 'configured', configuration: { ...SITE, dns } })).toEqual([
      '6000 TreatmentEnd k1',
      'withdraw k1 6000 released',
      'release k1 480',
    ]);
  });

  test('[QU20] a site that shuts down asks for its own callers', () => {
    after(
      'link up\nshutdown on',
      `
      > call k1 +1 6000
      6000 Queued k1
      treat k1 music
      6000 TreatmentApplied k1
      tell waiting 6000 k1:0:0
      > granted k1 6000 7 2001
      tell take k1 7
      6000 Diverted k1 to=2001
      ring k1 6000 over trunk
      tell waiting 6000
    `,
    );
  });

  test('[QU21] a refused line is told again after 5 s, once', () => {
    after(
      'link up\ncall k1 +1 6000',
      `
      > refused 6000
      > wait 4999
      > wait 1
      tell waiting 6000 k1:0:5000
      > wait 20000
    `,
    );
  });
});

describe('agents here, callers there', () => {
  test('[QU17] an agent without a caller of ours is kept for the first who waits there', () => {
    after(
      `${ready('1001', 'ann')}${ready('1002', 'bob')}`,
      `
      > there 6000 x1:0:5000
      tell grant 6000 x1 1 1001
      # Kept for x1, the longest idle is offered nothing else.
      > call k1 +1 6000
      6000 Queued k1
      6000 Diverted k1
      1002 Ringing k1
      ring k1 1002
      > call k2 +1 6000
      6000 Queued k2
      treat k2 music
      6000 TreatmentApplied k2
    `,
    );
  });

  test('[QU17] of callers of both sites the highest priority comes first, then who has waited longest', () => {
    after(
      'call k1 +1 6000\nwait 1000\nthere 6000 x1:0:3000 x2:0:500\nphone 1001 up\nlogin 1001 ann\nphone 1002 up\nlogin 1002 bob\nphone 1003 up\nlogin 1003 cid',
      `
      # x1 has waited 3 s, k1 1 s, x2 half a second.
      > ready 1001
      1001 AgentReady AutoIn #4
      tell grant 6000 x1 1 1001
      > ready 1002
      1002 AgentReady AutoIn #5
      6000 TreatmentEnd k1
      6000 Diverted k1
      1002 Ringing k1
      ring k1 1002
      > ready 1003
      1003 AgentReady AutoIn #6
      tell grant 6000 x2 2 1003
    `.replace('6000 TreatmentEnd k1\n      ', ''),
    );
    after(
      'call k1 +1 6000 Priority=2\nthere 6000 x1:1:3000 x2:0:9000\nphone 1001 up\nlogin 1001 ann queues=6000,6001',
      `
      > ready 1001
      1001 AgentReady AutoIn #2
      6000 Diverted k1
      1001 Ringing k1
      ring k1 1001
    `,
    );
  });

  test('[QU17] what is said of a line replaces what was said before', () => {
    after(
      'there 6000 x1:0:5000\nthere 6000 x2:0:100\nthere 6000\nphone 1001 up\nlogin 1001 ann',
      `
      > ready 1001
      1001 AgentReady AutoIn #2
    `,
    );
  });

  test.each([
    ['is declined', 'declined x1 1'],
    ['lapses after 500 ms', 'wait 500'],
    ['ends with the link', 'there-lost'],
  ])('[QU17] a reservation that %s gives the agent to the next', (_, how) => {
    after(
      `${ready('1001', 'ann')}there 6000 x1:0:5000\ncall k1 +1 6000`,
      `
      > ${how}
      6000 Diverted k1
      1001 Ringing k1
      ring k1 1001
    `,
    );
  });

  test.each(['notready 1001', 'logout 1001', 'phone 1001 down', 'routable 1001 no', 'call k9 1001 1002'])(
    '[QU17] a reservation ends when the agent can take no call any more: %s',
    (how) => {
      const before = `${ready('1001', 'ann')}phone 1002 up\nthere 6000 x1:0:5000\n${how}`;
      after(
        before,
        `
        > call k1 +1 6000 reservation=1 of=x1
        release k1 480
      `,
      );
    },
  );

  test('[QU17] what is declined or told late changes nothing: another number, or the call rings already', () => {
    after(
      `${ready('1001', 'ann')}there 6000 x1:0:5000\ncall k1 +1 6000 reservation=1 of=x1`,
      `
      > declined x1 1
      > declined x1 9
      > taken x1 9 a=b
      > there 6000 x1:0:6000
      > answer k1 1001
      1001 Established k1
    `,
    );
  });

  test('[QU19] the call rings the agent as one of the queue, with the data of the caller, in no line and no count', () => {
    const script = `
      > taken x1 1 topic=loan
      > call k1 +1 6000 reservation=1 of=x1
      1001 Ringing k1
      ring k1 1001
      > answer k1 1001
      1001 Established k1
      > gone k1
      1001 Released k1
      release k1 200
    `;
    const before = `${ready('1001', 'ann')}there 6000 x1:0:5000`;
    after(before, script);
    const { effects, centre } = told(before, [
      'taken x1 1 topic=loan',
      'call k1 +1 6000 reservation=1 of=x1',
    ]);
    const ringing = effects.find((effect) => effect.type === 'event');
    expect(ringing).toMatchObject({
      name: 'EventRinging',
      attributes: { ThisQueue: '6000', UserData: { topic: 'loan' }, ANI: '+1' },
    });
    expect(centre.counters().find(({ dn }) => dn === '6000')).toMatchObject({ offered: 0, answered: 0 });
  });

  test('[QU19] [CA9] data beyond what a call may carry are left out', () => {
    after(
      `${ready('1001', 'ann')}there 6000 x1:0:5000\ncall k1 +1 6000 reservation=1 of=x1`,
      `
      > taken x1 1 topic=${'x'.repeat(70_000)}
      > answer k1 1001
      1001 Established k1
    `,
    );
  });

  test('[QU19] data that come after the call are attached to it', () => {
    after(
      `${ready('1001', 'ann')}there 6000 x1:0:5000\ncall k1 +1 6000 reservation=1 of=x1`,
      `
      > taken x1 1 topic=loan
      1001 AttachedDataChanged k1
    `,
    );
  });

  test('[QU19] [QU6] nobody answers: the agent is set NotReady, and the caller goes on waiting there', () => {
    after(
      `${ready('1001', 'ann')}there 6000 x1:0:5000\ncall k1 +1 6000 reservation=1 of=x1`,
      `
      > wait 15000
      1001 Released k1 NoAnswer
      withdraw k1 1001 no-answer
      release k1 480
      1001 AgentNotReady ReasonCode=no-answer
    `,
    );
  });

  test('[QU19] a caller who leaves there frees the agent at once', () => {
    after(
      `${ready('1001', 'ann')}there 6000 x1:0:5000\ncall k1 +1 6000 reservation=1 of=x1`,
      `
      > gone k1
      1001 Abandoned k1
      withdraw k1 1001 caller-gone
      release k1 487
      > call k2 +1 6000
      6000 Queued k2
      6000 Diverted k2
      1001 Ringing k2
      ring k2 1001
    `,
    );
  });

  test('[QU19] a lost link ends what rings, and the agent has done nothing', () => {
    after(
      `${ready('1001', 'ann')}there 6000 x1:0:5000\ncall k1 +1 6000 reservation=1 of=x1`,
      `
      > there-lost
      1001 Released k1 Redirected
      withdraw k1 1001 released
      release k1 480
      > call k2 +1 6000
      6000 Queued k2
      6000 Diverted k2
      1001 Ringing k2
      ring k2 1001
    `,
    );
  });

  test('[QU19] a call without a reservation that stands is refused: twice for one, or another number', () => {
    after(
      `${ready('1001', 'ann')}there 6000 x1:0:5000`,
      `
      > call k1 +1 6000 reservation=2 of=x1
      release k1 480
      > call k2 +1 6000 reservation=1 of=x2
      release k2 480
      > call k3 +1 6000 reservation=1 of=x1
      1001 Ringing k3
      ring k3 1001
      > call k4 +1 6000 reservation=1 of=x1
      release k4 480
    `,
    );
  });

  test('[QU20] a site that shuts down grants nobody and says so; taken back, it does', () => {
    after(
      `${ready('1001', 'ann')}shutdown on wave=1 every=60000\nwait 10`,
      `
      > there 6000 x1:0:5000
      tell refuse 6000
    `,
    );
    const before = `${ready('1001', 'ann')}${ready('1002', 'bob')}shutdown on wave=1 every=60000\nthere 6000 x1:0:5000`;
    expect(replayAfter(before, '> shutdown off', pooledSite())).toContain('tell grant 6000 x1 1 1002');
  });

  test('[QU21] callers of a queue that is not pooled here are refused', () => {
    after(
      ready('1001', 'ann'),
      `
      > there 6002 x1:0:5000
      tell refuse 6002
      > there 9999 x1:0:5000
      tell refuse 9999
      > there 9999
    `,
    );
  });
});

/** What the last of these lines, of a conversation after `before`, has caused. */
function told(before: string, lines: readonly string[]): { effects: CentreEffect[]; centre: Centre } {
  const talk = new Conversation();
  talk.tell({ type: 'configured', configuration: pooledSite() });
  for (const line of before.split('\n')) talk.say(line);
  const handle = talk.centre.handle.bind(talk.centre);
  let effects: CentreEffect[] = [];
  talk.centre.handle = (now: number, input: CentreInput) => {
    effects = handle(now, input);
    return effects;
  };
  for (const line of lines) talk.say(line);
  return { effects, centre: talk.centre };
}

test('[MC6] another server has the caller back in line at once, and keeps no agent for the other site', () => {
  const { centre } = told('link up\ncall k1 +1 6000\nwait 1000', ['granted k1 6000 7 2001']);
  const { centre: other } = told(`${ready('1001', 'ann')}there 6000 x1:0:5000`, []);
  const goneOn = (from: Centre): Centre => {
    const next = new Centre();
    next.handle(0, { type: 'configured', configuration: pooledSite() });
    const records = from.recordKeys().flatMap((key) => {
      const value = from.record(key, 1_000);
      return value === undefined ? [] : [[key, { value, heldAt: 1_000 }] as const];
    });
    next.load(1_000, records, 8_000);
    return next;
  };
  const next = goneOn(centre);
  expect(next.nextDeadline()).toBe(1_000);
  const effects = next.expire(1_000);
  expect(effects.map(({ type }) => type)).toContain('withdraw');
  expect(next.queueSnapshots(1_000).find(({ dn }) => dn === '6000')?.waiting).toEqual([
    { ConnID: 'k1', ANI: '+1', priority: 0, waitedMs: 1_000 },
  ]);
  expect(checkCentre(next)).toEqual([]);
  const agents = goneOn(other);
  const refused = agents.handle(1_000, {
    ...{ type: 'callStarted', connId: 'k1', from: { ani: '+1', trunk: 'trunk' }, to: '6000', userData: {} },
    reservation: { connId: 'x1', number: 1 },
  });
  expect(refused.find(({ type }) => type === 'release')).toMatchObject({ status: 480 });
});
