import { must, seededRandom } from '@holdfast/kernel';
import { describe, expect, it } from 'vitest';
import { ANSWER, nameOf, OFFER, read, Scenario } from '../dialog/scenario.ts';
import { cseqOf, topVia } from '../message/headers.ts';
import { legRecordFrom } from './leg-record.ts';
import { SipUserAgent } from './user-agent.ts';

describe('another user agent goes on', () => {
  it('[UA15] with a call that rings: its answer is taken, and the caller is answered, under the old branches', () => {
    for (const side of ['alice', 'bob'] as const) {
      const s = new Scenario({ isFollowed: true });
      s.on('bob', 'incoming', (event) =>
        s.act('bob', (agent, now) => agent.ring(now, event.leg, { status: 180 })),
      );
      s.invite();
      s.run(5_000);
      s.takeOver(side);
      s.act('bob', (agent, now) => agent.answer(now, s.last('bob', 'incoming').leg, { sdp: ANSWER }));
      s.run(6_000);
      expect(s.wire()).toEqual(['INVITE', '100', '180', '200', 'ACK']);
      expect(read(s.last('alice', 'answered').sdp)).toBe(read(ANSWER));
    }
  });

  it('[UA15] with a call that stands: what is sent next has a number far above', () => {
    const s = new Scenario({ isFollowed: true });
    const { alice } = s.connect();
    s.takeOver('alice');
    s.act('alice', (agent, now) => agent.bye(now, alice));
    s.run(s.now + 100);
    const [bye] = s.messages('alice', 'BYE');
    expect(bye && cseqOf(bye)?.number).toBe(1_002);
    expect(s.last('bob', 'ended').by).toBe('remote');
    s.run(s.now + 100_000);
    expect(s.held()).toBe(0);
  });

  it('[UA15] with a call that it was ending: BYE is sent again', () => {
    const s = new Scenario({ isFollowed: true });
    const { alice } = s.connect();
    s.link = () => [];
    s.act('alice', (agent, now) => agent.bye(now, alice));
    s.link = () => [1];
    s.takeOver('alice');
    s.run(s.now + 100);
    expect(s.last('bob', 'ended').by).toBe('remote');
    expect(s.last('alice', 'ended').by).toBe('local');
  });

  it('[IS36] whose 2xx has no ACK: the ACK may have reached the former one, and the answer to a refresh says as much', () => {
    for (const allow of [undefined, ['INVITE', 'ACK', 'CANCEL', 'BYE']]) {
      const s = new Scenario({ isFollowed: true, alice: allow === undefined ? {} : { allow } });
      s.link = (from, message) => (from === 'alice' && nameOf(message) === 'ACK' ? [] : [1]);
      s.on('alice', 'offer', (event) =>
        s.act('alice', (agent, now) => agent.acceptOffer(now, event.leg, OFFER)),
      );
      s.connect();
      expect(s.told('bob')).not.toContain('acknowledged');
      s.takeOver('bob');
      s.run(s.now + 5_000);
      expect(s.told('bob')).toContain('acknowledged');
      const repeated = s.count('bob', '200');
      s.link = () => [1];
      s.run(s.now + 100_000);
      // Of the re-INVITE there is one more.
      expect(s.count('bob', '200')).toBe(repeated);
      expect(s.wire()).not.toContain('BYE');
    }
  });

  it('[IS36] whose 2xx nobody has heard: it is repeated for as long as ever, and a 481 proves nothing', () => {
    const s = new Scenario({ isFollowed: true });
    s.link = (from) => (from === 'bob' ? [] : [1]);
    s.connect();
    s.run(s.now + 20_000);
    s.takeOver('bob');
    s.run(s.now + 10_000);
    s.link = () => [1];
    s.run(s.now + 4_000);
    expect(s.told('alice')).toContain('answered');
    expect(s.told('bob')).toContain('acknowledged');
    expect(s.wire()).not.toContain('BYE');
  });

  it('[IS36] nobody there any more: it is given up', () => {
    const s = new Scenario({ isFollowed: true });
    s.link = (from) => (from === 'bob' ? [] : [1]);
    s.connect();
    s.takeOver('bob');
    s.run(s.now + 70_000);
    expect(s.last('bob', 'ended').by).toBe('lost');
    s.run(s.now + 100_000);
    expect(s.ends.bob.sizes().legs).toBe(0);
  });

  it('[UA17] a phone that rings for one that is gone is told to stop, from another address', () => {
    for (const rings of [true, false]) {
      const s = new Scenario({ isFollowed: true });
      s.on('bob', 'incoming', (event) => {
        if (rings) s.act('bob', (agent, now) => agent.ring(now, event.leg, { status: 180 }));
      });
      // Of the 100 that comes at once nothing is heard.
      s.link = (from) => (from === 'bob' && !rings ? [] : [1]);
      const leg = s.invite();
      s.run(s.now + 300);
      const record = must(s.ends.alice.legRecord(leg), 'it rings');
      s.link = () => [1];
      const third = new SipUserAgent({
        random: seededRandom(7),
        sentBy: () => ({ host: '10.0.0.9', port: 5060 }),
        contact: 'sip:third@10.0.0.9',
      });
      const { effects } = third.cancelOther(s.now, record);
      const sent = effects.flatMap((effect) => (effect.type === 'transmit' ? [effect.message] : []));
      const [invite] = s.messages('alice', 'INVITE');
      expect(sent.map((message) => ('method' in message ? message.method : ''))).toEqual(['CANCEL']);
      expect(sent[0] && topVia(sent[0])).toEqual(invite && topVia(invite));
      s.perform('alice', { effects, events: [] });
      s.run(s.now + 1_000);
      expect(s.told('bob')).toContain('cancelled');
      for (let at = third.nextDeadline(); at !== undefined; at = third.nextDeadline()) third.expire(at);
      expect(third.sizes()).toEqual({ legs: 0, sent: 0, serving: 0, asked: 0 });
    }
  });

  it('[UA16] a record of another version is refused, with both versions', () => {
    const s = new Scenario({ isFollowed: true });
    const { alice } = s.connect();
    const record = s.ends.alice.legRecord(alice);
    expect(legRecordFrom({ ...record, version: 7 })).toBe(
      'the leg record has version 7; this server reads 2',
    );
    expect(legRecordFrom(null)).toMatch('object');
    expect(legRecordFrom({ version: 2 })).toMatch('no leg');
    const kept = must(record, 'the call stands');
    const { state } = kept.leg;
    if (state.name !== 'established') throw new Error('the call stands');
    const leg = { ...kept.leg, state: { ...state, dialog: { ...state.dialog, localSeq: -1 } } };
    expect(legRecordFrom({ ...kept, leg })).toMatch('localSeq');
  });
});
