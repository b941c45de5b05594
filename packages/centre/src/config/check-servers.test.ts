import { expect, test } from 'vitest';
import { changed, type Fields, load, pairFiles, problemsOf, withOption } from './test-configuration.ts';

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

/** A pair at north whose backup is changed, and then its primary. */
function sipPair(
  ofBackup: (backup: Fields) => void,
  ofPrimary: (primary: Fields) => void = () => undefined,
): string[] {
  const files = JSON.parse(JSON.stringify(pairFiles())) as ReturnType<typeof pairFiles>;
  const servers = files.flatMap(({ data }) => (data as Record<string, Fields[]>).applications ?? []);
  for (const server of servers) {
    if (server.name === 'sip-north-b') ofBackup(server);
    if (server.name === 'sip-north') ofPrimary(server);
  }
  return problemsOf(files);
}

const setTo = (section: string, values: Fields) => (server: Fields) => {
  const options = server.options as Record<string, Fields>;
  server.options = { ...options, [section]: { ...options[section], ...values } };
};

test('[CF23] the two SIP Servers of a pair share the SIP address, and nobody else may', () => {
  expect(sipPair(() => undefined)).toEqual([]);
  expect(sipPair(setTo('TServer', { 'sip-port': '5161' }))).toEqual([
    'Application/sip-north-b: TServer/sip-port: SIP is spoken at 127.0.0.1:5161 here and at 127.0.0.1:5160 in Application "sip-north", of which this is the backup: the address moves with the role. Set sip-address and sip-port to the same in both, or in both the sip-name whose DNS SRV records name both.',
  ]);
  expect(sipPair(setTo('TServer', { 'sip-address': '127.0.0.2' }))).toHaveLength(1);
  expect(
    sipPair((backup) => {
      backup.switch = 'south';
    }),
  ).toContainEqual(
    expect.stringContaining('It controls Switch "south", and Application "sip-north", of which this is'),
  );
  expect(
    sipPair((backup) => {
      backup.ports = { default: '5111' };
    }),
  ).toEqual([expect.stringContaining('Port 5111 of 127.0.0.1 is already used by sip-north (ports.default)')]);
  expect(problemsOf(withOption('applications', 'sip-south', 'TServer', 'sip-port', '5160'))).toEqual([
    expect.stringContaining('Port 5160 of 127.0.0.1 is already used by sip-north (TServer/sip-port)'),
  ]);
});

test('[CF23] with a name for both in DNS SRV the two have SIP addresses of their own, and both that name', () => {
  const named = setTo('holdfast', { 'sip-name': 'north.example.net' });
  const ownPort = (backup: Fields) => {
    setTo('TServer', { 'sip-port': '5161' })(backup);
    named(backup);
  };
  expect(sipPair(ownPort, named)).toEqual([]);
  expect(sipPair(ownPort)).toEqual([
    expect.stringContaining(
      'Contacts carry "north.example.net" here and "its address" in Application "sip-north"',
    ),
  ]);
  expect(sipPair(named, named)).toEqual([
    expect.stringContaining('sip-name is for members with addresses of their own'),
  ]);
});

test('[CF23] the primary of a pair has a port on which its backup connects', () => {
  const without = (primary: Fields) => {
    primary.ports = { default: '5111' };
  };
  expect(sipPair(() => undefined, without)).toEqual([
    'Application/sip-north: ports: A SIP Server with a backup needs a port "pair": there "sip-north-b" connects to it. Set one.',
  ]);
});

test('[CF23] [option holdfast/arbiter-endpoints] a pair on two Hosts has one arbiter that both name', () => {
  const atSouth = (backup: Fields) => {
    backup.host = 'south-host';
  };
  const named = setTo('holdfast', { 'arbiter-endpoints': 'http://10.0.0.1:2379,http://10.0.0.2:2379' });
  expect(sipPair(atSouth)).toEqual([
    expect.stringContaining('The endpoints of the arbiter are needed for a pair on two Hosts: "unset" here'),
  ]);
  const both = (backup: Fields) => {
    atSouth(backup);
    named(backup);
  };
  expect(sipPair(both, named)).toEqual([]);
  expect(sipPair(named)).toEqual([expect.stringContaining('The endpoints of the arbiter differ')]);
});
