import { describe, expect, it } from 'vitest';
import type { UserAgentOptions } from '../agent/user-agent-options.ts';
import { replaceHeader } from '../message/edit-message.ts';
import { headerValue } from '../message/headers.ts';
import type { SipMessage, SipRequest } from '../message/message.ts';
import { serializeMessage } from '../message/serialize-message.ts';
import { connectionFlow } from '../target.ts';
import { ANSWER, HOST, type Link, nameOf, OFFER, read, Scenario, type Side } from './scenario.ts';

/** 100 s: refreshed after 50, ended after 68. */
const TIMED: Partial<UserAgentOptions> = { sessionTimer: () => ({ intervalS: 100, minS: 20 }) };
const WITHOUT_UPDATE = ['INVITE', 'ACK', 'CANCEL', 'BYE'];

function timed(alice: Partial<UserAgentOptions>, bob: Partial<UserAgentOptions>, isFollowed = false) {
  return new Scenario({ alice, bob, isFollowed });
}

function field(message: SipMessage | undefined, key: string): string | undefined {
  return message && headerValue(message, key);
}

function newest(s: Scenario, side: Side, what: string): SipMessage | undefined {
  return s.messages(side, what).at(-1);
}

/** This side takes every offer with the description that it has sent before. */
function takesOffers(s: Scenario, side: Side): void {
  s.on(side, 'offer', (event) => s.act(side, (agent, now) => agent.acceptOffer(now, event.leg, ANSWER)));
}

/** Alice's first INVITE arrives with this Session-Expires. */
function asksAs(expires: string): Link {
  return (from, message, s) => {
    if (from !== 'alice' || nameOf(message) !== 'INVITE' || field(message, 'session-expires') !== '100')
      return [1];
    s.inject('bob', serializeMessage(replaceHeader(message as SipRequest, 'Session-Expires', expires)));
    return [];
  };
}

