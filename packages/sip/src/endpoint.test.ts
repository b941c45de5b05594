import { seededRandom } from '@holdfast/kernel';
import { expect, test } from 'vitest';
import type { EndpointEvent } from './endpoint-types.ts';
import { createRequest, createResponse } from './message/build-message.ts';
import { prependHeader, replaceHeader } from './message/edit-message.ts';
import { cseqOf, headerValue, headerValues, toOf, topVia } from './message/headers.ts';
import type { SipRequest, SipResponse } from './message/message.ts';
import { tagOf } from './message/name-addr.ts';
import { parseMessage } from './message/parse-message.ts';
import type { Source } from './target.ts';
import {
  ADDRESS,
  EndpointPair,
  makeTestRequest,
  nameOf,
  type PairOptions,
  type Side,
  type Transmit,
  targetOf,
} from './transaction/endpoint-pair.ts';

/** The owner answers each request at once with these statuses, in this order. */
function answering(...statuses: number[]): NonNullable<PairOptions['react']> {
  return (pair, side, event) => {
    if (event.type === 'request') for (const status of statuses) answer(pair, side, event, status);
  };
}

function answer(pair: EndpointPair, side: Side, event: EndpointEvent, status: number): void {
  if (event.type !== 'request') throw new Error(`not a request: ${event.type}`);
  const response = createResponse(event.request, status, { toTag: `${side}1` });
  pair.perform(side, pair.ends[side].sendResponse(pair.now, event.transaction, response));
}

function statuses(events: readonly EndpointEvent[]): (number | string)[] {
  return events.map((event) => (event.type === 'response' ? event.response.status : event.type));
}

function kinds(events: readonly EndpointEvent[]): string[] {
  return events.map((event) => event.type);
}

function sentBy(pair: EndpointPair, side: Side, what: string): Transmit[] {
  const effects = pair.transmits.filter((each) => each.side === side).map((each) => each.effect);
  return effects.filter((effect) => nameOf(effect.message) === what);
}

/** Everything has ended by itself. */
function expectEmpty(pair: EndpointPair): void {
  for (const end of Object.values(pair.ends)) {
    expect(end.status()).toMatchObject({
      clientTransactions: 0,
      serverTransactions: 0,
      pending: 0,
      deadlines: 0,
      lookups: 0,
    });
    expect(end.nextDeadline()).toBeUndefined();
  }
}

const FROM_ALICE: Source = { transport: 'UDP', ...ADDRESS.alice, flow: 'UDP bob' };

/** A request as it comes from somebody else's stack. */
function foreign(method: string, via: string, callId = 'call-1'): SipRequest {
  return prependHeader(makeTestRequest(method, [], 1, callId), 'Via', via);
}

test('[EP1] a request is answered over a good link with one message each way, and all of it frees itself', () => {
  const pair = new EndpointPair({ react: answering(200) });
  const id = pair.send('alice', makeTestRequest('OPTIONS'));
  pair.run(100);
  expect(pair.wire).toEqual(['0 alice OPTIONS', '1 bob 200']);
  expect(pair.events.alice).toMatchObject([{ type: 'response', transaction: id, response: { status: 200 } }]);
  pair.run(60_000);
  expectEmpty(pair);
});

test('[EP1] an INVITE gets 100 at once, whatever its owner does', () => {
  const pair = new EndpointPair();
  pair.send('alice', makeTestRequest('INVITE'));
  pair.run(10_000);
  expect(pair.wire).toEqual(['0 alice INVITE', '1 bob 100']);
  expect(sentBy(pair, 'bob', '100')[0]?.message).not.toHaveProperty('tag');
  expect(tagOf(toOf(sentBy(pair, 'bob', '100')[0]?.message as SipResponse))).toBeUndefined();
});

test('[EP1] a call that is refused ends with an ACK, and all of it frees itself', () => {
  const pair = new EndpointPair({ react: answering(180, 486) });
  pair.send('alice', makeTestRequest('INVITE', [['Route', '<sip:10.0.0.2;lr>']]));
  pair.run(1_000);
  expect(pair.wire).toEqual(['0 alice INVITE', '1 bob 100', '1 bob 180', '1 bob 486', '2 alice ACK']);
  expect(statuses(pair.events.alice)).toEqual([100, 180, 486]);
  expect(kinds(pair.events.bob)).toEqual(['request']);
  pair.run(60_000);
  expectEmpty(pair);
});

test('[TX4] the ACK to a refusal has the Via, Request-URI, Route and CSeq number of the INVITE and the To of the response', () => {
  const pair = new EndpointPair({ react: answering(486) });
  pair.send('alice', makeTestRequest('INVITE', [['Route', '<sip:10.0.0.2;lr>']], 7));
  pair.run(10);
  const [invite, ack] = [sentBy(pair, 'alice', 'INVITE')[0], sentBy(pair, 'alice', 'ACK')[0]].map(
    (each) => each?.message,
  );
  expect(headerValues(ack as SipRequest, 'via')).toEqual(headerValues(invite as SipRequest, 'via'));
  expect(headerValues(ack as SipRequest, 'route')).toEqual(['<sip:10.0.0.2;lr>']);
  expect(ack).toMatchObject({ uri: 'sip:bob@10.0.0.2' });
  expect(cseqOf(ack as SipRequest)).toEqual({ number: 7, method: 'ACK' });
  expect(tagOf(toOf(ack as SipRequest))).toBe('bob1');
  expect(headerValue(ack as SipRequest, 'from')).toBe(headerValue(invite as SipRequest, 'from'));
});

