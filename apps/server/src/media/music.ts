/** What waiting callers hear where the treatment is music: the file of the option `holdfast/music`, or the project's own. */
import { readFile } from 'node:fs/promises';
import { type Configuration, levelOf, resolveOption } from '@holdfast/centre';
import { OPTIONS } from '@holdfast/protocol';
import { CannotRun } from '../role.ts';
import { makeMusic } from './sound.ts';
import { readWav } from './wav.ts';

export async function musicOf(configuration: Configuration, application: string): Promise<Int16Array> {
  const object = configuration.get('Application', application);
  const levels = object === undefined ? [] : [levelOf(`Application/${application}`, object)];
  const file = resolveOption(OPTIONS.holdfast.music, levels)?.value;
  if (file === undefined) return makeMusic();
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    // It is missing or may not be read.
    throw new CannotRun(`Application/${application}: option holdfast/music: ${(error as Error).message}`);
  }
  const wav = readWav(bytes);
  if (!wav.ok)
    throw new CannotRun(
      `Application/${application}: option holdfast/music: ${file} cannot be played: ${wav.reason}.`,
    );
  return wav.samples;
}
