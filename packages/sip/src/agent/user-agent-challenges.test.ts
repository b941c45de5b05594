import { describe, expect, it } from 'vitest';
import { ANSWER, BOB, OFFER, outsideRequest, Scenario, type ScenarioOptions } from '../dialog/scenario.ts';
import type { HeaderLines } from '../message/build-message.ts';
import { cseqOf, headerValue } from '../message/headers.ts';
import type { SipRequest } from '../message/message.ts';

describe('challenges', () => {
  const CHALLENGE: HeaderLines = [['WWW-Authenticate', 'Digest realm="x", nonce="n"']];
  const PASSWORD = { user: 'ada', password: 'right' };

  /** The digest of this test: Bob takes "right" and nothing else. */
  function guarded(port: Partial<ScenarioOptions['alice']> = {}): Scenario {
    return new Scenario({
      alice: {
        answerChallenge: (challenges, request) =>
          challenges.length > 0 && request.answered === 0
            ? `Digest ${request.method} ${request.password}`
            : undefined,
        ...port,
      },
    });
  }

  function isAllowed(request: SipRequest): boolean {
    return headerValue(request, 'authorization') === `Digest ${request.method} right`;
  }

  it('[UA11] an INVITE goes again with credentials and the next CSeq; the ACK repeats them', () => {
    const s = guarded();
    s.on('bob', 'incoming', (event) =>
      s.act('bob', (agent, now) =>
        isAllowed(event.request)
          ? agent.answer(now, event.leg, { sdp: ANSWER })
          : agent.reject(now, event.leg, 401, { headers: CHALLENGE }),
      ),
    );
    const leg = s.invite('alice', { sdp: OFFER, credentials: PASSWORD });
    s.run(100);
    expect(s.told('alice')).toEqual(['answered']);
    const [first, second] = s.messages('alice', 'INVITE');
    expect([cseqOf(first as SipRequest)?.number, cseqOf(second as SipRequest)?.number]).toEqual([1, 2]);
    expect(headerValue(first as SipRequest, 'call-id')).toBe(headerValue(second as SipRequest, 'call-id'));
    expect(headerValue(first as SipRequest, 'from')).toBe(headerValue(second as SipRequest, 'from'));
    expect(headerValue(s.messages('alice', 'ACK').at(-1) as SipRequest, 'authorization')).toBe(
      'Digest INVITE right',
    );
    s.act('alice', (agent, now) => agent.bye(now, leg));
    s.run(200);
    expect(s.last('bob', 'ended').by).toBe('remote');
  });

  it('[UA11] a wrong password, or none, is a refusal', () => {
    for (const credentials of [{ user: 'ada', password: 'wrong' }, undefined]) {
      const s = guarded();
      s.on('bob', 'incoming', (event) =>
        s.act('bob', (agent, now) => agent.reject(now, event.leg, 401, { headers: CHALLENGE })),
      );
      s.invite('alice', credentials === undefined ? { sdp: OFFER } : { sdp: OFFER, credentials });
      s.run(100);
      expect(s.last('alice', 'failed').status).toBe(401);
      expect(s.count('alice', 'INVITE')).toBe(credentials === undefined ? 1 : 2);
    }
  });

  it('[UA11] a server that never stops to ask gets two answers', () => {
    const s = guarded({ answerChallenge: () => 'Digest again' });
    s.on('bob', 'incoming', (event) =>
      s.act('bob', (agent, now) => agent.reject(now, event.leg, 401, { headers: CHALLENGE })),
    );
    s.invite('alice', { sdp: OFFER, credentials: PASSWORD });
    s.run(1_000);
    expect(s.count('alice', 'INVITE')).toBe(3);
  });

  it('[UA11] a call that was given up is not tried again', () => {
    const s = guarded();
    const leg = s.invite('alice', { sdp: OFFER, credentials: PASSWORD });
    s.run(10);
    s.act('alice', (agent, now) => agent.cancel(now, leg));
    s.act('bob', (agent, now) =>
      agent.reject(now, s.last('bob', 'incoming').leg, 401, { headers: CHALLENGE }),
    );
    s.run(100);
    expect(s.count('alice', 'INVITE')).toBe(1);
    expect(s.last('alice', 'failed').status).toBe(487);
  });

  it('[UA11] requests in and outside the dialog are answered for too, the owner hears only the end', () => {
    const s = guarded();
    s.bobAnswers();
    const leg = s.invite('alice', { sdp: OFFER, credentials: PASSWORD });
    s.run(100);
    for (const type of ['inDialogRequest', 'request'] as const) {
      s.on('bob', type, (event) =>
        s.act('bob', (agent, now) =>
          isAllowed(event.request)
            ? agent.respond(now, event.transaction, 200)
            : agent.respond(now, event.transaction, 401, { headers: CHALLENGE }),
        ),
      );
    }
    s.act('alice', (agent, now) => agent.sendInDialog(now, leg, 'INFO'));
    s.run(s.now + 10);
    expect(s.events.alice.filter((event) => event.type === 'inDialogResponse')).toMatchObject([
      { status: 200 },
    ]);
    expect(s.ends.alice.legInfo(leg)?.dialog?.localSeq).toBe(3);
    const { transaction, output } = s.ends.alice.sendRequest(
      s.now,
      outsideRequest('OPTIONS'),
      { type: 'target', target: BOB },
      { credentials: PASSWORD },
    );
    s.perform('alice', output);
    s.run(s.now + 10);
    expect(s.events.alice.filter((event) => event.type === 'response')).toMatchObject([
      { transaction, status: 200 },
    ]);
  });
});
