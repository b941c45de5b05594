import { expect, test } from 'vitest';
import type { CentreState } from './centre-state.ts';
import { DEADLINE } from './centre-state.ts';
import { checkCentre } from './check-centre.ts';
import { Conversation, SITE } from './transcript.ts';

/** A busy centre: a caller waits, another rings, a third talks, one agent is in after-call work and one idle elsewhere. */
function busy(): Conversation {
  const talk = new Conversation();
  talk.tell({ type: 'configured', configuration: SITE });
  for (const dn of ['1001', '1002', '1003', '1004']) talk.say(`phone ${dn} up`);
  for (const line of [
    'login 1003 cid mode=AutoIn',
    'call k0 +1 6000',
    'answer k0 1003',
    'gone k0',
    'login 1001 ann mode=AutoIn',
    'call k1 +1 6000',
    'answer k1 1001',
    'login 1002 bob mode=AutoIn',
    'call k2 +2 6000',
    'call k3 +3 6000',
    'call k4 +4 6000',
    'login 1004 dan queues=6001 mode=AutoIn',
  ]) {
    talk.say(line);
  }
  return talk;
}

/** What is broken by hand, and a word of what the check must say. */
const DEFECTS: [string, (state: CentreState) => void, string][] = [
  [
    'a waiting caller who falls out of the line',
    (state) => state.queues.get('6000')?.waiting.remove(firstTicket(state)),
    'stand in line',
  ],
  [
    'a call that is forgotten while it stands in line',
    (state) => state.calls.delete('k3'),
    'in line does not wait',
  ],
  ['a call that is forgotten while it talks', (state) => state.calls.delete('k1'), 'is over and stands here'],
  [
    'an offer that its agent does not know',
    (state) => setOffer(state, '1002', undefined),
    'does not know it',
  ],
  ['an agent who is rung while NotReady', (state) => notReady(state, '1002'), 'may not be rung'],
  ['an agent who is rung without a lease', (state) => lose(state, '1002'), 'may not be rung'],
  [
    'an offer that rings without end',
    (state) => state.deadlines.clear(DEADLINE.noAnswer('k2')),
    'rings without end',
  ],
  [
    'after-call work without its deadline',
    (state) => state.deadlines.clear(DEADLINE.wrapUpEnds('1003')),
    'after-call work ends',
  ],
  ['an agent without a phone', (state) => noPhone(state, '1001'), 'without a phone'],
  ['an idle agent who is not in line', (state) => notIdle(state, '1004'), 'able is true, idle is false'],
  ['an agent who is logged in twice', (state) => twice(state), 'logged in twice'],
  [
    'a login that stays in the index',
    (state) => state.agentDNs.set('id-ghost', '1001'),
    'somebody who is logged out',
  ],
  ['a call that is not counted', (state) => miscount(state), 'by the counters'],
];

function firstTicket(state: CentreState) {
  const ticket = state.queues.get('6000')?.waiting.first();
  if (ticket === undefined) throw new Error('nobody waits');
  return ticket;
}

function dnOf(state: CentreState, number: string) {
  const dn = state.dns.get(number);
  if (dn?.agent === undefined) throw new Error(`nobody on ${number}`);
  return { dn, agent: dn.agent };
}

function setOffer(state: CentreState, number: string, offer: string | undefined) {
  dnOf(state, number).dn.offer = offer;
}

function notReady(state: CentreState, number: string) {
  dnOf(state, number).agent.state = {
    name: 'NotReady',
    workMode: 'Unknown',
    reasons: {},
    since: 0,
    asked: undefined,
  };
}

function lose(state: CentreState, number: string) {
  dnOf(state, number).agent.routable = false;
}

function noPhone(state: CentreState, number: string) {
  dnOf(state, number).dn.phone = { inService: false };
}

function notIdle(state: CentreState, number: string) {
  dnOf(state, number).dn.idle = undefined;
}

function twice(state: CentreState) {
  dnOf(state, '1004').dn.agent = { ...dnOf(state, '1004').agent, person: 'ann' };
}

function miscount(state: CentreState) {
  const queue = state.queues.get('6000');
  if (queue !== undefined) queue.counters = { ...queue.counters, offered: queue.counters.offered + 1 };
}

test('the busy centre is in order', () => {
  expect(checkCentre(busy().centre)).toEqual([]);
});

test.each(DEFECTS)('the check finds %s', (_name, defect, word) => {
  const { centre } = busy();
  defect(centre.stateToCheck);
  expect(checkCentre(centre).join('\n')).toContain(word);
});
