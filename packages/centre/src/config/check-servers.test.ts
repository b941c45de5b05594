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

test('[CF23] the two offer TLS and WebSocket alike: at the same ports, or with a name both at ports of their own', () => {
  const files = { 'sip-tls-cert': '/etc/sip.pem', 'sip-tls-cert-key': '/etc/sip.key' };
  const ports =
    (tls: string, ws: string, more: Fields = {}) =>
    (server: Fields) => {
      setTo('TServer', { ...files, 'sip-port-tls': tls, ...more })(server);
      setTo('holdfast', { 'sip-port-ws': ws })(server);
    };
  expect(sipPair(ports('5261', '5280'), ports('5261', '5280'))).toEqual([]);
  expect(sipPair(ports('5262', '5280'), ports('5261', '5280'))).toEqual([
    'Application/sip-north-b: TServer/sip-port-tls: It is 5262 here and 5261 in Application "sip-north", of which this is the backup: phones could not go on after a takeover. Set it in both to the same, or in none.',
  ]);
  expect(sipPair(() => undefined, setTo('holdfast', { 'sip-port-ws': '5280' }))).toEqual([
    expect.stringContaining('holdfast/sip-port-ws: It is unset here and 5280 in'),
  ]);
  const named =
    (tls: string, ws: string, more: Fields = {}) =>
    (server: Fields) => {
      ports(tls, ws, more)(server);
      setTo('holdfast', { 'sip-name': 'north.example.net' })(server);
    };
  expect(sipPair(named('5262', '5281', { 'sip-port': '5161' }), named('5261', '5280'))).toEqual([]);
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

test('[CF26] TLS without its certificate and key is refused, and a port of SIP that somebody else has', () => {
  const about = (values: Record<string, string>, section = 'TServer') =>
    problemsOf(changed('applications', 'sip-north', (object) => setTo(section, values)(object)));
  const remedy = 'Set the path of a file in PEM, or remove';
  expect(about({ 'sip-port-tls': '5261' })).toEqual([
    `Application/sip-north: TServer/sip-port-tls: TLS needs a certificate and its key, and TServer/sip-tls-cert and TServer/sip-tls-cert-key are not set. ${remedy} TServer/sip-port-tls.`,
  ]);
  expect(about({ 'sip-port-wss': '5281' }, 'holdfast')).toEqual([
    expect.stringContaining(`${remedy} holdfast/sip-port-wss.`),
  ]);
  const cert = { 'sip-tls-cert': '/etc/sip.pem' };
  expect(about({ ...cert, 'sip-port-tls': '5261' })).toEqual([
    expect.stringContaining('and TServer/sip-tls-cert-key is not set'),
  ]);
  expect(about({ 'sip-port-ws': '5280' }, 'holdfast')).toEqual([]);
  // The port of its own UDP and TCP, and one of the other site's clients.
  for (const port of ['5160', '5211'])
    expect(about({ 'sip-port-ws': port }, 'holdfast')).toEqual([
      expect.stringContaining(`Port ${port} of 127.0.0.1 is already used by`),
    ]);
});
