/**
 * `holdfast config` at a real Configuration Server over a database: every command, two administrators who cross, and input that is
 * wrong in each way that somebody can type.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ADMINISTRATOR } from '@holdfast/centre';
import type { ConfigObject } from '@holdfast/protocol';
import { makeWorld, writeConfiguration } from '@holdfast/server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts } from './free-ports.ts';
import { generatedSites, PASSWORD, PHONE_PASSWORD, REALM } from './lab-configuration.ts';
import { Program, stopPrograms, until } from './peers/processes.ts';
import { drawPorts } from './site-ports.ts';

const SERVER_BUNDLE = fileURLToPath(new URL('../../.build/server.mjs', import.meta.url));
const PROXY = 'proxy-north';
const READY_MAX_MS = 30_000;
/** An administrator who is no agent and has no place, and one who may only look. */
const OFFICE = 'office1';
const AUDITOR = 'auditor1';

let folder: string;
let port: number;
let proxyPort: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-config-command-'));
  const ports = await drawPorts();
  [port] = ports.config;
  [proxyPort] = (await freePorts(1)) as [number];
  const { objects } = await makeWorld({
    ...{ agents: 6, password: PASSWORD, phonePassword: PHONE_PASSWORD, realm: REALM },
    sites: generatedSites(ports),
  });
  await writeConfiguration(join(folder, 'files'), objects.flatMap(withMore), 'json');
  const keys = objects.find(({ objectType }) => objectType === 'Keys');
  const secret = keys?.objectType === 'Keys' ? (keys.serverSecret ?? '') : '';
  const store = `pglite:${join(folder, 'store')}`;
  await start(secret, 'config-north', '--store', store, '--files', join(folder, 'files'));
  await start(secret, PROXY, '--proxy', '--config', `127.0.0.1:${port}`, '--data', folder);
}, 90_000);
afterAll(async () => {
  await stopPrograms();
  rmSync(folder, { recursive: true, force: true });
});

function withMore(object: ConfigObject): ConfigObject[] {
  if (object.objectType === 'Person' && object.name === ADMINISTRATOR.user) {
    const { defaultPlace: _, ...person } = object;
    const noAgent = { ...person, agentLogins: [] };
    return [object, { ...noAgent, name: OFFICE }, { ...noAgent, name: AUDITOR, rank: 'auditor' }];
  }
  if (object.objectType !== 'Application') return [object];
  // CX9: north alone writes.
  if (object.name === 'config-south')
    return [
      {
        ...{ ...object, type: 'ConfigurationServerProxy' },
        connections: [{ server: 'config-north', port: 'default', addp: { timeout: 5 } }],
      },
    ];
  if (object.name !== 'config-north') return [object];
  return [
    object,
    { ...object, name: PROXY, type: 'ConfigurationServerProxy', ports: { default: proxyPort } },
  ];
}

async function start(secret: string, application: string, ...args: readonly string[]): Promise<void> {
  const program = Program.start({
    ...{ command: process.execPath, folder },
    args: [SERVER_BUNDLE, '--application', application, ...args],
    environment: { HOLDFAST_SERVER_SECRET: secret },
  });
  // The first who writes has to have asked the database who does.
  const word = application === PROXY ? 'configuration server ready' : 'this Configuration Server writes';
  await program.until(word, READY_MAX_MS, () => program.lines.some((line) => line.includes(word)));
}

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

function config(
  words: string | readonly string[],
  { user = OFFICE, password = PASSWORD, at = port, input = '' } = {},
): Promise<Ended> {
  const list = typeof words === 'string' ? words.split(' ') : words;
  const child = spawn(process.execPath, [SERVER_BUNDLE, 'config', '--config', `127.0.0.1:${at}`, ...list], {
    ...{ cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] },
    env: { ...process.env, HOLDFAST_USER: user, HOLDFAST_PASSWORD: password },
  });
  // One that reads nothing may have ended already.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err += text;
  });
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, ...said })));
}

const done = (out: unknown = expect.anything()) => ({ status: 0, out });
const containing = (text: string) => expect.stringContaining(text) as unknown;