test('[EP2] a request gets a Via of ours: transport, sent-by, a new branch with the cookie, rport over UDP', () => {
  const pair = new EndpointPair();
  for (let i = 0; i < 50; i++) pair.send('alice', makeTestRequest('OPTIONS', [], i, `c${i}`));
  pair.send('alice', makeTestRequest('OPTIONS'), targetOf('bob', 'TCP'));
  const vias = pair.transmits.map(({ effect }) => topVia(effect.message));
  expect(new Set(vias.map((via) => via?.params.get('branch'))).size).toBe(51);
  for (const via of vias) expect(via?.params.get('branch')).toMatch(/^z9hG4bK[a-z0-9]{15,}$/);
  expect(vias[0]).toMatchObject({ transport: 'UDP', host: '10.0.0.1', port: 5060 });
  expect(vias[0]?.params.get('rport')).toBeNull();
  expect(vias[50]).toMatchObject({ transport: 'TCP' });
  expect(vias[50]?.params.has('rport')).toBe(false);
});

test('[EP3] on arrival the top Via learns where the request came from, and only that', () => {
  const cases: [via: string, wanted: string][] = [
    ['SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1', 'SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1'],
    ['SIP/2.0/UDP pc.test;branch=z9hG4bK1', 'SIP/2.0/UDP pc.test;branch=z9hG4bK1;received=10.0.0.1'],
    [
      'SIP/2.0/UDP 10.0.0.1;rport;branch=z9hG4bK1',
      'SIP/2.0/UDP 10.0.0.1;rport=5060;branch=z9hG4bK1;received=10.0.0.1',
    ],
    [
      'SIP/2.0/UDP x.test;branch=z9hG4bK1;rport',
      'SIP/2.0/UDP x.test;branch=z9hG4bK1;rport=5060;received=10.0.0.1',
    ],
    // What the request brought along is no evidence.
    [
      'SIP/2.0/UDP x.test;received=6.6.6.6;branch=z9hG4bK1',
      'SIP/2.0/UDP x.test;branch=z9hG4bK1;received=10.0.0.1',
    ],
    [
      'SIP/2.0/UDP x.test;branch=z9hG4bK1;rport, SIP/2.0/UDP y.test;rport',
      'SIP/2.0/UDP x.test;branch=z9hG4bK1;rport=5060;received=10.0.0.1, SIP/2.0/UDP y.test;rport',
    ],
    [
      'SIP/2.0/UDP x.test;branch=z9hG4bK1;n="a,b", SIP/2.0/UDP y.test',
      'SIP/2.0/UDP x.test;branch=z9hG4bK1;n="a,b";received=10.0.0.1, SIP/2.0/UDP y.test',
    ],
  ];
  for (const [via, wanted] of cases) {
    const pair = new EndpointPair();
    const { events } = pair.ends.bob.receive(0, foreign('OPTIONS', via), FROM_ALICE);
    const [event] = events;
    expect(event?.type === 'request' && headerValue(event.request, 'via')).toBe(wanted);
  }
});

test('[EP4] a response goes to the address seen, to rport when asked for, to maddr, or back over the connection', () => {
  const seen: Source = { transport: 'UDP', host: '192.0.2.7', port: 40_000, flow: 'UDP bob' };
  const cases: [via: string, source: Source, wanted: object][] = [
    [
      'SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bK1',
      seen,
      { transport: 'UDP', host: '192.0.2.7', port: 5062, flow: 'UDP bob' },
    ],
    ['SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1', seen, { host: '192.0.2.7', port: 5060 }],
    ['SIP/2.0/UDP 10.0.0.1:5062;rport;branch=z9hG4bK1', seen, { host: '192.0.2.7', port: 40_000 }],
    ['SIP/2.0/UDP 10.0.0.1:5062;maddr=10.9.9.9;branch=z9hG4bK1', seen, { host: '10.9.9.9', port: 5062 }],
    [
      'SIP/2.0/TCP 10.0.0.1:5062;branch=z9hG4bK1',
      { ...seen, transport: 'TCP', flow: 'TCP 192.0.2.7 40000' },
      { transport: 'TCP', host: '192.0.2.7', port: 5062, flow: 'TCP 192.0.2.7 40000' },
    ],
  ];
  for (const [via, source, wanted] of cases) {
    const { ends } = new EndpointPair();
    const { effects } = ends.bob.receive(0, foreign('INVITE', via), source);
    expect(effects).toMatchObject([{ type: 'transmit', message: { status: 100 }, target: wanted }]);
  }
});

test('[EP4] a response that cannot be sent looks its client up by the sent-by, then tells the owner', () => {
  const { ends } = new EndpointPair();
  const via = 'SIP/2.0/TCP pc.test:5062;branch=z9hG4bK1';
  const source: Source = { transport: 'TCP', host: '192.0.2.7', port: 40_000, flow: 'TCP 192.0.2.7 40000' };
  const [event] = ends.bob.receive(0, foreign('INVITE', via), source).events;
  if (event?.type !== 'request') throw new Error('no request');
  const response = createResponse(event.request, 486, { toTag: 'b' });
  const [sent] = ends.bob.sendResponse(10, event.transaction, response).effects;
  const transaction = sent?.type === 'transmit' ? (sent.transaction ?? '') : '';
  const asked = ends.bob.transportFailed(20, { transaction });
  expect(asked.effects).toMatchObject([{ type: 'lookup', record: 'A', name: 'pc.test' }]);
  const again = ends.bob.lookedUp(30, 'A pc.test', { type: 'A', addresses: ['10.0.0.8'], ttlS: 60 });
  expect(again.effects).toMatchObject([
    { type: 'transmit', message: response, target: { transport: 'TCP', host: '10.0.0.8', port: 5062 } },
  ]);
  ends.bob.transportFailed(40, { transaction });
  const last = ends.bob.lookedUp(50, 'AAAA pc.test', { type: 'none', ttlS: 60 });
  expect(last).toEqual({ effects: [], events: [] });
  expect(ends.bob.expire(40_000).events).toEqual([
    { type: 'unacknowledged', transaction: event.transaction, reason: 'timeout' },
  ]);
});

