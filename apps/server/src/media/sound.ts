/**
 * The sounds that the project makes for itself: a tone, and music to wait by. Sixteen slow bars of broken
 * chords, soft enough for a telephone; nobody's rights are touched.
 */
import { SAMPLE_RATE } from './wav.ts';

export function makeTone(frequencyHz: number, seconds: number, amplitude = 0.3): Int16Array {
  const samples = new Int16Array(Math.round(seconds * SAMPLE_RATE));
  for (let i = 0; i < samples.length; i++) {
    samples[i] = Math.round(32767 * amplitude * Math.sin((2 * Math.PI * frequencyHz * i) / SAMPLE_RATE));
  }
  return samples;
}

/** A minor, F, C, G: half steps above A3. */
const CHORDS = [
  [0, 3, 7, 12],
  [-4, 0, 3, 8],
  [3, 7, 10, 15],
  [-2, 2, 5, 10],
] as const;
const NOTE_SECONDS = 0.4;
const BARS = 16;

export function makeMusic(): Int16Array {
  const noteLength = Math.round(NOTE_SECONDS * SAMPLE_RATE);
  const samples = new Int16Array(BARS * 4 * noteLength);
  for (let note = 0; note < BARS * 4; note++) {
    const chord = CHORDS[Math.floor(note / 4) % CHORDS.length] as readonly number[];
    const halfSteps = chord[note % 4] as number;
    const frequency = 220 * 2 ** (halfSteps / 12);
    for (let i = 0; i < 2 * noteLength && note * noteLength + i < samples.length; i++) {
      const seconds = i / SAMPLE_RATE;
      const loudness = 0.22 * Math.exp(-3 * seconds) * Math.min(1, i / 80);
      const wave =
        Math.sin(2 * Math.PI * frequency * seconds) + 0.3 * Math.sin(4 * Math.PI * frequency * seconds);
      const at = note * noteLength + i;
      samples[at] = (samples[at] as number) + Math.round(32767 * loudness * wave);
    }
  }
  return samples;
}
