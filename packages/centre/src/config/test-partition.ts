/** Two sites that lose each other, edit, and meet again, for the tests of the merge. */
import { type ConfigObject, type ObjectOf, type ObjectType, objectKey } from '@holdfast/protocol';
import { checkObjects } from './load-configuration.ts';
import { type Merge, mergeBranch } from './merge.ts';
import type { Conflict } from './merge-object.ts';
import { fieldName } from './object-pieces.ts';
import { sha256 } from './test-configuration.ts';
import { bank, LogOfEdits } from './test-log.ts';

export const BANK = bank();

type Edits = readonly (ConfigObject | string)[];

/** What is sound stays sound. Each edit is an entry: of ada on the main line at 1 s, 2 s …, of ben at the cut-off site half a second later. */
export function partition(
  base: readonly ConfigObject[],
  main: Edits,
  branch: Edits,
): Merge & { readonly after: LogOfEdits } {
  const since = { epoch: 3, number: 100 };
  const [ours, theirs] = [new LogOfEdits(base, since), new LogOfEdits(base, since)];
  for (const [i, edit] of main.entries()) ours.edit({ at: 1_000 * (i + 1), who: 'ada' }, edit);
  for (const [i, edit] of branch.entries()) theirs.edit({ at: 1_000 * (i + 1) + 500, who: 'ben' }, edit);
  const merge = mergeBranch({ base, main: ours.entries, branch: theirs.entries });
  if (!merge.ok) throw new Error(merge.text);
  const wasSound = isSound(ours.objects);
  ours.append({ at: 99_000, who: 'merge' }, [...merge.changes]);
  if (wasSound && !isSound(ours.objects)) throw new Error('the merge has broken the object model');
  return { ...merge, after: ours };
}

function isSound(objects: readonly ConfigObject[]): boolean {
  return checkObjects(
    objects.map((object) => ({ file: '', object })),
    [],
    sha256,
  ).ok;
}

export function of<Type extends ObjectType>(
  type: Type,
  name: string,
  objects: readonly ConfigObject[] = BANK,
): ObjectOf<Type> {
  const found = objects.find((object) => objectKey(object) === `${type}/${name}`);
  if (found === undefined) throw new Error(`no ${type}/${name}`);
  return found as ObjectOf<Type>;
}

export const KIM = of('Person', 'agent7001');

export const named = ({ key, path }: Conflict) => `${key}: ${fieldName(path)}`;
