import { expect, test } from 'vitest';
import { createRequest, createResponse } from './message/build-message.ts';
import { prependHeader, replaceHeader } from './message/edit-message.ts';
import { headerValue, toOf, topVia } from './message/headers.ts';
import type { SipRequest } from './message/message.ts';
import { tagOf } from './message/name-addr.ts';
import { parseMessage } from './message/parse-message.ts';
import type { Source } from './target.ts';
import {
  answer,
  answering,
  EndpointPair,
  FROM_ALICE,
  foreign,
  kinds,
  leftOver,
  makeTestRequest,
  statuses,
  type Transmit,
  targetOf,
} from './transaction/endpoint-pair.ts';

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
    if (event?.type !== 'request') throw new Error('no request');
    expect(headerValue(event.request, 'via')).toBe(wanted);
    // What is remembered of it is what reading it anew would give.
    expect(topVia(event.request)).toEqual(topVia({ ...event.request }));
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
  // It is looked up once, however often Timer G fails.
  expect(ends.bob.transportFailed(60, { transaction })).toEqual({ effects: [], events: [] });
  expect(ends.bob.expire(40_000).events).toEqual([
    { type: 'unacknowledged', transaction: event.transaction, reason: 'timeout' },
  ]);
});

test('[EP4] an answer that could not be sent over UDP goes to the same place again: a phone behind NAT names another', () => {
  const { ends } = new EndpointPair();
  const seen: Source = { transport: 'UDP', host: '192.0.2.7', port: 40_000, flow: 'UDP bob' };
  const invite = foreign('INVITE', 'SIP/2.0/UDP 10.0.0.7:5062;rport;branch=z9hG4bK1');
  const [event] = ends.bob.receive(0, invite, seen).events;
  if (event?.type !== 'request') throw new Error('no request');
  const to = { target: { host: '192.0.2.7', port: 40_000 } };
  for (const status of [180, 200]) {
    const response = createResponse(event.request, status, { toTag: 'b' });
    const [sent] = ends.bob.sendResponse(10, event.transaction, response).effects;
    expect(sent).toMatchObject({ message: { status }, ...to });
    const transaction = sent?.type === 'transmit' ? (sent.transaction ?? '') : '';
    expect(ends.bob.transportFailed(10, { transaction }).effects).toEqual([]);
  }
  const again = ends.bob.sendResponse(
    500,
    event.transaction,
    createResponse(event.request, 200, { toTag: 'b' }),
  );
  expect(again.effects).toMatchObject([to]);
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

test('[TX16] a request in a dialog whose other end we are too is no loop, directly and through a proxy', () => {
  const { ends } = new EndpointPair();
  const self = { type: 'target', target: targetOf('alice') } as const;
  const inDialog = replaceHeader(makeTestRequest('BYE'), 'To', '<sip:bob@10.0.0.2>;tag=b1');
  const { output } = ends.alice.sendRequest(0, inDialog, self);
  const sent = (output.effects[0] as Transmit).message as SipRequest;
  expect(kinds(ends.alice.receive(1, sent, FROM_ALICE).events)).toEqual(['request']);
  const byProxy = prependHeader(sent, 'Via', 'SIP/2.0/UDP proxy.test;branch=z9hG4bKp');
  expect(kinds(ends.alice.receive(2, byProxy, FROM_ALICE).events)).toEqual(['request']);
  expect(ends.alice.status().refusedLoops).toBe(0);
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
  expect(leftOver(pair)).toBe(0);
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
  for (let n = 1; n <= 4; n++) pair.send('alice', makeTestRequest('MESSAGE', [], n, `c${n}`));
  pair.run(10);
  expect(statuses(pair.events.alice)).toEqual([200, 200, 200, 503]);
  pair.run(40_000);
  pair.send('alice', makeTestRequest('MESSAGE', [], 9, 'c9'));
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

test('[EP9] what would have to be answered by a malformed message is not answered', () => {
  const { ends } = new EndpointPair();
  const request = (from: string) =>
    parsed(
      'OPTIONS sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n' +
        `From: ${from}\r\nTo: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\nno colon\r\n\r\n`,
    );
  for (const from of ['<sip:a@x>;tag=a\nContact: <sip:thief@y>', '<sip:a@x>\rX: y', 'a\u0000b <sip:a@x>']) {
    expect(ends.bob.receiveMalformed(0, request(from), FROM_ALICE).effects, from).toEqual([]);
  }
  const answered = ends.bob.receiveMalformed(0, request('<sip:a@x>;tag=a'), FROM_ALICE).effects;
  expect(answered).toMatchObject([{ type: 'transmit', message: { status: 400 } }]);
});

test('[EP9] a field that stands hundreds of times is copied once', () => {
  const { ends } = new EndpointPair();
  const twice = ['From: <sip:a@x>', 'To: <sip:b@x>', 'Call-ID: c', 'CSeq: 1 OPTIONS'].flatMap((line) =>
    Array<string>(50).fill(line),
  );
  const request = parsed(
    `OPTIONS sip:b@x SIP/7.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n${twice.join('\r\n')}\r\n\r\n`,
  );
  const [effect] = ends.bob.receiveMalformed(0, request, FROM_ALICE).effects;
  if (effect?.type !== 'transmit') throw new Error('not answered');
  expect(effect.message.headers.map(({ key }) => key)).toEqual(['via', 'from', 'to', 'call-id', 'cseq']);
});

test('[EP9] a message that lacks what a transaction needs, and reached the endpoint all the same, is dropped', () => {
  const { ends } = new EndpointPair();
  const bare = createRequest({ method: 'INVITE', uri: 'sip:b@x', headers: [] });
  expect(ends.bob.receive(0, bare, FROM_ALICE)).toEqual({ effects: [], events: [] });
  expect(ends.bob.receive(0, createResponse(bare, 200), FROM_ALICE)).toEqual({ effects: [], events: [] });
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

test('[EP15] what the owner refuses before a transaction is answered each time with the same tag, and nothing is held', () => {
  let asked = 0;
  const pair = new EndpointPair({
    bob: {
      screen: (_now, request) => {
        if (request.headers.some(({ key }) => key === 'authorization')) return undefined;
        return { status: 401, headers: [['WWW-Authenticate', `Digest realm="x", nonce="${++asked}"`]] };
      },
    },
    react: answering(200),
  });
  const via = 'SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1';
  for (const method of ['INVITE', 'REGISTER', 'MESSAGE']) {
    const tags = [1, 2, 3].map((now) => {
      const { effects, events } = pair.ends.bob.receive(now, foreign(method, via, method), FROM_ALICE);
      expect(events).toEqual([]);
      // No 100 before it (§8.2.7).
      expect(effects).toMatchObject([{ type: 'transmit', message: { status: 401 } }]);
      return tagOf(toOf((effects[0] as Transmit).message));
    });
    expect(tags[0]).toBeTruthy();
    expect(new Set(tags).size).toBe(1);
  }
  expect(asked).toBe(9);
  expect(leftOver(pair)).toBe(0);
  // Another request, another tag: nobody can say beforehand which.
  const other = pair.ends.bob.receive(4, foreign('INVITE', via.replace('K1', 'K2')), FROM_ALICE).effects;
  const { message } = other[0] as Transmit;
  const refused = pair.ends.bob.receive(5, foreign('INVITE', via), FROM_ALICE).effects[0] as Transmit;
  expect(tagOf(toOf(message))).not.toBe(tagOf(toOf(refused.message)));
  // The ACK to it is swallowed; one for a call of somebody else is passed on.
  const ack = (to: string) => replaceHeader(foreign('ACK', via), 'To', to);
  const answered = headerValue(refused.message, 'to') ?? '';
  expect(pair.ends.bob.receive(6, ack(answered), FROM_ALICE)).toEqual({ effects: [], events: [] });
  expect(kinds(pair.ends.bob.receive(6, ack('<sip:bob@10.0.0.2>;tag=call'), FROM_ALICE).events)).toEqual([
    'ack',
  ]);
  pair.run(60_000);
  expect(pair.wire).toEqual([]);
});

test('[EP15] a request with a transaction, one in a dialog, ACK and CANCEL are not asked about', () => {
  const asked: string[] = [];
  const pair = new EndpointPair({
    bob: { screen: (_now, { method }) => void asked.push(method) },
  });
  const via = 'SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1';
  const inDialog = replaceHeader(foreign('INVITE', via.replace('K1', 'K2')), 'To', '<sip:b@x>;tag=call');
  for (const request of [foreign('INVITE', via), foreign('INVITE', via), inDialog, foreign('CANCEL', via)]) {
    pair.ends.bob.receive(1, request, FROM_ALICE);
  }
  pair.ends.bob.receive(2, foreign('ACK', via), FROM_ALICE);
  expect(asked).toEqual(['INVITE']);
  expect(pair.ends.bob.status()).toMatchObject({ serverTransactions: 2 });
});
