import { expect, test } from 'vitest';
import { createResponse } from '../message/build-message.ts';
import { cseqOf } from '../message/headers.ts';
import type { SipRequest } from '../message/message.ts';
import { serializeMessage } from '../message/serialize-message.ts';
import type { Source } from '../target.ts';
import { EndpointPair, FROM_ALICE, foreign, leftOver, type Transmit } from './endpoint-pair.ts';

const via = (n: number, host = '10.0.0.1') => `SIP/2.0/UDP ${host};branch=z9hG4bK${n}`;

/** Bob gets the request and his owner answers it at once; what he sent, and whether his owner had to answer. */
function serve(pair: EndpointPair, now: number, request: SipRequest, source: Source = FROM_ALICE) {
  pair.now = now;
  const { effects, events } = pair.ends.bob.receive(now, request, source);
  const sent = effects.filter((effect): effect is Transmit => effect.type === 'transmit');
  for (const event of events) {
    if (event.type !== 'request') continue;
    const response = createResponse(event.request, 200, { toTag: `at${now}` });
    sent.push(...(pair.ends.bob.sendResponse(now, event.transaction, response).effects as Transmit[]));
  }
  return { sent, isNew: events.length > 0 };
}

test('[TX10] until Timer J a repetition gets the same bytes again, then it is a new request', () => {
  const pair = new EndpointPair();
  for (const method of ['REGISTER', 'OPTIONS', 'MESSAGE', 'INFO']) {
    const request = foreign(method, via(1), method);
    const first = serve(pair, 0, request);
    expect(first).toMatchObject({ isNew: true, sent: [{ message: { status: 200 } }] });
    const again = serve(pair, 31_999, request);
    expect(again).toMatchObject({ isNew: false, sent: [{ target: first.sent[0]?.target }] });
    expect(again.sent[0]?.bytes).toEqual(first.sent[0]?.bytes);
    expect(serializeMessage((again.sent[0] as Transmit).message)).toEqual(first.sent[0]?.bytes);
    expect(serve(pair, 32_000, request).isNew).toBe(true);
  }
  // Those of the first round go, those that were answered at 32,000 stay until their own time is over.
  pair.run(33_000);
  expect(pair.ends.bob.status()).toMatchObject({ serverTransactions: 4, absorbedRequests: 4, deadlines: 0 });
  pair.run(65_000);
  expect(leftOver(pair)).toBe(0);
});

test('[TX10] over a reliable transport nothing is kept after the answer', () => {
  const pair = new EndpointPair();
  const source: Source = { transport: 'TCP', host: '10.0.0.1', port: 5060, flow: 'TCP 10.0.0.1 5060' };
  const { sent } = serve(pair, 0, foreign('REGISTER', via(1).replace('UDP', 'TCP')), source);
  expect(sent).toMatchObject([{ message: { status: 200 }, target: { transport: 'TCP' } }]);
  expect(leftOver(pair)).toBe(0);
});

test('[TX17] at their limit the oldest REGISTER and OPTIONS are forgotten, and no other request', () => {
  const pair = new EndpointPair({ bob: { limits: { repeatableMax: 3 } } });
  const methods = [
    'BYE',
    'REGISTER',
    'INFO',
    'OPTIONS',
    'MESSAGE',
    'REGISTER',
    'REFER',
    'REGISTER',
    'NOTIFY',
  ];
  const requests = methods.map((method, n) => foreign(method, via(n), `c${n}`));
  const isNew = () => requests.map((request, n) => serve(pair, 100 + n, request).isNew);
  expect(isNew()).toEqual(methods.map(() => true));
  // One REGISTER too many: the first of them is new to the owner, and its answer takes the place of the OPTIONS.
  expect(serve(pair, 200, requests[1] as SipRequest).isNew).toBe(true);
  expect(isNew().map((each, n) => (each ? n : undefined))).toEqual([
    ...[undefined, undefined, undefined, 3, undefined, 5, undefined, 7, undefined],
  ]);
  expect(pair.ends.bob.status().serverTransactions).toBe(5 + 3);
  pair.run(40_000);
  expect(leftOver(pair)).toBe(0);
});

test('[TX17] they make room for other requests at the limit of all; what is pending or an INVITE never does', () => {
  const pair = new EndpointPair({ bob: { limits: { serverTransactionsMax: 3 } } });
  const status = (request: SipRequest) =>
    pair.ends.bob.receive(9, request, FROM_ALICE).effects.map((effect) => (effect as Transmit).message);
  serve(pair, 0, foreign('REGISTER', via(1), 'c1'));
  expect(status(foreign('INVITE', via(2), 'c2'))).toMatchObject([{ status: 100 }]);
  // Its owner never answers.
  expect(status(foreign('OPTIONS', via(3), 'c3'))).toEqual([]);
  expect(serve(pair, 2, foreign('MESSAGE', via(4), 'c4')).isNew).toBe(true);
  expect(status(foreign('MESSAGE', via(5), 'c5'))).toMatchObject([{ status: 503 }]);
  expect(status(foreign('INVITE', via(2), 'c2'))).toMatchObject([{ status: 100 }]);
  expect(status(foreign('OPTIONS', via(3), 'c3'))).toEqual([]);
  expect(serve(pair, 10, foreign('MESSAGE', via(4), 'c4')).isNew).toBe(false);
  expect(pair.ends.bob.status()).toMatchObject({ refusedBusy: 1, pending: 2, serverTransactions: 3 });
});

test('[TX17] CANCEL of a request that has its answer gets 200, of one that was forgotten 481', () => {
  const pair = new EndpointPair({ bob: { limits: { repeatableMax: 1 } } });
  for (const n of [1, 2]) serve(pair, n, foreign('OPTIONS', via(n), `c${n}`));
  const answers = [1, 2].map((n) => serve(pair, 3, foreign('CANCEL', via(n), `c${n}`)).sent[0]?.message);
  expect(answers).toMatchObject([{ status: 481 }, { status: 200 }]);
  expect(answers.map((message) => message && cseqOf(message)?.method)).toEqual(['CANCEL', 'CANCEL']);
});

test('[EP4] the answer to a request other than INVITE goes to where it came from over UDP, and nobody wants to hear of a failure', () => {
  const { ends } = new EndpointPair();
  const seen: Source = { transport: 'UDP', host: '192.0.2.7', port: 40_000, flow: 'UDP bob' };
  const request = foreign('OPTIONS', `${via(1, '10.0.0.7:5062')};rport`);
  const [event] = ends.bob.receive(0, request, seen).events;
  if (event?.type !== 'request') throw new Error('no request');
  const { effects } = ends.bob.sendResponse(10, event.transaction, createResponse(event.request, 200));
  expect(effects).toMatchObject([{ message: { status: 200 }, target: { host: '192.0.2.7', port: 40_000 } }]);
  expect(effects[0]).not.toHaveProperty('transaction');
  // A phone behind NAT that has not heard it repeats the request, and is answered there again.
  const again = ends.bob.receive(500, request, seen).effects;
  expect(again).toMatchObject([{ message: { status: 200 }, target: { host: '192.0.2.7', port: 40_000 } }]);
});