test('[CS15] an administrator without a place reads objects as files, and changes them field by field', async () => {
  const person = await config('get Person/agent7001');
  expect(person).toMatchObject(done(containing('persons:\n  - name: agent7001\n')));
  expect(person.out).not.toContain('argon2');
  expect(JSON.parse((await config('get persons --json')).out)).toHaveLength(11);
  expect(await config('get application')).toMatchObject(
    done(containing(`Application/${PROXY}  ConfigurationServerProxy`)),
  );

  const set = await config([
    'set',
    'Person/agent7001',
    'displayName=Kim',
    'enabled=false',
    '--note',
    'on leave',
  ]);
  expect(set).toMatchObject(
    done('Person/agent7001: enabled: true → false\nPerson/agent7001: displayName: not set → Kim\n'),
  );
  expect(set.err).toMatch(/1 changed: revision \d+\.2/);
  expect(await config('set Person/agent7001 displayName=Kim')).toMatchObject({
    ...{ status: 0, out: '', err: 'holdfast: nothing to do\n' },
  });
  expect(await config('set Person/agent7001 displayName=Lee --dry-run')).toMatchObject({
    ...{ status: 0, err: containing('nothing has changed') },
  });
  // Through a proxy it is the same person's edit.
  expect(await config('set Person/agent7001 enabled=true', { at: proxyPort })).toMatchObject(done());
  const history = await config('history Person/agent7001 --limit 2');
  expect(history.out.split('\n').map((line) => line.replace(/^\S+ {2}\S+ \S+ UTC/, ''))).toEqual([
    `  ${OFFICE} (workspace at 127.0.0.1)`,
    '    Person/agent7001: enabled: false → true',
    `  ${OFFICE} (workspace at 127.0.0.1)  on leave`,
    ...[
      '    Person/agent7001: enabled: true → false',
      '    Person/agent7001: displayName: not set → Kim',
      '',
    ],
  ]);
  expect((await config('history --who nobody')).out).toBe('no entry\n');
  expect(JSON.parse((await config(`history --who ${OFFICE} --since 1h --json`)).out)).toHaveLength(2);
}, 60_000);

test('a folder that was exported is the configuration, differs when it is edited, and is applied and imported', async () => {
  const git = join(folder, 'git');
  const exported = await config('export git');
  expect(exported).toMatchObject(done(containing('Secrets are not in them')));
  expect(readdirSync(git)).toEqual([
    'agents.yaml',
    'phones.yaml',
    'queues.yaml',
    'servers.yaml',
    'tenant.yaml',
  ]);
  const agents = readFileSync(join(git, 'agents.yaml'), 'utf8');
  expect(await config('diff git --prune')).toMatchObject({ status: 0, out: '' });
  await config('export git --json');
  expect(readdirSync(git)).toHaveLength(5);
  expect(await config('diff git --prune')).toMatchObject({ status: 0, out: '' });
  await config('export git');
  expect(readFileSync(join(git, 'agents.yaml'), 'utf8')).toBe(agents);

  const more = agents.replace('- name: agent7002', '- name: agent7002\n    displayName: Max');
  writeFileSync(join(git, 'agents.yaml'), `${more}\n`);
  writeFileSync(join(git, 'tenant.yaml'), readFileSync(join(git, 'tenant.yaml'), 'utf8'));
  const differs = await config('diff git');
  expect(differs).toMatchObject({ status: 1, out: 'Person/agent7002: displayName: not set → Max\n' });
  expect(await config('apply git --note review')).toMatchObject(done(differs.out));
  expect(await config('diff git')).toMatchObject({ status: 0 });
  // Passwords, which no export holds, let in as before.
  expect(await config('get Person/agent7002', { user: 'agent7002' })).toMatchObject(done(containing('Max')));

  mkdirSync(join(folder, 'one'));
  writeFileSync(join(folder, 'one', 'host.json'), '{"hosts": [{"name": "spare", "address": "10.0.0.9"}]}');
  expect(await config('apply one/host.json')).toMatchObject(done(containing('Host/spare: created')));
  expect(await config('diff git --prune')).toMatchObject({ status: 1, out: 'Host/spare: deleted\n' });
  const asked = await config('import git');
  expect(asked).toMatchObject({ status: 2, out: 'Host/spare: deleted\n', err: containing('Say --yes') });
  expect(await config('get Host/spare')).toMatchObject(done());
  expect(await config('import git --yes')).toMatchObject(done(asked.out));
  expect(await config('get Host/spare')).toMatchObject({ status: 1, err: containing('not-found') });
  expect(await config('export one')).toMatchObject({ status: 2, err: containing('host.json') });
}, 90_000);

