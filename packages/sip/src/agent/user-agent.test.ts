import { describe, expect, it } from 'vitest';
import { ANSWER, OFFER, read, Scenario, text } from '../dialog/scenario.ts';

describe('a call', () => {
  it('rings, is answered, acknowledged and hung up, and leaves nothing behind', () => {
    const s = new Scenario();
    s.on('bob', 'incoming', (event) => {
      s.act('bob', (agent, now) => agent.ring(now, event.leg, { status: 180 }));
      s.act('bob', (agent, now) => agent.answer(now, event.leg, { sdp: ANSWER }));
    });
    const leg = s.invite();
    s.run(100);
    expect(s.wire()).toEqual(['INVITE', '100', '180', '200', 'ACK']);
    expect(s.told('alice')).toEqual(['progress', 'answered']);
    expect(read(s.last('alice', 'answered').sdp)).toBe(read(ANSWER));
    expect(s.told('bob')).toEqual(['incoming', 'acknowledged']);
    s.act('alice', (agent, now) => agent.bye(now, leg));
    s.run(200);
    expect(s.wire().slice(5)).toEqual(['BYE', '200']);
    expect(s.last('alice', 'ended').by).toBe('local');
    expect(s.last('bob', 'ended').by).toBe('remote');
    s.run(100_000);
    expect(s.held()).toBe(0);
    expect(read(OFFER)).not.toBe(read(text('')));
  });
});
