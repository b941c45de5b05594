import { seededRandom } from '@holdfast/kernel';
import { expect, test } from 'vitest';
import { createResponse } from './message/build-message.ts';
import { replaceHeader } from './message/edit-message.ts';
import { cseqOf, headerValue, headerValues, toOf, topVia } from './message/headers.ts';
import type { SipMessage, SipRequest, SipResponse } from './message/message.ts';
import { tagOf } from './message/name-addr.ts';
import type { Source } from './target.ts';
import {
  ADDRESS,
  answer,
  answering,
  EndpointPair,
  kinds,
  leftOver,
  makeTestRequest,
  nameOf,
  sentBy,
  statuses,
  targetOf,
} from './transaction/endpoint-pair.ts';

test('[EP1] a request is answered over a good link with one message each way, and all of it frees itself', () => {
  const pair = new EndpointPair({ react: answering(200) });
  const id = pair.send('alice', makeTestRequest('OPTIONS'));
  pair.run(100);
  expect(pair.wire).toEqual(['0 alice OPTIONS', '1 bob 200']);
  expect(pair.events.alice).toMatchObject([{ type: 'response', transaction: id, response: { status: 200 } }]);
  pair.run(60_000);
  expect(leftOver(pair)).toBe(0);
});

test('[EP1] an INVITE gets 100 at once, whatever its owner does', () => {
  const pair = new EndpointPair();
  pair.send('alice', makeTestRequest('INVITE'));
  pair.run(10_000);
  expect(pair.wire).toEqual(['0 alice INVITE', '1 bob 100']);
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
  expect(leftOver(pair)).toBe(0);
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
  expect(leftOver(pair)).toBe(0);
});

test('[EP7] CANCEL that crosses the final response changes nothing', () => {
  const pair = new EndpointPair({ react: answering(486) });
  const id = pair.send('alice', makeTestRequest('INVITE'));
  pair.run(10);
  expect(pair.ends.alice.cancel(10, id)).toEqual({ effects: [], events: [] });
  const options = pair.send('alice', makeTestRequest('OPTIONS', [], 2));
  expect(pair.ends.alice.cancel(10, options)).toEqual({ effects: [], events: [] });
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

test('[TX11] what has only one target is repeated over UDP though it could not be sent, until it is answered or given up', () => {
  const inDialog = (method: string, cseq: number) =>
    replaceHeader(makeTestRequest(method, [], cseq), 'To', '<sip:bob@10.0.0.2>;tag=b1');
  const pair = new EndpointPair({
    react: answering(200),
    link: (_from, _message, count) => (count <= 3 ? [] : [1]),
  });
  const unsent = (now: number, transaction: string) =>
    pair.ends.alice.transportFailed(now, { transaction }).events;
  const bye = pair.send('alice', inDialog('BYE', 2));
  expect(unsent(0, bye)).toEqual([]);
  const options = pair.send('alice', makeTestRequest('OPTIONS', [], 3));
  expect(unsent(0, options)).toEqual([]);
  const overTCP = pair.send('alice', inDialog('BYE', 4), targetOf('bob', 'TCP'));
  expect(unsent(0, overTCP)).toEqual([{ type: 'failed', transaction: overTCP, reason: 'transport' }]);
  pair.run(1_000);
  expect(pair.events.alice).toMatchObject([
    { transaction: bye, response: { status: 200 } },
    { transaction: options, response: { status: 200 } },
  ]);

  const silent = new EndpointPair({ link: () => [] });
  const unheard = silent.send('alice', inDialog('BYE', 2));
  expect(silent.ends.alice.transportFailed(0, { transaction: unheard }).events).toEqual([]);
  silent.run(40_000);
  expect(silent.events.alice).toEqual([{ type: 'failed', transaction: unheard, reason: 'timeout' }]);
});

test('[TX11] a CANCEL that could not be sent over UDP is repeated', () => {
  let cancels = 0;
  const isLost = (message: SipMessage) => nameOf(message) === 'CANCEL' && ++cancels === 1;
  const pair = new EndpointPair({
    react: answering(180),
    link: (_from, message) => (isLost(message) ? [] : [1]),
  });
  const id = pair.send('alice', makeTestRequest('INVITE'));
  pair.run(10);
  pair.perform('alice', pair.ends.alice.cancel(10, id));
  const transaction = pair.transmits.at(-1)?.effect.transaction;
  expect(pair.ends.alice.transportFailed(10, { transaction: transaction as string }).events).toEqual([]);
  pair.run(600);
  expect(pair.times('CANCEL')).toEqual([10, 510]);
  expect(kinds(pair.events.bob)).toEqual(['request', 'cancelled']);
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
  expect(leftOver(pair)).toBe(0);
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
    expect(leftOver(pair)).toBe(0);
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
  expect(leftOver(pair)).toBe(0);
});

test('[EP14] a retransmission is the same message', () => {
  const pair = new EndpointPair({ link: () => [] });
  pair.send('alice', makeTestRequest('INVITE'));
  pair.run(10_000);
  const sent = sentBy(pair, 'alice', 'INVITE').map(({ message }) => message);
  expect(sent.length).toBeGreaterThan(3);
  expect(new Set(sent).size).toBe(1);
});

test('[EP1] a request that its owner never answers frees itself', () => {
  const pair = new EndpointPair();
  pair.send('alice', makeTestRequest('OPTIONS'));
  pair.send('alice', makeTestRequest('INFO', [], 2), targetOf('bob', 'TCP'));
  pair.run(31_999);
  expect(pair.ends.bob.status()).toMatchObject({ pending: 2 });
  pair.run(60_000);
  expect(kinds(pair.events.alice)).toEqual(['failed', 'failed']);
  expect(leftOver(pair)).toBe(0);
});