test('objects and the whole are brought back to a revision and to a moment', async () => {
  const revisionOf = ({ err }: Ended) => /revision (\d+\.\d+)/.exec(err)?.[1] ?? '';
  const first = revisionOf(await config('set Person/agent7003 displayName=First'));
  const between = new Date().toISOString();
  await config('set Person/agent7003 displayName=Second');
  await config('set Host/other address=10.0.0.8');
  const back = await config(`restore Person/agent7003 --to ${first} --dry-run`);
  expect(back).toMatchObject(done('Person/agent7003: displayName: Second → First\n'));
  expect(await config(`restore Person/agent7003 --to ${between}`)).toMatchObject(done(back.out));
  const all = await config(`restore --all --to ${first}`);
  expect(all).toMatchObject({ status: 2, out: 'Host/other: deleted\n' });
  expect(await config(`restore --all --to ${first} --yes`)).toMatchObject(done(all.out));
  expect(await config('restore Person/agent7003 --to 99.99')).toMatchObject({
    ...{ status: 1, err: containing('There is no revision 99.99') },
  });
  expect(await config('restore --to 1.1')).toMatchObject({ status: 2, err: containing('usage') });
  expect(await config('restore --all --to yesterday')).toMatchObject({
    status: 2,
    err: containing('is no time'),
  });
}, 60_000);

test('what the validator finds is listed and mended', async () => {
  expect(await config('check')).toMatchObject(done(containing(': 0 errors')));
  const { connections } = JSON.parse((await config('get Application/desktop-north --json')).out);
  const quick = connections.map((one: { server: string }) =>
    one.server.startsWith('sip-') ? { ...one, addp: { timeout: 10 } } : one,
  );
  const set = await config(['set', 'Application/desktop-north', `connections=${JSON.stringify(quick)}`]);
  expect(set).toMatchObject({ status: 0, err: containing('V25') });
  const found = await config('check', { at: proxyPort });
  expect(found.out).toContain('warning  V25  Application/desktop-north: connections.');
  expect(found.out).toContain('can be mended by --fix');
  expect(await config('check --fix')).toMatchObject({ status: 2, out: containing('addp') });
  expect(await config('check --fix --yes')).toMatchObject(done(containing('Application/desktop-north')));
  expect((await config('check')).out).not.toContain('V25');
}, 60_000);

test('of administrators who cross nobody overwrites what the other has just written', async () => {
  const names = Array.from({ length: 6 }, (_, n) => `name-${n}`);
  const ended = await Promise.all(names.map((name) => config(`set Person/agent7004 displayName=${name}`)));
  const crossed = ended.filter(({ status }) => status !== 0);
  for (const one of crossed) {
    expect(one).toMatchObject({ status: 1, err: containing('conflict: Somebody else has changed it since') });
    expect(one.err).toContain(`Person/agent7004: displayName  "${OFFICE}" changed it in`);
  }
  const entries = JSON.parse((await config('history Person/agent7004 --json')).out)
    .toReversed()
    .slice(1);
  expect(entries).toHaveLength(names.length - crossed.length);
  for (const [n, { changes }] of entries.entries())
    expect(changes[0].before.displayName).toBe(entries[n - 1]?.changes[0].after.displayName);
}, 60_000);

test('who may not, and who is nobody, change nothing and are told why', async () => {
  const agent = await config('set Person/agent7002 displayName=Me', { user: 'agent7002' });
  expect(agent).toMatchObject({ status: 1, err: containing('agent7002 (agent) may not change') });
  const auditor = await config('set Person/agent7002 displayName=Me', { user: AUDITOR });
  expect(auditor).toMatchObject({ status: 1, err: containing(`${AUDITOR} (auditor) may not change`) });
  expect(await config('history --limit 1', { user: AUDITOR })).toMatchObject(done());
  expect(await config('history', { user: 'agent7002' })).toMatchObject({
    status: 1,
    err: containing('not-allowed'),
  });
  expect(await config('check', { user: 'agent7002' })).toMatchObject({
    status: 1,
    err: containing('not-allowed'),
  });
  expect(await config('get Host', { user: 'nobody' })).toMatchObject({
    status: 2,
    err: containing('wrong-password'),
  });
  const [closed] = (await freePorts(1)) as [number];
  expect(await config('get Host', { at: closed })).toMatchObject({
    status: 2,
    err: containing('ECONNREFUSED'),
  });
}, 60_000);

