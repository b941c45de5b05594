import { describe, expect, it } from 'vitest';
import { createResponse } from '../message/build-message.ts';
import { headerValue } from '../message/headers.ts';
import type { SipMessage, SipRequest } from '../message/message.ts';
import { serializeMessage } from '../message/serialize-message.ts';
import { ANSWER, nameOf, OFFER, read, Scenario, type Side, text } from './scenario.ts';

const GIVE_UP = 32_000;
const HOLD = text('v=0 hold');
const HELD = text('v=0 held');

/** This side takes every offer with this answer. */
function takes(s: Scenario, side: Side, sdp: Uint8Array | undefined = HELD): void {
  s.on(side, 'offer', (event) => s.act(side, (agent, now) => agent.acceptOffer(now, event.leg, sdp)));
}

function statuses(s: Scenario, side: Side): number[] {
  return s.events[side].filter((event) => event.type === 'offerAnswered').map((event) => event.status);
}

describe('a change of a standing call', () => {
  it('[IS24] goes both ways by re-INVITE, and both ends keep the last descriptions', () => {
    const s = new Scenario();
    const legs = s.connect();
    takes(s, 'bob');
    takes(s, 'alice');
    for (const side of ['alice', 'bob'] as const) {
      const other = side === 'alice' ? 'bob' : 'alice';
      s.act(side, (agent, now) => agent.reinvite(now, legs[side], HOLD));
      s.run(s.now + 100);
      expect(statuses(s, side)).toEqual([200]);
      expect(read(s.last(side, 'offerAnswered').sdp)).toBe('v=0 held');
      expect(s.wire(side).slice(-2)).toEqual(['INVITE', 'ACK']);
      expect(read(s.ends[side].legInfo(legs[side])?.localSdp)).toBe('v=0 hold');
      expect(read(s.ends[other].legInfo(legs[other])?.remoteSdp)).toBe('v=0 hold');
      expect(read(s.ends[other].legInfo(legs[other])?.localSdp)).toBe('v=0 held');
    }
  });

  it('[C39] a call held by the callee is a whole call: the record of either side can end or resume it', () => {
    const s = new Scenario();
    const { alice, bob } = s.connect();
    takes(s, 'alice');
    s.act('bob', (agent, now) => agent.reinvite(now, bob, HOLD));
    s.run(s.now + 100);
    for (const [side, leg] of [
      ['alice', alice],
      ['bob', bob],
    ] as const) {
      expect(s.ends[side].legInfo(leg)).toMatchObject({
        state: 'established',
        dialog: { state: 'confirmed' },
      });
    }
    expect(s.ends.bob.legInfo(bob)?.dialog).toMatchObject({ localSeq: 1, remoteSeq: 1 });
    takes(s, 'bob');
    s.act('alice', (agent, now) => agent.reinvite(now, alice, OFFER));
    s.run(s.now + 100);
    expect(statuses(s, 'alice')).toEqual([200]);
    s.act('bob', (agent, now) => agent.bye(now, bob));
    s.run(s.now + 100);
    expect(s.last('alice', 'ended').by).toBe('remote');
  });

  it('[IS24] a refusal leaves what stood before', () => {
    const s = new Scenario();
    const { alice, bob } = s.connect();
    s.on('bob', 'offer', (event) => s.act('bob', (agent, now) => agent.rejectOffer(now, event.leg, 488)));
    s.act('alice', (agent, now) => agent.reinvite(now, alice, HOLD));
    s.run(s.now + 100);
    expect(statuses(s, 'alice')).toEqual([488]);
    expect(read(s.ends.alice.legInfo(alice)?.localSdp)).toBe(read(OFFER));
    expect(read(s.ends.bob.legInfo(bob)?.remoteSdp)).toBe(read(OFFER));
  });

  it('[IS25] a re-INVITE without an offer asks for one: it comes in the 2xx, the answer in the ACK', () => {
    const s = new Scenario();
    const { alice, bob } = s.connect();
    takes(s, 'bob', text('v=0 bob offers'));
    s.on('alice', 'offerAnswered', (event) =>
      s.act('alice', (agent, now) => agent.acknowledge(now, event.leg, text('v=0 alice answers'))),
    );
    s.act('alice', (agent, now) => agent.reinvite(now, alice, undefined));
    s.run(s.now + 100);
    expect('sdp' in s.last('bob', 'offer')).toBe(false);
    expect(read(s.last('alice', 'offerAnswered').sdp)).toBe('v=0 bob offers');
    expect(read(s.last('bob', 'acknowledged').sdp)).toBe('v=0 alice answers');
    expect(read(s.ends.bob.legInfo(bob)?.remoteSdp)).toBe('v=0 alice answers');
  });

  it('[IS1] the 2xx to a re-INVITE is repeated until its ACK, and the ACK for each', () => {
    const s = new Scenario();
    const { alice } = s.connect();
    takes(s, 'bob');
    let lost = 0;
    s.link = (from, message) => (from === 'alice' && nameOf(message) === 'ACK' && ++lost < 3 ? [] : [1]);
    const before = s.count('bob', '200');
    s.act('alice', (agent, now) => agent.reinvite(now, alice, HOLD));
    s.run(s.now + 5_000);
    expect(s.count('bob', '200') - before).toBe(3);
    expect(lost).toBe(3);
    expect(statuses(s, 'alice')).toEqual([200]);
  });

  it('[IS26] CANCEL takes a re-INVITE back', () => {
    const s = new Scenario();
    const { alice, bob } = s.connect();
    s.act('alice', (agent, now) => agent.reinvite(now, alice, HOLD));
    s.run(s.now + 10);
    const invite = s.messages('alice', 'INVITE').at(-1) as SipRequest;
    const headers = invite.headers
      .filter((field) => field.key !== 'content-type')
      .map((field) => (field.key === 'cseq' ? { ...field, value: '2 CANCEL' } : field));
    s.inject('bob', serializeMessage({ ...invite, method: 'CANCEL', headers, body: new Uint8Array(0) }));
    s.run(s.now + 10);
    expect(s.told('bob').slice(-2)).toEqual(['offer', 'offerWithdrawn']);
    expect(statuses(s, 'alice')).toEqual([487]);
    s.act('bob', (agent, now) => agent.acceptOffer(now, bob, HELD));
    expect(s.ends.bob.legInfo(bob)?.state).toBe('established');
    expect(s.wire('bob').at(-1)).toBe('487');
  });

  it('[IS27] a change waits for the ACK of the call, and changes wait for each other', () => {
    const s = new Scenario({ link: (_from, message) => (nameOf(message) === 'ACK' ? [400] : [1]) });
    s.on('bob', 'incoming', (event) => {
      s.act('bob', (agent, now) => agent.answer(now, event.leg, { sdp: ANSWER }));
      s.act('bob', (agent, now) => agent.reinvite(now, event.leg, HOLD));
      s.act('bob', (agent, now) => agent.reinvite(now, event.leg, OFFER));
    });
    takes(s, 'alice');
    s.invite();
    s.run(390);
    expect(s.count('bob', 'INVITE')).toBe(0);
    s.run(5_000);
    expect(statuses(s, 'bob')).toEqual([200, 200]);
    expect(s.messages('bob', 'INVITE').map((message) => read(message.body))).toEqual([
      'v=0 hold',
      'v=0 offer',
    ]);
  });

  it('[IS27] more than four that wait are refused at once', () => {
    const s = new Scenario();
    const { alice } = s.connect();
    for (let i = 0; i < 6; i++) s.act('alice', (agent, now) => agent.reinvite(now, alice, HOLD));
    expect(statuses(s, 'alice')).toEqual([500]);
  });

  it('[IS11] BYE ends a call whose re-INVITE is out, and a late 2xx to it gets its ACK', () => {
    const s = new Scenario();
    const { alice, bob } = s.connect();
    s.act('alice', (agent, now) => agent.reinvite(now, alice, HOLD));
    s.run(s.now + 10);
    s.link = () => [20];
    const acks = s.count('alice', 'ACK');
    s.act('bob', (agent, now) => agent.acceptOffer(now, bob, HELD));
    s.act('alice', (agent, now) => agent.bye(now, alice));
    s.run(s.now + 1_000);
    expect(s.count('alice', 'ACK') - acks).toBe(1);
    expect(s.last('alice', 'ended').by).toBe('local');
    expect(s.last('bob', 'ended').by).toBe('remote');
  });
});

