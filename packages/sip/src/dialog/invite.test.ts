import { describe, expect, it } from 'vitest';
import { createResponse } from '../message/build-message.ts';
import { cseqOf, headerValue } from '../message/headers.ts';
import type { SipMessage, SipRequest } from '../message/message.ts';
import { serializeMessage } from '../message/serialize-message.ts';
import { ANSWER, nameOf, OFFER, read, Scenario, type Side, text } from './scenario.ts';

const GIVE_UP = 32_000;

/** Loses the first `count` messages of this name from this side. */
function losing(side: Side, name: string, count: number) {
  let lost = 0;
  return (from: Side, message: SipMessage): number[] => {
    if (from !== side || nameOf(message) !== name || lost >= count) return [1];
    lost++;
    return [];
  };
}

/** A response to Alice's INVITE as another phone would send it. */
function fromFork(s: Scenario, status: number, toTag: string, body?: Uint8Array): void {
  const invite = s.messages('alice', 'INVITE').at(-1) as SipRequest;
  const headers: [string, string][] = [['Contact', '<sip:other@10.0.0.2:5060>']];
  if (body !== undefined) headers.push(['Content-Type', 'application/sdp']);
  const response = createResponse(invite, status, { toTag, headers, ...(body !== undefined && { body }) });
  s.inject('alice', serializeMessage(response));
  s.run(s.now + 10);
}

describe('the 2xx and its ACK', () => {
  it('[IS1] the 2xx is repeated with doubling pauses up to T2 until the ACK comes', () => {
    const s = new Scenario({ link: losing('alice', 'ACK', 5) });
    s.bobAnswers();
    s.invite();
    s.run(GIVE_UP);
    const times = s.times('bob', '200').map((at) => at - 1);
    expect(times).toEqual([0, 500, 1_500, 3_500, 7_500, 11_500]);
    expect(s.told('bob')).toEqual(['incoming', 'acknowledged']);
  });

  it('[IS1] over TCP too', () => {
    const s = new Scenario({ link: losing('alice', 'ACK', 2), transport: 'TCP' });
    s.bobAnswers();
    s.invite();
    s.run(GIVE_UP);
    expect(s.count('bob', '200')).toBe(3);
    expect(s.count('alice', 'INVITE')).toBe(1);
  });

  it('[IS2] each 2xx that comes gets its ACK, and the owner hears of the answer once', () => {
    const s = new Scenario({
      link: (from, message) => (from === 'bob' && nameOf(message) === '200' ? [1, 3, 5] : [1]),
    });
    s.bobAnswers();
    s.invite();
    s.run(100);
    expect(s.count('alice', 'ACK')).toBe(3);
    expect(s.told('alice')).toEqual(['answered']);
    expect(s.told('bob')).toEqual(['incoming', 'acknowledged']);
  });

  it('[IS3] without any ACK the leg is lost after 64*T1, and BYE is sent', () => {
    const s = new Scenario({ link: losing('alice', 'ACK', 1_000) });
    s.bobAnswers();
    s.invite();
    s.run(GIVE_UP);
    expect(s.told('bob')).toEqual(['incoming']);
    s.run(GIVE_UP + 10);
    expect(s.last('bob', 'ended')).toMatchObject({ by: 'lost' });
    expect(s.count('bob', 'BYE')).toBe(1);
    expect(s.last('alice', 'ended')).toMatchObject({ by: 'remote' });
    s.run(200_000);
    expect(s.held()).toBe(0);
  });

  it('[IS1] an ACK that comes late still counts, and one for another number does not', () => {
    const s = new Scenario({
      link: (from, message) => (from === 'alice' && nameOf(message) === 'ACK' ? [20_000] : [1]),
    });
    s.bobAnswers();
    s.invite();
    s.run(20_010);
    expect(s.told('bob')).toEqual(['incoming', 'acknowledged']);
    s.run(60_000);
    expect(s.told('bob')).toEqual(['incoming', 'acknowledged']);
  });

  it('[IS4] the next INVITE of the other side shows that the 2xx arrived, ACK or not', () => {
    const s = new Scenario();
    s.bobAnswers();
    s.link = losing('alice', 'ACK', 1_000);
    const leg = s.invite();
    s.run(10);
    s.act('alice', (agent, now) => agent.reinvite(now, leg, text('v=0 hold')));
    s.run(20);
    expect(s.told('bob')).toEqual(['incoming', 'acknowledged', 'offer']);
  });
});