test('[ID12] [ID9] an administrator gives a password, and its owner replaces it, neither as an argument', async () => {
  const [given, chosen] = ['given at the desk', 'chosen by the agent'];
  const user = 'agent7005';
  const set = await config(`password Person/${user} --note forgotten`, { input: `${given}\n` });
  expect(set).toMatchObject({ status: 0, out: containing(`the password of ${user} is set, in revision`) });
  expect(set.err).toContain('has to set another');
  expect(await config('get Host', { user, password: PASSWORD })).toMatchObject({
    ...{ status: 2, err: containing('wrong-password') },
  });
  expect(await config('get Host', { user, password: given })).toMatchObject({
    ...{ status: 2, err: containing('password-expired') },
  });
  const own = (password: string, input: string, at = port) =>
    config(`password ${user}`, { user, password, input, at });
  expect(await own('a guess', chosen)).toMatchObject({ status: 1, err: containing('wrong-password') });
  expect(await own(given, 'short')).toMatchObject({ status: 1, err: containing('fewer than 8') });
  // Through a proxy, when that has heard of the new one.
  await until('the proxy knows it', 5_000, async () => (await own(given, chosen, proxyPort)).status === 0);
  expect(await config(`get Person/${user}`, { user, password: chosen })).toMatchObject(done());
  const told = await config(`history Person/${user} --limit 2`);
  expect(told.out).toContain(`${user} (workspace at 127.0.0.1)`);
  expect(told.out).toContain(`${OFFICE} (workspace at 127.0.0.1)  forgotten`);
  for (const secret of [given, chosen, 'argon2']) expect(told.out).not.toContain(secret);

  expect(await config(`password ${user}`)).toMatchObject({
    status: 2,
    err: containing('no new password'),
  });
  const argument = await config(`password ${user} by-argument`, { input: 'x' });
  expect(argument).toMatchObject({ status: 2, err: containing('usage: config password PERSON') });
  expect(argument.err).not.toContain('by-argument');
  expect(await config('password nobody', { input: given })).toMatchObject({ status: 1 });
  const agent = await config('password agent7006', { user, password: chosen, input: given });
  expect(agent).toMatchObject({ status: 1, err: containing('not-allowed') });
}, 90_000);

test('[ID13] a person is revoked now, and whoever revokes the own log-in is told that it is done', async () => {
  const before = Date.now();
  expect(await config('revoke agent7006 --note stolen', { at: proxyPort })).toMatchObject(
    done(containing('what agent7006 has logged in with until now counts no more, in revision')),
  );
  const notBefore = async (user: string): Promise<number> =>
    JSON.parse((await config(`get Person/${user} --json`)).out).tokensNotBefore;
  expect(await notBefore('agent7006')).toBeGreaterThan(before);
  expect(await config('revoke agent7006', { user: AUDITOR })).toMatchObject({
    ...{ status: 1, err: containing('not-allowed') },
  });
  expect(await config(`revoke ${OFFICE}`)).toMatchObject(done(containing('counts no more')));
  expect(await notBefore(OFFICE)).toBeGreaterThan(before);
}, 60_000);

test('[CS5] who is locked out at several is unlocked at all of them', async () => {
  const user = 'agent7006';
  for (const at of [port, proxyPort]) {
    for (let n = 0; n < 5; n++) await config('get Host', { user, password: 'a guess', at });
    expect(await config('get Host', { user, at })).toMatchObject({
      status: 2,
      err: containing('too-many-failures'),
    });
  }
  const unlocked = await config(`unlock ${user}`);
  expect(unlocked).toMatchObject(done(containing('may try again at once at')));
  for (const name of ['config-north', PROXY]) expect(unlocked.out).toContain(name);
  // The other site has none that runs here.
  expect(unlocked.err).toContain('config-south');
  for (const at of [port, proxyPort])
    expect(await config(`get Person/${user}`, { user, at })).toMatchObject(done());
}, 120_000);