describe('a call that ends while something is open', () => {
  it('[IS34] a re-INVITE of theirs that waits for the owner gets 487, however the call ends', () => {
    for (const how of ['bye', 'lost', 'remote'] as const) {
      const s = new Scenario();
      const { alice, bob } = s.connect();
      s.act('alice', (agent, now) => agent.reinvite(now, alice, HOLD));
      s.run(s.now + 10);
      if (how === 'bye') s.act('bob', (agent, now) => agent.bye(now, bob));
      if (how === 'remote') s.act('alice', (agent, now) => agent.bye(now, alice));
      if (how === 'lost') {
        s.link = (from) => (from === 'bob' ? [1] : []);
        s.act('bob', (agent, now) => agent.sendInDialog(now, bob, 'INFO'));
        s.run(s.now + GIVE_UP + 100);
      }
      s.run(s.now + 10);
      expect(s.count('bob', '487'), how).toBeGreaterThan(0);
      expect(s.told('bob').at(-1)).toBe('ended');
      s.run(s.now + 200_000);
      expect(s.held(), how).toBe(0);
    }
  });

  it('[IS34] an early UPDATE that nobody answers does not hold up later changes', () => {
    const s = new Scenario();
    s.on('bob', 'incoming', (event) =>
      s.act('bob', (agent, now) => agent.ring(now, event.leg, { status: 183, reliable: true, sdp: ANSWER })),
    );
    const alice = s.invite('alice', { sdp: OFFER, reliableProvisionals: 'supported' });
    s.run(100);
    s.link = (_from, message) => (nameOf(message) === 'UPDATE' ? [] : [1]);
    s.act('alice', (agent, now) => agent.update(now, alice, HOLD));
    s.run(s.now + GIVE_UP + 100);
    expect(statuses(s, 'alice')).toEqual([408]);
    takes(s, 'bob');
    s.act('bob', (agent, now) => agent.answer(now, s.last('bob', 'incoming').leg, {}));
    s.act('alice', (agent, now) => agent.reinvite(now, alice, HOLD));
    s.run(s.now + 100);
    expect(statuses(s, 'alice')).toEqual([408, 200]);
  });
});

