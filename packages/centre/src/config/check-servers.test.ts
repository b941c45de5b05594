import { expect, test } from 'vitest';
import { changed, type Fields, load, problemsOf, withOption } from './test-configuration.ts';

type Application = 'sip' | 'stat' | 'config';

/** The server at south as the backup of the one at north, with what their options in `interaction-workspace` say. */
function pairOf(part: Application, primary: Fields, backup: Fields): string[] {
  const files = changed('applications', `${part}-north`, (server) => {
    server.backup = `${part}-south`;
    server.options = { ...(server.options as Fields), 'interaction-workspace': primary };
  });
  const servers = files.flatMap(({ data }) => (data as Record<string, Fields[]>).applications ?? []);
  const other = servers.find(({ name }) => name === `${part}-south`);
  if (other === undefined) throw new Error('missing');
  other.options = { ...(other.options as Fields), 'interaction-workspace': backup };
  // Who has lost its SIP Server to another site is another matter.
  return problemsOf(files).filter((problem) => problem.includes('whose backup this is'));
}

const SITE = 'disaster-recovery.site';
const NAME = 'disaster-recovery.name';

test.each<[Application]>([['sip'], ['stat'], ['config']])(
  '[CF19] a pair of %s servers at two sites is refused, and both are named',
  (part) => {
    expect(pairOf(part, { [SITE]: 'north' }, { [SITE]: 'north ' })).toEqual([]);
    expect(pairOf(part, { [SITE]: 'north' }, { [SITE]: 'west' })).toEqual([
      `Application/${part}-south: interaction-workspace/${SITE}: ${SITE} is "west" here and "north" in Application "${part}-north", whose backup this is: a pair is at one site and of one group. Set the same in both, or name another backup there.`,
    ]);
  },
);

test('[CF19] a pair of SIP Servers of two groups is refused; unset is the group default', () => {
  const named = (first: Fields, second: Fields) =>
    pairOf('sip', { [SITE]: 'north', ...first }, { [SITE]: 'north', ...second });
  expect(named({}, { [NAME]: 'default' })).toEqual([]);
  expect(named({ [NAME]: 'one' }, { [NAME]: 'one' })).toEqual([]);
  expect(named({ [NAME]: 'one' }, {})).toEqual([
    expect.stringContaining(`${NAME} is "default" here and "one" in Application "sip-north"`),
  ]);
});

test('[CF22] a dr-peer-trunk that is no enabled Trunk of the Switch is warned of', () => {
  const about = (number: string) => {
    const loaded = load(withOption('applications', 'sip-north', 'TServer', 'dr-peer-trunk', number));
    if (!loaded.ok) throw new Error('was refused');
    return loaded.warnings.map(({ object, field, text }) => `${object} ${field} ${text}`);
  };
  expect(about('trunk-north')).toEqual([]);
  const remedy =
    'in Switch "north", so that a graceful shutdown can send callers nowhere. Name an enabled DN of type Trunk.';
  expect(about('trunk-south')).toEqual([
    `Application/sip-north TServer/dr-peer-trunk "trunk-south" is no DN ${remedy}`,
  ]);
  expect(about('8000')).toEqual([
    `Application/sip-north TServer/dr-peer-trunk "8000" is a DN of type ACDQueue ${remedy}`,
  ]);
});
