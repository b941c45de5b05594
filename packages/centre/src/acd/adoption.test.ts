import { describe, expect, it } from 'vitest';
import type { Call } from './call.ts';
import { checkCentre } from './check-centre.ts';
import { Conversation, SITE } from './transcript.ts';

/** As the other site had it: ann talks to a caller. */
const THEIRS: Call = {
  ...{ connId: 'k1', callType: 'Inbound', ani: '+49', dnis: '6000' },
  origin: { dn: undefined, heldAt: undefined },
  ...{ startedAt: 0, userData: {}, hops: 0, isRedirected: false, isEmergency: false, isAdopted: false },
  ...{ isTransferred: false, transfer: undefined, consultOf: undefined },
  ...{ waitingSince: undefined, treatedBy: undefined },
  phase: { name: 'talking', dn: '1001', trunk: undefined, queue: '6000', since: 0, heldAt: undefined },
};

/** Ann has logged in here. */
function annIsHere() {
  const talk = new Conversation();
  talk.tell({ type: 'configured', configuration: SITE });
  for (const line of ['phone 1001 up', 'login 1001 ann', 'ready 1001']) talk.say(line);
  return talk;
}

/** And her call of the other site has been taken over. */
function adopted() {
  const talk = annIsHere();
  talk.centre.adopt(talk.now, THEIRS);
  return talk;
}

const word = (lines: readonly string[], what: string) => lines.filter((line) => line.includes(what));

describe('the phone of whoever talks in a call that was taken over goes home', () => {
  it('[AG26] its DN goes out of service at once, the login goes with the end of the call', () => {
    const talk = adopted();
    const gone = talk.say('phone 1001 down');
    expect(word(gone, 'DNOutOfService')).toHaveLength(1);
    expect(word(gone, 'AgentLogout')).toEqual([]);
    expect(word(gone, 'BROKEN')).toEqual([]);
    // Nobody is rung there meanwhile.
    expect(word(talk.say('call k2 +50 6000'), 'ring ')).toEqual([]);
    const over = talk.say('gone k1');
    expect(word(over, 'Released')).not.toEqual([]);
    expect(word(over, 'AgentLogout').join()).toContain('dr-force_logout');
    expect(talk.centre.agentOn('1001')).toBeUndefined();
    expect(checkCentre(talk.centre)).toEqual([]);
  });

  it('[AG26] who comes back before that stays', () => {
    const talk = adopted();
    talk.say('phone 1001 down');
    talk.say('phone 1001 up');
    expect(word(talk.say('gone k1'), 'AgentLogout')).toEqual([]);
    expect(talk.centre.agentOn('1001')).toBeDefined();
  });

  it('[AG26] [AG12] a call that began here keeps nobody: there is no other site for the phone to have gone to', () => {
    const talk = new Conversation();
    talk.tell({ type: 'configured', configuration: SITE });
    for (const line of [
      'phone 1001 up',
      'login 1001 ann',
      'ready 1001',
      'call k1 +49 6000',
      'answer k1 1001',
    ])
      talk.say(line);
    expect(word(talk.say('phone 1001 down'), 'AgentLogout')).toHaveLength(1);
  });
});

it('the other half of a call is refused where our own does not stand, and nothing changes', () => {
  const talk = annIsHere();
  talk.say('call k2 +50 6000');
  const before = talk.centre.record('call/k2', talk.now);
  for (const connId of ['k2', 'unknown'])
    expect(talk.centre.rejoin(talk.now, { connId, theirs: THEIRS, end: 'party' })).toBeUndefined();
  expect(talk.centre.record('call/k2', talk.now)).toEqual(before);
  talk.say('answer k2 1001');
  const isOver: Call = { ...THEIRS, phase: { name: 'over' } };
  expect(talk.centre.rejoin(talk.now, { connId: 'k2', theirs: isOver, end: 'party' })).toBeUndefined();
  expect(talk.centre.rejoin(talk.now, { connId: 'k2', theirs: THEIRS, end: 'party' })).toBeDefined();
});