test('[AU1] the log is what was committed, for who may know, also asked at a proxy', async () => {
  const { out } = await config('history --limit 1 --json');
  const { revision } = JSON.parse(out)[0];
  for (const at of [port, proxyPort])
    expect(await config('verify --json', { user: AUDITOR, at })).toMatchObject({
      status: 0,
      out: containing(`"entries": ${revision.number}`),
    });
  expect(await config('verify')).toMatchObject(done(containing('are what was committed')));
  expect(await config('verify', { user: 'agent7002' })).toMatchObject({
    ...{ status: 1, err: containing('not-allowed') },
  });
}, 60_000);

test('bad input is refused with the thing named, and changes nothing', async () => {
  const before = (await config('history --limit 1 --json')).out;
  const refused = async (words: readonly string[], status: number, text: string) => {
    const ended = await config(words);
    expect(ended, words.join(' ').slice(0, 200)).toMatchObject({ status, err: containing(text) });
    expect(ended.err.length).toBeLessThan(2_000);
  };
  const sql = "Person/x'; drop table config_object; --";
  await refused(['get', '../../etc/passwd'], 2, 'names no object');
  await refused(['get', sql], 1, 'There is no Person');
  await refused(['set', sql, 'tenant=holdfast'], 1, 'must be 1 to 255 letters');
  await refused(['set', 'Person/nobody', 'displayName=x'], 1, 'tenant');
  await refused(['set', 'Person/agent7001', 'shoes=42'], 1, 'shoes');
  await refused(['set', 'Person/agent7001', 'rank=chief'], 1, 'rank');
  await refused(['set', 'Person/agent7001', 'defaultPlace=nowhere'], 1, 'nowhere');
  await refused(['set', 'Person/agent7001', 'passwordHash=my-secret'], 1, 'put a secret into a file');
  await refused(['set', 'Person/agent7001', 'displayName'], 1, 'FIELD=VALUE');
  await refused(['set', 'Person/agent7001', `displayName=${'x'.repeat(100_000)}`], 1, 'displayName');
  await refused(['set', 'Person/agent7001', 'displayName=x', '--note', 'n'.repeat(2_000)], 1, 'note');
  await refused(['set', 'Tenant/holdfast', 'name=other'], 1, 'Create that one and delete this one');
  await refused(['apply', 'none'], 2, 'none');
  await refused(['apply', '/etc/passwd'], 1, 'is called *.yaml');
  await refused(['history', '--since', 'soon'], 2, 'is no time');
  await refused(['history', '--limit', '-1'], 2, 'limit');
  await refused(['dance'], 2, 'usage');

  mkdirSync(join(folder, 'bad'));
  writeFileSync(join(folder, 'bad', 'good.json'), '{"hosts": [{"name": "fine", "address": "10.0.0.9"}]}');
  writeFileSync(join(folder, 'bad', 'mistake.yaml'), 'persons:\n  - name: kim\n    rank: chief\n');
  await refused(['apply', 'bad'], 1, 'mistake.yaml: Person/kim: rank: "chief" is not allowed');
  const long = { persons: [{ name: 'x', tenant: 'holdfast', displayName: 'z'.repeat(10_000_000) }] };
  writeFileSync(join(folder, 'long.json'), JSON.stringify(long));
  await refused(['apply', 'long.json'], 1, 'Person/x: displayName');
  writeFileSync(join(folder, 'deep.yaml'), '{[\n'.repeat(3_000_000));
  await refused(['apply', 'deep.yaml'], 1, 'levels deep');
  expect((await config('history --limit 1 --json')).out).toBe(before);
}, 120_000);

test('[CE16] ten megabytes are one entry, also through a proxy', async () => {
  const options = { mine: { text: 'x'.repeat(1_000), more: 'y'.repeat(900) } };
  const hosts = Array.from({ length: 5_000 }, (_, n) => ({
    name: `bulk-${n}`,
    address: '10.0.0.1',
    options,
  }));
  writeFileSync(join(folder, 'bulk.json'), JSON.stringify({ hosts }));
  const applied = await config('apply bulk.json');
  expect(applied).toMatchObject({ status: 0, err: containing('5000 created: revision') });
  const [entry] = JSON.parse((await config('history --limit 1 --json')).out);
  expect(entry.changes[0].key).toMatch(/^Host\/bulk-/);
  // Also through a proxy, which holds no part of it.
  for (const host of hosts) host.address = '10.0.0.2';
  writeFileSync(join(folder, 'bulk.json'), JSON.stringify({ hosts }));
  const passedOn = await config('apply bulk.json', { at: proxyPort });
  expect(passedOn).toMatchObject({ status: 0, err: containing('5000 changed: revision') });
  await until('the proxy has it', 5_000, async () =>
    (await config('get Host/bulk-4999', { at: proxyPort })).out.includes('10.0.0.2'),
  );
}, 120_000);