describe('an other side that falls silent', () => {
  it('[IS33] after 100 a re-INVITE is cancelled in time, and the leg is lost', () => {
    const s = new Scenario();
    const { alice } = s.connect();
    s.act('alice', (agent, now) => agent.reinvite(now, alice, HOLD));
    s.run(s.now + 10);
    s.link = () => [];
    s.run(s.now + 59_000);
    expect(s.count('alice', 'CANCEL')).toBe(0);
    s.run(s.now + 60_000);
    expect(s.last('alice', 'ended')).toMatchObject({ leg: alice, by: 'lost' });
    s.run(s.now + 100_000);
    expect(s.ends.alice.sizes()).toEqual({ legs: 0, sent: 0, serving: 0, asked: 0 });
    expect(s.ends.alice.status().clientTransactions).toBe(0);
  });

  it('[IS33] a re-INVITE whose call is over leaves no transaction behind', () => {
    const s = new Scenario();
    const { alice } = s.connect();
    s.act('alice', (agent, now) => agent.reinvite(now, alice, HOLD));
    s.run(s.now + 10);
    s.link = () => [];
    s.act('alice', (agent, now) => agent.bye(now, alice));
    s.run(s.now + 100_000);
    expect(s.ends.alice.sizes()).toEqual({ legs: 0, sent: 0, serving: 0, asked: 0 });
    expect(s.ends.alice.status().clientTransactions).toBe(0);
  });
});

