import { decodeUtf8, encodeUtf8 } from '@holdfast/kernel';
import { describe, expect, it } from 'vitest';
import { continued, inactive, isHold, unrestricted } from './sdp.ts';

const text = (lines: string[]) => encodeUtf8(`${lines.join('\r\n')}\r\n`);
const description = (origin: string, port = 4000, direction = 'sendrecv') =>
  text([
    'v=0',
    `o=${origin}`,
    's=-',
    'c=IN IP4 10.0.0.9',
    't=0 0',
    `m=audio ${port} RTP/AVP 0`,
    `a=${direction}`,
  ]);

describe('SDP, as much as a B2BUA needs', () => {
  it('[SS19] keeps the origin line of an end and counts its version up when the party changes', () => {
    const first = description('ada 11 7 IN IP4 10.0.1.1');
    const other = description('bob 22 3 IN IP4 10.0.1.2', 5000);
    expect(continued(undefined, first)).toBe(first);
    const second = continued(first, other);
    expect(decodeUtf8(second)).toContain('o=ada 11 8 IN IP4 10.0.1.1\r\n');
    expect(decodeUtf8(second)).toContain('m=audio 5000');
    // The same party goes on counting by itself, until its count has fallen behind.
    const next = description('bob 22 4 IN IP4 10.0.1.2', 5002);
    expect(decodeUtf8(continued(second, next))).toContain('o=ada 11 9 ');
    const own = description('ada 11 8 IN IP4 10.0.1.1', 4002);
    expect(continued(first, own)).toBe(own);
  });

  it('[SS19] sends the same description as the same bytes, and a changed one never under the same version', () => {
    const first = description('ada 11 7 IN IP4 10.0.1.1');
    expect(continued(first, description('ada 11 7 IN IP4 10.0.1.1'))).toBe(first);
    const changed = continued(first, description('ada 11 7 IN IP4 10.0.1.1', 4002));
    expect(decodeUtf8(changed)).toContain('o=ada 11 8 ');
    const huge = description('ada 11 18446744073709551614 IN IP4 10.0.1.1');
    expect(decodeUtf8(continued(huge, first))).toContain('o=ada 11 18446744073709551615 ');
  });

  it('[SS19] leaves what has no origin line as it came', () => {
    const broken = encodeUtf8('v=0\r\ns=-\r\n');
    const first = description('ada 11 7 IN IP4 10.0.1.1');
    expect(continued(first, broken)).toBe(broken);
    expect(continued(broken, first)).toBe(first);
  });

  it('[SS25] takes sendonly, inactive and the address 0.0.0.0 for hold, by the first audio stream alone', () => {
    expect(isHold(description('a 1 1 IN IP4 x'))).toBe(false);
    expect(isHold(description('a 1 1 IN IP4 x', 4000, 'sendonly'))).toBe(true);
    expect(isHold(description('a 1 1 IN IP4 x', 4000, 'inactive'))).toBe(true);
    expect(isHold(description('a 1 1 IN IP4 x', 4000, 'recvonly'))).toBe(false);
    const session = ['v=0', 'o=a 1 1 IN IP4 x', 's=-', 'c=IN IP4 0.0.0.0', 'a=sendonly', 't=0 0'];
    expect(isHold(text([...session, 'm=audio 4000 RTP/AVP 0']))).toBe(true);
    // The stream's own line goes over the session's.
    const live = ['m=audio 4000 RTP/AVP 0', 'c=IN IP4 10.0.0.9', 'a=sendrecv'];
    expect(isHold(text([...session, ...live]))).toBe(false);
    expect(isHold(text([...session, ...live, 'm=video 0 RTP/AVP 99', 'a=inactive']))).toBe(false);
    expect(isHold(encodeUtf8('rubbish'))).toBe(false);
  });

  it('[SS23] makes an offer of an answer that could only listen', () => {
    const listening = description('ada 1 1 IN IP4 x', 4000, 'recvonly');
    expect(decodeUtf8(unrestricted(listening))).toBe(decodeUtf8(description('ada 1 1 IN IP4 x')));
    const free = description('ada 1 1 IN IP4 x');
    expect(unrestricted(free)).toBe(free);
  });

  it('[SS25] puts every stream of a description to rest', () => {
    const both = text(['v=0', 'a=sendrecv', 'm=audio 1 RTP/AVP 0', 'a=sendonly', 'm=video 2 RTP/AVP 9']);
    expect(decodeUtf8(inactive(both))).toBe(
      'v=0\r\nm=audio 1 RTP/AVP 0\r\na=inactive\r\nm=video 2 RTP/AVP 9\r\na=inactive\r\n',
    );
  });
});