test('[EP5] a request over 1,300 bytes goes over TCP, one of 1,300 stays', () => {
  const pair = new EndpointPair();
  const sizes = [900, 1_300].map((size) =>
    makeTestRequest('MESSAGE', [['X-Filler', 'x'.repeat(size)]], 1, `c${size}`),
  );
  for (const request of sizes) pair.send('alice', request);
  expect(pair.transmits.map(({ effect }) => effect.target.transport)).toEqual(['UDP', 'TCP']);
  expect(pair.transmits.map(({ effect }) => topVia(effect.message)?.transport)).toEqual(['UDP', 'TCP']);
});

test('[EP5] where TCP is refused it comes back to UDP, with a new branch and under the same id', () => {
  const pair = new EndpointPair({ react: answering(200) });
  const id = pair.send('alice', makeTestRequest('MESSAGE', [['X-Filler', 'x'.repeat(1_300)]]));
  const [first] = sentBy(pair, 'alice', 'MESSAGE');
  pair.perform('alice', pair.ends.alice.transportFailed(5, { transaction: first?.transaction ?? '' }));
  const [, second] = sentBy(pair, 'alice', 'MESSAGE');
  expect(second?.target).toEqual(targetOf('bob', 'UDP'));
  expect(topVia(second?.message as SipRequest)?.transport).toBe('UDP');
  expect(second?.transaction).not.toBe(first?.transaction);
  pair.run(60_000);
  expect(pair.events.alice.at(-1)).toMatchObject({
    type: 'response',
    transaction: id,
    response: { status: 200 },
  });
  expectEmpty(pair);
});

test('[EP5] a long request whose UDP fails too is over', () => {
  const pair = new EndpointPair();
  const id = pair.send('alice', makeTestRequest('MESSAGE', [['X-Filler', 'x'.repeat(1_300)]]));
  for (let i = 0; i < 2; i++) {
    const last = sentBy(pair, 'alice', 'MESSAGE').at(-1);
    pair.perform('alice', pair.ends.alice.transportFailed(i, { transaction: last?.transaction ?? '' }));
  }
  expect(sentBy(pair, 'alice', 'MESSAGE')).toHaveLength(2);
  expect(pair.events.alice).toEqual([{ type: 'failed', transaction: id, reason: 'transport' }]);
});

const SITE = { type: 'uri', uri: 'sip:site.test:5060;transport=udp' } as const;
const TWO = { type: 'A', addresses: ['10.0.0.9', '10.0.0.2'], ttlS: 60 } as const;

/** Sends to a name with a dead address before bob's. */
function sendToSite(pair: EndpointPair, request: SipRequest, options = {}): string {
  const { transaction, output } = pair.ends.alice.sendRequest(pair.now, request, SITE, options);
  pair.perform('alice', output);
  if (output.effects[0]?.type === 'lookup') {
    pair.perform('alice', pair.ends.alice.lookedUp(pair.now, output.effects[0].id, TWO));
  }
  return transaction;
}

function hosts(pair: EndpointPair, what: string): string[] {
  return sentBy(pair, 'alice', what).map((effect) => effect.target.host);
}

test('[EP6] after a time-out the next target is tried with a new branch, under the same id', () => {
  const pair = new EndpointPair({ react: answering(200) });
  const id = sendToSite(pair, makeTestRequest('REGISTER'), { giveUpMs: 2_000 });
  pair.run(1_999);
  expect(new Set(hosts(pair, 'REGISTER'))).toEqual(new Set(['10.0.0.9']));
  pair.run(3_000);
  expect(hosts(pair, 'REGISTER').at(-1)).toBe('10.0.0.2');
  const branches = sentBy(pair, 'alice', 'REGISTER').map(({ message }) =>
    topVia(message)?.params.get('branch'),
  );
  expect(new Set(branches).size).toBe(2);
  expect(pair.events.alice).toMatchObject([{ type: 'response', transaction: id, response: { status: 200 } }]);
});

test('[EP6] after a transport error the next target is tried at once', () => {
  const pair = new EndpointPair({ react: answering(200) });
  sendToSite(pair, makeTestRequest('OPTIONS'));
  const [first] = sentBy(pair, 'alice', 'OPTIONS');
  pair.perform('alice', pair.ends.alice.transportFailed(0, { transaction: first?.transaction ?? '' }));
  pair.run(10);
  expect(hosts(pair, 'OPTIONS')).toEqual(['10.0.0.9', '10.0.0.2']);
  expect(statuses(pair.events.alice)).toEqual([200]);
});

/** A response as the dead-looking first target gives it. */
function refusal(
  request: SipRequest,
  status: number,
  headers: readonly (readonly [string, string])[] = [],
): SipResponse {
  return createResponse(request, status, { toTag: 'r', headers });
}

const FROM_FIRST: Source = { transport: 'UDP', host: '10.0.0.9', port: 5060, flow: 'UDP alice' };

