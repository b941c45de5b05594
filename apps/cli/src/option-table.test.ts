import { OPTION_LIST } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { optionTable, plainOption } from './option-table.ts';

test('the table names every option with its range, default and meaning', () => {
  const table = optionTable(OPTION_LIST);
  for (const option of OPTION_LIST) expect(table).toContain(`${option.section} / ${option.name}`);
  expect(table).toContain('value: a whole number from 1 to 86400 (s); default: 60');
});

test('as JSON, every option survives the way there and back', () => {
  const options = OPTION_LIST.map(plainOption);
  expect(JSON.parse(JSON.stringify(options))).toEqual(options);
});
