import { editConfiguration } from '@holdfast/centre';
import { must } from '@holdfast/kernel';
import { expect, it } from 'vitest';
import { judgeEdit } from './judge-edit.ts';
import { person, revision } from './testing/config-world.ts';

const TWINS: Readonly<Record<string, string>> = { north: 'south', south: 'north' };

/** Its two Switches are kept alike. */
function alike() {
  return revision((list) => {
    person(list, 'supervisor1').rank = 'administrator';
    for (const object of list)
      if (object.objectType === 'Switch')
        object.options = { ...object.options, holdfast: { 'sync-with': must(TWINS[object.name], 'a twin') } };
  });
}

it('[CE13] of an edit counts what follows from it at the other Switch, and more than one entry holds is refused', () => {
  const configuration = alike();
  const edits = ['7001', '7002'].map((number) => ({
    ...{ key: `DN/${number}@north`, patch: { displayName: 'Front desk' } },
  }));
  const { changes } = editConfiguration(configuration, edits);
  const edit = {
    ...{
      configuration,
      changes,
      person: must(configuration.get('Person', 'supervisor1'), 'an administrator'),
    },
  };
  const judge = (most?: number) => judgeEdit(edit, { recent: [], placeOf: () => undefined }, most);

  const keys = judge().changes.map(({ key }) => key);
  expect(keys.toSorted()).toEqual(['DN/7001@north', 'DN/7001@south', 'DN/7002@north', 'DN/7002@south']);
  expect(judge(4)).toEqual(judge());
  expect(judge(4).refusal).toBeUndefined();
  expect(judge(3)).toEqual({
    changes,
    findings: [],
    refusal: {
      code: 'bad-configuration',
      text: 'It would change 4 objects, 2 of them because two Switches are kept alike, and one entry holds 3. Edit them in parts.',
    },
  });
  expect(judge(1).refusal?.text).toContain('4 objects');
});
