import { decodeUtf8, encodeUtf8 } from '@holdfast/kernel';
import { expect, test } from 'vitest';
import { answeringDirection, readSdp, writeSdp } from './sdp.ts';

const sdp = (...lines: string[]) => encodeUtf8(`${lines.join('\r\n')}\r\n`);
const own = { host: '10.0.0.1', port: 4000, direction: 'sendrecv', session: 7, version: 2 } as const;

test('[PH13] what is written is read back', () => {
  expect(readSdp(writeSdp(own))).toEqual({
    host: '10.0.0.1',
    port: 4000,
    direction: 'sendrecv',
    payloads: [0, 8],
  });
  expect(decodeUtf8(writeSdp(own))).toContain('o=- 7 2 IN IP4 10.0.0.1\r\n');
  expect(decodeUtf8(writeSdp({ ...own, host: '::1' }))).toContain('c=IN IP6 ::1\r\n');
});

test('[PH13] the stream’s own address and direction go before those of the session; video is passed over', () => {
  const read = readSdp(
    sdp(
      'v=0',
      'c=IN IP4 1.1.1.1',
      'a=inactive',
      'm=video 9 RTP/AVP 31',
      'c=IN IP4 3.3.3.3',
      'm=audio 4000/1 RTP/AVP 18 8 0',
      'c=IN IP4 2.2.2.2/127',
      'a=sendonly',
      'm=audio 6 RTP/AVP 0',
      'a=recvonly',
    ),
  );
  expect(read).toEqual({ host: '2.2.2.2', port: 4000, direction: 'sendonly', payloads: [8, 0] });
});

test.each([
  ['nothing', ''],
  ['no audio', 'c=IN IP4 1.1.1.1\nm=video 5 RTP/AVP 0'],
  ['a refused stream', 'c=IN IP4 1.1.1.1\nm=audio 0 RTP/AVP 0'],
  ['no codec of ours', 'c=IN IP4 1.1.1.1\nm=audio 5 RTP/AVP 18'],
  ['encrypted audio', 'c=IN IP4 1.1.1.1\nm=audio 5 RTP/SAVP 0'],
  ['no address', 'm=audio 5 RTP/AVP 0'],
  ['a port beyond 65535', 'c=IN IP4 1.1.1.1\nm=audio 70000 RTP/AVP 0'],
  ['no SDP at all', '\u0000\u0001 <xml/>'],
])('[PH13] no audio for us in %s', (_what, text) => {
  expect(readSdp(encodeUtf8(text))).toBeUndefined();
});

test('[PH11] hold as RFC 2543 did it, and the answers to each direction', () => {
  expect(readSdp(sdp('c=IN IP4 0.0.0.0', 'm=audio 5 RTP/AVP 0'))?.direction).toBe('inactive');
  expect(answeringDirection('sendonly')).toBe('recvonly');
  expect(answeringDirection('recvonly')).toBe('sendonly');
  expect(answeringDirection('inactive')).toBe('inactive');
  expect(answeringDirection('sendrecv', 'sendonly')).toBe('sendonly');
  expect(answeringDirection('recvonly', 'sendonly')).toBe('sendonly');
  expect(answeringDirection('sendonly', 'sendonly')).toBe('inactive');
});
