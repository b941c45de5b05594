/**
 * RTP (RFC 3550) as far as a telephone needs it: the twelve bytes before the sound, and the line of SDP that
 * says where it goes.
 */
import { type G711Name, PAYLOAD_TYPE } from './g711.ts';

/** 20 ms at 8,000 samples a second. */
export const FRAME_SAMPLES = 160;
export const FRAME_MS = 20;

export interface RtpPacket {
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Uint8Array;
}

export function writeRtp(packet: RtpPacket): Buffer {
  const bytes = Buffer.allocUnsafe(12 + packet.payload.length);
  bytes[0] = 0x80;
  bytes[1] = packet.payloadType & 0x7f;
  bytes.writeUInt16BE(packet.sequence & 0xffff, 2);
  bytes.writeUInt32BE(packet.timestamp >>> 0, 4);
  bytes.writeUInt32BE(packet.ssrc >>> 0, 8);
  bytes.set(packet.payload, 12);
  return bytes;
}

/** Undefined for what is no RTP: it is dropped in silence, as the RFC asks of a receiver. */
export function readRtp(bytes: Buffer): RtpPacket | undefined {
  if (bytes.length < 12 || ((bytes[0] as number) & 0xc0) !== 0x80) return undefined;
  const first = bytes[0] as number;
  let start = 12 + 4 * (first & 0x0f);
  if ((first & 0x10) !== 0) {
    if (bytes.length < start + 4) return undefined;
    start += 4 + 4 * bytes.readUInt16BE(start + 2);
  }
  const padding = (first & 0x20) !== 0 ? (bytes[bytes.length - 1] as number) : 0;
  if (start + padding > bytes.length) return undefined;
  return {
    payloadType: (bytes[1] as number) & 0x7f,
    sequence: bytes.readUInt16BE(2),
    timestamp: bytes.readUInt32BE(4),
    ssrc: bytes.readUInt32BE(8),
    payload: bytes.subarray(start, bytes.length - padding),
  };
}

export interface MediaAddress {
  readonly host: string;
  readonly port: number;
  readonly codec: G711Name;
}

/** Where the first audio stream of a description goes, in a codec that we speak; undefined when there is none. */
export function audioOf(sdp: string): MediaAddress | undefined {
  const media = /^m=audio (\d{1,5}) RTP\/AVP ([\d ]+)\s*$/m.exec(sdp);
  if (media === null) return undefined;
  const after = sdp.slice(media.index);
  const host = (/^c=IN IP4 (\S+)\s*$/m.exec(after) ?? /^c=IN IP4 (\S+)\s*$/m.exec(sdp))?.[1];
  const types = (media[2] as string).trim().split(' ').map(Number);
  const type = types.find((number) => number === PAYLOAD_TYPE.PCMU || number === PAYLOAD_TYPE.PCMA);
  const port = Number(media[1]);
  if (host === undefined || type === undefined || port === 0 || port > 65535) return undefined;
  return { host, port, codec: type === PAYLOAD_TYPE.PCMU ? 'PCMU' : 'PCMA' };
}

/** A description of one G.711 stream; `only` answers in the codec that the other side will get. */
export function describeAudio(at: {
  host: string;
  port: number;
  session: number;
  only?: G711Name;
  direction?: string;
}): string {
  const names: readonly G711Name[] = at.only === undefined ? ['PCMU', 'PCMA'] : [at.only];
  const types = names.map((name) => PAYLOAD_TYPE[name]);
  const maps = names.map((name) => `a=rtpmap:${PAYLOAD_TYPE[name]} ${name}/8000\r\n`).join('');
  return (
    `v=0\r\no=holdfast ${at.session} 1 IN IP4 ${at.host}\r\ns=-\r\nc=IN IP4 ${at.host}\r\nt=0 0\r\n` +
    `m=audio ${at.port} RTP/AVP ${types.join(' ')}\r\n${maps}a=ptime:20\r\na=${at.direction ?? 'sendrecv'}\r\n`
  );
}
