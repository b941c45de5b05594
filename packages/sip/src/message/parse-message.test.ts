import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkMessage } from './check-message.ts';
import { explainMessage } from './explain-message.ts';
import { headerValue, headerValues } from './headers.ts';
import { HEADER_COUNT_MAX, MESSAGE_BYTES_MAX, URI_BYTES_MAX } from './limits.ts';
import { type ParseFailure, parseMessage } from './parse-message.ts';
import { serializeMessage } from './serialize-message.ts';

const encoder = new TextEncoder();

function bytesOf(lines: readonly string[], body = ''): Uint8Array {
  return encoder.encode(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

const OPTIONS = [
  'OPTIONS sip:9000@north.example.com SIP/2.0',
  'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa1;rport',
  'From: "Ada" <sip:7001@north.example.com>;tag=a1',
  'To: <sip:9000@north.example.com>',
  'Call-ID: a1b2c3@192.0.2.1',
  'CSeq: 7 OPTIONS',
  'Max-Forwards: 70',
];

function failure(bytes: Uint8Array): ParseFailure {
  const parsed = parseMessage(bytes);
  if (parsed.ok) throw new Error('it was accepted');
  return parsed;
}

function changed(line: string): Uint8Array {
  const name = line.substring(0, line.indexOf(':') + 1);
  return bytesOf(OPTIONS.map((old) => (old.startsWith(name) ? line : old)));
}

function checked(bytes: Uint8Array): unknown {
  const parsed = parseMessage(bytes);
  return parsed.ok ? checkMessage(parsed.message, { bytes }) : parsed;
}

describe('parseMessage', () => {
  it('[MS1] keeps order, unknown methods and fields, and how names are written', () => {
    const parsed = parseMessage(
      bytesOf(['FROBNICATE sip:x SIP/2.0', ...OPTIONS.slice(1), 'x-Odd:  a ,b ', 'SUBJECT:']),
    );
    expect(parsed).toMatchObject({ ok: true, message: { method: 'FROBNICATE' } });
    if (!parsed.ok) return;
    expect(parsed.message.headers.slice(-2)).toEqual([
      { key: 'x-odd', name: 'x-Odd', value: 'a ,b' },
      { key: 'subject', name: 'SUBJECT', value: '' },
    ]);
    expect(headerValues(parsed.message, 'x-odd')).toEqual(['a ,b']);
  });

  it('[MS2] keeps text that is UTF-8 and counts bodies in bytes', () => {
    const bytes = bytesOf(
      [...OPTIONS, 'Subject: Größe 大停電 𝄞', 'Content-Type: text/plain', 'Content-Length: 7'],
      'Größe',
    );
    const parsed = parseMessage(bytes);
    expect(parsed.ok && headerValue(parsed.message, 'subject')).toBe('Größe 大停電 𝄞');
    expect(parsed.ok && new TextDecoder().decode(parsed.message.body)).toBe('Größe');
    expect(parsed.ok && serializeMessage(parsed.message)).toEqual(bytes);
  });

  it('[MS2] refuses text that is no UTF-8 at the very byte, and keeps a real U+FFFD', () => {
    const good = bytesOf([...OPTIONS, 'Subject: a\ufffdb', 'Content-Length: 0']);
    expect(parseMessage(good).ok).toBe(true);
    const at = OPTIONS.join('\r\n').length + '\r\nSubject: a'.length;
    good[at + 1] = 0x41;
    expect(failure(good)).toMatchObject({ status: 400, field: 'Subject', offset: at, method: 'OPTIONS' });
  });

  it('[MS3] discards what follows the body of a datagram and misses what is not there', () => {
    const longer = parseMessage(bytesOf([...OPTIONS, 'Content-Type: a/b', 'Content-Length: 2'], 'abcd'));
    expect(longer.ok && longer.message.body).toEqual(encoder.encode('ab'));
    const shorter = failure(bytesOf([...OPTIONS, 'Content-Type: a/b', 'Content-Length: 5'], 'abcd'));
    expect(shorter).toMatchObject({ status: 400, field: 'Content-Length', method: 'OPTIONS' });
    expect(shorter.request?.headers).toHaveLength(8);
    const open = parseMessage(bytesOf([...OPTIONS, 'Content-Type: a/b'], 'abcd'));
    expect(open.ok && open.message.body.length).toBe(4);
  });

  it('[MS3] gives the body of a datagram as a plain view of it', () => {
    const bytes = Buffer.from(bytesOf([...OPTIONS, 'Content-Type: a/b', 'Content-Length: 2'], 'ab'));
    const parsed = parseMessage(bytes);
    const body = parsed.ok ? parsed.message.body : encoder.encode('');
    expect(body).toEqual(encoder.encode('ab'));
    expect(body.buffer).toBe(bytes.buffer);
  });

  it.each([
    ['a bare LF', 'Subject: a\nX: b', 'Subject'],
    ['a bare CR', 'Subject: a\rX: b', 'Subject'],
    ['a NUL', 'Subject: a\0b', 'Subject'],
    ['no colon', 'Subject a', 'header'],
    ['a space before the name', ': a', 'header'],
  ])('[MS4] refuses %s in a header line and still reads the others', (_, line, field) => {
    const bad = failure(bytesOf([...OPTIONS.slice(0, 3), line, ...OPTIONS.slice(3)]));
    expect(bad).toMatchObject({ status: 400, field });
    expect(bad.offset).toBeGreaterThanOrEqual(OPTIONS.slice(0, 3).join('\r\n').length);
    expect(bad.request?.headers.map(({ key }) => key)).toEqual(
      expect.arrayContaining(['via', 'call-id', 'cseq']),
    );
  });

  it('[MS5] has limits, each with its own answer', () => {
    const many = bytesOf([...OPTIONS, ...Array.from({ length: HEADER_COUNT_MAX }, (_, n) => `X-${n}: y`)]);
    expect(failure(many)).toMatchObject({ status: 400, field: 'message', method: 'OPTIONS' });
    expect(failure(bytesOf([...OPTIONS, `X: ${'y'.repeat(9000)}`]))).toMatchObject({
      status: 400,
      field: 'X',
    });
    expect(
      failure(bytesOf([...OPTIONS, ...Array.from({ length: 9 }, () => `X: ${'y'.repeat(4000)}`)])),
    ).toMatchObject({ status: 513 });
    const body = 'z'.repeat(MESSAGE_BYTES_MAX);
    const huge = failure(bytesOf([...OPTIONS, 'Content-Length: 65536'], body));
    expect(huge).toMatchObject({ status: 513, method: 'OPTIONS' });
    expect(huge.request?.headers).toHaveLength(7);
    const uri = `sip:${'u'.repeat(URI_BYTES_MAX)}@x`;
    expect(failure(bytesOf([`OPTIONS ${uri} SIP/2.0`, ...OPTIONS.slice(1)]))).toMatchObject({ status: 414 });
  });

  it.each([
    ['CSeq: 2147483648 OPTIONS', 'CSeq'],
    ['CSeq: 7 INVITE', 'CSeq'],
    ['CSeq: 7OPTIONS', 'CSeq'],
    ['Max-Forwards: 256', 'Max-Forwards'],
    ['Max-Forwards: -1', 'Max-Forwards'],
    ['Via: SIP/2.0/UDP', 'Via'],
    ['Via: SIP/2.0/UDP 192.0.2.1:99999;branch=z9hG4bKa', 'Via'],
    ['From: <sip:a@-b>;tag=x', 'From'],
    ['From: <sip:a@b>;tag="x y"', 'From'],
    ['Call-ID: a b', 'Call-ID'],
    ['To: <sip:a@b>;tag', 'To'],
    ['To: <sip:a@[1:2:3]>', 'To'],
  ])('[MS6] refuses %s', (line, field) => {
    const bytes = changed(line);
    const expected = bytes.length - encoder.encode('').length;
    const result = checked(bytes) as { field: string; offset: number };
    expect(result).toMatchObject({ ok: false, status: 400, field });
    expect(result.offset).toBeLessThan(expected);
    const value = line.substring(line.indexOf(':') + 2);
    expect(new TextDecoder().decode(bytes.subarray(result.offset)).startsWith(value)).toBe(true);
  });

  it('[MS6] refuses what stands twice, lists that are no tokens, and a body of no type', () => {
    const twice = [...OPTIONS, 'Subject: a', 's: b'];
    expect(checked(bytesOf(twice))).toMatchObject({
      field: 'Subject',
      offset: twice.join('\r\n').length - 1,
    });
    expect(checked(bytesOf([...OPTIONS, 'Require: a, b c']))).toMatchObject({ field: 'Require' });
    expect(checked(bytesOf([...OPTIONS, 'Require: a ,, b']))).toEqual({ ok: true });
    expect(checked(bytesOf([...OPTIONS, 'Route: sip:a@b']))).toMatchObject({ field: 'Route' });
    expect(checked(bytesOf([...OPTIONS, 'Content-Length: 1'], 'x'))).toMatchObject({ field: 'Content-Type' });
    expect(checked(bytesOf([...OPTIONS, 'Content-Type: sdp']))).toMatchObject({ field: 'Content-Type' });
    expect(checked(bytesOf([...OPTIONS, `Allow: ${', \t '.repeat(2000)} a b`]))).toMatchObject({
      field: 'Allow',
    });
  });

  it('[MS6] accepts the bounds themselves', () => {
    expect(checked(changed('CSeq: 2147483647 OPTIONS'))).toEqual({ ok: true });
    expect(checked(changed('Max-Forwards: 255'))).toEqual({ ok: true });
    expect(checked(changed('To: <sip:a@[2001:db8::1]:5070;transport=TCP>'))).toEqual({ ok: true });
  });

  it('[MS6] misses each mandatory field but Max-Forwards', () => {
    for (const [index, line] of OPTIONS.entries()) {
      if (index === 0) continue;
      const name = line.substring(0, line.indexOf(':'));
      const result = checked(bytesOf(OPTIONS.filter((other) => other !== line)));
      if (name === 'Max-Forwards') expect(result).toEqual({ ok: true });
      else expect(result).toMatchObject({ ok: false, status: 400, field: name });
    }
  });

  it('[MS7] ends on every input, in bounded time, without throwing', () => {
    const seed = bytesOf(
      [
        ...OPTIONS,
        'Contact: "A \\" B" <sip:a@b;x=%41>;q=0.5, <sip:c@[::1]>',
        'Content-Type: a/b',
        'Content-Length: 4',
      ],
      'body',
    );
    const position = fc.nat({ max: seed.length - 1 });
    const mutation = fc.oneof(
      fc.record({
        kind: fc.constant('set' as const),
        at: position,
        bytes: fc.uint8Array({ minLength: 1, maxLength: 3 }),
      }),
      fc.record({
        kind: fc.constant('insert' as const),
        at: position,
        bytes: fc.uint8Array({ maxLength: 40 }),
      }),
      fc.record({
        kind: fc.constant('repeat' as const),
        at: position,
        bytes: fc
          .constantFrom(
            ' ',
            '\t',
            '"',
            '\\',
            '<',
            ',',
            ';',
            ':',
            '\r\n ',
            '%',
            '[',
            ', ',
            ' ,\t ',
            '; ',
            '%41',
            '\\"',
            ' a',
            'a ',
            '&a=',
            ';a',
            '::',
            '.-',
          )
          .map((text) => encoder.encode(text.repeat(Math.floor(6000 / text.length)))),
      }),
      fc.record({ kind: fc.constant('cut' as const), at: position, bytes: fc.constant(new Uint8Array()) }),
    );
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        let bytes: Uint8Array = seed;
        for (const { kind, at, bytes: extra } of mutations) {
          const before = bytes.subarray(0, Math.min(at, bytes.length));
          const after =
            kind === 'cut'
              ? bytes.subarray(bytes.length)
              : bytes.subarray(Math.min(at + (kind === 'set' ? extra.length : 0), bytes.length));
          bytes = Uint8Array.from([...before, ...extra, ...after]);
        }
        explainMessage(bytes);
        const result = checked(bytes) as { ok: boolean; status?: number; offset?: number; reason?: string };
        if (result.ok) return;
        expect([400, 414, 505, 513]).toContain(result.status);
        expect(result.offset).toBeGreaterThanOrEqual(0);
        expect(result.offset).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 600, seed: 4475 },
    );
    // The time is bounded by that of the test: 600 messages of up to 16,000 bytes.
  }, 5_000);
});
