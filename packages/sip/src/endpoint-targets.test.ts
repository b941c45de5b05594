import { expect, test } from 'vitest';
import { createResponse } from './message/build-message.ts';
import { topVia } from './message/headers.ts';
import type { SipRequest, SipResponse } from './message/message.ts';
import type { Source } from './target.ts';
import {
  answering,
  EndpointPair,
  kinds,
  leftOver,
  makeTestRequest,
  sentBy,
  statuses,
  type Transmit,
  targetOf,
} from './transaction/endpoint-pair.ts';

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
  expect(leftOver(pair)).toBe(0);
});

test('[EP5] [TX11] a long request that could not be sent over UDP either is repeated there until it is given up', () => {
  const pair = new EndpointPair({ link: () => [] });
  const id = pair.send('alice', makeTestRequest('MESSAGE', [['X-Filler', 'x'.repeat(1_300)]]));
  for (let i = 0; i < 2; i++) {
    const last = sentBy(pair, 'alice', 'MESSAGE').at(-1);
    pair.perform('alice', pair.ends.alice.transportFailed(i, { transaction: last?.transaction ?? '' }));
  }
  expect(sentBy(pair, 'alice', 'MESSAGE')).toHaveLength(2);
  pair.run(40_000);
  expect(sentBy(pair, 'alice', 'MESSAGE').length).toBeGreaterThan(5);
  expect(pair.events.alice).toEqual([{ type: 'failed', transaction: id, reason: 'timeout' }]);
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

/** UDP of alice: what it could not send until `until`, the shell says so in the next turn of its loop. */
function unsentUntil(pair: EndpointPair, until: number): void {
  for (let told = 0; told < pair.transmits.length; told++) {
    const { at, effect } = pair.transmits[told] as (typeof pair.transmits)[number];
    if (at >= until || effect.transaction === undefined) continue;
    pair.perform('alice', pair.ends.alice.transportFailed(at, { transaction: effect.transaction }));
    if (pair.lookups.at(-1)?.id === 'AAAA site.test' && told === 1)
      pair.perform('alice', pair.ends.alice.lookedUp(at, 'AAAA site.test', { type: 'none', ttlS: 60 }));
  }
}

test.each(['OPTIONS', 'INVITE'])(
  '[TX11] an %s that this machine could send to no target is repeated to the first',
  (method) => {
    const pair = new EndpointPair({
      react: answering(200),
      link: (_from, _message, count) => (count <= 3 ? [] : [1]),
    });
    const first = { type: 'A', addresses: ['10.0.0.2', '10.0.0.9'], ttlS: 60 } as const;
    const { transaction, output } = pair.ends.alice.sendRequest(0, makeTestRequest(method), SITE);
    pair.perform('alice', output);
    pair.perform('alice', pair.ends.alice.lookedUp(0, 'A site.test', first));
    unsentUntil(pair, 1);
    expect(hosts(pair, method)).toEqual(['10.0.0.2', '10.0.0.9', '10.0.0.2']);
    expect(pair.events.alice).toEqual([]);
    pair.run(600);
    expect(pair.times(method)).toEqual([0, 0, 0, 500]);
    expect(pair.events.alice.at(-1)).toMatchObject({ transaction, response: { status: 200 } });
    // None of them is held against: the next request begins with the first.
    pair.perform('alice', pair.ends.alice.sendRequest(pair.now, makeTestRequest('INFO', [], 2), SITE).output);
    expect(hosts(pair, 'INFO')).toEqual(['10.0.0.2']);
  },
);

test('[TX11] what can be sent nowhere at all fails once, when its time is over', () => {
  const pair = new EndpointPair({ link: () => [] });
  const id = sendToSite(pair, makeTestRequest('REGISTER'), { giveUpMs: 4_000 });
  for (let until = 1; until <= 10_000; until += 100) {
    pair.run(until);
    unsentUntil(pair, until);
  }
  expect(pair.events.alice).toEqual([{ type: 'failed', transaction: id, reason: 'timeout' }]);
  expect(pair.transmits.length).toBeLessThan(10);
  pair.run(40_000);
  expect(leftOver(pair)).toBe(0);
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
  expect(leftOver(pair)).toBe(0);
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
  expect(leftOver(pair)).toBe(0);
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

test('[EP12] [C67] a target that answers 503 counts as ill: the next request goes elsewhere, until it may be well again', () => {
  const pair = new EndpointPair();
  sendToSite(pair, makeTestRequest('OPTIONS'));
  const busy = refusal(sentBy(pair, 'alice', 'OPTIONS')[0]?.message as SipRequest, 503);
  pair.perform('alice', pair.ends.alice.receive(0, busy, FROM_FIRST));
  pair.now = 4_900;
  sendToSite(pair, makeTestRequest('INFO', [], 2));
  pair.now = 5_100;
  sendToSite(pair, makeTestRequest('INFO', [], 3));
  expect(hosts(pair, 'INFO')).toEqual(['10.0.0.2', '10.0.0.9']);
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

test('[EP12] an answer from a marked target clears its mark', () => {
  const pair = new EndpointPair();
  sendToSite(pair, makeTestRequest('OPTIONS'));
  const [first] = sentBy(pair, 'alice', 'OPTIONS');
  const late = refusal(first?.message as SipRequest, 503, [['Retry-After', '200']]);
  pair.perform('alice', pair.ends.alice.receive(0, late, FROM_FIRST));
  const [, second] = sentBy(pair, 'alice', 'OPTIONS');
  const ill = refusal(second?.message as SipRequest, 503, [['Retry-After', '200']]);
  pair.perform('alice', pair.ends.alice.receive(1, ill, { ...FROM_FIRST, host: '10.0.0.2' }));
  pair.perform('alice', pair.ends.alice.lookedUp(1, 'AAAA site.test', { type: 'none', ttlS: 60 }));
  // Both are marked, so the first is tried all the same; it answers, and comes first when only its mark would still run.
  for (const number of [2, 3]) {
    sendToSite(pair, makeTestRequest('INFO', [], number));
    const request = sentBy(pair, 'alice', 'INFO').at(-1)?.message as SipRequest;
    pair.perform('alice', pair.ends.alice.receive(pair.now, refusal(request, 200), FROM_FIRST));
    pair.now = 40_000;
  }
  expect(pair.lookups.filter(({ id }) => id.startsWith('AAAA'))).toHaveLength(1);
  expect(hosts(pair, 'INFO')).toEqual(['10.0.0.9', '10.0.0.9']);
});
