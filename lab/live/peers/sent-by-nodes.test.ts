/**
 * What others' parsers say of all that our nodes send, beyond the calls with real peers: a whole simulated world with all
 * its faults (SIP Servers and phones; some 2,300 messages), and two user agents that do whatever a user agent can.
 */
import { type Random, seededRandom } from '@holdfast/kernel';
import {
  createRequest,
  parseMessage,
  Registrar,
  type SipMessage,
  SipUserAgent,
  serializeMessage,
  type Target,
  type UserAgentEvent,
  type UserAgentOutput,
} from '@holdfast/sip';
import { expect, test } from 'vitest';
import { planFaults } from '../../sim/faults.ts';
import { injectFaults } from '../../sim/inject-faults.ts';
import { WHOLE_BREAK_MS, WHOLE_FAULTS, WHOLE_SETTLE_MS, WholeWorld } from '../../sim/whole.ts';
import { SipProgram } from '../../sim/whole-sip-program.ts';
import { World } from '../../sim/world.ts';
import { kindsOf, refusedByOthers, type SentMessage } from './sent-messages.ts';

const SEED = 1;

function asSent(message: SipMessage): SentMessage {
  const text = Buffer.from(serializeMessage(message)).toString('latin1');
  return { pid: process.pid, transport: 'UDP', text };
}

/** All that SIP Servers and phones send in that world; strangers and gateways are none of ours. */
function sentInWorld(seed: number): SentMessage[] {
  const world = new World(seed);
  const sent: SentMessage[] = [];
  world.net.tap = (from, message) => {
    if (from.program instanceof SipProgram && isSip(message)) sent.push(asSent(message));
  };
  const centre = new WholeWorld(world, {});
  const wish = { healAt: WHOLE_BREAK_MS, faultsMin: 4, faultsMax: 10, names: WHOLE_FAULTS };
  injectFaults(world, planFaults(world.fork(2), wish), centre.targets, new Map());
  centre.healAt(WHOLE_BREAK_MS);
  centre.live(WHOLE_BREAK_MS);
  world.run(WHOLE_BREAK_MS + WHOLE_SETTLE_MS);
  expect(world.failure).toBeUndefined();
  return sent;
}

/** Desk links send objects of other kinds. */
function isSip(message: unknown): message is SipMessage {
  const { kind } = message as { kind?: unknown };
  return kind === 'request' || kind === 'response';
}

test('whatever SIP Servers and phones send in a whole world is accepted by the parsers of jssip and sip', {
  timeout: 120_000,
}, () => {
  const sent = sentInWorld(SEED);
  expect(refusedByOthers(sent)).toEqual([]);
  expect(sent.length).toBeGreaterThan(1_000);
  for (const kind of [
    'REGISTER',
    'INVITE',
    'ACK',
    'CANCEL',
    'BYE',
    'OPTIONS',
    '100',
    '180',
    '200',
    '401',
    '487',
  ])
    expect(kindsOf(sent)).toContain(kind);
});

const HOSTS = { alice: '10.0.0.1', bob: '10.0.0.2' } as const;
type Side = keyof typeof HOSTS;
const OFFER = Buffer.from(
  'v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n',
);

/** Two user agents and what passes between them, each message 1 ms later at the other one. */
class TwoAgents {
  now = 0;
  readonly sent: SentMessage[] = [];
  readonly ends: Readonly<Record<Side, SipUserAgent>>;
  /** What an owner does about each event. */
  react: (side: Side, event: UserAgentEvent) => void = () => undefined;
  #flying: { readonly to: Side; readonly message: SipMessage }[] = [];

  constructor(random: Random) {
    const make = (side: Side) =>
      new SipUserAgent({
        random,
        sentBy: () => ({ host: HOSTS[side], port: 5060 }),
        contact: `sip:${side}@${HOSTS[side]}:5060`,
        // A caller of whom it has no leg left is answered 503.
        ...(side === 'bob' ? { legsMax: 1 } : {}),
      });
    this.ends = { alice: make('alice'), bob: make('bob') };
  }

  do(side: Side, order: (agent: SipUserAgent, now: number) => UserAgentOutput): void {
    const { effects, events } = order(this.ends[side], this.now);
    for (const effect of effects) if (effect.type === 'transmit') this.#fly(side, effect.message);
    for (const event of events) this.react(side, event);
  }

