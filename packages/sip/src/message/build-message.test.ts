import { describe, expect, it } from 'vitest';
import { createRequest, createResponse } from './build-message.ts';
import {
  appendHeader,
  prependHeader,
  removeHeader,
  replaceHeader,
  withBody,
  withRequestUri,
} from './edit-message.ts';
import { headerValue, tagOf, toOf, vias } from './headers.ts';
import { parseMessage } from './parse-message.ts';
import { reasonPhrase } from './reason-phrases.ts';
import { messageSize, serializeMessage } from './serialize-message.ts';

const invite = createRequest({
  method: 'INVITE',
  uri: 'sip:9000@north',
  headers: [
    ['v', 'SIP/2.0/UDP a;branch=z9hG4bK1'],
    ['Via', 'SIP/2.0/UDP b;branch=z9hG4bK2'],
    ['Record-Route', '<sip:p1;lr>'],
    ['From', '<sip:7001@north>;tag=f'],
    ['To', '<sip:9000@north>'],
    ['Call-ID', 'c1'],
    ['CSeq', '1 INVITE'],
    ['Timestamp', '54'],
    ['Max-Forwards', '70'],
    ['Subject', 'Größe'],
    ['Content-Type', 'text/plain'],
  ],
  body: 'Größe',
});

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

describe('building and writing', () => {
  it('[MS16] writes the length of the body in bytes, wherever the field stood', () => {
    const written = serializeMessage(replaceHeader(prependHeader(invite, 'l', '999'), 'Subject', 'x'));
    expect(text(written).split('\r\n')[1]).toBe('Content-Length: 7');
    expect(text(written).match(/Content-Length/g)).toHaveLength(1);
    expect(text(serializeMessage(invite))).toContain('\r\nContent-Length: 7\r\n\r\nGröße');
  });

  it('[MS16] knows the size without writing', () => {
    for (const message of [
      invite,
      prependHeader(invite, 'l', '999'),
      createResponse(invite, 200, { reason: 'Größe' }),
      withBody(invite, new Uint8Array(1000), 'a/b'),
    ]) {
      expect(messageSize(message)).toBe(serializeMessage(message).length);
    }
  });

  it('[MS17] copies into a response what RFC 3261 §8.2.6 asks for', () => {
    const keys = (status: number): string[] =>
      createResponse(invite, status, { toTag: 't' }).headers.map((field) => field.key);
    expect(keys(100)).toEqual(['via', 'via', 'from', 'to', 'call-id', 'cseq', 'timestamp']);
    expect(keys(180)).toEqual(['via', 'via', 'record-route', 'from', 'to', 'call-id', 'cseq']);
    expect(keys(486)).toEqual(['via', 'via', 'from', 'to', 'call-id', 'cseq']);
    expect(tagOf(toOf(createResponse(invite, 180, { toTag: 't' })))).toBe('t');
    expect(tagOf(toOf(createResponse(invite, 100, { toTag: 't' })))).toBeUndefined();
    const inDialog = replaceHeader(invite, 'To', '<sip:9000@north>;tag=old');
    expect(headerValue(createResponse(inDialog, 200, { toTag: 't' }), 'to')).toBe('<sip:9000@north>;tag=old');
    expect(createResponse(invite, 486)).toMatchObject({ status: 486, reason: 'Busy Here' });
    expect(reasonPhrase(499)).toBe('Bad Request');
  });

  it('[MS18] lets no text add a header field', () => {
    const tricked = createRequest({
      method: 'INVITE',
      uri: 'sip:a',
      headers: [
        ['Subject', 'a\r\nX-Evil: 1'],
        ['B', 'x\n y'],
      ],
    });
    expect(tricked.headers.map((field) => field.value)).toEqual(['a X-Evil: 1', 'x y']);
    expect(createResponse(invite, 200, { reason: 'a\r\nb' }).reason).toBe('a b');
  });

  it('[MS19] changes a copy and leaves the original as it was', () => {
    const before = serializeMessage(invite);
    expect(vias(removeHeader(invite, 'v'))).toBeUndefined();
    expect(vias(prependHeader(invite, 'Via', 'SIP/2.0/TCP n;branch=3'))?.[0]?.host).toBe('n');
    expect(
      replaceHeader(invite, 'via', 'SIP/2.0/TCP x;branch=4', 'SIP/2.0/TCP y;branch=5').headers[0]?.value,
    ).toBe('SIP/2.0/TCP x;branch=4');
    expect(vias(replaceHeader(invite, 'Via', 'SIP/2.0/TCP x;branch=4'))).toHaveLength(1);
    expect(appendHeader(invite, 'x-a', 'b').headers.at(-1)).toEqual({ key: 'x-a', name: 'x-a', value: 'b' });
    expect(withRequestUri(invite, 'sip:other').uri).toBe('sip:other');
    expect(headerValue(withBody(invite, new Uint8Array(0), ''), 'content-type')).toBeUndefined();
    expect(serializeMessage(invite)).toEqual(before);
  });

  it('[MS19] reads back what it wrote', () => {
    const parsed = parseMessage(serializeMessage(invite));
    expect(parsed.ok && removeHeader(parsed.message, 'Content-Length')).toEqual(invite);
  });
});
