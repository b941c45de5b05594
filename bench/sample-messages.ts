/**
 * The two messages on which parsers are compared: what a phone sends to register and what a trunk sends to
 * call, each of about 780 bytes, with everything that real ones carry.
 */
function lines(...text: readonly string[]): Uint8Array {
  return new TextEncoder().encode(text.join('\r\n'));
}

export const REGISTER: Uint8Array = lines(
  'REGISTER sip:north.example.com SIP/2.0',
  'Via: SIP/2.0/UDP 192.0.2.31:5062;branch=z9hG4bK-524287-1---7c1f0a52b8e94d0b;rport',
  'Max-Forwards: 70',
  'Contact: <sip:7001@192.0.2.31:5062;ob>;expires=120;+sip.instance="<urn:uuid:5f0d1c1e-6b0a-4f0e-9f3b-2f1f6f1f7001>";reg-id=1',
  'To: "Ada Lovelace" <sip:7001@north.example.com>',
  'From: "Ada Lovelace" <sip:7001@north.example.com>;tag=8f2c47a1',
  'Call-ID: 94f0a1c27d1e4b35bd0f.7001@192.0.2.31',
  'CSeq: 1827 REGISTER',
  'Expires: 120',
  'Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY, MESSAGE',
  'Supported: path, outbound, gruu',
  'User-Agent: Holdfast phone',
  'Route: <sip:edge.north.example.com;lr>',
  'Authorization: Digest username="7001", realm="north", nonce="MTc2MzcxODQwMDphYmNkZWY", uri="sip:north.example.com", response="6629fae49393a05397450978507c4ef1"',
  'Content-Length: 0',
  '',
  '',
);

const SDP = [
  'v=0',
  'o=- 3972012431 3972012431 IN IP4 198.51.100.7',
  's=-',
  'c=IN IP4 198.51.100.7',
  't=0 0',
  'm=audio 18042 RTP/AVP 8 0 101',
  'a=rtpmap:101 telephone-event/8000',
  'a=sendrecv',
  '',
].join('\r\n');

export const INVITE: Uint8Array = lines(
  'INVITE sip:9000@north.example.com SIP/2.0',
  'Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK4b43c2ff8.1;rport',
  'Record-Route: <sip:198.51.100.6;lr;ftag=1c1d9e7a>',
  'Max-Forwards: 68',
  'From: "Grace Hopper" <sip:+12025550114@carrier.example.net;user=phone>;tag=1c1d9e7a',
  'To: <sip:9000@north.example.com;user=phone>',
  'Call-ID: 7b2f4d51a0c34e0c@198.51.100.7',
  'CSeq: 20117 INVITE',
  'Contact: <sip:+12025550114@198.51.100.7:5060;transport=udp>',
  'Route: <sip:edge.north.example.com;lr>',
  'Supported: timer, 100rel',
  'Session-Expires: 1800',
  'Content-Type: application/sdp',
  `Content-Length: ${SDP.length}`,
  '',
  SDP,
);
