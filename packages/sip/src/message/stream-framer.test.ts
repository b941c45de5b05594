import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HEAD_BYTES_MAX, MESSAGE_BYTES_MAX } from './limits.ts';
import { type Framed, StreamFramer } from './stream-framer.ts';

const encoder = new TextEncoder();

function message(body: string, extra = ''): string {
  const head =
    'MESSAGE sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\n';
  return `${head}${extra}Content-Type: text/plain\r\nContent-Length: ${encoder.encode(body).length}\r\n\r\n${body}`;
}

function framedIn(pieces: readonly Uint8Array[]): { items: Framed[]; framer: StreamFramer } {
  const framer = new StreamFramer();
  const items: Framed[] = [];
  for (const piece of pieces) {
    // The shell may use its buffer again: nothing may be read from it later.
    const lent = Buffer.from(piece);
    items.push(...framer.push(lent));
    lent.fill(0x58);
  }
  return { items, framer };
}

function summary(items: readonly Framed[]): string[] {
  return items.map((item) =>
    item.type === 'message' ? new TextDecoder().decode(item.message.body) : item.type,
  );
}

describe('StreamFramer', () => {
  it('[MS20] finds the same messages however the stream is cut', () => {
    const stream = encoder.encode(`${message('Größe')}\r\n\r\n${message('')}${message('x\r\n\r\ny')}`);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: stream.length }), { maxLength: 12 }), (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const pieces = edges.slice(1).map((edge, index) => stream.subarray(edges[index], edge));
        const { items, framer } = framedIn(pieces);
        expect(summary(items).filter((item) => item !== 'pong')).toEqual(['Größe', 'ping', '', 'x\r\n\r\ny']);
        expect(framer.isMidMessage).toBe(false);
      }),
      { numRuns: 200, seed: 5626 },
    );
    const { items } = framedIn([...stream].map((byte) => Uint8Array.of(byte)));
    expect(summary(items)).toEqual(['Größe', 'pong', 'ping', '', 'x\r\n\r\ny']);
  });

  it('[MS21] tells a ping from its answer', () => {
    expect(summary(framedIn([encoder.encode('\r\n')]).items)).toEqual(['pong']);
    expect(summary(framedIn([encoder.encode('\r\n\r\n')]).items)).toEqual(['ping']);
    expect(summary(framedIn([encoder.encode('\r\n'.repeat(9000))]).items)).toEqual(['ping']);
    expect(
      summary(framedIn([encoder.encode('\r\n'), encoder.encode(message('a')), encoder.encode('\r\n')]).items),
    ).toEqual(['pong', 'a', 'pong']);
  });

  it('[MS22] reads on behind a bad message whose end is known', () => {
    const { items } = framedIn([encoder.encode(message('a', 'bad line\r\n') + message('b'))]);
    expect(items[0]).toMatchObject({
      type: 'bad',
      failure: { status: 400, field: 'header', method: 'MESSAGE' },
    });
    expect(summary(items)).toEqual(['bad', 'b']);
  });

  it.each([
    ['no Content-Length', message('').replace(/Content-Length.*\r\n/, ''), 400],
    ['two Content-Lengths', message('', 'Content-Length: 3\r\n'), 400],
    ['a body over the limit', message('').replace('Content-Length: 0', 'Content-Length: 70000'), 513],
    ['a head without end', `MESSAGE sip:a@b SIP/2.0\r\nX: ${'y'.repeat(HEAD_BYTES_MAX)}`, 513],
    ['a head over every limit that has an end', message('', `X: ${'y'.repeat(MESSAGE_BYTES_MAX)}\r\n`), 513],
    ['no SIP at all', '\x16\x03\x01\x02', 400],
  ])('[MS22] gives up the stream on %s', (_, text, status) => {
    const { items, framer } = framedIn([encoder.encode(text), encoder.encode(message('never'))]);
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ type: 'broken', failure: { status } });
    expect(framer.push(encoder.encode(message('never')))).toEqual([]);
    expect(framer.isMidMessage).toBe(false);
  });
});