describe('several phones ring', () => {
  it('[DG9] the first 2xx makes the call, every other phone gets ACK and one BYE', () => {
    const s = new Scenario({ link: () => [] });
    s.invite();
    fromFork(s, 180, 'one');
    fromFork(s, 180, 'two');
    fromFork(s, 200, 'two', ANSWER);
    fromFork(s, 200, 'one', ANSWER);
    fromFork(s, 200, 'one', ANSWER);
    fromFork(s, 200, 'three', ANSWER);
    expect(s.told('alice')).toEqual(['progress', 'progress', 'answered']);
    const toTags = (name: string) =>
      s.messages('alice', name).map((message) => headerValue(message, 'to')?.slice(-3));
    expect(toTags('ACK')).toEqual(['two', 'one', 'one', 'ree']);
    expect(toTags('BYE').slice(0, 2)).toEqual(['one', 'ree']);
    expect(cseqOf(s.messages('alice', 'BYE')[0] as SipRequest)).toEqual({ number: 2, method: 'BYE' });
  });

  it('[DG9] a 2xx for a leg that is gone gets ACK and BYE too', () => {
    const s = new Scenario({ link: () => [] });
    const leg = s.invite();
    fromFork(s, 200, 'one', ANSWER);
    s.act('alice', (agent, now) => agent.bye(now, leg));
    const bye = s.messages('alice', 'BYE')[0] as SipRequest;
    s.inject('alice', serializeMessage(createResponse(bye, 200)));
    s.run(s.now + 10);
    expect(s.ends.alice.sizes()).toEqual({ legs: 0, sent: 0, serving: 0, asked: 0 });
    fromFork(s, 200, 'late', ANSWER);
    expect(headerValue(s.messages('alice', 'BYE').at(-1) as SipRequest, 'to')).toContain('late');
    expect(s.told('alice')).toEqual(['answered', 'ended']);
    s.run(s.now + 100_000);
    expect(s.held()).toBe(0);
  });

  it('[D16] a stale contact ends its own leg only; the call goes on at the live one', () => {
    const s = new Scenario();
    s.bobAnswers();
    const nowhere = { transport: 'UDP', host: '10.0.0.99', port: 5060 } as const;
    const stale = s.invite('alice', {
      sdp: OFFER,
      destination: { type: 'target', target: nowhere },
      ringingMax: 4_000,
    });
    const live = s.invite();
    s.run(5_000);
    expect(s.events.alice).toMatchObject([
      { type: 'answered', leg: live },
      { type: 'failed', leg: stale, status: 408 },
    ]);
    expect(s.ends.alice.legInfo(live)?.state).toBe('established');
  });
});