test('[SY14] [SY15] two Switches are brought alike after a look, compared, and kept alike, also through a proxy', async () => {
  expect((await config('sync --drift')).out).toContain('No two Switches are kept alike');
  await config(['set', 'DN/8100@north', 'type=ACDQueue', 'displayName=Spring']);
  await config(['set', 'DN/8000@south', 'displayName=Sales south']);
  const apart = await config('sync north south --drift');
  expect(apart).toMatchObject({ status: 1, out: containing('north and south (not kept alike yet') });
  const named = new RegExp(
    `DN/8000@south: displayName: Sales south; alike it would be .* \\(\\d+\\.\\d+, .* UTC, ${OFFICE} from workspace at 127\\.0\\.0\\.1\\)`,
  );
  expect(apart.out).toMatch(named);
  expect(apart.out).toContain('DN/8100@south: missing; DN/8100@north is there');

  const terms = 'sync north south --master north';
  const look = await config(`${terms} --preview`, { at: proxyPort });
  expect(look).toMatchObject(done(containing('DN/8100@south: created\n')));
  expect(look.err).toContain('DN/8000@south: displayName  It is Sales south here and');
  expect(look.err).toContain('nothing has changed');
  expect(look.err).toContain('DN: 1 created, 1 changed');
  const asked = await config(terms);
  expect(asked).toMatchObject({ status: 2, err: containing('Say --yes') });
  expect(await config('get DN/8100@south')).toMatchObject({ status: 1, err: containing('not-found') });
  const synced = await config(`${terms} --yes --note spring`, { at: proxyPort });
  expect(synced).toMatchObject(done(asked.out));
  expect(await config('sync north south --master south --yes')).toMatchObject({
    ...{ status: 0, out: '', err: 'holdfast: nothing to do\n' },
  });
  const alike = await config('sync --drift', { at: proxyPort });
  expect(alike).toMatchObject(done(containing('they are alike, digest')));

  // From now on an edit of either is one of both, and what somebody does while they are apart is found.
  const carried = await config(['set', 'DN/8100@south', 'displayName=Autumn']);
  expect(carried.out).toContain('DN/8100@north: displayName: Spring → Autumn');
  const linked = (name: string, twin: string) =>
    config(`set Switch/${name} options/holdfast/sync-with=${twin}`);
  await linked('north', '');
  await config(['set', 'DN/8100@south', 'displayName=Winter']);
  await linked('north', 'south');
  const drifted = await config('sync --drift');
  expect(drifted).toMatchObject({ status: 1, out: containing('they differ, digests') });
  expect(drifted.out).toContain('DN/8100@south: displayName: Winter; alike it would be Autumn');
  const { pairs } = JSON.parse((await config('sync --drift --json')).out);
  expect(pairs).toMatchObject([{ isKeptAlike: true, differences: [{ by: { author: { who: OFFICE } } }] }]);
  expect(await config('sync north south --master south --yes')).toMatchObject(
    done(containing('DN/8100@north: displayName: Autumn → Winter')),
  );
  expect(await config('sync --drift', { user: AUDITOR })).toMatchObject({ status: 0 });

  expect(await config(`${terms} --preview`, { user: 'agent7002' })).toMatchObject({
    ...{ status: 1, err: containing('agent7002 (agent) may not change Switch/north') },
  });
  expect(await config('sync north south --preview')).toMatchObject({ status: 2, err: containing('usage') });
  expect(await config('sync north --drift')).toMatchObject({ status: 2, err: containing('usage') });
  expect(await config(`${terms} --places both`)).toMatchObject({ status: 2, err: containing('--places') });
  expect(await config('sync north west --master north --preview')).toMatchObject({
    ...{ status: 1, err: containing('There is no Switch "west"') },
  });
}, 120_000);
