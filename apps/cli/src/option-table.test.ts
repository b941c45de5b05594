import { OPTION_LIST, PROPERTIES } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { optionTable, plainOption, plainProperty, propertyTable } from './option-table.ts';

test('the table names every option with its range, default and meaning', () => {
  const table = optionTable(OPTION_LIST);
  for (const option of OPTION_LIST) expect(table).toContain(`${option.section} / ${option.name}`);
  expect(table).toContain('value: a whole number from 1 to 86400 (s); default: 60');
});

test('as JSON, every option survives the way there and back', () => {
  const options = OPTION_LIST.map(plainOption);
  expect(JSON.parse(JSON.stringify(options))).toEqual(options);
});

test('both say of each whether this release acts on it', () => {
  const nobody = OPTION_LIST.filter(({ actsOn }) => actsOn === null).length;
  expect(optionTable(OPTION_LIST).split('acted on by: nobody in this release')).toHaveLength(nobody + 1);
  expect(OPTION_LIST.map(plainOption).filter(({ isActedOn }) => isActedOn === false)).toHaveLength(nobody);
});

test('the properties of applications and connections are told likewise', () => {
  const table = propertyTable(PROPERTIES);
  expect(table).toContain('connection: addp.timeout');
  expect(table).toContain('value: a number from 0.1 to 3600 (s); default: 10');
  const plain = PROPERTIES.map(plainProperty);
  expect(JSON.parse(JSON.stringify(plain))).toEqual(plain);
});