describe('giving up', () => {
  it('[IS5] CANCEL waits for the first provisional response', () => {
    const s = new Scenario({ link: (from) => (from === 'bob' ? [300] : [1]) });
    const leg = s.invite();
    s.act('alice', (agent, now) => agent.cancel(now, leg));
    s.run(200);
    expect(s.wire('alice')).toEqual(['INVITE']);
    s.run(2_000);
    expect(s.count('alice', 'CANCEL')).toBe(1);
    expect(s.times('alice', 'CANCEL')).toEqual([301]);
    expect(s.last('alice', 'failed')).toMatchObject({ leg, status: 487 });
    expect(s.told('bob')).toEqual(['incoming', 'cancelled']);
    expect(s.count('bob', '487')).toBeGreaterThan(0);
  });

  it('[IS5] without any response the attempt ends with Timer B, as given up', () => {
    const s = new Scenario({ link: () => [] });
    const leg = s.invite();
    s.act('alice', (agent, now) => agent.cancel(now, leg));
    s.run(GIVE_UP + 1);
    expect(s.count('alice', 'CANCEL')).toBe(0);
    expect(s.last('alice', 'failed').status).toBe(487);
  });

  it('[IS6] a 2xx that crosses the CANCEL gets ACK and BYE, and the attempt has failed', () => {
    const s = new Scenario({ link: () => [10] });
    const leg = s.invite();
    s.run(25);
    const bob = s.last('bob', 'incoming').leg;
    s.act('bob', (agent, now) => agent.answer(now, bob, { sdp: ANSWER }));
    s.act('alice', (agent, now) => agent.cancel(now, leg));
    s.run(1_000);
    expect(s.wire('alice')).toEqual(['INVITE', 'CANCEL', 'ACK', 'BYE']);
    expect(s.told('alice')).toEqual(['failed']);
    expect(s.last('alice', 'failed').status).toBe(487);
    expect(s.told('bob')).toEqual(['incoming', 'acknowledged', 'ended']);
    s.run(100_000);
    expect(s.held()).toBe(0);
  });

  it('[IS7] a CANCEL that comes before our answer ends the call, and the answer does nothing any more', () => {
    const s = new Scenario();
    const leg = s.invite();
    s.run(10);
    s.act('alice', (agent, now) => agent.cancel(now, leg));
    s.run(12);
    const bob = s.last('bob', 'incoming').leg;
    s.act('bob', (agent, now) => agent.answer(now, bob, { sdp: ANSWER }));
    s.run(100);
    expect(s.wire('bob')).toEqual(['100', '200', '487']);
    expect(s.told('bob')).toEqual(['incoming', 'cancelled']);
  });

  it('[IS7] a CANCEL that comes after our answer changes nothing', () => {
    const s = new Scenario({ link: (from) => (from === 'bob' ? [50] : [1]) });
    const leg = s.invite();
    s.run(60);
    const bob = s.last('bob', 'incoming').leg;
    s.act('bob', (agent, now) => agent.answer(now, bob, { sdp: ANSWER }));
    s.act('alice', (agent, now) => agent.cancel(now, leg));
    s.run(90);
    expect(s.told('bob')).toEqual(['incoming']);
    expect(s.ends.bob.legInfo(bob)?.state).toBe('established');
  });

  it('[IS8] ringingMax cancels a call that only rings, and reports 487', () => {
    const s = new Scenario();
    s.on('bob', 'incoming', (event) =>
      s.act('bob', (agent, now) => agent.ring(now, event.leg, { status: 180 })),
    );
    s.invite('alice', { sdp: OFFER, ringingMax: 5_000 });
    s.run(4_999);
    expect(s.count('alice', 'CANCEL')).toBe(0);
    s.run(5_100);
    expect(s.count('alice', 'CANCEL')).toBe(1);
    expect(s.last('alice', 'failed').status).toBe(487);
  });

  it('[IS8] ringingMax ends an attempt that nobody answers at all at once with 408; a late answer is ended', () => {
    const s = new Scenario({ link: (from) => (from === 'bob' ? [3_000] : [1]) });
    s.bobAnswers();
    s.invite('alice', { sdp: OFFER, ringingMax: 2_000 });
    s.run(2_001);
    expect(s.last('alice', 'failed').status).toBe(408);
    expect(s.ends.alice.sizes().legs).toBe(0);
    s.run(20_000);
    expect(s.told('alice')).toEqual(['failed']);
    expect(s.count('alice', 'ACK')).toBeGreaterThan(0);
    expect(s.count('alice', 'BYE')).toBeGreaterThan(0);
    expect(s.told('bob')).toContain('ended');
    s.run(200_000);
    expect(s.held()).toBe(0);
  });

  it('[IS9] an early BYE of the caller ends the call like CANCEL', () => {
    const s = new Scenario();
    s.on('bob', 'incoming', (event) =>
      s.act('bob', (agent, now) => agent.ring(now, event.leg, { status: 180 })),
    );
    s.invite();
    s.run(10);
    const invite = s.messages('alice', 'INVITE')[0] as SipRequest;
    const ringing = s.messages('bob', '180')[0] as SipMessage;
    const bye = { ...invite, method: 'BYE', body: new Uint8Array(0) };
    const headers = invite.headers
      .filter((field) => field.key !== 'content-type')
      .map((field) => {
        if (field.key === 'to') return { ...field, value: headerValue(ringing, 'to') ?? '' };
        if (field.key === 'via') return { ...field, value: field.value.replace('z9hG4bK', 'z9hG4bKbye') };
        return field.key === 'cseq' ? { ...field, value: '2 BYE' } : field;
      });
    s.inject('bob', serializeMessage({ ...bye, headers }));
    s.run(20);
    expect(s.told('bob')).toEqual(['incoming', 'cancelled']);
    expect(s.wire('bob').slice(-2)).toEqual(['200', '487']);
    expect(s.last('alice', 'failed').status).toBe(487);
  });
});