test('[EP6] 503 to an INVITE is acknowledged, again when it comes again, and the next target is tried', () => {
  const pair = new EndpointPair({ react: answering(200) });
  const id = sendToSite(pair, makeTestRequest('INVITE'));
  const busy = refusal(sentBy(pair, 'alice', 'INVITE')[0]?.message as SipRequest, 503);
  for (let i = 0; i < 2; i++) pair.perform('alice', pair.ends.alice.receive(0, busy, FROM_FIRST));
  pair.run(10);
  expect(hosts(pair, 'INVITE')).toEqual(['10.0.0.9', '10.0.0.2']);
  expect(hosts(pair, 'ACK')).toEqual(['10.0.0.9', '10.0.0.9']);
  expect(statuses(pair.events.alice)).toEqual([100, 200]);
  expect(pair.events.alice.every((event) => 'transaction' in event && event.transaction === id)).toBe(true);
  pair.run(100_000);
  expectEmpty(pair);
});

test('[EP6] when every target has failed the last 503 is the answer, else the last failure', () => {
  const pair = new EndpointPair({ link: () => [] });
  const id = sendToSite(pair, makeTestRequest('OPTIONS'), { giveUpMs: 1_000 });
  const busy = refusal(sentBy(pair, 'alice', 'OPTIONS')[0]?.message as SipRequest, 503);
  pair.perform('alice', pair.ends.alice.receive(0, busy, FROM_FIRST));
  pair.run(1_000);
  // The second address has timed out; the name may still have IPv6 addresses.
  expect(pair.lookups.at(-1)?.id).toBe('AAAA site.test');
  pair.perform('alice', pair.ends.alice.lookedUp(1_000, 'AAAA site.test', { type: 'none', ttlS: 0 }));
  expect(pair.events.alice).toMatchObject([{ type: 'response', transaction: id, response: { status: 503 } }]);
  const silent = new EndpointPair({ link: () => [] });
  sendToSite(silent, makeTestRequest('OPTIONS'), { giveUpMs: 1_000 });
  silent.run(2_000);
  silent.perform('alice', silent.ends.alice.lookedUp(2_000, 'AAAA site.test', { type: 'none', ttlS: 0 }));
  expect(silent.events.alice).toMatchObject([{ type: 'failed', reason: 'timeout' }]);
});

test('[EP6] another refusal than 503 ends the search', () => {
  const pair = new EndpointPair();
  sendToSite(pair, makeTestRequest('OPTIONS'));
  const busy = refusal(sentBy(pair, 'alice', 'OPTIONS')[0]?.message as SipRequest, 500);
  pair.perform('alice', pair.ends.alice.receive(0, busy, FROM_FIRST));
  pair.run(40_000);
  expect(statuses(pair.events.alice)).toEqual([500]);
  expect(hosts(pair, 'OPTIONS')).toEqual(['10.0.0.9']);
});

test('[EP6] a request to an address is tried once, and 503 is its answer', () => {
  const pair = new EndpointPair({ react: answering(503) });
  pair.send('alice', makeTestRequest('OPTIONS'));
  pair.run(10);
  expect(statuses(pair.events.alice)).toEqual([503]);
});

test('[EP6] a URI that leads nowhere fails, and so does a resolver that never answers', () => {
  const pair = new EndpointPair();
  for (const uri of ['tel:+31', 'not a uri', 'sip:10.0.0.2;transport=sctp']) {
    const { transaction, output } = pair.ends.alice.sendRequest(0, makeTestRequest('OPTIONS'), {
      type: 'uri',
      uri,
    });
    expect(output).toEqual({ effects: [], events: [{ type: 'failed', transaction, reason: 'no-target' }] });
  }
  pair.ends.alice.sendRequest(0, makeTestRequest('OPTIONS'), SITE);
  pair.run(32_000);
  expect(pair.events.alice).toMatchObject([{ type: 'failed', reason: 'timeout' }]);
  // The late answer reaches nobody.
  expect(pair.ends.alice.lookedUp(33_000, 'A site.test', TWO)).toEqual({ effects: [], events: [] });
  expectEmpty(pair);
});

test('[EP12] [C22] a target that gave no answer is tried last, so that OPTIONS follows the living one', () => {
  const pair = new EndpointPair({ react: answering(200) });
  sendToSite(pair, makeTestRequest('REGISTER'), { giveUpMs: 1_000 });
  pair.run(2_000);
  const before = pair.now;
  sendToSite(pair, makeTestRequest('OPTIONS', [], 2));
  pair.run(before + 10);
  expect(hosts(pair, 'OPTIONS')).toEqual(['10.0.0.2']);
});

test('[EP12] [D17] the mark of a dead target ends by itself, and with all targets marked they are tried all the same', () => {
  const pair = new EndpointPair({ link: () => [] });
  sendToSite(pair, makeTestRequest('REGISTER'), { giveUpMs: 1_000 });
  pair.run(2_000);
  pair.perform('alice', pair.ends.alice.lookedUp(2_000, 'AAAA site.test', { type: 'none', ttlS: 60 }));
  expect(kinds(pair.events.alice)).toEqual(['failed']);
  sendToSite(pair, makeTestRequest('OPTIONS', [], 2), { giveUpMs: 1_000 });
  pair.run(5_000);
  expect(new Set(hosts(pair, 'OPTIONS'))).toEqual(new Set(['10.0.0.9', '10.0.0.2']));
  // 30 s after its last failure the first target comes first again.
  pair.run(40_000);
  sendToSite(pair, makeTestRequest('INFO', [], 3));
  expect(hosts(pair, 'INFO')).toEqual(['10.0.0.9']);
});

test('[EP12] a Retry-After is believed for five minutes at the most, and an answer clears the mark', () => {
  const pair = new EndpointPair();
  sendToSite(pair, makeTestRequest('OPTIONS'));
  const busy = refusal(sentBy(pair, 'alice', 'OPTIONS')[0]?.message as SipRequest, 503, [
    ['Retry-After', '999999'],
  ]);
  pair.perform('alice', pair.ends.alice.receive(0, busy, FROM_FIRST));
  pair.now = 299_000;
  sendToSite(pair, makeTestRequest('INFO', [], 2));
  pair.now = 301_000;
  sendToSite(pair, makeTestRequest('INFO', [], 3));
  expect(hosts(pair, 'INFO')).toEqual(['10.0.0.2', '10.0.0.9']);
});