describe('session timers', () => {
  it('[SE1] the INVITE proposes an interval, and the callee who knows of it refreshes unless it was asked not to', () => {
    const s = timed(TIMED, TIMED);
    s.connect();
    const [invite] = s.messages('alice', 'INVITE');
    expect(field(invite, 'supported')).toBe('timer');
    expect(field(invite, 'session-expires')).toBe('100');
    expect(field(invite, 'min-se')).toBe('20');
    const [answer] = s.messages('bob', '200');
    expect(field(answer, 'session-expires')).toBe('100;refresher=uas');
    expect(field(answer, 'require')).toBe('timer');
    s.run(1_000_000);
    expect(s.count('alice', 'UPDATE')).toBe(0);
    expect(s.times('bob', 'UPDATE').slice(0, 2)).toEqual([50_001, 100_003]);
    expect(field(newest(s, 'bob', 'UPDATE'), 'session-expires')).toBe('100;refresher=uac');
    expect(s.told('alice')).toEqual(['answered']);
    expect(s.told('bob')).toEqual(['incoming', 'acknowledged']);
  });

  it('[SE1] a caller who wants to refresh does, and a shorter interval than ours is taken', () => {
    const s = timed(TIMED, TIMED);
    s.link = asksAs('40 ;refresher=uac');
    s.connect();
    expect(field(newest(s, 'bob', '200'), 'session-expires')).toBe('40;refresher=uac');
    s.run(65_000);
    expect(s.times('alice', 'UPDATE')).toHaveLength(3);
    expect(s.count('bob', 'UPDATE')).toBe(0);
  });

  it('[SE2] whoever knows nothing of it is refreshed by us, by UPDATE or with the description sent last', () => {
    for (const [allow, method] of [
      [undefined, 'UPDATE'],
      [WITHOUT_UPDATE, 'INVITE'],
    ] as const) {
      const s = timed(TIMED, allow === undefined ? {} : { allow });
      s.connect();
      takesOffers(s, 'bob');
      const before = s.count('alice', method);
      s.run(130_000);
      expect(s.count('alice', method) - before).toBe(2);
      if (method === 'INVITE') expect(read(newest(s, 'alice', 'INVITE')?.body)).toBe(read(OFFER));
      expect(s.told('alice')).toEqual(['answered']);
    }
  });

  it('[SE2] as a callee too; and any answer but 481 and 408 shows that the call stands', () => {
    const s = timed({ allow: WITHOUT_UPDATE }, TIMED);
    s.connect();
    expect(field(newest(s, 'bob', '200'), 'session-expires')).toBe('100;refresher=uas');
    expect(field(newest(s, 'bob', '200'), 'require')).toBeUndefined();
    s.on('alice', 'offer', (event) => s.act('alice', (agent, now) => agent.rejectOffer(now, event.leg, 488)));
    s.run(1_000_000);
    expect(s.count('bob', 'INVITE')).toBe(19);
    expect(s.count('bob', 'BYE')).toBe(0);
  });

  it('[SE2] one that said it understands UPDATE, and does not, gets re-INVITE from then on', () => {
    const s = timed(TIMED, {});
    s.connect();
    takesOffers(s, 'bob');
    s.link = (from, message) => {
      if (from !== 'bob' || nameOf(message) !== '200' || !field(message, 'cseq')?.includes('UPDATE'))
        return [1];
      s.inject('alice', serializeMessage({ ...message, status: 405, reason: 'No' } as SipMessage));
      return [];
    };
    s.run(130_000);
    expect(s.count('alice', 'UPDATE')).toBe(1);
    expect(s.count('alice', 'INVITE')).toBe(3);
    expect(s.told('alice')).toEqual(['answered']);
  });

  /** Bob's answers to UPDATE are 500 from this one on. */
  function outOfOrderFrom(first: number, more: readonly (readonly [string, string])[] = []) {
    const s = timed(TIMED, {});
    s.connect();
    s.link = (from, message) => {
      if (from !== 'bob' || !field(message, 'cseq')?.includes('UPDATE') || s.count('alice', 'UPDATE') < first)
        return [1];
      const refusal = { ...message, status: 500, reason: 'Server Internal Error' } as SipMessage;
      s.inject('alice', serializeMessage(more.reduce((made, [n, v]) => withHeader(made, n, v), refusal)));
      return [];
    };
    s.run(300_000);
    return s;
  }

  const withHeader = (message: SipMessage, name: string, value: string) =>
    replaceHeader(message as never, name, value);

  it('[IS37] who used to answer, and calls our newest request out of order, obeys another: the call does not stand', () => {
    const s = outOfOrderFrom(2);
    expect(s.told('alice').slice(0, 2)).toEqual(['answered', 'superseded']);
    // It is tried again, and given up before the interval that the first refresh began is over.
    expect(s.count('alice', 'UPDATE')).toBeGreaterThan(2);
    expect(s.last('alice', 'ended').by).toBe('lost');
    expect(s.times('alice', 'BYE')[0]).toBeLessThan(150_000);
  });

  it('[IS38] whoever asks for a refresh is told how it was answered, or that nobody did', () => {
    const s = timed({}, {});
    const { alice } = s.connect();
    const refresh = () => s.act('alice', (agent, now) => agent.refresh(now, alice));
    refresh();
    s.run(s.now + 1_000);
    expect(s.last('alice', 'refreshAnswered')).toMatchObject({ leg: alice, status: 200, hasResponse: true });
    s.link = () => [];
    refresh();
    s.run(s.now + 40_000);
    expect(s.told('alice')).toEqual(['answered', 'refreshAnswered', 'ended']);
    expect(s.last('alice', 'ended').by).toBe('lost');
  });

  /** Bob answers UPDATE 503 so often, and as he would afterwards. */
  function overloaded(times: number, more: readonly (readonly [string, string])[] = []) {
    const s = timed({}, {});
    const { alice } = s.connect();
    s.link = (from, message) => {
      if (from !== 'bob' || !field(message, 'cseq')?.includes('UPDATE') || s.count('alice', 'UPDATE') > times)
        return [1];
      const refusal = { ...message, status: 503, reason: 'Service Unavailable' } as SipMessage;
      s.inject('alice', serializeMessage(more.reduce((made, [n, v]) => withHeader(made, n, v), refusal)));
      return [];
    };
    const before = s.now;
    s.act('alice', (agent, now) => agent.refresh(now, alice));
    s.run(s.now + 60_000);
    const sent = s.times('alice', 'UPDATE').map((at) => at - before);
    return { sent, told: s.last('alice', 'refreshAnswered') };
  }

  it('[IS38] a 503 of the other side is told from a transport that has failed', () => {
    expect(overloaded(1)).toMatchObject({ sent: [0], told: { status: 503, hasResponse: true } });
    const s = new Scenario({ transport: 'TCP' });
    const { alice } = s.connect();
    s.act('alice', (agent, now) => agent.refresh(now, alice));
    const flow = connectionFlow('TCP', HOST.bob, 5060);
    s.act('alice', (agent, now) => agent.transportFailed(now, { flow }));
    expect(s.last('alice', 'refreshAnswered')).toMatchObject({ status: 503, hasResponse: false });
  });

  it('[IS29] the Retry-After of a 503 is obeyed where it is short', () => {
    const { sent, told } = overloaded(2, [['Retry-After', '5']]);
    expect(sent.map((ms) => Math.round(ms / 100))).toEqual([0, 50, 100]);
    expect(told).toMatchObject({ status: 200, hasResponse: true });
    expect(overloaded(2, [['Retry-After', '60']])).toMatchObject({ sent: [0], told: { status: 503 } });
  });

  it('[IS37] not who has never answered otherwise, nor who only asks for patience', () => {
    for (const s of [outOfOrderFrom(1), outOfOrderFrom(2, [['Retry-After', '1']])]) {
      expect(s.told('alice')).toEqual(['answered']);
      expect(s.count('alice', 'BYE')).toBe(0);
    }
  });

  it('[SE3] an interval that is too short gets 422 with the least; a proposal that got 422 comes again, longer', () => {
    const s = timed(TIMED, { sessionTimer: () => ({ intervalS: 900, minS: 300 }) });
    s.connect();
    expect(s.wire().slice(0, 7)).toEqual(['INVITE', '100', '422', 'ACK', 'INVITE', '100', '200']);
    expect(field(newest(s, 'bob', '422'), 'min-se')).toBe('300');
    expect(field(newest(s, 'alice', 'INVITE'), 'session-expires')).toBe('300');
    expect(field(newest(s, 'alice', 'INVITE'), 'cseq')).toBe('2 INVITE');
    expect(field(newest(s, 'bob', '200'), 'session-expires')).toBe('300;refresher=uas');
    expect(s.told('alice')).toEqual(['answered']);
  });

  it('[SE3] a refresh that is too short for the other side comes again at once, longer', () => {
    const s = timed(TIMED, {});
    s.connect();
    s.link = (from, message) => {
      if (from !== 'bob' || !field(message, 'cseq')?.includes('UPDATE') || s.count('alice', 'UPDATE') > 1)
        return [1];
      const refusal = { ...message, status: 422, reason: 'Session Interval Too Small' } as SipMessage;
      s.inject('alice', serializeMessage(replaceHeader(refusal as never, 'Min-SE', '150')));
      return [];
    };
    s.run(60_000);
    expect(s.messages('alice', 'UPDATE').map((each) => field(each, 'session-expires'))).toEqual([
      '100;refresher=uac',
      '150;refresher=uac',
    ]);
    s.run(130_000);
    expect(s.times('alice', 'UPDATE')[2]).toBe(125_005);
  });

  it('[SE3] nobody is led on: a second 422 ends the attempt, and so does one that asks for more than a day', () => {
    for (const [least, invites] of [
      [(n: number) => String(200 * n), 2],
      [() => '86401', 1],
    ] as const) {
      const s = timed(TIMED, {});
      s.on('bob', 'incoming', (event) => {
        const headers = [['Min-SE', least(s.count('alice', 'INVITE'))]] as const;
        s.act('bob', (agent, now) => agent.reject(now, event.leg, 422, { headers }));
      });
      s.invite();
      s.run(1_000);
      expect(s.count('alice', 'INVITE')).toBe(invites);
      expect(s.last('alice', 'failed').status).toBe(422);
      s.run(100_000);
      expect(s.held()).toBe(0);
    }
  });

  it('[SE4] who was to refresh and does not is hung up on shortly before the end', () => {
    const s = timed(TIMED, TIMED);
    s.connect();
    s.link = () => [];
    s.run(66_000);
    // Bob's refresh has no answer: Timer F comes later than the end of the interval here.
    expect(s.count('bob', 'BYE')).toBe(0);
    s.run(69_000);
    expect(s.times('alice', 'BYE')[0]).toBe(68_002);
    expect(s.last('alice', 'ended')).toMatchObject({
      by: 'lost',
      reason: 'the session was not refreshed in time',
    });
    s.run(200_000);
    expect(s.last('bob', 'ended').by).toBe('lost');
    expect(s.held()).toBe(0);
  });

  it('[SE4] a refresh that is refused is tried again, and without a 2xx the session ends', () => {
    const s = timed(TIMED, { ...TIMED, allow: WITHOUT_UPDATE });
    s.link = asksAs('100;refresher=uac');
    s.connect();
    s.on('bob', 'offer', (event) => s.act('bob', (agent, now) => agent.rejectOffer(now, event.leg, 488)));
    const before = s.count('alice', 'INVITE');
    s.run(200_000);
    expect(s.count('alice', 'INVITE') - before).toBe(2);
    expect(s.last('bob', 'ended')).toMatchObject({ by: 'lost' });
    expect(s.last('alice', 'ended')).toMatchObject({ by: 'remote' });
  });

  it('[SE5] each change of the session begins the interval anew', () => {
    const s = timed(TIMED, TIMED);
    const { alice } = s.connect();
    takesOffers(s, 'bob');
    s.run(40_000);
    s.act('alice', (agent, now) => agent.reinvite(now, alice, OFFER));
    s.run(80_000);
    expect(field(newest(s, 'alice', 'INVITE'), 'session-expires')).toBe('100;refresher=uas');
    expect(s.count('bob', 'UPDATE')).toBe(0);
    s.run(91_000);
    expect(s.times('bob', 'UPDATE')).toEqual([90_001]);
  });

  it('[SE6] another user agent goes on with the timer where it stood', () => {
    const s = timed(TIMED, TIMED, true);
    s.connect();
    s.run(30_000);
    s.takeOver('bob');
    s.takeOver('alice');
    s.run(49_000);
    expect(s.count('bob', 'UPDATE')).toBe(0);
    s.run(99_000);
    expect(s.times('bob', 'UPDATE')).toEqual([50_001]);
    s.link = () => [];
    s.takeOver('alice');
    s.run(119_000);
    // From the last refresh, not from the takeover.
    expect(s.times('alice', 'BYE')[0]).toBe(118_002);
  });

  it('[SE6] an interval that ended while nobody was there is asked about before the leg is given up', () => {
    const s = timed(TIMED, {}, true);
    s.connect();
    // Nobody runs alice for a while.
    s.now = 75_000;
    s.takeOver('alice');
    s.run(76_000);
    expect(s.count('alice', 'BYE')).toBe(0);
    expect(s.times('alice', 'UPDATE')).toEqual([75_000]);
    expect(s.ends.alice.legs().next().done).toBe(false);
  });

  it('[SE7] without the option nothing is proposed, refused, or ended', () => {
    const s = timed({}, {});
    s.connect();
    expect(field(newest(s, 'alice', 'INVITE'), 'session-expires')).toBeUndefined();
    expect(field(newest(s, 'bob', '200'), 'session-expires')).toBeUndefined();
    s.run(10_000_000);
    expect(s.wire()).toEqual(['INVITE', '100', '200', 'ACK']);
  });
});
