/**
 * As much of SDP (RFC 4566, RFC 3264) as a telephone needs: one audio stream with G.711. Reads what others write,
 * writes the two codecs that every telephone has, and DTMF digits (RFC 4733).
 */
import { decodeUtf8, encodeUtf8 } from '@holdfast/kernel';

export type MediaDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** Where RTP of one side is received. */
export interface MediaAddress {
  readonly host: string;
  readonly port: number;
}

export interface AudioDescription extends MediaAddress {
  /** As the writer of the description sees it. */
  readonly direction: MediaDirection;
  /** 0 is PCMU, 8 is PCMA: those of the description that we know, in its order. */
  readonly payloads: readonly (0 | 8)[];
}

export interface OwnDescription extends MediaAddress {
  readonly direction: MediaDirection;
  /** Stay the same for one call; the version grows with each change (RFC 3264 §8). */
  readonly session: number;
  readonly version: number;
  readonly payloads?: readonly (0 | 8)[];
}

export function writeSdp(own: OwnDescription): Uint8Array {
  const payloads = own.payloads ?? [0, 8];
  const family = own.host.includes(':') ? 'IP6' : 'IP4';
  const lines = [
    'v=0',
    `o=- ${own.session} ${own.version} IN ${family} ${own.host}`,
    's=-',
    `c=IN ${family} ${own.host}`,
    't=0 0',
    `m=audio ${own.port} RTP/AVP ${payloads.join(' ')} 101`,
    ...payloads.map((payload) => `a=rtpmap:${payload} ${payload === 0 ? 'PCMU' : 'PCMA'}/8000`),
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-15',
    'a=ptime:20',
    `a=${own.direction}`,
  ];
  return encodeUtf8(`${lines.join('\r\n')}\r\n`);
}

const DIRECTION = /^a=(sendrecv|sendonly|recvonly|inactive)$/;
/** Longer descriptions are not read; those of telephones have a few hundred bytes. */
const SDP_BYTES_MAX = 16_384;

/** The first audio stream that is not refused; undefined when there is none that we could take part in. */
export function readSdp(body: Uint8Array | undefined): AudioDescription | undefined {
  if (body === undefined || body.length === 0 || body.length > SDP_BYTES_MAX) return undefined;
  let host: string | undefined;
  let direction: MediaDirection = 'sendrecv';
  let audio:
    | { host: string | undefined; port: number; payloads: (0 | 8)[]; direction?: MediaDirection }
    | undefined;
  let isInAudio = false;
  for (const line of decodeUtf8(body).split(/\r?\n/)) {
    const media = /^m=(\S+) (\d{1,5})(?:\/\d+)? (\S+) (.*)$/.exec(line);
    if (media !== null) {
      isInAudio = audio === undefined && media[1] === 'audio' && media[2] !== '0' && media[3] === 'RTP/AVP';
      if (isInAudio)
        audio = { host: undefined, port: Number(media[2]), payloads: g711In(media[4] as string) };
      continue;
    }
    if (line.startsWith('m=')) isInAudio = false;
    const connection = /^c=IN IP[46] (\S+)/.exec(line)?.[1]?.replace(/\/.*$/, '');
    const said = DIRECTION.exec(line)?.[1] as MediaDirection | undefined;
    if (isInAudio && audio !== undefined) {
      if (connection !== undefined) audio.host = connection;
      if (said !== undefined) audio.direction = said;
    } else if (audio === undefined) {
      host = connection ?? host;
      direction = said ?? direction;
    }
  }
  const address = audio?.host ?? host;
  if (audio === undefined || address === undefined || audio.port > 65_535 || audio.payloads.length === 0)
    return undefined;
  // RFC 2543 put a call on hold by the address 0.0.0.0.
  const isHeld = address === '0.0.0.0' || address === '::';
  return {
    host: address,
    port: audio.port,
    direction: isHeld ? 'inactive' : (audio.direction ?? direction),
    payloads: audio.payloads,
  };
}

function g711In(formats: string): (0 | 8)[] {
  return formats
    .split(' ')
    .flatMap((format) => (format === '0' ? [0 as const] : format === '8' ? [8 as const] : []));
}

/** The answer to a direction: what the other side only sends we only receive (RFC 3264 §6.1). */
export function answeringDirection(
  offered: MediaDirection,
  wanted: MediaDirection = 'sendrecv',
): MediaDirection {
  const sends = maySend(wanted) && mayReceive(offered);
  const receives = mayReceive(wanted) && maySend(offered);
  return sends ? (receives ? 'sendrecv' : 'sendonly') : receives ? 'recvonly' : 'inactive';
}

export function maySend(direction: MediaDirection): boolean {
  return direction === 'sendrecv' || direction === 'sendonly';
}

function mayReceive(direction: MediaDirection): boolean {
  return direction === 'sendrecv' || direction === 'recvonly';
}