test('[C24] with TTL 0 each transaction asks once, whatever it repeats, and no answer is kept for the next', () => {
  const pair = new EndpointPair({ link: () => [] });
  for (let i = 1; i <= 3; i++) {
    const { output } = pair.ends.alice.sendRequest(pair.now, makeTestRequest('OPTIONS', [], i), SITE);
    pair.perform('alice', output);
    pair.perform('alice', pair.ends.alice.lookedUp(pair.now, 'A site.test', { ...TWO, ttlS: 0 }));
    pair.run(pair.now + 40_000);
  }
  expect(pair.lookups.filter(({ id }) => id === 'A site.test')).toHaveLength(3);
  expect(sentBy(pair, 'alice', 'OPTIONS').length).toBeGreaterThan(30);
});

test('[EP7] CANCEL waits for the first response, carries the Via of the INVITE alone, and brings the 487', () => {
  const pair = new EndpointPair({
    link: (from, message) => (nameOf(message) === '100' && from === 'bob' ? [300] : [1]),
    react: (at, side, event) => {
      if (event.type !== 'cancelled') return;
      const request = at.events[side].find(
        (each) => each.type === 'request' && each.transaction === event.transaction,
      );
      if (request !== undefined) answer(at, side, request, 487);
    },
  });
  const id = pair.send('alice', makeTestRequest('INVITE', [['Route', '<sip:10.0.0.2;lr>']], 5));
  pair.perform('alice', pair.ends.alice.cancel(0, id, [['Reason', 'SIP;cause=200']]));
  pair.perform('alice', pair.ends.alice.cancel(0, id));
  pair.run(200);
  expect(pair.count('CANCEL')).toBe(0);
  pair.run(60_000);
  expect(pair.count('CANCEL')).toBe(1);
  const cancel = sentBy(pair, 'alice', 'CANCEL')[0]?.message as SipRequest;
  const invite = sentBy(pair, 'alice', 'INVITE')[0]?.message as SipRequest;
  expect(headerValues(cancel, 'via')).toEqual(headerValues(invite, 'via'));
  expect(headerValues(cancel, 'route')).toEqual(['<sip:10.0.0.2;lr>']);
  expect(headerValue(cancel, 'to')).toBe(headerValue(invite, 'to'));
  expect(headerValue(cancel, 'reason')).toBe('SIP;cause=200');
  expect(cseqOf(cancel)).toEqual({ number: 5, method: 'CANCEL' });
  expect(kinds(pair.events.bob)).toEqual(['request', 'cancelled']);
  expect(statuses(pair.events.alice)).toEqual([100, 487]);
  expectEmpty(pair);
});

test('[EP7] CANCEL that crosses the final response changes nothing', () => {
  const pair = new EndpointPair({ react: answering(486) });
  const id = pair.send('alice', makeTestRequest('INVITE'));
  pair.run(10);
  expect(pair.ends.alice.cancel(10, id)).toEqual({ effects: [], events: [] });
  const options = pair.send('alice', makeTestRequest('OPTIONS', [], 2));
  expect(pair.ends.alice.cancel(10, options)).toEqual({ effects: [], events: [] });
});

test('[EP7] a cancelled INVITE goes on to no other target', () => {
  const pair = new EndpointPair();
  const id = sendToSite(pair, makeTestRequest('INVITE'));
  pair.perform('alice', pair.ends.alice.cancel(0, id));
  const busy = refusal(sentBy(pair, 'alice', 'INVITE')[0]?.message as SipRequest, 503);
  pair.perform('alice', pair.ends.alice.receive(0, busy, FROM_FIRST));
  expect(statuses(pair.events.alice)).toEqual([503]);
  expect(hosts(pair, 'INVITE')).toEqual(['10.0.0.9']);
});

test('[EP7] an INVITE that is cancelled while its target is looked up is never sent', () => {
  const pair = new EndpointPair();
  const { transaction } = pair.ends.alice.sendRequest(0, makeTestRequest('INVITE'), SITE);
  expect(pair.ends.alice.cancel(1, transaction).events).toMatchObject([
    { type: 'failed', transaction, reason: 'no-target' },
  ]);
  expect(pair.ends.alice.lookedUp(2, 'A site.test', TWO)).toEqual({ effects: [], events: [] });
});

test('[TX15] CANCEL is answered here: 200 for what it finds, 481 for what it does not; the owner hears once', () => {
  const { ends } = new EndpointPair();
  const via = 'SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1';
  ends.bob.receive(0, foreign('INVITE', via), FROM_ALICE);
  const cancel = foreign('CANCEL', via);
  const first = ends.bob.receive(1, cancel, FROM_ALICE);
  expect(first.effects).toMatchObject([{ type: 'transmit', message: { status: 200 } }]);
  expect(kinds(first.events)).toEqual(['cancelled']);
  const second = ends.bob.receive(2, cancel, FROM_ALICE);
  expect(second.events).toEqual([]);
  expect(second.effects).toEqual(first.effects);
  const stray = ends.bob.receive(3, foreign('CANCEL', via.replace('K1', 'K2')), FROM_ALICE);
  expect(stray).toMatchObject({ effects: [{ message: { status: 481 } }], events: [] });
  // Another element's request with the same branch is another request.
  const other = ends.bob.receive(4, foreign('CANCEL', via.replace('10.0.0.1', '10.0.0.3')), FROM_ALICE);
  expect(other).toMatchObject({ effects: [{ message: { status: 481 } }], events: [] });
});

