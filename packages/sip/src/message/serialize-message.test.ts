import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRequest, createResponse } from './build-message.ts';
import type { HeaderField, SipMessage } from './message.ts';
import { parseMessage } from './parse-message.ts';
import { makeRequest, makeResponse } from './remembering-message.ts';
import { messageSize, serializeMessage } from './serialize-message.ts';
import { parseUri } from './uri.ts';

const CALL = [
  ['Via', 'SIP/2.0/UDP a;branch=z9hG4bK1'],
  ['From', '<sip:7001@north>;tag=f'],
  ['To', '<sip:9000@north>'],
  ['Call-ID', 'c1'],
  ['CSeq', '1 INVITE'],
  ['Max-Forwards', '70'],
] as const;

function written(message: SipMessage): string {
  return new TextDecoder().decode(serializeMessage(message));
}

function readBack(message: SipMessage) {
  const bytes = serializeMessage(message);
  expect(messageSize(message)).toBe(bytes.length);
  const parsed = parseMessage(bytes);
  if (!parsed.ok) throw new Error(`${parsed.field}: ${parsed.reason}`);
  return parsed.message;
}

/** Text of strangers: often what ends a line or a part of one. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ' ',
        '\r\n',
        '\r',
        '\n',
        '\0',
        '\t',
        '\r\n\r\n',
        ' SIP/2.0\r\n',
        ':',
        '>',
        '"',
        '\\',
        '%',
      ),
      fc.string({ unit: 'binary', maxLength: 6 }),
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((parts) => parts.join(''))
  .filter((joined) => joined !== '');

describe('writing what strangers supplied', () => {
  it('[MS18] no Request-URI ends the start line: what it may not hold is escaped', () => {
    const evil = '1@h SIP/2.0\r\nP-Asserted-Identity:<tel:+4930>\r\nX:';
    const invite = createRequest({ method: 'INVITE', uri: `sip:${evil}@10.0.0.1`, headers: CALL });
    expect(written(invite).split('\r\n')[0]).toBe(
      'INVITE sip:1@h%20SIP/2.0%0D%0AP-Asserted-Identity:<tel:+4930>%0D%0AX:@10.0.0.1 SIP/2.0',
    );
    expect(readBack(invite).headers.map(({ name }) => name)).toEqual([
      ...CALL.map(([name]) => name),
      'Content-Length',
    ]);
    expect(written({ ...invite, uri: 'sip:Größe 1@a' })).toMatch(
      /^INVITE sip:Gr%C3%B6%C3%9Fe%201@a SIP\/2.0\r\n/,
    );
    expect(parseUri('sip:Gr%C3%B6%C3%9Fe%201@a')?.user).toBe('Gr%C3%B6%C3%9Fe%201');
  });

  it('[MS18] whatever the texts, a request is read as one message with that start line and those fields', () => {
    fc.assert(
      fc.property(text, text, fc.array(fc.tuple(text, text), { maxLength: 4 }), (method, uri, extra) => {
        const headers = [...CALL, ...extra.map(([name, value]) => [`X-${name}`, value] as const)];
        const read = readBack(createRequest({ method, uri, headers }));
        if (read.kind !== 'request') throw new Error('a request was written');
        expect(read.uri).toBe(uri.replace(/[^!-~]/gu, encodeURIComponent));
        expect(read.method).toBe(method.replace(/[^A-Za-z0-9\-.!%*_+`'~]/gu, '-'));
        expect(read.headers).toHaveLength(headers.length + 1);
      }),
      { numRuns: 500 },
    );
  });

  it('[MS18] whatever the reason, a response is read as one message with that status', () => {
    const invite = createRequest({ method: 'INVITE', uri: 'sip:9000@north', headers: CALL });
    fc.assert(
      fc.property(text, text, (reason, value) => {
        const made = createResponse(invite, 480, { reason, headers: [['Warning', value]] });
        const fields: readonly HeaderField[] = made.headers;
        for (const message of [made, makeResponse(480, reason, fields, made.body)]) {
          const read = readBack(message);
          expect(read).toMatchObject({ kind: 'response', status: 480 });
          expect(read.headers).toHaveLength(fields.length + 1);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('[MS18] a start line that is right is written as it stands', () => {
    for (const uri of ["sip:a-_.!~*'()&=+$,;?/%20:p@[2001:db8::1]:5060;lr?x=y", 'tel:+4930', 'sip:#31#@a']) {
      expect(readBack(makeRequest('X-1!', uri, [], new Uint8Array(0)))).toMatchObject({
        method: 'X-1!',
        uri,
      });
    }
    const response = createResponse(createRequest({ method: 'A', uri: 'b', headers: CALL }), 200, {
      reason: 'Größe',
    });
    expect(written(response)).toMatch(/^SIP\/2.0 200 Größe\r\n/);
  });
});
