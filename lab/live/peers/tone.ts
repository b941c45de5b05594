/**
 * Which tone a recording holds: each side of a call sends its own, so that a test can tell *whose* sound came.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { makeTone, readWav, SAMPLE_RATE, writeWav } from '@holdfast/server';
import { toneShare } from '../rtp-stream.ts';

/** Looked for from 200 to 1,500 Hz; our tones are hundreds of Hz apart. */
const LOWEST_HZ = 200;
const HIGHEST_HZ = 1_500;
const STEP_HZ = 5;
/** Parts of this length are judged one by one, so that silence at the start of a recording does not matter. */
const PART_SAMPLES = SAMPLE_RATE / 2;
/** Quieter than this is silence (root of the mean square; full scale is 32,767). */
const SILENCE_RMS = 300;
/** A part with less of its energy in one tone is noise or music. */
const SHARE_MIN = 0.5;

/** The tone of the most parts of half a second, and in how many; undefined when there is none. */
export function dominantTone(
  samples: Int16Array,
): { readonly hz: number; readonly seconds: number } | undefined {
  const parts = new Map<number, number>();
  for (let at = 0; at + PART_SAMPLES <= samples.length; at += PART_SAMPLES) {
    const hz = toneOfPart(samples.subarray(at, at + PART_SAMPLES));
    if (hz !== undefined) parts.set(hz, (parts.get(hz) ?? 0) + 1);
  }
  const [best] = [...parts].sort((a, b) => b[1] - a[1]);
  return best === undefined ? undefined : { hz: best[0], seconds: (best[1] * PART_SAMPLES) / SAMPLE_RATE };
}

function toneOfPart(part: Int16Array): number | undefined {
  let energy = 0;
  for (const sample of part) energy += sample * sample;
  if (Math.sqrt(energy / part.length) < SILENCE_RMS) return undefined;
  let best = { hz: 0, share: 0 };
  for (let hz = LOWEST_HZ; hz <= HIGHEST_HZ; hz += STEP_HZ) {
    const share = toneShare(part, hz);
    if (share > best.share) best = { hz, share };
  }
  return best.share < SHARE_MIN ? undefined : best.hz;
}

export function dominantToneOf(file: string): ReturnType<typeof dominantTone> {
  const wav = readWav(readFileSync(file));
  if (!wav.ok) throw new Error(`${file}: ${wav.reason}`);
  return dominantTone(wav.samples);
}

export function writeTone(file: string, hz: number, seconds: number): void {
  writeFileSync(file, writeWav(makeTone(hz, seconds)));
}