describe('glare', () => {
  it('[IS28] re-INVITEs that cross are both refused with 491 and tried again, the callee first', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const s = new Scenario({ seed });
      const { alice, bob } = s.connect();
      takes(s, 'bob');
      takes(s, 'alice');
      const at = s.now;
      s.act('alice', (agent, now) => agent.reinvite(now, alice, HOLD));
      s.act('bob', (agent, now) => agent.reinvite(now, bob, HOLD));
      s.run(s.now + 10_000);
      expect([s.count('alice', '491'), s.count('bob', '491')]).toEqual([1, 1]);
      expect([statuses(s, 'alice'), statuses(s, 'bob')]).toEqual([[200], [200]]);
      const again = (side: Side) => (s.times(side, 'INVITE').at(-1) ?? 0) - at - 2;
      expect(again('bob')).toBeLessThanOrEqual(2_000);
      expect(again('bob') % 10).toBe(0);
      expect(again('alice')).toBeGreaterThanOrEqual(2_100);
      expect(again('alice')).toBeLessThanOrEqual(4_000);
      expect(again('alice') % 10).toBe(0);
    }
  });

  it('[IS28] after five refusals the owner gets the 491', () => {
    const s = new Scenario();
    const { alice } = s.connect();
    s.on('bob', 'offer', (event) => s.act('bob', (agent, now) => agent.rejectOffer(now, event.leg, 491)));
    const before = s.count('alice', 'INVITE');
    s.act('alice', (agent, now) => agent.reinvite(now, alice, HOLD));
    s.run(s.now + 60_000);
    expect(s.count('alice', 'INVITE') - before).toBe(6);
    expect(statuses(s, 'alice')).toEqual([491]);
  });

  it('[IS29] a second INVITE while one waits gets 500 with Retry-After of 0 to 10 s, which is obeyed', () => {
    const s = new Scenario();
    const { alice, bob } = s.connect();
    s.act('alice', (agent, now) => agent.reinvite(now, alice, HOLD));
    s.run(s.now + 10);
    const invite = s.messages('alice', 'INVITE').at(-1) as SipRequest;
    const headers = invite.headers.map((field) => {
      if (field.key === 'via') return { ...field, value: field.value.replace('z9hG4bK', 'z9hG4bKy') };
      return field.key === 'cseq' ? { ...field, value: '3 INVITE' } : field;
    });
    s.inject('bob', serializeMessage({ ...invite, headers }));
    s.run(s.now + 10);
    const refusal = s.messages('bob', '500')[0] as SipMessage;
    const seconds = Number(headerValue(refusal, 'retry-after'));
    expect(seconds).toBeGreaterThanOrEqual(0);
    expect(seconds).toBeLessThanOrEqual(10);
    // The same refusal, given to Alice for the INVITE that she has sent.
    s.inject('alice', serializeMessage(createResponse(invite, 500, { headers: [['Retry-After', '3']] })));
    const at = s.now;
    s.act('bob', (agent, now) => agent.rejectOffer(now, bob, 480));
    s.link = () => [];
    s.run(s.now + 3_100);
    expect((s.times('alice', 'INVITE').find((time) => time > at + 1_000) ?? 0) - at).toBe(3_000);
  });
});

