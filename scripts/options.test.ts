/**
 * The option catalogue is true: whatever says that this release acts on it has a test in which changing it changes a
 * decision or a message, and the title of that test names it, `[option SECTION/NAME]` or `[property OWNER/NAME]`.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { OPTION_LIST, optionName, PROPERTIES, propertyName } from '../packages/protocol/src/index.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Speaks of titles and has none of them. */
const OWN = 'scripts/options.test.ts';

/** What the titles of all tests name, with the files where they stand. */
function titles(): ReadonlyMap<string, string> {
  const listed = execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '*.test.ts'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  const found = new Map<string, string>();
  const others = listed.split('\n').filter((file) => file !== '' && file !== OWN && existsSync(root + file));
  for (const file of others)
    for (const [, name = ''] of readFileSync(root + file, 'utf8').matchAll(
      // At the beginning of a title, or behind another mark.
      /(?:['"`]|\] )\[((?:option|property) [^\]\n${]+)\]/g,
    ))
      found.set(name, file);
  return found;
}

const acted = [
  ...OPTION_LIST.filter(({ actsOn }) => actsOn !== null).map((option) => `option ${optionName(option)}`),
  ...PROPERTIES.filter(({ actsOn }) => actsOn !== null).map((one) => `property ${propertyName(one)}`),
];

test('every option and property that is acted on has a test in which changing it changes something', () => {
  const tested = titles();
  expect(acted.filter((name) => !tested.has(name))).toEqual([]);
});

test('every test that names an option or a property names one that is acted on', () => {
  const known = new Set(acted);
  expect([...titles()].filter(([name]) => !known.has(name))).toEqual([]);
});

test('the titles are found at all', () => {
  expect(titles().get('option holdfast/realm')).toBe(
    'packages/servers/src/sip-server/options-registrar.test.ts',
  );
});
