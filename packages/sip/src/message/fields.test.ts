import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRequest } from './build-message.ts';
import {
  callIdOf,
  contactsOf,
  cseqOf,
  expiresOf,
  fromOf,
  headerValue,
  headerValues,
  maxForwardsOf,
  nameAddrs,
  tokensOf,
  topVia,
  vias,
} from './headers.ts';
import { formatNameAddr, parseNameAddr, tagOf } from './name-addr.ts';
import { parseMessage } from './parse-message.ts';
import { serializeMessage } from './serialize-message.ts';
import { formatUri, parseUri, sameUri } from './uri.ts';
import { formatVia, parseVia } from './via.ts';

describe('URIs', () => {
  it('[MS8] compares as RFC 3261 §19.1.4 shows', () => {
    const same = [
      ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtLanTa.CoM;Transport=tcp'],
      ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'],
      ['sip:carol@chicago.com', 'sip:carol@chicago.com;security=on'],
      [
        'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
        'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
      ],
      [
        'sip:alice@atlanta.com?subject=project%20x&priority=urgent',
        'sip:alice@atlanta.com?priority=urgent&subject=project%20x',
      ],
    ];
    for (const [left, right] of same) expect(sameUri(left ?? '', right ?? ''), `${left} ${right}`).toBe(true);
    const different = [
      ['SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP'],
      ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'],
      ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'],
      ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp'],
      ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting'],
      ['sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4'],
      ['sip:carol@chicago.com;newparam=5', 'sip:carol@chicago.com;newparam=6'],
      ['sip:a@b', 'sips:a@b'],
      ['no uri', 'no uri'],
    ];
    for (const [left, right] of different)
      expect(sameUri(left ?? '', right ?? ''), `${left} ${right}`).toBe(false);
  });

  it('[MS8] reads every part and writes it back', () => {
    for (const text of [
      'sip:7001@north',
      'sips:a:b@[2001:db8::9]:5061;lr;x=y?Subject=a%20b',
      'tel:+12025550114;phone-context=x',
      'sip:h',
    ]) {
      const uri = parseUri(text);
      expect(uri && formatUri(uri)).toBe(text);
    }
    expect(parseUri('sip:a%20b@H:5060;LR;Maddr=1.2.3.4')).toEqual({
      scheme: 'sip',
      user: 'a%20b',
      host: 'h',
      port: 5060,
      params: new Map([
        ['lr', null],
        ['maddr', '1.2.3.4'],
      ]),
    });
    expect(formatUri({ scheme: 'sip', user: 'a b@ü', host: 'h', params: new Map() })).toBe(
      'sip:a%20b%40%C3%BC@h',
    );
  });

  it.each([
    'sip:',
    'sip:@h',
    'sip:a@',
    'sip:a b@h',
    'sip:a@h:',
    'sip:a@h:65536',
    'sip:a@h;',
    'sip:a@h;x=',
    'sip:a@h;x;X',
    'sip:a%4@h',
    'sip:a@h?x',
    'sip:a@-h',
    'sip:a@h..x',
    'sip:[::1',
    'sip:[1:2]',
    'sip:[::1::]',
    '1x:y',
    'x:',
    '<sip:a@h>',
    'sip:a@h\u00e9',
  ])('[MS8] refuses %s', (text) => {
    expect(parseUri(text)).toBeUndefined();
  });
});

describe('name-addr and Via', () => {
  it('[MS9] writes back what it read', () => {
    for (const text of [
      '<sip:a@b>',
      '"A \\"B\\" C" <sip:a@b;lr>;tag=x;lr',
      'Ada <sip:a@b>',
      '<sip:a@b>;+sip.instance="<urn:uuid:1>";reg-id=1',
    ]) {
      const address = parseNameAddr(text);
      expect(address && formatNameAddr(address)).toBe(text);
    }
    expect(parseNameAddr('sip:a@b;tag=x')).toEqual({ uri: 'sip:a@b', params: new Map([['tag', 'x']]) });
    for (const text of ['SIP/2.0/UDP h:5060;branch=z9hG4bKx;rport', 'SIP/2.0/TLS [::1];branch=z9hG4bKx']) {
      const via = parseVia(text);
      expect(via && formatVia(via)).toBe(text);
    }
    expect(parseVia('sip / 2.0 / udp  H : 5070 ; rport')).toEqual({
      transport: 'UDP',
      host: 'h',
      port: 5070,
      params: new Map([['rport', null]]),
    });
    expect(parseVia('SIP/2.0/UDP h;received=2001:db8::1')?.params.get('received')).toBe('2001:db8::1');
  });

  it.each([
    '',
    '<sip:a@b',
    'sip:a@b>',
    '"A <sip:a@b>',
    '"A" sip:a@b',
    'A, B <sip:a@b>',
    '<sip:a@b>x',
    '<sip:a@b>;',
    '<sip:a@b>;x=',
    'sip:a@b?x=y',
    '<a>',
    '< sip:a@b>',
  ])('[MS9] refuses %s as a name-addr', (text) => {
    expect(parseNameAddr(text)).toBeUndefined();
  });
});

