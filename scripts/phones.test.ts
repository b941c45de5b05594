/** docs/phones.md shows what was tried: its settings are those with which the lab starts the phones of others. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { accountOf } from '../lab/live/peers/baresip.ts';
import { linphonercOf } from '../lab/live/peers/linphone.ts';
import { argumentsOf } from '../lab/live/peers/sipp.ts';
import { findOption } from '../packages/protocol/src/index.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = readFileSync(`${root}docs/phones.md`, 'utf8');

/** The lines of the first example under this heading. */
function example(heading: string): string[] {
  const [, text = ''] = new RegExp(`## ${heading}[\\s\\S]*?\`\`\`\\n([\\s\\S]*?)\\n\`\`\``).exec(page) ?? [];
  return text.split('\n');
}

const PHONE = {
  folder: '.',
  number: '7999',
  password: 'fake-phone-password',
  registrars: [5160, 5260],
  realm: 'holdfast',
  toneHz: 440,
  registerEveryS: 30,
} as const;

test('the accounts of baresip are those of the lab', () => {
  expect(example('baresip')).toEqual(PHONE.registrars.map((port) => accountOf(PHONE, port).trimEnd()));
});

test('each section of linphonerc has the lines of the lab, and no other', () => {
  const sections = (lines: readonly string[]) => {
    const found = new Map<string, string[]>();
    for (const line of lines)
      if (line.startsWith('[')) found.set(line, []);
      else [...found.values()].at(-1)?.push(line);
    return found;
  };
  const tried = sections(linphonercOf(PHONE, 5080, 7078).trimEnd().split('\n'));
  const shown = sections(example('linphone'));
  expect([...shown.keys()]).toEqual(['[sip]', '[auth_info_0]', '[proxy_0]', '[proxy_1]']);
  for (const [section, lines] of shown) {
    // What concerns the machine of the test alone (ports, one address) is left out.
    if (section === '[sip]') expect(tried.get(section)).toEqual(expect.arrayContaining(lines));
    else expect(lines).toEqual(tried.get(section));
  }
});

test('sipp is started as the lab starts it', () => {
  const [register = '', answer = ''] = example('sipp');
  const common = { folder: '.', port: 5070, calls: 1 } as const;
  const registering = argumentsOf({
    ...common,
    scenario: { embedded: 'register.xml' },
    remote: '127.0.0.1:5160',
    service: PHONE.number,
    credentials: { user: PHONE.number, password: PHONE.password },
    keys: { realm: PHONE.realm, expires: '60' },
  });
  for (const word of register.split(' ').filter((each) => each !== 'sipp' && each !== '-sf'))
    expect(registering).toContain(word);
  for (const word of answer.split(' ').filter((each) => each !== 'sipp'))
    expect(argumentsOf({ ...common, scenario: { embedded: 'uas' } })).toContain(word);
});

test('the limits and defaults that it names are those of the catalogue', () => {
  const said: readonly (readonly [string, string])[] = [
    ['registrar-min-timeout', '10 s'],
    ['registrar-max-timeout', '3600 s'],
    ['registrar-timeout-spread', '20 %'],
  ];
  for (const [name, value] of said) {
    expect(page).toContain(`\`${name}\` (${value})`);
    expect(findOption('holdfast', name)?.default).toBe(value.split(' ')[0]);
  }
  expect(findOption('holdfast', 'registration-scheme')?.default).toBe('active-backup');
  expect(findOption('holdfast', 'realm')?.default).toBe('holdfast');
});
