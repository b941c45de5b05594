import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { Announcer } from './announcer.ts';
import { decodeG711, encodeG711, type G711Name } from './g711.ts';
import { audioOf, describeAudio, readRtp, writeRtp } from './rtp.ts';
import { makeMusic, makeTone } from './sound.ts';
import { readWav, SAMPLE_RATE, writeWav } from './wav.ts';

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const thing of opened.splice(0)) thing.close();
});

/** Energy of one frequency (Goertzel) as a share of all energy: about 1 for a pure tone, about 0 for its absence. */
function share(samples: Int16Array, frequencyHz: number): number {
  const k = 2 * Math.cos((2 * Math.PI * frequencyHz) / SAMPLE_RATE);
  let [a, b, all] = [0, 0, 0];
  for (const sample of samples) {
    [a, b] = [sample + k * a - b, a];
    all += sample * sample;
  }
  return (2 * (a * a + b * b - k * a * b)) / (samples.length * all);
}

test.each(['PCMU', 'PCMA'] as const)(
  '%s keeps a tone: what is decoded is within 3 %% of what was encoded',
  (name: G711Name) => {
    const tone = makeTone(440, 0.1);
    const back = decodeG711(name, encodeG711(name, tone));
    for (let i = 0; i < tone.length; i++) {
      expect(Math.abs((back[i] as number) - (tone[i] as number))).toBeLessThanOrEqual(
        16 + 0.035 * Math.abs(tone[i] as number),
      );
    }
  },
);

test('a WAV that was written is read again, and what is no WAV is refused by name', () => {
  const music = makeMusic();
  const read = readWav(writeWav(music));
  expect(read.ok && read.samples).toEqual(music);
  expect(readWav(Buffer.from('no sound'))).toEqual({ ok: false, reason: 'it is no RIFF/WAVE file' });
  const stereo = writeWav(makeTone(440, 0.1));
  stereo.writeUInt16LE(2, 22);
  expect(readWav(stereo)).toMatchObject({ ok: false, reason: expect.stringContaining('2 channels') });
});

test('an RTP packet is read as it was written; noise is not', () => {
  const packet = {
    payloadType: 8,
    sequence: 65535,
    timestamp: 4294967295,
    ssrc: 77,
    payload: Buffer.from([1, 2, 3]),
  };
  expect(readRtp(writeRtp(packet))).toEqual(packet);
  expect(readRtp(Buffer.from([0x80, 8, 0]))).toBeUndefined();
  expect(readRtp(Buffer.from([0xbf, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))).toBeUndefined();
});

test('the audio of a description: its own connection line wins, other codecs and a closed stream are none', () => {
  const described = describeAudio({ host: '127.0.0.1', port: 4000, session: 1 });
  expect(audioOf(described)).toEqual({ host: '127.0.0.1', port: 4000, codec: 'PCMU' });
  expect(audioOf(described.replace('RTP/AVP 0 8', 'RTP/AVP 8 0'))).toMatchObject({ codec: 'PCMA' });
  expect(audioOf(`${described}c=IN IP4 127.0.0.9\r\n`)).toMatchObject({ host: '127.0.0.9' });
  expect(audioOf(described.replace('RTP/AVP 0 8', 'RTP/AVP 9'))).toBeUndefined();
  expect(audioOf(described.replace('audio 4000', 'audio 0'))).toBeUndefined();
});

test('a caller hears the tone, in the codec that it offered first, until the treatment stops', async () => {
  const announcer = await Announcer.open({
    host: '127.0.0.1',
    port: 0,
    sounds: { music: makeMusic(), tone: makeTone(440, 1) },
  });
  const caller = createSocket('udp4');
  opened.push(announcer, caller);
  caller.bind(0, '127.0.0.1');
  await once(caller, 'listening');
  const heard: number[] = [];
  const enough = new Promise<void>((resolve) => {
    caller.on('message', (bytes) => {
      const packet = readRtp(bytes);
      if (packet?.payloadType === 8) heard.push(...decodeG711('PCMA', packet.payload));
      if (heard.length >= 1600) resolve();
    });
  });
  const offer = describeAudio({ host: '127.0.0.1', port: caller.address().port, session: 1, only: 'PCMA' });
  const answer = announcer.start('c1', 'tone', Buffer.from(offer));
  expect('sdp' in answer && audioOf(Buffer.from(answer.sdp).toString())).toEqual({
    host: '127.0.0.1',
    port: announcer.port,
    codec: 'PCMA',
  });
  await enough;
  expect(share(Int16Array.from(heard), 440)).toBeGreaterThan(0.9);
  expect(share(Int16Array.from(heard), 880)).toBeLessThan(0.05);
  announcer.stop('c1');
});

test('a caller without G.711 is refused with the reason', async () => {
  const announcer = await Announcer.open({
    host: '127.0.0.1',
    port: 0,
    sounds: { music: makeMusic(), tone: makeTone(440, 1) },
  });
  opened.push(announcer);
  expect(announcer.start('c1', 'music', Buffer.from('v=0\r\nm=audio 4000 RTP/AVP 96\r\n'))).toEqual({
    refused: 'the caller offers no G.711 audio',
  });
});
