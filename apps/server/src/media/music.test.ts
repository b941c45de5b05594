import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeConfiguration } from '@holdfast/centre';
import { applicationObject } from '@holdfast/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { musicOf } from './music.ts';
import { makeMusic, makeTone } from './sound.ts';
import { writeWav } from './wav.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-music-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** What is played at a SIP Server with this option. */
function played(music?: string): Promise<Int16Array> {
  const server = applicationObject.parse({
    objectType: 'Application',
    name: 'sip-north',
    type: 'SIPServer',
    options: music === undefined ? {} : { holdfast: { music } },
  });
  return musicOf(
    makeConfiguration([server], (text) => text),
    'sip-north',
  );
}

test('[option holdfast/music] callers who wait hear its file, else music of our own', async () => {
  const tone = makeTone(440, 0.1);
  const file = join(folder, 'tone.wav');
  await writeFile(file, writeWav(tone));
  expect(await played(file)).toEqual(tone);
  expect(await played()).toEqual(makeMusic());
});

test('a file that is missing, or no sound, is named with its object and option', async () => {
  const missing = join(folder, 'missing.wav');
  await expect(played(missing)).rejects.toThrow(
    /Application\/sip-north: option holdfast\/music: .*missing\.wav/,
  );
  const text = join(folder, 'text.wav');
  await writeFile(text, 'no sound');
  await expect(played(text)).rejects.toThrow('text.wav cannot be played: it is no RIFF/WAVE file');
});
