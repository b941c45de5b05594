import { describe, expect, it } from 'vitest';
import { checkMessage } from './check-message.ts';
import { explainMessage } from './explain-message.ts';
import { parseMessage } from './parse-message.ts';

const CONTACT = 'Contact: <sip:7001@192.0.2.1:5060>';
const EVENT = 'o: presence;id=1';

function request(method: string, fields: readonly string[], via = 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa1') {
  const lines = [
    `${method} sip:9000@north.example.com SIP/2.0`,
    `Via: ${via}`,
    'From: <sip:7001@north.example.com>;tag=a1',
    'To: <sip:9000@north.example.com>',
    'Call-ID: a1b2c3',
    `CSeq: 7 ${method}`,
    'Max-Forwards: 70',
    ...fields,
  ];
  return new TextEncoder().encode(`${lines.join('\r\n')}\r\n\r\n`);
}

describe('what a method asks for', () => {
  it.each([
    ['INVITE', [CONTACT]],
    ['UPDATE', ['m: sips:7001@north.example.com']],
    ['REFER', [CONTACT, 'r: <sip:7002@north.example.com?Replaces=a%3Bto-tag%3Db>']],
    ['PRACK', ['RAck: 4294967295 7 INVITE']],
    ['SUBSCRIBE', [CONTACT, EVENT]],
    ['NOTIFY', [CONTACT, EVENT]],
    ['REGISTER', ['Contact: *', 'Expires: 0']],
    ['OPTIONS', []],
    ['BYE', []],
  ])('[MS13] %s with %j is whole', (method, fields) => {
    expect(explainMessage(request(method, fields))).toMatchObject({ ok: true });
  });

  it.each([
    ['INVITE', [], 'Contact'],
    ['INVITE', [CONTACT, CONTACT], 'Contact'],
    ['INVITE', ['Contact: <sip:a@b>, <sip:c@d>'], 'Contact'],
    ['INVITE', ['Contact: *'], 'Contact'],
    ['INVITE', ['Contact: <mailto:a@b>'], 'Contact'],
    ['UPDATE', [], 'Contact'],
    ['REFER', ['Refer-To: <sip:a@b>'], 'Contact'],
    ['REFER', [CONTACT], 'Refer-To'],
    ['REFER', [CONTACT, 'Refer-To: <sip:a@b>', 'r: <sip:c@d>'], 'Refer-To'],
    ['REFER', [CONTACT, 'Refer-To: <sip:a@b>, <sip:c@d>'], 'Refer-To'],
    ['PRACK', [], 'RAck'],
    ['PRACK', ['RAck: 1 INVITE'], 'RAck'],
    ['PRACK', ['RAck: 4294967296 7 INVITE'], 'RAck'],
    ['SUBSCRIBE', [CONTACT], 'Event'],
    ['NOTIFY', [CONTACT], 'Event'],
    ['NOTIFY', [CONTACT, 'Event: ;id=1'], 'Event'],
    ['NOTIFY', [EVENT], 'Contact'],
  ])(
    '[MS13] names what is wrong with %s and %j, and lets it pass to the servers',
    (method, fields, field) => {
      const bytes = request(method, fields);
      expect(explainMessage(bytes)).toMatchObject({ ok: false, status: 400, field });
      const parsed = parseMessage(bytes);
      expect(parsed.ok && checkMessage(parsed.message)).toEqual({ ok: true });
    },
  );

  it('[MS13] names a Via of another version, and takes a request of RFC 2543', () => {
    const odd = explainMessage(request('OPTIONS', [], 'SIP/3.0/UDP 192.0.2.1;branch=z9hG4bKa1'));
    expect(odd).toMatchObject({ ok: false, field: 'Via' });
    expect(explainMessage(request('OPTIONS', [], 'SIP / 2.0 / UDP 192.0.2.1'))).toMatchObject({ ok: true });
    expect(explainMessage(request('INVITE', [], 'SIP/2.0/UDP 192.0.2.1'))).toMatchObject({ ok: true });
    expect(explainMessage(request('INVITE', ['Contact: *'], 'SIP/2.0/UDP 192.0.2.1'))).toMatchObject({
      field: 'Contact',
    });
  });

  it('[MS13] says where the second of a single field begins', () => {
    const bytes = request('REFER', [CONTACT, 'Refer-To: <sip:a@b>', 'r: <sip:c@d>']);
    const found = explainMessage(bytes);
    const offset = found.ok ? -1 : found.offset;
    expect(new TextDecoder().decode(bytes.subarray(offset)).startsWith('<sip:c@d>')).toBe(true);
  });
});
