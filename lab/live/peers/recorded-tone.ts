/** Whom a telephone of others has heard, from what it has recorded: each party of a test has a tone of its own. */
import { SAMPLE_RATE } from '@holdfast/server';
import type { PeerPhone } from './peer-phone.ts';
import { until } from './processes.ts';
import { dominantTone } from './tone.ts';

const TONE_SLACK_HZ = 15;
/** Of a recording: each call goes on for longer after the fault. */
const LAST_SECONDS = 3;
const RECORDING_MAX_MS = 10_000;

/**
 * In what it has recorded since then there is a second of that tone, once its recorder has finished the file; at the end:
 * in its last seconds, after everything that happened to the call.
 */
export async function hasHeard(
  phone: PeerPhone,
  toneHz: number,
  { length }: Int16Array,
  where: 'anywhere' | 'at the end' = 'anywhere',
): Promise<void> {
  await until(`the phone has recorded ${toneHz} Hz ${where}`, RECORDING_MAX_MS, () => {
    const heard = phone.heard().subarray(length);
    const first = where === 'anywhere' ? 0 : Math.max(0, heard.length - LAST_SECONDS * SAMPLE_RATE);
    for (let at = first; at + SAMPLE_RATE <= heard.length; at += SAMPLE_RATE / 4) {
      const hz = dominantTone(heard.subarray(at, at + SAMPLE_RATE));
      if (hz !== undefined && Math.abs(hz - toneHz) <= TONE_SLACK_HZ) return true;
    }
    return false;
  });
}
