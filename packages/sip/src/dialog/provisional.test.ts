import { describe, expect, it } from 'vitest';
import { createResponse, type HeaderLines } from '../message/build-message.ts';
import { headerValue } from '../message/headers.ts';
import type { SipMessage, SipRequest } from '../message/message.ts';
import { serializeMessage } from '../message/serialize-message.ts';
import { ANSWER, nameOf, OFFER, read, Scenario, text } from './scenario.ts';

const GIVE_UP = 32_000;
const SUPPORTED = { sdp: OFFER, reliableProvisionals: 'supported' } as const;

/** Bob rings once, reliably. */
function bobRings(s: Scenario, sdp?: Uint8Array, status = 183): void {
  s.on('bob', 'incoming', (event) =>
    s.act('bob', (agent, now) =>
      agent.ring(now, event.leg, { status, reliable: true, ...(sdp !== undefined && { sdp }) }),
    ),
  );
}

function bobLeg(s: Scenario): string {
  return s.last('bob', 'incoming').leg;
}

/** A provisional response to Alice's INVITE with an RSeq, as another phone would send it. */
function fromPhone(s: Scenario, rseq: number, toTag = 'phone', extra: HeaderLines = []): void {
  const invite = s.messages('alice', 'INVITE')[0] as SipRequest;
  const headers: HeaderLines = [
    ['Contact', '<sip:bob@10.0.0.2:5060>'],
    ['Require', '100rel'],
    ['RSeq', String(rseq)],
    ...extra,
  ];
  s.inject('alice', serializeMessage(createResponse(invite, 180, { toTag, headers })));
  s.run(s.now + 1);
}

