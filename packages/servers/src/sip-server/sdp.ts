/**
 * The little that a B2BUA must know of SDP (RFC 4566, RFC 3264): whether a description puts the other side on
 * hold, a description without media for a leg that has to wait, and the line by which one end recognises that
 * descriptions of different parties belong to the one session that it has with us. Media pass through untouched.
 */
import { decodeUtf8, encodeUtf8 } from '@holdfast/kernel';

/** RFC 3264 §8.4: sendonly or inactive on the first audio stream, or the connection address 0.0.0.0 of RFC 2543. */
export function isHold(sdp: Uint8Array): boolean {
  // What stands before the first stream holds for all of them; the second is none of our business.
  const [session = '', ...streams] = decodeUtf8(sdp).split(/^m=/m);
  const audio = streams.find((stream) => stream.startsWith('audio')) ?? '';
  const direction = DIRECTION.exec(audio)?.[1] ?? DIRECTION.exec(session)?.[1];
  const address = ADDRESS.exec(audio)?.[1] ?? ADDRESS.exec(session)?.[1];
  return direction === 'sendonly' || direction === 'inactive' || address === '0.0.0.0';
}

const DIRECTION = /^a=(sendrecv|sendonly|recvonly|inactive)\s*$/m;
const ADDRESS = /^c=IN IP[46] (\S+)\s*$/m;

/** An offer that opens a leg and carries no sound yet: the other party is still to be called (RFC 3725 §4.4). */
export function inactiveOffer(address: string, session: number): Uint8Array {
  const family = address.includes(':') ? 'IP6' : 'IP4';
  return encodeUtf8(
    `v=0\r\no=holdfast ${session} 1 IN ${family} ${address}\r\ns=-\r\nc=IN ${family} ${address}\r\nt=0 0\r\n` +
      'm=audio 9 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n' +
      'a=rtpmap:101 telephone-event/8000\r\na=inactive\r\n',
  );
}

/** The description with every stream put to rest: the answer to a caller who holds while music waits for it. */
export function inactive(sdp: Uint8Array): Uint8Array {
  const text = decodeUtf8(sdp).replace(/^a=(sendrecv|sendonly|recvonly|inactive)\s*\n/gm, '');
  const [session = '', ...streams] = text.split(/^m=/m);
  return encodeUtf8(session + streams.map((stream) => `m=${stream}a=inactive\r\n`).join(''));
}

/**
 * A description as an offer to somebody else, when it was the answer to an announcer: that the one could only
 * listen there says nothing about the other.
 */
export function unrestricted(answer: Uint8Array): Uint8Array {
  const text = decodeUtf8(answer);
  const free = text.replace(/^a=(sendonly|recvonly|inactive)(?=\s*$)/gm, 'a=sendrecv');
  return free === text ? answer : encodeUtf8(free);
}

/**
 * What one end is sent after it was told `told`. RFC 3264 §8: the origin line stays that of the first description
 * and its version grows, also when the one that is described is now another party; strict phones take anything
 * else for an error. What comes from the same party as before passes as it is.
 */
export function continued(told: Uint8Array | undefined, next: Uint8Array): Uint8Array {
  if (told === undefined || told === next) return next;
  const nextText = decodeUtf8(next);
  const toldText = decodeUtf8(told);
  if (toldText === nextText) return told;
  const before = ORIGIN.exec(toldText);
  const now = ORIGIN.exec(nextText);
  if (before === null || now === null) return next;
  const [, user, session, version = '0', address] = before;
  const isSameSession = now[1] === user && now[2] === session && now[4] === address;
  if (isSameSession && BigInt(now[3] ?? 0) > BigInt(version)) return next;
  const line = `o=${user} ${session} ${BigInt(version) + 1n} ${address}`;
  return encodeUtf8(nextText.replace(ORIGIN, () => line));
}

const ORIGIN = /^o=(\S+) (\S+) (\d{1,20}) ([^\r\n]*)/m;

export function sameDescription(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
