import { describe, expect, it } from 'vitest';
import { read, Scenario, text } from '../dialog/scenario.ts';
import { createRequest, type HeaderLines } from '../message/build-message.ts';
import { checkMessage } from '../message/check-message.ts';
import { headerValue, nameAddrs } from '../message/headers.ts';
import type { SipRequest } from '../message/message.ts';
import { parseMessage } from '../message/parse-message.ts';
import { serializeMessage } from '../message/serialize-message.ts';

const DIALOG: HeaderLines = [
  ['Via', 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKr'],
  ['Max-Forwards', '70'],
  ['From', '<sip:7001@north.example.com>;tag=a'],
  ['To', '<sip:7002@north.example.com>;tag=b'],
  ['Call-ID', 'refer@192.0.2.1'],
];
const REPLACES = '<sip:9000@north.example.com?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>';

function written(method: string, headers: HeaderLines, body = ''): SipRequest {
  const request = createRequest({
    method,
    uri: 'sip:7002@192.0.2.2',
    headers: [...DIALOG, ['CSeq', `2 ${method}`], ...headers],
    body,
  });
  const parsed = parseMessage(serializeMessage(request));
  if (!parsed.ok || parsed.message.kind !== 'request') throw new Error('not read as a request');
  expect(checkMessage(parsed.message)).toEqual({ ok: true });
  expect(parsed.message).toEqual({ ...request, headers: parsed.message.headers });
  return parsed.message;
}

describe('REFER and NOTIFY (RFC 3515)', () => {
  it('[MS24] are built, written and read like any other message', () => {
    for (const [value, uri] of [
      [REPLACES, 'sip:9000@north.example.com?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc'],
      ['"Help, desk" <sip:8000@north.example.com;method=INVITE>', 'sip:8000@north.example.com;method=INVITE'],
      ['<tel:+12025550114>', 'tel:+12025550114'],
    ] as const) {
      for (const name of ['Refer-To', 'r']) {
        const refer = written('REFER', [
          [name, value],
          ['Referred-By', '<sip:7001@north.example.com>'],
        ]);
        expect(headerValue(refer, 'refer-to')).toBe(value);
        expect(nameAddrs(refer, 'refer-to')?.map((address) => address.uri)).toEqual([uri]);
      }
    }
    for (const [state, fragment] of [
      ['active;expires=60', 'SIP/2.0 100 Trying\r\n'],
      ['terminated;reason=noresource', 'SIP/2.0 200 OK\r\nContact: <sip:9000@192.0.2.3>\r\n'],
      ['terminated;reason=noresource', 'SIP/2.0 603 Declined\r\n'],
    ] as const) {
      for (const name of ['Event', 'o']) {
        const notify = written(
          'NOTIFY',
          [
            [name, 'refer;id=2'],
            ['Subscription-State', state],
            ['Content-Type', 'message/sipfrag;version=2.0'],
          ],
          fragment,
        );
        expect(headerValue(notify, 'event')).toBe('refer;id=2');
        expect(headerValue(notify, 'subscription-state')).toBe(state);
        expect(read(notify.body)).toBe(fragment);
        // A fragment is the beginning of a message: with the empty line that ends its head it is read as one.
        const outcome = parseMessage(text(`${fragment}\r\n`));
        expect(outcome).toMatchObject({ ok: true, message: { status: Number(fragment.slice(8, 11)) } });
      }
    }
  });

  it('[MS24] pass through a dialog: 202, then NOTIFY of the progress the other way', () => {
    const s = new Scenario();
    const { alice, bob } = s.connect();
    for (const [side, status] of [
      ['bob', 202],
      ['alice', 200],
    ] as const) {
      s.on(side, 'inDialogRequest', (event) =>
        s.act(side, (agent, now) => agent.respond(now, event.transaction, status)),
      );
    }
    s.act('alice', (agent, now) =>
      agent.sendInDialog(now, alice, 'REFER', { headers: [['Refer-To', REPLACES]] }),
    );
    s.run(s.now + 10);
    expect(headerValue(s.last('bob', 'inDialogRequest').request, 'refer-to')).toBe(REPLACES);
    expect(s.last('alice', 'inDialogResponse')).toMatchObject({ method: 'REFER', status: 202 });
    const headers: HeaderLines = [
      ['Event', 'refer'],
      ['Subscription-State', 'terminated;reason=noresource'],
      ['Content-Type', 'message/sipfrag'],
    ];
    const body = text('SIP/2.0 200 OK\r\n');
    s.act('bob', (agent, now) => agent.sendInDialog(now, bob, 'NOTIFY', { headers, body }));
    s.run(s.now + 10);
    const { request } = s.last('alice', 'inDialogRequest');
    expect([request.method, headerValue(request, 'event'), read(request.body)]).toEqual([
      ...['NOTIFY', 'refer', 'SIP/2.0 200 OK\r\n'],
    ]);
    expect(s.last('bob', 'inDialogResponse')).toMatchObject({ method: 'NOTIFY', status: 200 });
  });

  it('[IS39] name our Contact; a side that knows no subscription, or is silent, is still in the call', () => {
    for (const answers of [true, false]) {
      const s = new Scenario();
      const { alice, bob } = s.connect();
      if (answers)
        s.on('alice', 'inDialogRequest', (event) =>
          s.act('alice', (agent, now) => agent.respond(now, event.transaction, 481)),
        );
      const headers: HeaderLines = [
        ['Event', 'refer'],
        ['Subscription-State', 'active;expires=60'],
      ];
      s.act('bob', (agent, now) => agent.sendInDialog(now, bob, 'NOTIFY', { headers }));
      s.run(s.now + 40_000);
      const { request } = s.last('alice', 'inDialogRequest');
      expect(headerValue(request, 'contact')).toMatch(/^<sip:.+>$/);
      expect(s.last('bob', 'inDialogResponse')).toMatchObject({ status: answers ? 481 : 504 });
      expect(s.ends.bob.legInfo(bob)?.state).toBe('established');
      expect(s.ends.alice.legInfo(alice)?.state).toBe('established');
    }
  });
});
