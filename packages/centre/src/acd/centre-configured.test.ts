import { expect, test } from 'vitest';
import type { CentreConfiguration } from './centre-types.ts';
import { Conversation, SITE } from './transcript.ts';

function talkAfter(lines: readonly string[]): Conversation {
  const talk = new Conversation();
  talk.tell({ type: 'configured', configuration: SITE });
  for (const line of lines) talk.say(line);
  return talk;
}

const without = (number: string): CentreConfiguration => ({
  ...SITE,
  dns: SITE.dns.filter((dn) => dn.number !== number),
});

test('[QU15] [C57] configured again, agents stay logged in and Ready, calls wait, ring and talk on', () => {
  const talk = talkAfter([
    'phone 1001 up',
    'phone 1002 up',
    'phone 1003 up',
    'login 1001 ann',
    'ready 1001',
    'login 1002 bob',
    'ready 1002',
    'login 1003 cid',
    'notready 1003 reason=lunch',
    'call k1 +1 6000',
    'answer k1 1001',
    'call k2 +2 6000',
    'call k3 +3 6000',
    'wait 10',
  ]);
  const before = JSON.stringify([
    talk.centre.allSnapshots(talk.now),
    talk.centre.queueSnapshots(talk.now),
    talk.centre.agents(),
  ]);
  expect(talk.tell({ type: 'configured', configuration: structuredCloneOf(SITE) })).toEqual([]);
  expect(
    JSON.stringify([
      talk.centre.allSnapshots(talk.now),
      talk.centre.queueSnapshots(talk.now),
      talk.centre.agents(),
    ]),
  ).toBe(before);
});

test('[QU15] [D26] the timers of ringing, waiting and after-call work go on through a new configuration', () => {
  const talk = talkAfter([
    'phone 1001 up',
    'login 1001 ann',
    'ready 1001',
    'phone 1003 up',
    'login 1003 cid queues=6001',
    'ready 1003',
    'call k0 +1 6001',
    'answer k0 1003',
    'call k1 +1 6000',
    'call k2 +2 6002',
    'gone k0',
    'wait 9999',
  ]);
  talk.tell({ type: 'configured', configuration: SITE });
  expect(talk.say('wait 1')).toEqual(['1003 AgentReady AutoIn']);
  talk.tell({ type: 'configured', configuration: SITE });
  expect(talk.say('wait 5000')[0]).toBe('1001 Released k1 NoAnswer');
  talk.tell({ type: 'configured', configuration: SITE });
  expect(talk.say('wait 5000')[0]).toBe('6002 Diverted k2 Overflowed');
});

test('[QU15] a queue that is removed releases its callers, those that ring too; its agents and answered calls stay', () => {
  const talk = talkAfter([
    'phone 1001 up',
    'phone 1002 up',
    'login 1001 ann queues=6000,6001',
    'ready 1001',
    'login 1002 bob',
    'ready 1002',
    'call k1 +1 6000',
    'answer k1 1001',
    'call k2 +2 6000',
    'call k3 +3 6000',
  ]);
  expect(talk.tell({ type: 'configured', configuration: without('6000') })).toEqual([
    '1002 Released k2 Failed',
    'withdraw k2 1002 released',
    'release k2 480',
    '6000 TreatmentEnd k3',
    '6000 Diverted k3 Overflowed',
    'release k3 480',
  ]);
  expect(talk.say('gone k1')).toEqual(['1001 Released k1', 'release k1 200']);
  expect(talk.centre.agents().map((agent) => agent.queues)).toEqual([['6001'], []]);
  expect(talk.say('call k4 +1 6001')).toContain('ring k4 1001');
});

test('[QU15] a DN that is removed logs its agent out, its answered call goes on', () => {
  const talk = talkAfter([
    'phone 1001 up',
    'login 1001 ann',
    'ready 1001',
    'call k1 +1 6000',
    'answer k1 1001',
  ]);
  expect(talk.tell({ type: 'configured', configuration: without('1001') })).toEqual([
    '6000 QueueLogout LogoutReason=configuration',
    '1001 AgentLogout LogoutReason=configuration',
  ]);
  expect(talk.say('gone k1')).toEqual(['1001 Released k1', 'release k1 200']);
  expect(talk.centre.callCount).toBe(0);
});

test('[QU15] changed limits and times hold from the next decision on', () => {
  const talk = talkAfter(['call k1 +1 6000']);
  const dns = SITE.dns.map((dn) =>
    dn.queue === undefined ? dn : { ...dn, queue: { ...dn.queue, waitingMax: 1 } },
  );
  talk.tell({ type: 'configured', configuration: { ...SITE, dns } });
  expect(talk.say('call k2 +2 6000').at(-1)).toBe('release k2 486');
});

test('[CA14] before the first configuration every request and every call is refused', () => {
  const talk = new Conversation();
  expect(talk.say('login 1001 ann')).toEqual(['refuse #1 not-ready']);
  expect(talk.say('call k1 +1 6000')).toEqual(['release k1 503']);
});

function structuredCloneOf<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}