test('[TX15] CANCEL has no effect on an INVITE that was answered, nor on another request, and gets 200', () => {
  const pair = new EndpointPair({ react: answering(486) });
  const via = 'SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1';
  pair.perform('bob', pair.ends.bob.receive(0, foreign('INVITE', via), FROM_ALICE));
  const late = pair.ends.bob.receive(1, foreign('CANCEL', via), FROM_ALICE);
  expect(late).toMatchObject({ effects: [{ message: { status: 200 } }], events: [] });
  expect(tagOf(toOf((late.effects[0] as Transmit).message))).toBe('bob1');
  const options = via.replace('K1', 'K7');
  pair.ends.bob.receive(2, foreign('OPTIONS', options, 'c2'), FROM_ALICE);
  const useless = pair.ends.bob.receive(3, foreign('CANCEL', options, 'c2'), FROM_ALICE);
  expect(useless).toMatchObject({ effects: [{ message: { status: 200 } }], events: [] });
});

test('[TX16] [D14] a copy of a request that comes another way is refused with 482 while the first is open', () => {
  const pair = new EndpointPair();
  const first = foreign('INVITE', 'SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1');
  const copy = foreign('INVITE', 'SIP/2.0/UDP 10.0.0.5;branch=z9hG4bK2');
  const [event] = pair.ends.bob.receive(0, first, FROM_ALICE).events;
  const merged = pair.ends.bob.receive(1, copy, FROM_ALICE);
  expect(merged).toMatchObject({ effects: [{ message: { status: 482 } }], events: [] });
  // The ACK to the 482 belongs to nothing and reaches no dialog.
  expect(
    kinds(
      pair.ends.bob.receive(2, foreign('ACK', 'SIP/2.0/UDP 10.0.0.5;branch=z9hG4bK2'), FROM_ALICE).events,
    ),
  ).toEqual(['ack']);
  if (event === undefined) throw new Error('no request');
  answer(pair, 'bob', event, 503);
  // Refused: the sender may come by another way now (RFC 3263 §4.3).
  const again = foreign('INVITE', 'SIP/2.0/UDP 10.0.0.5;branch=z9hG4bK3');
  expect(kinds(pair.ends.bob.receive(3, again, FROM_ALICE).events)).toEqual(['request']);
});

test('[TX16] [D14] a request of ours that comes back to us is refused with 482; a spiral is let through', () => {
  const { ends } = new EndpointPair();
  const self = { type: 'target', target: targetOf('alice') } as const;
  const { output } = ends.alice.sendRequest(0, makeTestRequest('INVITE'), self);
  const sent = (output.effects[0] as Transmit).message as SipRequest;
  const looped = ends.alice.receive(1, sent, FROM_ALICE);
  expect(looped).toMatchObject({
    effects: [{ message: { status: 482, reason: 'Loop Detected' } }],
    events: [],
  });
  // A proxy that sends it back for the same address is no better.
  const byProxy = prependHeader(sent, 'Via', 'SIP/2.0/UDP proxy.test;branch=z9hG4bKp');
  expect(ends.alice.receive(2, byProxy, FROM_ALICE)).toMatchObject({
    effects: [{ message: { status: 482 } }],
  });
  const spiral = {
    ...prependHeader(sent, 'Via', 'SIP/2.0/UDP proxy.test;branch=z9hG4bKq'),
    uri: 'sip:queue@10.0.0.1',
  };
  expect(kinds(ends.alice.receive(3, spiral, FROM_ALICE).events)).toEqual(['request']);
  expect(ends.alice.status().refusedLoops).toBe(2);
});

test('[TX14] a caller from before RFC 3261 is refused, acknowledges and is heard', () => {
  const pair = new EndpointPair({ react: answering(486) });
  const via = 'SIP/2.0/UDP 10.0.0.1;branch=1';
  const invite = foreign('INVITE', via);
  pair.perform('bob', pair.ends.bob.receive(0, invite, FROM_ALICE));
  pair.perform('bob', pair.ends.bob.receive(1, invite, FROM_ALICE));
  expect(kinds(pair.events.bob)).toEqual(['request']);
  const ack = replaceHeader(
    replaceHeader(foreign('ACK', via), 'To', '<sip:bob@10.0.0.2>;tag=bob1'),
    'CSeq',
    '1 ACK',
  );
  expect(pair.ends.bob.receive(2, ack, FROM_ALICE)).toEqual({ effects: [], events: [] });
  pair.run(4_000);
  expect(pair.count('486')).toBe(2);
  pair.run(60_000);
  expect(kinds(pair.events.bob)).toEqual(['request']);
  expectEmpty(pair);
});

test('[TX12] a response is believed only with our sent-by, and only once for what is not an INVITE', () => {
  const pair = new EndpointPair();
  pair.send('alice', makeTestRequest('OPTIONS'));
  const request = sentBy(pair, 'alice', 'OPTIONS')[0]?.message as SipRequest;
  const good = createResponse(request, 200, { toTag: 'b' });
  const via = headerValue(good, 'via') ?? '';
  const source: Source = { transport: 'UDP', ...ADDRESS.bob, flow: 'UDP alice' };
  for (const bad of [
    replaceHeader(good, 'Via', via.replace('10.0.0.1', '10.0.0.9')),
    replaceHeader(good, 'Via', via.replace(':5060', ':5070')),
    replaceHeader(good, 'Via', via, 'SIP/2.0/UDP other.test;branch=z9hG4bK1'),
    replaceHeader(good, 'Via', via.replace('branch=', 'branch=x')),
    replaceHeader(good, 'CSeq', '1 INVITE'),
  ]) {
    expect(pair.ends.alice.receive(1, bad, source)).toEqual({ effects: [], events: [] });
  }
  expect(pair.ends.alice.status().droppedResponses).toBe(5);
  expect(statuses(pair.ends.alice.receive(2, good, source).events)).toEqual([200]);
  expect(pair.ends.alice.receive(3, good, source).events).toEqual([]);
});

