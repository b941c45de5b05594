/**
 * Which tone a recording holds: each side of a call sends its own, so that a test can tell *whose* sound came.
 */
import { writeFileSync } from 'node:fs';
import { makeTone, SAMPLE_RATE, writeWav } from '@holdfast/server';
import { toneShare } from '../rtp-stream.ts';

/** Looked for from 200 to 1,500 Hz; our tones are more than a hundred Hz apart. */
const LOWEST_HZ = 200;
const HIGHEST_HZ = 1_500;
const STEP_HZ = 10;
/**
 * Parts of 50 ms are judged one by one: a jitter buffer that drops or repeats a little of the sound on a busy
 * machine shifts the phase, and over a longer part the tone would cancel itself out.
 */
const PART_SAMPLES = SAMPLE_RATE / 20;
/** Quieter than this is silence (root of the mean square; full scale is 32,767). */
const SILENCE_RMS = 300;
/** With less of its energy in one tone, on average over its parts, a recording is noise or music. */
const SHARE_MIN = 0.5;

/** The one tone that a recording holds; undefined for silence, noise or music. Silent parts count against it. */
export function dominantTone(samples: Int16Array): number | undefined {
  const parts: Int16Array[] = [];
  for (let at = 0; at + PART_SAMPLES <= samples.length; at += PART_SAMPLES)
    parts.push(samples.subarray(at, at + PART_SAMPLES));
  const loud = parts.filter((part) => rms(part) >= SILENCE_RMS);
  let best = { hz: 0, share: 0 };
  for (let hz = LOWEST_HZ; hz <= HIGHEST_HZ; hz += STEP_HZ) {
    const share = loud.reduce((sum, part) => sum + toneShare(part, hz), 0) / parts.length;
    if (share > best.share) best = { hz, share };
  }
  return best.share < SHARE_MIN ? undefined : best.hz;
}

function rms(part: Int16Array): number {
  let energy = 0;
  for (const sample of part) energy += sample * sample;
  return Math.sqrt(energy / part.length);
}

export function writeTone(file: string, hz: number, seconds: number): void {
  writeFileSync(file, writeWav(makeTone(hz, seconds)));
}