describe('reliable provisional responses', () => {
  it('[IS16] are sent only to callers that know them', () => {
    for (const reliableProvisionals of ['none', 'supported'] as const) {
      const s = new Scenario();
      bobRings(s);
      s.invite('alice', { sdp: OFFER, reliableProvisionals });
      s.run(100);
      const ringing = s.messages('bob', '183')[0] as SipMessage;
      expect(headerValue(ringing, 'require')).toBe(reliableProvisionals === 'none' ? undefined : '100rel');
      expect(s.count('alice', 'PRACK')).toBe(reliableProvisionals === 'none' ? 0 : 1);
    }
  });

  it('[IS16] a caller that requires them gets no others', () => {
    const s = new Scenario();
    s.on('bob', 'incoming', (event) =>
      s.act('bob', (agent, now) => agent.ring(now, event.leg, { status: 180 })),
    );
    s.invite('alice', { sdp: OFFER, reliableProvisionals: 'required' });
    s.run(100);
    expect(s.count('alice', 'PRACK')).toBe(1);
    expect(s.told('bob')).toEqual(['incoming', 'ringAcknowledged']);
  });

  it('[IS17] are repeated with doubling pauses until the PRACK, whose RAck names them', () => {
    let lost = 0;
    const s = new Scenario({
      link: (_from, message) => (nameOf(message) === '183' && ++lost < 5 ? [] : [1]),
    });
    bobRings(s, ANSWER);
    s.invite('alice', SUPPORTED);
    s.run(GIVE_UP);
    expect(s.times('bob', '183').map((at) => at - 1)).toEqual([0, 500, 1_500, 3_500, 7_500]);
    const rseq = headerValue(s.messages('bob', '183')[0] as SipMessage, 'rseq');
    expect(headerValue(s.messages('alice', 'PRACK')[0] as SipMessage, 'rack')).toBe(`${rseq} 1 INVITE`);
    expect(s.told('bob')).toEqual(['incoming', 'ringAcknowledged']);
    expect(s.told('alice')).toEqual(['progress']);
  });

  it('[IS18] without any PRACK the call is refused with 504 after 64*T1', () => {
    const s = new Scenario({ link: (_from, message) => (nameOf(message) === 'PRACK' ? [] : [1]) });
    bobRings(s, ANSWER);
    s.invite('alice', SUPPORTED);
    s.run(GIVE_UP + 100);
    expect(s.told('bob')).toEqual(['incoming', 'cancelled']);
    expect(s.last('alice', 'failed').status).toBe(504);
    s.run(200_000);
    expect(s.held()).toBe(0);
  });

  it('[IS19] the next ring waits for the PRACK of the one before, and RSeq grows by one', () => {
    const s = new Scenario({ link: () => [50] });
    s.on('bob', 'incoming', (event) => {
      for (const status of [180, 182, 183])
        s.act('bob', (agent, now) => agent.ring(now, event.leg, { status, reliable: true }));
    });
    s.invite('alice', SUPPORTED);
    s.run(140);
    expect(s.wire('bob')).toEqual(['100', '180']);
    s.run(1_000);
    const rseqs = ['180', '182', '183'].map((name) =>
      Number(headerValue(s.messages('bob', name)[0] as SipMessage, 'rseq')),
    );
    expect(rseqs.map((rseq) => rseq - (rseqs[0] ?? 0))).toEqual([0, 1, 2]);
    expect(s.told('alice')).toEqual(['progress', 'progress', 'progress']);
  });

  it('[IS19] what comes out of order is not acknowledged, what comes again is not told again', () => {
    const s = new Scenario({ link: (from) => (from === 'alice' ? [] : [1]) });
    s.invite('alice', SUPPORTED);
    fromPhone(s, 7);
    fromPhone(s, 9);
    fromPhone(s, 7);
    expect(s.told('alice')).toEqual(['progress']);
    fromPhone(s, 8);
    expect(s.told('alice')).toEqual(['progress', 'progress']);
    const racks = new Set(s.messages('alice', 'PRACK').map((prack) => headerValue(prack, 'rack')));
    expect([...racks]).toEqual(['7 1 INVITE', '8 1 INVITE']);
  });

  it('[IS19] every phone that rings has its own count', () => {
    const s = new Scenario({ link: (from) => (from === 'alice' ? [] : [1]) });
    s.invite('alice', SUPPORTED);
    fromPhone(s, 7, 'one');
    fromPhone(s, 100, 'two');
    fromPhone(s, 8, 'one');
    expect(s.told('alice')).toHaveLength(3);
  });

  it('[IS20] the answer waits for the PRACK while a description is on its way', () => {
    const s = new Scenario({ link: () => [50] });
    s.on('bob', 'incoming', (event) => {
      s.act('bob', (agent, now) => agent.ring(now, event.leg, { status: 183, reliable: true, sdp: ANSWER }));
      s.act('bob', (agent, now) => agent.answer(now, event.leg, { sdp: ANSWER }));
    });
    s.invite('alice', SUPPORTED);
    s.run(140);
    expect(s.count('bob', '200')).toBe(0);
    s.run(1_000);
    expect(s.wire('bob')).toEqual(['100', '183', '200', '200']);
    const success = s.messages('bob', '200')[1] as SipMessage;
    expect(headerValue(success, 'cseq')).toBe('1 INVITE');
    expect(success.body.length).toBe(0);
    expect(read(s.last('alice', 'answered').sdp)).toBe(read(ANSWER));
  });

  it('[IS20] the answer does not wait for the PRACK of a bare ring, which may come later', () => {
    const s = new Scenario({ link: (_from, message) => (nameOf(message) === 'PRACK' ? [300] : [10]) });
    s.on('bob', 'incoming', (event) => {
      s.act('bob', (agent, now) => agent.ring(now, event.leg, { status: 180, reliable: true }));
      s.act('bob', (agent, now) => agent.answer(now, event.leg, { sdp: ANSWER }));
    });
    s.invite('alice', SUPPORTED);
    s.run(100);
    expect(s.told('alice')).toEqual(['progress', 'answered']);
    s.run(1_000);
    expect(s.messages('bob', '481')).toEqual([]);
    expect(s.messages('bob', '200').map((message) => headerValue(message, 'cseq'))).toContain('2 PRACK');
  });

  it('[IS17] a PRACK that names no response of ours gets 481', () => {
    const s = new Scenario();
    bobRings(s);
    s.invite('alice', SUPPORTED);
    s.run(10);
    const prack = s.messages('alice', 'PRACK')[0] as SipRequest;
    const headers = prack.headers.map((field) => {
      if (field.key === 'rack') return { ...field, value: '5 1 INVITE' };
      if (field.key === 'via') return { ...field, value: field.value.replace('z9hG4bK', 'z9hG4bKx') };
      return field.key === 'cseq' ? { ...field, value: '3 PRACK' } : field;
    });
    s.inject('bob', serializeMessage({ ...prack, headers }));
    s.run(20);
    expect(s.count('bob', '481')).toBe(1);
    expect(s.told('bob')).toEqual(['incoming', 'ringAcknowledged']);
  });
});