test('[EP8] beyond the limit of open requests a further one gets 503 with a Retry-After, and room comes back', () => {
  const pair = new EndpointPair({ bob: { limits: { pendingMax: 2, retryAfterMaxS: 8 } } });
  const arrive = (n: number) =>
    pair.ends.bob.receive(
      n,
      foreign('INVITE', `SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK${n}`, `c${n}`),
      FROM_ALICE,
    );
  const [first] = arrive(1).events;
  arrive(2);
  const refused = arrive(3);
  expect(refused).toMatchObject({ effects: [{ message: { status: 503 } }], events: [] });
  const after = Number(headerValue((refused.effects[0] as Transmit).message, 'retry-after'));
  expect(after).toBeGreaterThanOrEqual(1);
  expect(after).toBeLessThanOrEqual(8);
  // A retransmission of an admitted one is not refused.
  expect(arrive(2)).toMatchObject({ effects: [{ message: { status: 100 } }] });
  expect(pair.ends.bob.status()).toMatchObject({ refusedBusy: 1, serverTransactions: 2, pending: 2 });
  if (first === undefined) throw new Error('no request');
  answer(pair, 'bob', first, 486);
  expect(kinds(arrive(4).events)).toEqual(['request']);
});

test('[EP8] transactions that only wait for retransmissions count against a limit of their own', () => {
  const pair = new EndpointPair({ bob: { limits: { serverTransactionsMax: 3 } }, react: answering(200) });
  for (let n = 1; n <= 4; n++) pair.send('alice', makeTestRequest('OPTIONS', [], n, `c${n}`));
  pair.run(10);
  expect(statuses(pair.events.alice)).toEqual([200, 200, 200, 503]);
  pair.run(40_000);
  pair.send('alice', makeTestRequest('OPTIONS', [], 9, 'c9'));
  pair.run(40_010);
  expect(statuses(pair.events.alice).at(-1)).toBe(200);
});

test('[EP8] beyond the limit of client transactions a request fails at once', () => {
  const pair = new EndpointPair({ alice: { limits: { clientTransactionsMax: 1 } } });
  pair.send('alice', makeTestRequest('OPTIONS'));
  const id = pair.send('alice', makeTestRequest('OPTIONS', [], 2));
  expect(pair.events.alice).toEqual([{ type: 'failed', transaction: id, reason: 'transport' }]);
});

function parsed(text: string) {
  const result = parseMessage(new TextEncoder().encode(text));
  if (result.ok) throw new Error('this parses');
  return result;
}

test('[EP9] a malformed request is answered where the sender could match the answer, else dropped', () => {
  const { ends } = new EndpointPair();
  const head =
    'Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=a\r\nTo: <sip:b@x>\r\nCall-ID: c\r\n';
  const version = parsed(`OPTIONS sip:b@x SIP/7.0\r\n${head}CSeq: 1 OPTIONS\r\n\r\n`);
  const answered = ends.bob.receiveMalformed(0, version, FROM_ALICE);
  expect(answered).toMatchObject({
    effects: [{ type: 'transmit', message: { status: 505 }, target: { host: '10.0.0.1' } }],
  });
  expect(ends.bob.receiveMalformed(0, version, FROM_ALICE)).toEqual(answered);
  for (const silent of [
    `ACK sip:b@x SIP/7.0\r\n${head}CSeq: 1 ACK\r\n\r\n`,
    `OPTIONS sip:b@x SIP/7.0\r\n${head}\r\n`,
    'SIP/2.0 200 OK\r\nVia x\r\n\r\n',
    '\u0001\u0002',
  ]) {
    expect(ends.bob.receiveMalformed(0, parsed(silent), FROM_ALICE)).toEqual({ effects: [], events: [] });
  }
  expect(ends.bob.status()).toMatchObject({ malformed: 6, serverTransactions: 0 });
});

test('[EP9] a message that lacks what a transaction needs, and reached the endpoint all the same, is dropped', () => {
  const { ends } = new EndpointPair();
  const bare = createRequest({ method: 'INVITE', uri: 'sip:b@x', headers: [] });
  expect(ends.bob.receive(0, bare, FROM_ALICE)).toEqual({ effects: [], events: [] });
  expect(ends.bob.receive(0, createResponse(bare, 200), FROM_ALICE)).toEqual({ effects: [], events: [] });
});

test('[EP10] a broken connection fails the requests that wait for an answer over it, and no others', () => {
  const pair = new EndpointPair({ link: () => [] });
  const lost = pair.send('alice', makeTestRequest('OPTIONS', [], 1, 'c1'), targetOf('bob', 'TCP'));
  const named = pair.send('alice', makeTestRequest('OPTIONS', [], 1, 'c2'), {
    ...targetOf('bob', 'TCP'),
    flow: 'f7',
  });
  const udp = pair.send('alice', makeTestRequest('OPTIONS', [], 1, 'c3'));
  expect(pair.ends.alice.transportFailed(1, { flow: 'TCP 10.0.0.2 5060' }).events).toEqual([
    { type: 'failed', transaction: lost, reason: 'transport' },
  ]);
  expect(pair.ends.alice.transportFailed(2, { flow: 'f7' }).events).toEqual([
    { type: 'failed', transaction: named, reason: 'transport' },
  ]);
  expect(pair.ends.alice.transportFailed(3, { flow: 'unknown', transaction: 'unknown' }).events).toEqual([]);
  pair.run(40_000);
  expect(pair.events.alice).toEqual([{ type: 'failed', transaction: udp, reason: 'timeout' }]);
});

