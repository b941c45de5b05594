import { expect, test } from 'vitest';
import { createRequest, createResponse } from '../message/build-message.ts';
import { replaceHeader } from '../message/edit-message.ts';
import type { SipRequest } from '../message/message.ts';
import { clientKey, hasOneVia, mergeKey, oldAckKey, responseKey, sentByOf, serverKey } from './match.ts';

function request(
  method: string,
  via: string,
  changes: Record<string, string> = {},
  uri = 'sip:b@x',
): SipRequest {
  const fields = {
    Via: via,
    From: '<sip:a@x>;tag=a',
    To: '<sip:b@x>',
    'Call-ID': 'c1',
    CSeq: `1 ${method}`,
    ...changes,
  };
  return createRequest({ method, uri, headers: Object.entries(fields) });
}

const NEW = 'SIP/2.0/UDP h.test:5060;branch=z9hG4bK1';
const OLD = 'SIP/2.0/UDP h.test:5060;branch=1';

test('[TX12] a response belongs to the request with its branch and its CSeq method', () => {
  const response = createResponse(request('INVITE', NEW), 200);
  expect(responseKey(response)).toBe(clientKey('z9hG4bK1', 'INVITE'));
  // The response to CANCEL has the branch of the INVITE: the method tells them apart.
  expect(responseKey(createResponse(request('CANCEL', NEW), 200))).not.toBe(responseKey(response));
});

test('[TX12] a response without a branch or a CSeq belongs to nothing', () => {
  const response = createResponse(request('INVITE', NEW), 200);
  expect(responseKey(replaceHeader(response, 'Via', 'SIP/2.0/UDP h.test'))).toBeUndefined();
  expect(responseKey(replaceHeader(response, 'CSeq', 'nonsense'))).toBeUndefined();
});

test('[TX12] a response with more than one Via is not for a user agent', () => {
  const response = createResponse(request('INVITE', NEW), 200);
  expect(hasOneVia(response)).toBe(true);
  expect(hasOneVia(replaceHeader(response, 'Via', NEW, OLD))).toBe(false);
  expect(hasOneVia(replaceHeader(response, 'Via', `${NEW}, ${OLD}`))).toBe(false);
  expect(hasOneVia(replaceHeader(response, 'Via'))).toBe(false);
});

test('[TX13] a request matches by branch, sent-by and method, and by nothing else', () => {
  const key = serverKey(request('OPTIONS', NEW));
  expect(
    serverKey(request('OPTIONS', NEW, { 'Call-ID': 'other', CSeq: '9 OPTIONS', From: '<sip:z@z>' })),
  ).toBe(key);
  expect(serverKey(request('INFO', NEW))).not.toBe(key);
  expect(serverKey(request('OPTIONS', NEW.replace('K1', 'K2')))).not.toBe(key);
  expect(serverKey(request('OPTIONS', NEW.replace(':5060', ':5070')))).not.toBe(key);
  expect(serverKey(request('OPTIONS', NEW.replace('h.test', 'i.test')))).not.toBe(key);
});

test('[TX13] a port that is not written is the default one, and the case of a host does not count', () => {
  const key = serverKey(request('OPTIONS', NEW));
  expect(serverKey(request('OPTIONS', NEW.replace(':5060', '')))).toBe(key);
  expect(serverKey(request('OPTIONS', NEW.replace('h.test', 'H.Test')))).toBe(key);
  expect(sentByOf({ transport: 'TLS', host: 'h', params: new Map() })).toBe('h:5061');
});

test('[TX13] an ACK with the branch of the INVITE belongs to it, a CANCEL is one of its own', () => {
  const key = serverKey(request('INVITE', NEW));
  expect(serverKey(request('ACK', NEW), 'INVITE')).toBe(key);
  expect(serverKey(request('CANCEL', NEW))).not.toBe(key);
  expect(serverKey(request('CANCEL', NEW), 'INVITE')).toBe(key);
});

test('[TX14] without the cookie Request-URI, tags, Call-ID, CSeq number and top Via decide', () => {
  const key = serverKey(request('INVITE', OLD));
  expect(serverKey(request('INVITE', OLD))).toBe(key);
  expect(serverKey(request('INVITE', OLD, {}, 'sip:other@x'))).not.toBe(key);
  for (const [name, value] of [
    ['To', '<sip:b@x>;tag=b'],
    ['From', '<sip:a@x>;tag=other'],
    ['Call-ID', 'c2'],
    ['CSeq', '2 INVITE'],
    ['Via', 'SIP/2.0/UDP h.test:5060;branch=2'],
  ] as const) {
    expect(serverKey(request('INVITE', OLD, { [name]: value }))).not.toBe(key);
  }
});

test('[TX14] an old ACK matches by the To tag of the response, an old CANCEL as the INVITE does', () => {
  const invite = request('INVITE', OLD);
  const ack = request('ACK', OLD, { To: '<sip:b@x>;tag=b7', CSeq: '1 ACK' });
  expect(oldAckKey(ack, 'b7')).toBe(oldAckKey(invite, 'b7'));
  expect(oldAckKey(ack, 'b7')).not.toBe(oldAckKey(invite, 'b8'));
  expect(serverKey(request('CANCEL', OLD, { CSeq: '1 CANCEL' }), 'INVITE')).toBe(serverKey(invite));
  expect(oldAckKey(request('ACK', NEW), 'b7')).toBeUndefined();
});

test('[TX14] what lacks the parts of a key has none', () => {
  expect(
    serverKey(createRequest({ method: 'INVITE', uri: 'sip:b@x', headers: [['CSeq', '1 INVITE']] })),
  ).toBeUndefined();
  expect(serverKey(request('INVITE', OLD, { CSeq: 'x' }))).toBeUndefined();
});

test('[TX16] copies of one request share From tag, Call-ID and CSeq; inside a dialog nothing is a copy', () => {
  const key = mergeKey(request('INVITE', NEW));
  expect(mergeKey(request('INVITE', NEW.replace('K1', 'K2'), { To: '<sip:c@x>' }, 'sip:c@x'))).toBe(key);
  expect(mergeKey(request('INVITE', NEW, { CSeq: '2 INVITE' }))).not.toBe(key);
  expect(mergeKey(request('INVITE', NEW, { 'Call-ID': 'c2' }))).not.toBe(key);
  expect(mergeKey(request('INVITE', NEW, { From: '<sip:a@x>;tag=z' }))).not.toBe(key);
  expect(mergeKey(request('INVITE', NEW, { To: '<sip:b@x>;tag=b' }))).toBeUndefined();
  expect(mergeKey(request('REGISTER', NEW, { CSeq: '1 REGISTER' }))).toBeUndefined();
});
