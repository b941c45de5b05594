/**
 * The plain form of a WAV file (RIFF, PCM, 16 bit, one channel, 8,000 samples a second): what the announcer
 * plays and what tests record.
 */
export const SAMPLE_RATE = 8000;

export type WavResult =
  | { readonly ok: true; readonly samples: Int16Array }
  | { readonly ok: false; readonly reason: string };

export function readWav(file: Buffer): WavResult {
  if (
    file.length < 12 ||
    file.toString('latin1', 0, 4) !== 'RIFF' ||
    file.toString('latin1', 8, 12) !== 'WAVE'
  ) {
    return { ok: false, reason: 'it is no RIFF/WAVE file' };
  }
  let format: Buffer | undefined;
  for (let at = 12; at + 8 <= file.length; ) {
    const name = file.toString('latin1', at, at + 4);
    const length = file.readUInt32LE(at + 4);
    const chunk = file.subarray(at + 8, Math.min(file.length, at + 8 + length));
    if (name === 'fmt ') format = chunk;
    if (name === 'data')
      return format === undefined
        ? { ok: false, reason: 'its format chunk is missing' }
        : readData(format, chunk);
    at += 8 + length + (length % 2);
  }
  return { ok: false, reason: 'its data chunk is missing' };
}

function readData(format: Buffer, data: Buffer): WavResult {
  if (format.length < 16) return { ok: false, reason: 'its format chunk is cut off' };
  const [kind, channels, rate, bits] = [
    format.readUInt16LE(0),
    format.readUInt16LE(2),
    format.readUInt32LE(4),
    format.readUInt16LE(14),
  ];
  if (kind !== 1 || channels !== 1 || rate !== SAMPLE_RATE || bits !== 16) {
    return {
      ok: false,
      reason: `it has format ${kind}, ${channels} channels, ${rate} samples a second and ${bits} bits; PCM, one channel, 8000 and 16 bits are wanted`,
    };
  }
  const samples = new Int16Array(Math.floor(data.length / 2));
  for (let i = 0; i < samples.length; i++) samples[i] = data.readInt16LE(2 * i);
  return { ok: true, samples };
}

export function writeWav(samples: Int16Array): Buffer {
  const file = Buffer.alloc(44 + 2 * samples.length);
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(36 + 2 * samples.length, 4);
  file.write('WAVEfmt ', 8, 'latin1');
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(SAMPLE_RATE, 24);
  file.writeUInt32LE(2 * SAMPLE_RATE, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36, 'latin1');
  file.writeUInt32LE(2 * samples.length, 40);
  for (let i = 0; i < samples.length; i++) file.writeInt16LE(samples[i] as number, 44 + 2 * i);
  return file;
}