describe('descriptions in reliable responses', () => {
  it('[IS21] a reliable answer is the answer: the 2xx may bring no other', () => {
    const s = new Scenario();
    bobRings(s, text('v=0 first'));
    s.invite('alice', SUPPORTED);
    s.run(100);
    s.act('bob', (agent, now) => agent.answer(now, bobLeg(s), { sdp: text('v=0 second') }));
    s.run(200);
    expect(read(s.last('alice', 'answered').sdp)).toBe('v=0 first');
  });

  it('[IS21] without an offer in the INVITE the reliable response offers, and the PRACK answers', () => {
    const s = new Scenario();
    bobRings(s, text('v=0 bob offers'));
    const leg = s.invite('alice', { reliableProvisionals: 'supported' });
    s.run(100);
    expect(s.count('alice', 'PRACK')).toBe(0);
    expect(read(s.last('alice', 'progress').sdp)).toBe('v=0 bob offers');
    s.act('alice', (agent, now) => agent.acknowledge(now, leg, text('v=0 alice answers')));
    s.run(200);
    expect(read(s.last('bob', 'ringAcknowledged').sdp)).toBe('v=0 alice answers');
    s.act('bob', (agent, now) => agent.answer(now, bobLeg(s), {}));
    s.run(300);
    expect(s.count('alice', 'ACK')).toBe(1);
    expect(read(s.ends.alice.legInfo(leg)?.localSdp)).toBe('v=0 alice answers');
    expect(read(s.ends.bob.legInfo(bobLeg(s))?.remoteSdp)).toBe('v=0 alice answers');
  });

  it('[IS22] an offer in the PRACK is put to the owner, and the answer of the call waits for it', () => {
    const s = new Scenario();
    bobRings(s, ANSWER);
    s.link = (_from, message) => (nameOf(message) === 'PRACK' ? [] : [1]);
    s.invite('alice', SUPPORTED);
    s.run(10);
    const prack = s.messages('alice', 'PRACK')[0] as SipRequest;
    const headers = [
      ...prack.headers.filter((field) => field.key !== 'content-length'),
      { key: 'content-type', name: 'Content-Type', value: 'application/sdp' },
    ];
    s.inject('bob', serializeMessage({ ...prack, headers, body: text('v=0 more') }));
    s.run(20);
    expect(s.told('bob')).toEqual(['incoming', 'ringAcknowledged', 'offer']);
    expect(s.last('bob', 'offer')).toMatchObject({ method: 'PRACK' });
    s.act('bob', (agent, now) => agent.answer(now, bobLeg(s), { sdp: ANSWER }));
    expect(s.count('bob', '200')).toBe(0);
    s.act('bob', (agent, now) => agent.acceptOffer(now, bobLeg(s), text('v=0 fine')));
    const answers = s.messages('bob', '200');
    expect(answers.map((message) => headerValue(message, 'cseq'))).toEqual(['2 PRACK', '1 INVITE']);
    expect(read(answers[0]?.body)).toBe('v=0 fine');
  });

  it('[IS22] an offer in the PRACK that the owner forgets is refused with 504', () => {
    const s = new Scenario();
    bobRings(s, ANSWER);
    s.link = (_from, message) => (nameOf(message) === 'PRACK' ? [] : [1]);
    s.invite('alice', SUPPORTED);
    s.run(10);
    const prack = s.messages('alice', 'PRACK')[0] as SipRequest;
    const headers = [
      ...prack.headers.filter((field) => field.key !== 'content-length'),
      { key: 'content-type', name: 'Content-Type', value: 'application/sdp' },
    ];
    s.inject('bob', serializeMessage({ ...prack, headers, body: text('v=0 more') }));
    s.run(GIVE_UP + 20);
    expect(s.told('bob')).toEqual(['incoming', 'ringAcknowledged', 'offer', 'offerWithdrawn']);
  });

  it('[IS23] CANCEL ends a call whose answer waits for a PRACK', () => {
    const s = new Scenario({ link: (_from, message) => (nameOf(message) === 'PRACK' ? [] : [1]) });
    s.on('bob', 'incoming', (event) => {
      s.act('bob', (agent, now) => agent.ring(now, event.leg, { status: 183, reliable: true, sdp: ANSWER }));
      s.act('bob', (agent, now) => agent.answer(now, event.leg, {}));
    });
    const leg = s.invite('alice', SUPPORTED);
    s.run(10);
    s.act('alice', (agent, now) => agent.cancel(now, leg));
    s.run(20);
    expect(s.told('bob')).toEqual(['incoming', 'cancelled']);
    expect(s.last('alice', 'failed').status).toBe(487);
    s.run(200_000);
    expect(s.held()).toBe(0);
  });
});