describe('UPDATE', () => {
  it('[IS30] without a description only refreshes the target and is answered at once', () => {
    const s = new Scenario();
    const { alice } = s.connect();
    s.act('alice', (agent, now) => agent.update(now, alice));
    s.run(s.now + 10);
    expect(statuses(s, 'alice')).toEqual([200]);
    expect(s.told('bob')).toEqual(['incoming', 'acknowledged']);
  });

  it('[IS30] with a description it is an offer, without ACK', () => {
    const s = new Scenario();
    const { alice, bob } = s.connect();
    takes(s, 'bob');
    const acks = s.count('alice', 'ACK');
    s.act('alice', (agent, now) => agent.update(now, alice, HOLD));
    s.run(s.now + 10);
    expect(s.last('bob', 'offer')).toMatchObject({ method: 'UPDATE' });
    expect(statuses(s, 'alice')).toEqual([200]);
    expect(s.count('alice', 'ACK')).toBe(acks);
    expect(read(s.ends.bob.legInfo(bob)?.remoteSdp)).toBe('v=0 hold');
  });

  it('[IS31] before the answer it is sent once a reliable answer has settled the first offer', () => {
    const s = new Scenario();
    s.on('bob', 'incoming', (event) =>
      s.act('bob', (agent, now) => agent.ring(now, event.leg, { status: 183, reliable: true, sdp: ANSWER })),
    );
    takes(s, 'bob');
    takes(s, 'alice');
    const alice = s.invite('alice', { sdp: OFFER, reliableProvisionals: 'supported' });
    s.act('alice', (agent, now) => agent.update(now, alice, HOLD));
    expect(s.count('alice', 'UPDATE')).toBe(0);
    s.run(100);
    const bob = s.last('bob', 'incoming').leg;
    s.act('alice', (agent, now) => agent.update(now, alice, OFFER));
    s.run(200);
    s.act('bob', (agent, now) => agent.update(now, bob, HELD));
    s.run(300);
    expect(statuses(s, 'alice').every((status) => status === 200)).toBe(true);
    expect(statuses(s, 'bob')).toEqual([200]);
    s.act('bob', (agent, now) => agent.answer(now, bob, {}));
    s.run(400);
    expect(s.ends.alice.legInfo(alice)?.state).toBe('established');
  });

  it('[IS31] an offer while ours is out gets 491, while theirs is unanswered 500 with Retry-After', () => {
    const s = new Scenario();
    s.on('bob', 'incoming', (event) =>
      s.act('bob', (agent, now) => agent.ring(now, event.leg, { status: 183 })),
    );
    s.invite();
    s.run(10);
    const invite = s.messages('alice', 'INVITE')[0] as SipRequest;
    const ringing = s.messages('bob', '183')[0] as SipMessage;
    const to = headerValue(ringing, 'to') ?? '';
    const headers = invite.headers.map((field) => {
      if (field.key === 'via') return { ...field, value: field.value.replace('z9hG4bK', 'z9hG4bKu') };
      if (field.key === 'to') return { ...field, value: to };
      return field.key === 'cseq' ? { ...field, value: '2 UPDATE' } : field;
    });
    s.inject('bob', serializeMessage({ ...invite, method: 'UPDATE', headers }));
    s.run(20);
    expect(headerValue(s.messages('bob', '500')[0] as SipMessage, 'retry-after')).toMatch(/^(\d|10)$/);
    // Towards Alice, whose offer in the INVITE is unanswered.
    const reversed = headers.map((field) => {
      if (field.key === 'from') return { ...field, value: to };
      if (field.key === 'via') return { ...field, value: 'SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKback' };
      return field.key === 'to' ? { ...field, value: headerValue(invite, 'from') ?? '' } : field;
    });
    s.inject(
      'alice',
      serializeMessage({ ...invite, uri: 'sip:alice@10.0.0.1', method: 'UPDATE', headers: reversed }),
    );
    s.run(30);
    expect(s.count('alice', '491')).toBe(1);
    expect(s.told('alice')).toEqual(['progress']);
  });

  it('[IS32] an offer that the owner forgets is refused with 504 before the other side gives up on the call', () => {
    const s = new Scenario();
    const { alice } = s.connect();
    s.act('alice', (agent, now) => agent.update(now, alice, HOLD));
    s.run(s.now + GIVE_UP + 10);
    expect(s.told('bob').slice(-2)).toEqual(['offer', 'offerWithdrawn']);
    expect(s.count('bob', '504')).toBe(1);
  });
});