  #fly(from: Side, message: SipMessage): void {
    this.sent.push(asSent(message));
    this.#flying.push({ to: from === 'alice' ? 'bob' : 'alice', message });
  }

  run(ms: number): void {
    for (const until = this.now + ms; this.now < until; ) {
      this.now += 1;
      for (const { to, message } of this.#flying.splice(0)) {
        const host = HOSTS[to === 'alice' ? 'bob' : 'alice'];
        const parsed = parseMessage(serializeMessage(message));
        if (!parsed.ok) throw new Error(parsed.reason);
        const source = { transport: 'UDP', host, port: 5060, flow: `UDP ${to}` } as const;
        this.do(to, (agent, now) => agent.receive(now, parsed.message, source));
      }
      for (const side of ['alice', 'bob'] as const) this.do(side, (agent, now) => agent.expire(now));
    }
  }

  invite(): string {
    const target: Target = { transport: 'UDP', host: HOSTS.bob, port: 5060 };
    const { leg, output } = this.ends.alice.invite(this.now, {
      uri: `sip:bob@${HOSTS.bob}:5060`,
      destination: { type: 'target', target },
      from: '"Größe, Ada" <sip:alice@example.org>',
      to: '<sip:bob@example.org>',
      contact: `sip:alice@${HOSTS.alice}:5060`,
      sdp: OFFER,
      headers: [['Content-Type', 'application/sdp']],
      reliableProvisionals: 'supported',
    });
    this.do('alice', () => output);
    return leg;
  }
}

/** A call with everything in it; then one that is given up while it rings, one that is refused, and one too many. */
function everythingOfAUserAgent(): SentMessage[] {
  const two = new TwoAgents(seededRandom(1));
  const legs: string[] = [];
  two.react = (side, event) => {
    if (event.type === 'incoming' && side === 'bob') {
      legs.push(event.leg);
      two.do('bob', (agent, now) => agent.ring(now, event.leg, { status: 183, reliable: true, sdp: OFFER }));
    }
    if (event.type === 'offer')
      two.do(side, (agent, now) =>
        agent.acceptOffer(now, event.leg, event.sdp === undefined ? undefined : OFFER),
      );
    if (event.type === 'inDialogRequest')
      two.do(side, (agent, now) => agent.respond(now, event.transaction, 202));
  };
  const ours = two.invite();
  two.run(20);
  const [theirs = ''] = legs;
  two.invite();
  two.run(20);
  two.do('bob', (agent, now) => agent.answer(now, theirs, {}));
  two.run(20);
  two.do('alice', (agent, now) => agent.update(now, ours));
  two.run(20);
  // Both at once: 491, and again later (RFC 3261 §14.1).
  two.do('alice', (agent, now) => agent.reinvite(now, ours, OFFER));
  two.do('bob', (agent, now) => agent.reinvite(now, theirs, OFFER));
  two.run(5_000);
  two.do('alice', (agent, now) =>
    agent.sendInDialog(now, ours, 'REFER', { headers: [['Refer-To', '<sip:8000@example.org>']] }),
  );
  two.run(20);
  const headers = [
    ['Event', 'refer'],
    ['Subscription-State', 'terminated;reason=noresource'],
    ['Content-Type', 'message/sipfrag;version=2.0'],
  ] as const;
  const body = Buffer.from('SIP/2.0 200 OK\r\n');
  two.do('bob', (agent, now) => agent.sendInDialog(now, theirs, 'NOTIFY', { headers, body }));
  two.do('bob', (agent, now) => agent.sendInDialog(now, theirs, 'INFO'));
  two.run(20);
  two.do('alice', (agent, now) => agent.bye(now, ours));
  two.run(100);
  const givenUp = two.invite();
  two.run(20);
  two.do('alice', (agent, now) => agent.cancel(now, givenUp));
  two.run(100);
  two.invite();
  two.run(20);
  two.do('bob', (agent, now) => agent.reject(now, legs.at(-1) ?? '', 486));
  two.run(100);
  return two.sent;
}

/** RFC 3261 §10.3: shorter than the registrar allows. */
function tooBrief(): SentMessage {
  const request = createRequest({
    method: 'REGISTER',
    uri: 'sip:example.org',
    headers: [
      ['Via', 'SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKr'],
      ['Max-Forwards', '70'],
      ['From', '<sip:alice@example.org>;tag=a'],
      ['To', '<sip:alice@example.org>'],
      ['Call-ID', 'brief@10.0.0.1'],
      ['CSeq', '1 REGISTER'],
      ['Contact', '<sip:alice@10.0.0.1>'],
      ['Expires', '1'],
    ],
  });
  const source = { transport: 'UDP', host: '10.0.0.1', port: 5060, flow: 'UDP alice' } as const;
  return asSent(new Registrar({ minExpires: 60 }).handle(0, request, source).response);
}

test('whatever a user agent and a registrar can send is accepted by them too', () => {
  const sent = [...everythingOfAUserAgent(), tooBrief()];
  expect(refusedByOthers(sent)).toEqual([]);
  const kinds = ['INVITE', 'PRACK', 'ACK', 'UPDATE', 'REFER', 'NOTIFY', 'INFO', 'BYE', 'CANCEL'];
  for (const kind of [...kinds, '100', '183', '200', '202', '423', '486', '487', '491', '503'])
    expect(kindsOf(sent)).toContain(kind);
});
