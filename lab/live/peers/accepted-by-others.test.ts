import {
  createRequest,
  createResponse,
  formatNameAddr,
  type HeaderLines,
  type SipRequest,
  serializeMessage,
} from '@holdfast/sip';
import { describe, expect, it } from 'vitest';
import { complaints } from './accepted-by-others.ts';

const SDP =
  'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';

const ADDRESSES = [
  { uri: 'sip:7001@north.example.com', params: new Map() },
  { displayName: 'Ada', uri: 'sip:7001@north.example.com:5070;transport=tcp', params: new Map() },
  { displayName: 'Größe "x" \\', uri: 'sips:+12025550114@gw.example.com;user=phone', params: new Map() },
];

const METHODS: readonly (readonly [method: string, extra: HeaderLines, body?: string])[] = [
  [
    'REGISTER',
    [
      ['Expires', '120'],
      ['Supported', 'path, outbound'],
      [
        'Authorization',
        'Digest username="7001", realm="north", nonce="x", uri="sip:north", response="00", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="y"',
      ],
    ],
  ],
  [
    'INVITE',
    [
      ['Session-Expires', '1800;refresher=uac'],
      ['Allow', 'INVITE, ACK, BYE'],
      ['Content-Type', 'application/sdp'],
    ],
    SDP,
  ],
  ['ACK', []],
  ['BYE', [['Reason', 'Q.850;cause=16;text="Normal"']]],
  ['PRACK', [['RAck', '1 1 INVITE']]],
  ['REFER', [['Refer-To', '<sip:9000@north.example.com?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>']]],
  [
    'NOTIFY',
    [
      ['Event', 'refer'],
      ['Subscription-State', 'active;expires=60'],
      ['Content-Type', 'message/sipfrag'],
    ],
    'SIP/2.0 100 Trying\r\n',
  ],
  [
    'REFER',
    [
      ['r', '"Help, desk" <sip:8000@north.example.com;method=INVITE>'],
      ['Referred-By', '<sip:7001@north.example.com>'],
    ],
  ],
  [
    'NOTIFY',
    [
      ['o', 'refer;id=4711'],
      ['Subscription-State', 'terminated;reason=noresource'],
      ['Content-Type', 'message/sipfrag;version=2.0'],
    ],
    'SIP/2.0 200 OK\r\nContact: <sip:8000@192.0.2.3>\r\n',
  ],
  ['MESSAGE', [['Content-Type', 'text/plain; charset=UTF-8']], 'Grüße 大停電'],
];

function requests(): SipRequest[] {
  return METHODS.flatMap(([method, extra, body]) =>
    ADDRESSES.map((address) =>
      createRequest({
        method,
        uri: 'sip:9000@north.example.com;transport=udp',
        headers: [
          ['Via', 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKabc;rport'],
          ['Route', '<sip:edge.example.com;lr>'],
          ['Record-Route', '<sip:edge.example.com;lr>'],
          ['Max-Forwards', '70'],
          ['From', formatNameAddr({ ...address, params: new Map([['tag', 'f1']]) })],
          ['To', formatNameAddr(address)],
          ['Call-ID', 'abc-def@192.0.2.1'],
          ['CSeq', `4711 ${method}`],
          [
            'Contact',
            formatNameAddr({
              ...address,
              params: new Map([
                ['+sip.instance', '<urn:uuid:1>'],
                ['reg-id', '1'],
              ]),
            }),
          ],
          ...extra,
        ],
        ...(body === undefined ? {} : { body }),
      }),
    ),
  );
}

function objections(bytes: Uint8Array): string[] {
  return complaints(bytes);
}

describe('messages that we build', () => {
  it('[MS23] are accepted by the parsers of jssip and sip', () => {
    for (const request of requests()) {
      expect(
        objections(serializeMessage(request)),
        new TextDecoder().decode(serializeMessage(request)),
      ).toEqual([]);
      for (const status of [100, 180, 200, 302, 401, 423, 486, 503, 603]) {
        const response = createResponse(request, status, {
          toTag: 't1',
          headers: [
            ['Contact', '<sip:a@b>;expires=60'],
            ['Server', 'Holdfast'],
          ],
        });
        expect(objections(serializeMessage(response))).toEqual([]);
      }
    }
  });

  it('[MS23] are judged: what is malformed is not accepted', () => {
    const [request] = requests();
    const text = new TextDecoder().decode(serializeMessage(request as SipRequest));
    for (const bad of [
      text.replace('From: <', 'From: "'),
      text.replace('CSeq: 4711 ', 'CSeq: '),
      text.replace(/^\S+ /, ''),
      text.replace('SIP/2.0/UDP', 'SIP'),
    ]) {
      expect(complaints(new TextEncoder().encode(bad))).not.toEqual([]);
    }
  });
});
