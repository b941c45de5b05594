/**
 * The programs of samples/, each run as somebody else would: in a project outside the repository into which the
 * tarball of the desk is installed, against real sites, with the bootstrap file from a URL.
 */
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { packDesk } from '../../scripts/build-desk.ts';
import { EmptyProject } from '../../scripts/empty-project.ts';
import { BOOTSTRAP_PATH, demoBootstrap } from './demo-bootstrap.ts';
import { SITES } from './lab-configuration.ts';
import { LiveLab } from './live-lab.ts';
import { Program, stopPrograms } from './peers/processes.ts';
import { SiteOperator } from './site-operator.ts';
import { SHORT } from './times.ts';

const SERVER_BUNDLE = fileURLToPath(new URL('../../.build/server.mjs', import.meta.url));
const SAMPLES = fileURLToPath(new URL('../../samples/', import.meta.url));
const NAMES = readdirSync(SAMPLES).filter((name) => name.endsWith('.mjs'));
/** A sample that is longer explains nothing. */
const LINES_MAX = 80;
/** A start of a desk waits for one lease; a move for the site time-out besides. Both are short here. */
const STEP_MAX_MS = 20_000;
/** Phones at both sites, at the first only while it lives; the same of an agent of the other site, and of another one. */
const AGENTS = { dual: 'agent7009', activeBackup: 'agent7001', atSouth: 'agent7002', orphan: 'agent7007' };
/** Of the third-party family: a phone at both sites, at one at a time, and at both of an agent of the other site. */
const THIRD = { dual: 'agent7003', single: 'agent7011', atSouth: 'agent7004' };
const THIRD_PATH = '/third-party.json';

const project = new EmptyProject();
let lab: LiveLab;
let files: Server;
let url: string;
let thirdUrl: string;

beforeAll(async () => {
  if (!existsSync(SERVER_BUNDLE)) throw new Error('.build/server.mjs is missing: run node scripts/setup.mjs');
  project.install(await packDesk(join(project.folder, 'packed')));
  for (const name of NAMES) copyFileSync(join(SAMPLES, name), join(project.folder, name));
  lab = await LiveLab.make({
    ...{ agents: 12, seed: 1, times: SHORT, families: 'workspace', restarts: true, withSound: 0 },
    serverEntry: SERVER_BUNDLE,
  });
  files = createServer((request, response) => {
    response.statusCode = request.url === BOOTSTRAP_PATH || request.url === THIRD_PATH ? 200 : 404;
    const family = request.url === THIRD_PATH ? 'agent-desktop' : 'interaction-workspace';
    response.end(demoBootstrap(lab.ports, SHORT.retryDelayS, family));
  }).listen(0, '127.0.0.1');
  await lab.start();
  url = `http://127.0.0.1:${(files.address() as AddressInfo).port}${BOOTSTRAP_PATH}`;
  thirdUrl = url.replace(BOOTSTRAP_PATH, THIRD_PATH);
  const isAtWork = () => lab.robots.every((robot) => lab.isAble(robot));
  expect(await lab.until(STEP_MAX_MS, isAtWork)).toBe(true);
}, 60_000);
afterEach(() => stopPrograms());
afterAll(async () => {
  files.close();
  await lab.stop();
  project.remove();
});

function start(sample: string, user: string, bootstrap = url): Program {
  return Program.start({
    command: process.execPath,
    args: [`${sample}.mjs`, user, bootstrap, 'data'],
    folder: project.folder,
  });
}

/** The first line after the first `after` ones that shows it. */
async function line(program: Program, words: RegExp, after = 0): Promise<number> {
  const find = () => program.lines.findIndex((text, index) => index >= after && words.test(text));
  await program.until(String(words), STEP_MAX_MS, () => find() !== -1);
  return find();
}

const shown = (program: Program, words: RegExp) => program.lines.some((text) => words.test(text));

test('a sample is short', () => {
  expect(NAMES).toEqual(['listeners.mjs', 'start-up.mjs', 'switchover.mjs']);
  const lines = (name: string) => readFileSync(join(SAMPLES, name), 'utf8').trimEnd().split('\n').length;
  for (const name of NAMES) expect(lines(name), name).toBeLessThanOrEqual(LINES_MAX);
});