describe('a call ends', () => {
  it('[IS10] the BYE of a callee waits for the ACK', () => {
    const s = new Scenario({ link: losing('alice', 'ACK', 2) });
    s.bobAnswers();
    s.invite();
    s.run(10);
    const bob = s.last('bob', 'incoming').leg;
    s.act('bob', (agent, now) => agent.bye(now, bob));
    s.run(1_000);
    expect(s.count('bob', 'BYE')).toBe(0);
    s.run(2_000);
    expect(s.count('bob', 'BYE')).toBe(1);
    expect(s.told('bob')).toEqual(['incoming', 'acknowledged', 'ended']);
  });

  it('[IS10] the BYE of a caller may come before its ACK', () => {
    const s = new Scenario({
      link: (from, message) => (from === 'alice' && nameOf(message) === 'ACK' ? [80] : [1]),
    });
    s.bobAnswers();
    const leg = s.invite();
    s.run(10);
    s.act('alice', (agent, now) => agent.bye(now, leg));
    s.run(1_000);
    expect(s.told('bob')).toEqual(['incoming', 'ended']);
    expect(s.last('bob', 'ended').by).toBe('remote');
    expect(s.count('bob', '200')).toBe(2);
  });

  it('[IS11] two BYEs that cross end the call at both sides', () => {
    const s = new Scenario({ link: () => [10] });
    const { alice, bob } = s.connect();
    s.act('alice', (agent, now) => agent.bye(now, alice));
    s.act('bob', (agent, now) => agent.bye(now, bob, { reason: 'Q.850;cause=16' }));
    s.run(s.now + 100);
    expect(s.last('alice', 'ended').by).toBe('local');
    expect(s.last('bob', 'ended').by).toBe('local');
    s.run(s.now + 100_000);
    expect(s.held()).toBe(0);
  });

  it('[IS11] a BYE that is never answered ends the leg all the same; its reason reaches the other side', () => {
    const s = new Scenario();
    const { alice, bob } = s.connect();
    s.link = () => [];
    s.act('alice', (agent, now) => agent.bye(now, alice));
    s.run(s.now + GIVE_UP);
    expect(s.last('alice', 'ended')).toMatchObject({ leg: alice, by: 'local' });
    s.link = () => [1];
    s.act('bob', (agent, now) => agent.bye(now, bob, { reason: 'Q.850;cause=16' }));
    s.run(s.now + 10);
    expect(headerValue(s.messages('bob', 'BYE')[0] as SipMessage, 'reason')).toBe('Q.850;cause=16');
  });

  it('[D32] when BYE was lost the next request of the other side gets 481, and its leg ends', () => {
    const s = new Scenario();
    const { alice, bob } = s.connect();
    s.link = () => [];
    s.act('alice', (agent, now) => agent.bye(now, alice));
    s.run(s.now + GIVE_UP);
    s.link = () => [1];
    expect(s.ends.bob.legInfo(bob)?.state).toBe('established');
    s.act('bob', (agent, now) => agent.update(now, bob));
    s.run(s.now + 10);
    expect(s.last('bob', 'ended')).toMatchObject({ by: 'lost', reason: expect.stringContaining('481') });
    expect(s.count('bob', 'BYE')).toBe(0);
    expect(s.ends.bob.sizes().legs).toBe(0);
  });

  it('[IS12] silence to a request in the dialog ends the leg, with a BYE for whoever still hears it', () => {
    const s = new Scenario();
    const { alice } = s.connect();
    s.link = () => [];
    s.act('alice', (agent, now) => agent.reinvite(now, alice, OFFER));
    s.run(s.now + GIVE_UP + 1);
    expect(s.last('alice', 'ended')).toMatchObject({ by: 'lost', reason: expect.stringContaining('408') });
    expect(s.wire('alice').at(-1)).toBe('BYE');
  });

  it('[IS12] 481 from a caller that has not heard our 2xx yet does not end the leg', () => {
    const s = new Scenario({ link: losing('bob', '200', 2) });
    s.bobAnswers();
    s.invite();
    s.run(10);
    const bob = s.last('bob', 'incoming').leg;
    s.act('bob', (agent, now) => agent.sendInDialog(now, bob, 'INFO'));
    s.run(3_000);
    expect(s.last('bob', 'inDialogResponse').status).toBe(481);
    expect(s.told('bob')).toContain('acknowledged');
    expect(s.ends.bob.legInfo(bob)?.state).toBe('established');
    expect(s.ends.alice.sizes().legs).toBe(1);
  });

  it('[IS12] nor does 481 to a request that was sent before and answered after the ACK', () => {
    const s = new Scenario();
    const leg = s.invite();
    s.run(10);
    const bob = s.last('bob', 'incoming').leg;
    s.link = (from, message) => (from === 'alice' && nameOf(message) === '481' ? [50] : [1]);
    s.act('bob', (agent, now) => agent.sendInDialog(now, bob, 'INFO'));
    s.run(20);
    s.act('bob', (agent, now) => agent.answer(now, bob, { sdp: ANSWER }));
    s.run(100);
    expect(s.told('bob')).toEqual(['incoming', 'acknowledged', 'inDialogResponse']);
    expect(s.ends.bob.legInfo(bob)?.state).toBe('established');
    expect(s.ends.alice.legInfo(leg)?.state).toBe('established');
  });

  it('[IS12] another refusal of a request in the dialog does not end the leg', () => {
    const s = new Scenario();
    const { alice } = s.connect();
    s.on('bob', 'inDialogRequest', (event) =>
      s.act('bob', (agent, now) => agent.respond(now, event.transaction, 405)),
    );
    s.act('alice', (agent, now) => agent.sendInDialog(now, alice, 'INFO'));
    s.run(s.now + 10);
    expect(s.last('alice', 'inDialogResponse').status).toBe(405);
    expect(s.ends.alice.legInfo(alice)?.state).toBe('established');
  });
});

