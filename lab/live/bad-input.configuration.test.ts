/**
 * Mistakes in configuration files, as the real Configuration Server tells them to whoever starts it: exit status 2,
 * and on stderr the object, the field or option, the value, and what is allowed. What only costs desks an option is
 * warned of in its log, and it starts.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeWorld, writeConfiguration } from '@holdfast/server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts } from './free-ports.ts';
import { Program } from './peers/processes.ts';

const BINARY = fileURLToPath(new URL('../../.build/server.mjs', import.meta.url));
/** A start on a busy machine; a server that does not end by itself by then has accepted what it should refuse. */
const REFUSED_WITHIN_MS = 15_000;

const STARTS_AT_ONCE = 4;

const folder = mkdtempSync(join(tmpdir(), 'holdfast-bad-configuration-'));
const good = join(folder, 'good');
let ports: [number, number, number, number, number, number];

beforeAll(async () => {
  ports = (await freePorts(6)) as typeof ports;
  const [configNorth, clientsNorth, sipNorth, configSouth, clientsSouth, sipSouth] = ports;
  const common = { address: '127.0.0.1', gateway: '127.0.0.1:5999' };
  const { objects } = await makeWorld({
    agents: 4,
    sites: [
      { ...common, name: 'north', configPort: configNorth, clientPort: clientsNorth, sipPort: sipNorth },
      { ...common, name: 'south', configPort: configSouth, clientPort: clientsSouth, sipPort: sipSouth },
    ],
    password: 'fake-password',
    phonePassword: 'fake-phone-password',
  });
  await writeConfiguration(good, objects, 'json');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly status: number | null;
  readonly stderr: string;
}

function serve(...args: string[]): Promise<Run> {
  return new Promise((resolve) => {
    const options = { timeout: REFUSED_WITHIN_MS, killSignal: 'SIGKILL' as const };
    const child = execFile(process.execPath, [BINARY, ...args], options, (_error, _stdout, stderr) =>
      resolve({ status: child.exitCode, stderr }),
    );
  });
}

type Fields = Record<string, unknown>;
type Content = Record<string, Fields[]>;

/** The good configuration with one file changed, started. */
async function serveWith(file: string, change: (text: string) => string): Promise<Run> {
  const changed = mkdtempSync(join(folder, 'changed-'));
  cpSync(good, changed, { recursive: true });
  writeFileSync(join(changed, file), change(readFileSync(join(changed, file), 'utf8')));
  return serve('--application', 'config-north', '--files', changed);
}

/** One object, found by its name, or number and switch. */
const object =
  (list: string, name: string, change: (object: Fields) => void) =>
  (text: string): string => {
    const content = JSON.parse(text) as Content;
    const found = content[list]?.find((one) => [one.name, `${one.number}@${one.switch}`].includes(name));
    if (found === undefined) throw new Error(`no ${name} in ${list}`);
    change(found);
    return JSON.stringify(content);
  };

const field = (list: string, name: string, key: string, value: unknown) =>
  object(list, name, (found) => {
    found[key] = value;
  });

const option = (list: string, name: string, path: string, value: string) =>
  object(list, name, (found) => {
    const [section = '', key = ''] = path.split('/');
    const options = (found.options ?? {}) as Record<string, Fields>;
    found.options = { ...options, [section]: { ...options[section], [key]: value } };
  });

const DESK = 'interaction-workspace';

/** What is wrong, where, and all that stderr must name: object, field or option, value, what is allowed. */
const MISTAKES: readonly (readonly [
  what: string,
  file: string,
  change: (text: string) => string,
  named: readonly string[],
])[] = [
  ['no JSON', 'servers.json', () => '{"hosts": [', ['servers.json', 'not JSON']],
  ['a list for a file', 'servers.json', () => '[]', ['servers.json', 'a map of lists', 'applications']],
  ['an unknown list', 'servers.json', () => '{"widgets":[]}', ['widgets', 'Unknown list', 'tenants']],
  [
    'an unknown field',
    'servers.json',
    field('applications', 'sip-north', 'color', 'red'),
    ['Application/sip-north', 'color', 'no such field'],
  ],
  [
    'an unknown type',
    'servers.json',
    field('applications', 'sip-north', 'type', 'SipServer'),
    ['Application/sip-north', 'type', '"SipServer"', 'SIPServer'],
  ],
  [
    'a port out of range',
    'servers.json',
    field('applications', 'sip-north', 'ports', { default: 70_000 }),
    ['Application/sip-north', 'ports.default', '70000', '65535'],
  ],
  [
    'a port in words',
    'servers.json',
    field('applications', 'config-north', 'ports', { default: 'high' }),
    ['Application/config-north', 'ports.default', '"high"', 'number'],
  ],
  [
    'a port used twice',
    'servers.json',
    (text) => {
      const found = JSON.parse(text) as Content;
      const other = found.applications?.find(({ name }) => name === 'config-south');
      return field('applications', 'sip-north', 'ports', other?.ports)(text);
    },
    ['Port', '127.0.0.1', 'already used by'],
  ],
  [
    'an address that is none',
    'servers.json',
    field('hosts', 'north-host', 'address', 'not an address'),
    ['Host/north-host', 'address', '"not an address"', 'an IP address or a host name'],
  ],
  [
    'a host that is not there',
    'servers.json',
    field('applications', 'sip-north', 'host', 'nowhere'),
    ['Application/sip-north', 'host', '"nowhere"', 'There is no Host'],
  ],
  [
    'a connection to nobody',
    'servers.json',
    field('applications', 'workspace', 'connections', [{ server: 'sip-west' }]),
    ['Application/workspace', 'connections.0', '"sip-west"', 'There is no Application'],
  ],
  [
    'an ADDP time-out of nothing',
    'servers.json',
    field('applications', 'workspace', 'connections', [{ server: 'sip-north', addp: { timeout: 0 } }]),
    ['Application/workspace', 'connections.0.addp.timeout', '"0"', '0.1'],
  ],
  [
    'a backup of another type',
    'servers.json',
    field('applications', 'sip-north', 'backup', 'config-north'),
    ['Application/sip-north', 'backup', 'another Application of type SIPServer'],
  ],
  [
    'a Switch of another server',
    'servers.json',
    field('applications', 'sip-south', 'switch', 'north'),
    ['switch', '"north"', 'already controlled by'],
  ],
  [
    'two objects of one name',
    'servers.json',
    (text) => {
      const content = JSON.parse(text) as Content;
      content.hosts?.push({ name: 'north-host', address: '127.0.0.1' });
      return JSON.stringify(content);
    },
    ['Host/north-host', 'A second object of this name', 'servers.json'],
  ],
  [
    'a DN type that is none',
    'queues.json',
    field('dns', '8000@north', 'type', 'Queue'),
    ['DN/8000@north', 'type', '"Queue"', 'ACDQueue'],
  ],
  [
    'a number with a space',
    'queues.json',
    field('dns', '8000@north', 'number', '80 00'),
    ['DN/80 00@north', 'number', '"80 00"', 'letters, digits'],
  ],
  [
    'a circle of overflows',
    'queues.json',
    option('dns', '8009@north', 'holdfast/overflow-dn', '8009'),
    ['DN/8009@north', 'holdfast/overflow-dn', 'Break the circle'],
  ],
  [
    'an overflow to nowhere',
    'queues.json',
    option('dns', '8000@north', 'holdfast/overflow-dn', '4711'),
    ['DN/8000@north', 'holdfast/overflow-dn', '"4711"', 'There is no DN'],
  ],
  [
    'a trunk to no gateway',
    'queues.json',
    option('dns', 'trunk-north@north', 'TServer/contact', 'http://gateway'),
    ['DN/trunk-north@north', 'TServer/contact', '"http://gateway"', 'sip:host'],
  ],
  [
    'a treatment that is none',
    'queues.json',
    option('dns', '8000@north', 'holdfast/treatment', 'jazz'),
    ['DN/8000@north', 'holdfast/treatment', '"jazz"', 'ringback', 'music', 'tone'],
  ],
  [
    'a misspelt option of ours',
    'queues.json',
    option('dns', '8000@north', 'holdfast/waiting-mx', '5'),
    ['DN/8000@north', 'holdfast/waiting-mx', 'no such option', 'Did you mean holdfast/waiting-max?'],
  ],
  [
    'an option where nobody reads it',
    'queues.json',
    option('dns', '8000@north', 'holdfast/lease-length', '8000'),
    ['DN/8000@north', 'holdfast/lease-length', 'Nobody reads', 'Application:SIPServer'],
  ],
  [
    'a boolean that is none',
    'servers.json',
    option('applications', 'sip-north', 'TServer/auto-logout-ready', 'maybe'),
    ['Application/sip-north', 'TServer/auto-logout-ready', '"maybe"', 'true', 'false'],
  ],
  [
    'a time-out of 0',
    'servers.json',
    option('applications', 'sip-north', 'TServer/no-answer-timeout', '0'),
    ['Application/sip-north', 'TServer/no-answer-timeout', '"0"', 'from 1 to 600 (s)'],
  ],
  [
    'a time-out with a unit',
    'servers.json',
    option('applications', 'sip-north', 'TServer/no-answer-timeout', '60s'),
    ['Application/sip-north', 'TServer/no-answer-timeout', '"60s"', 'a whole number'],
  ],
  [
    'a SIP port out of range',
    'servers.json',
    option('applications', 'sip-north', 'TServer/sip-port', '65536'),
    ['Application/sip-north', 'TServer/sip-port', '"65536"', 'from 1 to 65535'],
  ],
  [
    'a lease that is too short',
    'servers.json',
    option('applications', 'sip-north', 'holdfast/lease-length', '2000'),
    ['Application/sip-north', 'holdfast/lease-length', 'at least two stamp periods'],
  ],
  [
    'registration times out of order',
    'servers.json',
    option('applications', 'sip-north', 'holdfast/registrar-max-timeout', '1'),
    ['Application/sip-north', 'registrar', 'no phone could register'],
  ],
  [
    'a site name with a sign',
    'servers.json',
    option('applications', 'sip-north', `${DESK}/disaster-recovery.site`, 'north;drop'),
    ['Application/sip-north', `${DESK}/disaster-recovery.site`, '"north;drop"', 'letters, digits'],
  ],
  [
    'a digest that is none',
    'phones.json',
    field('dns', '7001@north', 'digest', { realm: 'holdfast', md5: 'fake', sha256: 'fake' }),
    ['DN/7001@north', 'digest.md5', '32 hexadecimal digits'],
  ],
  [
    'a digest of another realm',
    'phones.json',
    object('dns', '7001@north', (dn) => {
      dn.digest = { ...(dn.digest as Fields), realm: 'elsewhere' };
    }),
    ['DN/7001@north', 'digest.realm', '"holdfast"', 'could not register'],
  ],
  [
    'a queue as a seat’s phone',
    'phones.json',
    field('places', 'place-7001', 'dns', ['8000@north']),
    ['Place/place-7001', 'dns.0', 'ACDQueue', 'only an Extension'],
  ],
  [
    'a password instead of its hash',
    'agents.json',
    field('persons', 'agent7001', 'passwordHash', 'fake-password'),
    ['Person/agent7001', 'passwordHash', 'argon2id hash'],
  ],
  [
    'a rank that is none',
    'agents.json',
    field('persons', 'agent7001', 'rank', 'boss'),
    ['Person/agent7001', 'rank', '"boss"', 'supervisor'],
  ],
  [
    'a Person without Tenant',
    'agents.json',
    object('persons', 'agent7001', (person) => {
      delete person.tenant;
    }),
    ['Person/agent7001', 'tenant', 'missing'],
  ],
  [
    'enabled in other words',
    'agents.json',
    field('persons', 'agent7001', 'enabled', 'yes'),
    ['Person/agent7001', 'enabled', '"yes"', 'boolean'],
  ],
  [
    'keys that cannot sign',
    'keys.json',
    object('keys', 'keys', (keys) => {
      const [{ privateKey: _, ...publicOnly }] = keys.tokenKeys as [Fields];
      keys.tokenKeys = [publicOnly];
    }),
    ['Keys/keys', 'tokenKeys.0.privateKey', 'private part'],
  ],
  [
    'a short secret',
    'keys.json',
    field('keys', 'keys', 'serverSecret', 'short'),
    ['Keys/keys', 'serverSecret', '16'],
  ],
];

// Several servers start beside each other: each is a process with files of its own.
test.concurrent.each(MISTAKES)('%s is refused and named', async (_what, file, change, named) => {
  const { status, stderr } = await serveWith(file, change);
  expect(status, stderr).toBe(2);
  for (const words of named) expect(stderr).toContain(words);
  // The sentences are for people: no trace of our code, no secret.
  expect(stderr).not.toMatch(/\n\s+at |fake-password/);
});

/** CF20: what desks read, and so what costs agents an option at the most. All of these stand in one configuration. */
const WARNED: readonly (readonly [
  list: string,
  name: string,
  option: string,
  value: string,
  text: RegExp,
])[] = [
  [
    'applications',
    'workspace',
    `${DESK}/disaster-recovery.enabled`,
    'maybe',
    /must be true or false\. Correct/,
  ],
  ['applications', 'workspace', `${DESK}/disaster-recovery.timeout`, '0', /1 to 86400 \(s\)\. Correct/],
  ['applications', 'workspace', `${DESK}/warm-standby.retry-delay`, '60s', /a whole number .* Correct/],
  ['applications', 'sip-north', `${DESK}/warm-standby.retry-delay`, '0', /1 to 3600 \(s\)\. Correct/],
  ['applications', 'sip-north', `${DESK}/disaster-recovery.enabled`, 'true', /Nobody reads .* or remove it/],
  ['tenants', 'holdfast', `${DESK}/disaster-recovery.auto-restore`, 'no', /must be true or false\. Correct/],
];

test('[CF20] what desks read keeps no site from starting, and is warned of', async () => {
  const changed = mkdtempSync(join(folder, 'warned-'));
  cpSync(good, changed, { recursive: true });
  for (const [list, name, path, value] of WARNED) {
    const file = readdirSync(changed)
      .map((one) => join(changed, one))
      .find((one) => list in JSON.parse(readFileSync(one, 'utf8')));
    if (file === undefined) throw new Error(`no ${list}`);
    writeFileSync(file, option(list, name, path, value)(readFileSync(file, 'utf8')));
  }
  const args = [BINARY, '--application', 'config-north', '--files', changed];
  const server = Program.start({ command: process.execPath, args, folder });
  try {
    const isReady = () => server.lines.some((line) => line.includes('configuration server ready'));
    await server.until('it is ready', REFUSED_WITHIN_MS, isReady);
    const told = server.lines.map((line) => JSON.parse(line) as Fields);
    for (const [list, name, path, value, text] of WARNED) {
      const object = `${list === 'tenants' ? 'Tenant' : 'Application'}/${name}`;
      const line = told.find(({ because }) => String(because).includes(`: ${object}: ${path}: `));
      expect(line, path).toMatchObject({ level: 'warn', what: 'configuration' });
      expect(line?.because).toContain(`"${value}"`);
      expect(line?.because).toMatch(text);
    }
  } finally {
    await server.stop();
  }
});

test('what stands on the command line is refused likewise', async () => {
  const [configNorth] = ports;
  const runs: readonly (readonly [args: string[], named: string[]])[] = [
    [[], ['usage:']],
    [['--application', 'config-north'], ['usage:']],
    [
      ['--aplication', 'x', '--files', good],
      ['--aplication', 'usage:'],
    ],
    [
      ['--application', 'config-west', '--files', good],
      ['"config-west"', 'ConfigurationServer'],
    ],
    [
      ['--application', 'sip-north', '--files', good],
      ['"sip-north"', 'ConfigurationServer'],
    ],
    [
      ['--application', 'config-north', '--files', join(folder, 'nowhere')],
      ['nowhere', 'cannot be read'],
    ],
    [
      ['--application', 'sip-north', '--config', 'localhost'],
      ['"localhost"', 'HOST:PORT'],
    ],
    [
      ['--application', 'sip-north', '--config', '127.0.0.1:99999'],
      ['99999', 'HOST:PORT'],
    ],
    [
      ['--application', 'sip-north', '--config', '127.0.0.1:1', '--secret-file', join(folder, 'none')],
      ['--secret-file', 'none'],
    ],
    [['supervisor', '--site', 'north'], ['usage:']],
    [['supervisor', '--site', 'west', '--files', good, '--data', folder], ['west']],
  ];
  for (let at = 0; at < runs.length; at += STARTS_AT_ONCE) {
    await Promise.all(
      runs.slice(at, at + STARTS_AT_ONCE).map(async ([args, named]) => {
        const { status, stderr } = await serve(...args);
        expect(status, `${args.join(' ')}: ${stderr}`).toBe(2);
        for (const words of named) expect(stderr).toContain(words);
      }),
    );
  }
  const taken = createServer().listen(configNorth, '127.0.0.1');
  try {
    const { status, stderr } = await serve('--application', 'config-north', '--files', good);
    expect(status, stderr).toBe(2);
    expect(stderr).toContain(`TCP port ${configNorth} on 127.0.0.1 is taken`);
  } finally {
    taken.close();
  }
});