test('[EP11] the ACK to a 2xx has a branch of its own, makes no transaction, and reaches the owner', () => {
  const pair = new EndpointPair({
    react: (at, side, event) => {
      answering(200)(at, side, event);
      if (event.type !== 'response' || event.response.status !== 200) return;
      const ack = replaceHeader(makeTestRequest('ACK'), 'To', headerValue(event.response, 'to') ?? '');
      at.perform(side, at.ends[side].sendAck(at.now, ack, { type: 'target', target: targetOf('bob') }));
    },
  });
  pair.send('alice', makeTestRequest('INVITE'));
  pair.run(100);
  expect(kinds(pair.events.bob)).toEqual(['request', 'ack']);
  const branches = ['INVITE', 'ACK'].map((what) =>
    topVia(sentBy(pair, 'alice', what)[0]?.message as SipRequest)?.params.get('branch'),
  );
  expect(branches[0]).not.toBe(branches[1]);
  pair.run(60_000);
  expectEmpty(pair);
});

test('[EP11] an ACK to a name is looked up first; one that is too long and refused by TCP comes back to UDP', () => {
  const { ends } = new EndpointPair();
  const ack = makeTestRequest('ACK', [['X-Filler', 'x'.repeat(1_300)]]);
  expect(ends.alice.sendAck(0, ack, SITE).effects).toMatchObject([{ type: 'lookup' }]);
  const [sent] = ends.alice.lookedUp(1, 'A site.test', TWO).effects as Transmit[];
  expect(sent?.target).toMatchObject({ transport: 'TCP', host: '10.0.0.9' });
  const back = ends.alice.transportFailed(2, { transaction: sent?.transaction ?? '' });
  expect(back).toMatchObject({
    effects: [{ type: 'transmit', target: { transport: 'UDP', host: '10.0.0.9' } }],
    events: [],
  });
  ends.alice.expire(100_000);
  expect(ends.alice.status()).toMatchObject({ clientTransactions: 0, deadlines: 0 });
});

test('[TX9] [RFC 6026] an INVITE that is repeated after its 2xx is absorbed; the owner repeats the 2xx', () => {
  const pair = new EndpointPair({ react: answering(200) });
  const invite = foreign('INVITE', 'SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1');
  pair.perform('bob', pair.ends.bob.receive(0, invite, FROM_ALICE));
  expect(pair.ends.bob.receive(1, invite, FROM_ALICE)).toEqual({ effects: [], events: [] });
  const [event] = pair.events.bob;
  if (event === undefined) throw new Error('no request');
  answer(pair, 'bob', event, 200);
  expect(pair.count('200')).toBe(2);
  // After Timer L its owner is done with it.
  pair.run(32_000);
  answer(pair, 'bob', event, 200);
  expect(pair.count('200')).toBe(2);
});

test('[EP13] over a link that loses, repeats and reorders, every transaction ends with the answer it was given', () => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = seededRandom(seed);
    const pair = new EndpointPair({
      link: () => {
        const copies = random() < 0.25 ? 0 : random() < 0.3 ? 2 : 1;
        return Array.from({ length: copies }, () => 1 + Math.floor(random() * 400));
      },
      react: (at, side, event) => {
        if (event.type !== 'request') return;
        // Timer H must not be what ends a refused INVITE, so the answer follows from the request alone.
        answer(at, side, event, event.request.method === 'INVITE' ? 486 : 200);
      },
    });
    const ids = new Map<string, string>();
    for (let i = 0; i < 40; i++) {
      const method = i % 2 === 0 ? 'INVITE' : 'OPTIONS';
      ids.set(pair.send('alice', makeTestRequest(method, [], i, `call-${i}`)), method);
    }
    pair.run(200_000);
    const finals = pair.events.alice.filter(
      (event) => event.type === 'failed' || (event.type === 'response' && event.response.status >= 200),
    );
    expect(finals).toHaveLength(40);
    for (const event of finals) {
      if (event.type === 'response') {
        expect(event.response.status).toBe(ids.get(event.transaction) === 'INVITE' ? 486 : 200);
      }
    }
    expect(finals.filter((event) => event.type === 'failed').length).toBeLessThan(4);
    expect(pair.events.bob.filter((event) => event.type === 'request').length).toBeLessThanOrEqual(40);
    expectEmpty(pair);
  }
});

test('[EP13] [D12] one 302 for one INVITE, however often the link repeats and delays its ACK', () => {
  const pair = new EndpointPair({
    link: (_from, message) =>
      nameOf(message) === 'ACK' ? [1, 700, 2_500] : nameOf(message) === 'INVITE' ? [1, 800] : [1],
    react: answering(302),
  });
  pair.send('alice', makeTestRequest('INVITE'));
  pair.run(60_000);
  expect(pair.count('302')).toBe(1);
  expect(pair.events.bob).toHaveLength(1);
  expectEmpty(pair);
});

test('[EP14] a retransmission is the same message object, so that a shell writes its bytes once', () => {
  const pair = new EndpointPair({ link: () => [] });
  pair.send('alice', makeTestRequest('INVITE'));
  pair.run(10_000);
  const sent = sentBy(pair, 'alice', 'INVITE').map(({ message }) => message);
  expect(sent.length).toBeGreaterThan(3);
  expect(new Set(sent).size).toBe(1);
});