test('[DS20] start-up: any server tells where the agent belongs, and the second start knows it', async () => {
  const moved = /the desk decides: move the configuration link \(south\)/;
  const first = start('start-up', AGENTS.atSouth);
  expect(await first.endWithin(STEP_MAX_MS), first.lastWords()).toEqual({ code: 0, signal: null });
  expect(shown(first, moved)).toBe(true);
  expect(shown(first, /agent7002 works at south, at place-7002/)).toBe(true);
  const stored = readFileSync(join(project.folder, 'data', `agent-${AGENTS.atSouth}`, 'login.json'), 'utf8');
  expect(JSON.parse(stored)).toMatchObject({ site: 'south', epoch: { number: expect.any(Number) } });
  const second = start('start-up', AGENTS.atSouth);
  expect(await second.endWithin(STEP_MAX_MS), second.lastWords()).toEqual({ code: 0, signal: null });
  expect(shown(second, moved)).toBe(false);
  expect(shown(second, /configuration link: on at south/)).toBe(true);
});

test('[LL7] the desk whose login a sample has taken over stays out', () => {
  const { banner, site } = lab.robot(AGENTS.atSouth).view ?? {};
  expect(site).toBeNull();
  expect(banner).toMatch(/another desk/i);
});

test('start-up: a bootstrap file out of reach is no matter for a desk that has a copy, and is one for any other', async () => {
  const nowhere = url.replace(BOOTSTRAP_PATH, '/elsewhere');
  const known = start('start-up', AGENTS.atSouth, nowhere);
  expect(await known.endWithin(STEP_MAX_MS), known.lastWords()).toEqual({ code: 0, signal: null });
  expect(shown(known, /warning: .*404 Not Found/)).toBe(true);
  const unknown = start('start-up', AGENTS.dual, nowhere);
  expect(await unknown.endWithin(STEP_MAX_MS)).toEqual({ code: 2, signal: null });
  expect(shown(unknown, /no copy/)).toBe(true);
});

test('[DS17] switchover: to the other site and back, both times Ready', async () => {
  const program = start('switchover', AGENTS.dual);
  expect(await program.endWithin(STEP_MAX_MS), program.lastWords()).toEqual({ code: 0, signal: null });
  const steps = ['logged in', 'logged in at south', 'Ready at south', 'logged in at north', 'Ready at north'];
  expect(program.lines.filter((text) => steps.includes(text))).toEqual(steps);
  expect(program.lines.at(-1)).toBe('back at north');
});

test('[DS20] start-up, third-party: the options are those of the Application of the own site', async () => {
  const program = start('start-up', THIRD.atSouth, thirdUrl);
  expect(await program.endWithin(STEP_MAX_MS), program.lastWords()).toEqual({ code: 0, signal: null });
  const works = /agent7004 works at south, at place-7004; the options are those of agent-desktop/;
  expect(shown(program, works), program.lastWords()).toBe(true);
  expect(shown(program, /site-timeout = 3 s of Application\/desktop-south/)).toBe(true);
});

test('[DS17] switchover, third-party: to the other site and back, both times Ready', async () => {
  const program = start('switchover', THIRD.dual, thirdUrl);
  expect(await program.endWithin(STEP_MAX_MS), program.lastWords()).toEqual({ code: 0, signal: null });
  const steps = ['logged in', 'logged in at south', 'Ready at south', 'logged in at north', 'Ready at north'];
  expect(program.lines.filter((text) => steps.includes(text))).toEqual(steps);
});