describe('descriptions', () => {
  it('[IS13] an INVITE without an offer: the 2xx offers, the ACK answers', () => {
    const s = new Scenario();
    s.bobAnswers(text('v=0 bob offers'));
    s.on('alice', 'answered', (event) =>
      s.act('alice', (agent, now) => agent.acknowledge(now, event.leg, text('v=0 alice answers'))),
    );
    const leg = s.invite('alice', {});
    s.run(100);
    expect(read(s.last('alice', 'answered').sdp)).toBe('v=0 bob offers');
    expect(read(s.last('bob', 'acknowledged').sdp)).toBe('v=0 alice answers');
    expect(s.count('alice', 'ACK')).toBe(1);
    expect(read(s.ends.alice.legInfo(leg)?.localSdp)).toBe('v=0 alice answers');
    expect(read(s.ends.alice.legInfo(leg)?.remoteSdp)).toBe('v=0 bob offers');
  });

  it('[IS13] the ACK waits for the answer; BYE before it sends the ACK first', () => {
    const s = new Scenario();
    s.bobAnswers(OFFER);
    const leg = s.invite('alice', {});
    s.run(100);
    expect(s.count('alice', 'ACK')).toBe(0);
    s.act('alice', (agent, now) => agent.bye(now, leg));
    s.run(200);
    expect(s.wire('alice')).toEqual(['INVITE', 'ACK', 'BYE']);
  });

  it('[IS14] early media: the owner hears it, and a 2xx without a description keeps it', () => {
    const s = new Scenario({ link: () => [] });
    s.invite();
    fromFork(s, 183, 'one', text('v=0 early'));
    expect(s.last('alice', 'progress')).toMatchObject({ status: 183 });
    expect(read(s.last('alice', 'progress').sdp)).toBe('v=0 early');
    fromFork(s, 200, 'one');
    expect(read(s.last('alice', 'answered').sdp)).toBe('v=0 early');
  });

  it('[IS14] a ring with a description sends it, and an answer without one repeats it', () => {
    const s = new Scenario();
    s.on('bob', 'incoming', (event) => {
      s.act('bob', (agent, now) => agent.ring(now, event.leg, { status: 183, sdp: text('v=0 early') }));
      s.act('bob', (agent, now) => agent.answer(now, event.leg, {}));
    });
    s.invite();
    s.run(10);
    expect(read(s.last('alice', 'progress').sdp)).toBe('v=0 early');
    expect(read(s.last('alice', 'answered').sdp)).toBe('v=0 early');
  });

  it('[IS14] an unreliable ring carries no offer', () => {
    const s = new Scenario();
    s.on('bob', 'incoming', (event) =>
      s.act('bob', (agent, now) => agent.ring(now, event.leg, { status: 183, sdp: OFFER })),
    );
    s.invite('alice', {});
    s.run(10);
    expect(s.messages('bob', '183')[0]?.body.length).toBe(0);
  });

  it('[IS15] a call that rings long is refreshed every minute', () => {
    const s = new Scenario();
    s.on('bob', 'incoming', (event) =>
      s.act('bob', (agent, now) => agent.ring(now, event.leg, { status: 180 })),
    );
    s.invite();
    s.run(190_000);
    expect(s.times('bob', '180')).toEqual([1, 60_001, 120_001, 180_001]);
  });
});

it('[IS35] what finds no answer ends no call in which the other side has spoken since', () => {
  const s = new Scenario();
  const { alice, bob } = s.connect();
  s.link = (side) => (side === 'alice' ? [] : [1]);
  s.act('alice', (agent, now) => agent.sendInDialog(now, alice, 'OPTIONS'));
  s.run(s.now + 20_000);
  s.link = () => [1];
  s.act('bob', (agent, now) => agent.update(now, bob));
  s.link = (side, message) => (side === 'alice' && nameOf(message) === 'OPTIONS' ? [] : [1]);
  s.run(s.now + 30_000);
  expect(s.told('alice')).not.toContain('ended');
  expect(s.ends.alice.legInfo(alice)?.state).toBe('established');
});
