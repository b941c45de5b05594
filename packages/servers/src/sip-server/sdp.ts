/**
 * The little that a B2BUA must know of SDP (RFC 4566, RFC 3264): whether a description puts the other side on
 * hold, and a description without media for a leg that has to wait. Everything else passes through untouched.
 */
import { decodeUtf8, encodeUtf8 } from '@holdfast/kernel';

/** RFC 3264 §8.4: sendonly or inactive on the (first) audio, or the connection address 0.0.0.0 of RFC 2543. */
export function isHold(sdp: Uint8Array): boolean {
  const text = decodeUtf8(sdp);
  return /^a=(sendonly|inactive)\s*$/m.test(text) || /^c=IN IP4 0\.0\.0\.0\s*$/m.test(text);
}

/** An offer that opens a leg and carries no sound yet: the other party is still to be called (RFC 3725 §4.4). */
export function inactiveOffer(address: string, session: number): Uint8Array {
  return encodeUtf8(
    `v=0\r\no=holdfast ${session} 1 IN IP4 ${address}\r\ns=-\r\nc=IN IP4 ${address}\r\nt=0 0\r\n` +
      'm=audio 9 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n' +
      'a=rtpmap:101 telephone-event/8000\r\na=inactive\r\n',
  );
}