test('[DS16] [DS12] listeners, third-party: alarms that move nobody, the phone that does, and who has logged the agent out', async () => {
  const operators: SiteOperator[] = [];
  for (const site of SITES)
    operators.push(await SiteOperator.logIn(lab.clientAddress(site), lab.administratorAccess()));
  const [north, south] = operators;
  const other = start('listeners', THIRD.dual, thirdUrl);
  const program = start('listeners', THIRD.single, thirdUrl);
  await line(other, /all is well at north/);
  let from = await line(program, /all is well at north/);
  for (const [kind, server] of [
    ['statistics', 'stat-north'],
    ['configuration', 'config-north'],
  ] as const) {
    lab.sites.north.killServer(server);
    from = await line(program, new RegExp(`${kind}: off at north; warn the agent`), from);
    from = await line(program, new RegExp(`alarm: ${kind}-link-lost cleared`), from);
    expect(shown(program, new RegExp(`alarm: ${kind}-link-lost raised`))).toBe(true);
    expect(shown(program, new RegExp(`${kind}: on at south`))).toBe(false);
  }
  expect(shown(program, /DN: logged out at north \(dr|decision: (leave|move)/)).toBe(false);

  await north?.ask({ type: 'AgentLogout', dn: '7003' });
  await line(other, /DN: logged out at north \(supervisor_logout\); a supervisor did it/);
  // Whoever asks the desk to move is told what becomes of it.
  expect(await north?.ask({ type: 'AskToMove', dn: '7003', to: 'south' })).toBe(
    'not-logged-in: No move to site south now: agent7003 is not logged in.',
  );

  lab.robot(THIRD.single).cutPhoneFrom(lab.ports.sip[0]);
  from = await line(program, /DN: logged out at north \(dr-force_logout\); the phone/, from);
  from = await line(program, /decision: logIn \(south\)/, from);
  from = await line(program, /agent: You work at site south/, from);
  const reasons = { LogoutReason: 'end_of_season' };
  expect(await south?.ask({ type: 'AgentLogout', dn: '7011', reasons })).toBe('done');
  from = await line(program, /DN: logged out at south \(end_of_season\); a reason that is not known/, from);
  await line(program, /agent: .*"end_of_season" is not known here/, from);
  for (const operator of operators) operator.close();
  for (const one of [program, other]) await one.stop();
}, 90_000);

test('[DS16] [DS18] [DS8a] listeners: statistics, configuration, the phone, then the site', async () => {
  const program = start('listeners', AGENTS.activeBackup);
  let from = await line(program, /all is well at north/);

  lab.sites.north.killServer('stat-north');
  from = await line(program, /statistics: off at north; warn the agent/, from);
  from = await line(program, /statistics: on at/, from);
  lab.sites.north.killServer('config-north');
  from = await line(program, /configuration: off at north; warn the agent/, from);
  expect(shown(program, /alarm: configuration-link-lost raised/)).toBe(true);
  from = await line(program, /alarm: configuration-link-lost cleared/, from);
  // Neither has cost the agent the login.
  expect(shown(program, /DN: logged out|decision: leave/)).toBe(false);

  const robot = lab.robot(AGENTS.activeBackup);
  robot.cutPhoneFrom(lab.ports.sip[0]);
  from = await line(program, /DN: logged out at north \(dr-force_logout\)/, from);
  // The listener to the DN attends to the site with which the desk works.
  expect(shown(program, /DN: .* at south/)).toBe(false);
  from = await line(program, /agent: You work at site south/, from);
  robot.joinPhoneTo(lab.ports.sip[0]);
  from = await line(program, /decision: return \(north\)/, from);
  from = await line(program, /all is well at north/, from);

  lab.kill('north');
  from = await line(program, /telephony: off at north; it is tried again/, from);
  from = await line(program, /decision: leave \(north\)/, from);
  await line(program, /decision: logIn \(south\)/, from);
  await program.until('it works at south', STEP_MAX_MS, () => shown(program, /You work at site south/));
  await program.stop();
  expect(await program.ended).toEqual({ code: 0, signal: null });
}, 90_000);

test('start-up: with the preferred site dead the desk works at the other one', async () => {
  expect(lab.sites.north.state).toBe('down');
  const program = start('start-up', AGENTS.orphan);
  expect(await program.endWithin(STEP_MAX_MS), program.lastWords()).toEqual({ code: 0, signal: null });
  expect(shown(program, /telephony link: off at north/)).toBe(true);
  expect(shown(program, new RegExp(`${AGENTS.orphan} works at south`))).toBe(true);
}, 40_000);