describe('accessors', () => {
  const message = createRequest({
    method: 'INVITE',
    uri: 'sip:a@b',
    headers: [
      ['v', 'SIP/2.0/UDP a;branch=1, SIP/2.0/TCP b;branch=2'],
      ['Via', 'SIP/2.0/TLS c;branch=3'],
      ['Route', '<sip:r1;lr>, "x, y" <sip:r2;lr>'],
      ['Route', '<sip:r3;lr>'],
      ['Contact', '*'],
      ['Supported', 'timer,100rel ,'],
      ['Supported', 'path'],
      ['Require', 'a b'],
      ['Expires', '4294967296'],
      ['Max-Forwards', '0'],
      ['From', '"x'],
    ],
  });

  it('[MS14] reads lists over several fields and keeps commas in quotes', () => {
    expect(vias(message)?.map((via) => via.host)).toEqual(['a', 'b', 'c']);
    expect(topVia(message)?.params.get('branch')).toBe('1');
    expect(nameAddrs(message, 'route')?.map((route) => route.uri)).toEqual([
      'sip:r1;lr',
      'sip:r2;lr',
      'sip:r3;lr',
    ]);
    expect(headerValues(message, 'supported')).toEqual(['timer', '100rel', 'path']);
    expect(contactsOf(message)).toBe('*');
    expect(maxForwardsOf(message)).toBe(0);
  });

  it('[MS14] reads what is absent or malformed as undefined', () => {
    expect(tokensOf(message, 'require')).toBeUndefined();
    expect(tokensOf(message, 'allow')).toEqual([]);
    expect(expiresOf(message)).toBeUndefined();
    expect(fromOf(message)).toBeUndefined();
    expect(cseqOf(message)).toBeUndefined();
    expect(headerValue(message, 'date')).toBeUndefined();
    expect(nameAddrs(message, 'record-route')).toEqual([]);
  });

  it('[MS14] remembers nothing of the original in a copy', () => {
    expect(vias(message)).toHaveLength(3);
    expect(vias({ ...message, headers: [] })).toBeUndefined();
  });

  it('[MS15] reads quickly only what the general parsers read, in the same way', () => {
    const usual: Readonly<Record<string, readonly string[]>> = {
      Via: ['SIP/2.0/UDP h.example:5060;branch=z9hG4bKa;rport', 'SIP/2.0/TCP 192.0.2.1', 'SIP/2.0/TLS a-b'],
      CSeq: ['1 INVITE', '2147483647 ACK', '0 a'],
      'Call-ID': ['a@b', 'abc', '{<a>}@[b]'],
    };
    const addresses = [
      '"A b" <sip:a@b.c;lr>;tag=x1',
      '<sip:a@b>',
      '<sips:b>;q=0.5;+a="b c"',
      '*',
      'sip:a@b;x',
    ];
    const piece = fc.constantFrom(
      ...';="<>@:,.-* \\xX9%['.split(''),
      '',
      '5060',
      '99999',
      ';tag=',
      ';Tag="a"',
      '..',
      'é',
      '\t',
    );
    const edit = fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 2 }), piece);
    const line = fc
      .constantFrom('Via', 'From', 'To', 'Contact', 'Route', 'Record-Route', 'CSeq', 'Call-ID')
      .chain((key) =>
        fc.tuple(
          fc.constant(key),
          fc.constantFrom(...(usual[key] ?? addresses)),
          fc.array(edit, { maxLength: 2 }),
        ),
      )
      .map(([key, value, edits]): [string, string] => [
        key,
        edits
          .reduce((text, [at, length, extra]) => text.slice(0, at) + extra + text.slice(at + length), value)
          .trim(),
      ]);
    const lines = fc.array(line, { minLength: 1, maxLength: 4 });
    const read = (of: typeof message): unknown => [
      vias(of),
      topVia(of)?.host,
      fromOf(of),
      cseqOf(of),
      contactsOf(of),
      nameAddrs(of, 'route'),
      nameAddrs(of, 'record-route'),
      callIdOf(of),
    ];
    fc.assert(
      fc.property(lines, (headers) => {
        const built = createRequest({ method: 'INVITE', uri: 'sip:a@b', headers });
        const parsed = parseMessage(serializeMessage(built));
        expect(parsed.ok).toBe(true);
        if (parsed.ok) expect(read(parsed.message as typeof message)).toEqual(read(built));
      }),
      { numRuns: 5000, seed: 3261 },
    );
    expect(tagOf(parseNameAddr('<sip:a@b>;TAG=x'))).toBe('x');
  });

  it('[MS15] reads usual URIs as the general parser reads them', () => {
    // Only a scheme in small letters is read quickly, so the same URI with a capital one shows what is right.
    const usual = [
      '7001@h.example:5060;lr;x=y',
      'h',
      'a;b?c@h-1.x',
      '+1(2)@192.0.2.1;transport=udp',
      'a@h?x=y',
      'a:b@[::1]',
    ];
    const piece = fc.constantFrom(
      ...';=?@:.-%&+[]<" Xx9,/'.split(''),
      '',
      '%41',
      '99999',
      ';lr',
      ';LR',
      '..',
      'é',
    );
    const edits = fc.array(fc.tuple(fc.nat({ max: 30 }), fc.nat({ max: 2 }), piece), { maxLength: 2 });
    fc.assert(
      fc.property(fc.constantFrom(...usual), edits, (value, changes) => {
        const rest = changes.reduce(
          (text, [at, length, extra]) => text.slice(0, at) + extra + text.slice(at + length),
          value,
        );
        expect(parseUri(`sip:${rest}`)).toEqual(parseUri(`SIP:${rest}`));
      }),
      { numRuns: 5000, seed: 3986 },
    );
  });
});
