/**
 * The morning after: the Configuration Server, its database, the servers of both sites are dead, and a proxy comes up from its disk.
 * 500 desks come to work there in one moment.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ConfigProcesses } from './config-processes.ts';
import { PASSWORD } from './lab-configuration.ts';
import { type LeanConfigDesk, type LeanEntry, openLeanConfigDesks } from './lean-config-desk.ts';
import { stopPrograms, until } from './peers/processes.ts';

const DESKS = 500;
const COPY_MAX_MS = 10_000;

let world: ConfigProcesses;
const open: LeanConfigDesk[] = [];

beforeAll(async () => {
  world = await ConfigProcesses.make({ agents: DESKS });
  const server = await world.startServer();
  const proxy = await world.startProxy();
  await until('the proxy has its copy', COPY_MAX_MS, () => world.copiedRevision !== undefined);
  server.kill();
  proxy.kill();
  await Promise.all([server.ended, proxy.ended]);
}, 120_000);
afterEach(() => {
  for (const desk of open.splice(0)) desk.close();
});
afterAll(async () => {
  await stopPrograms();
  world.remove();
});

/** All in the same moment; each is told who it is, and where it works. */
async function allLogIn(entryOf: (user: string) => LeanEntry): Promise<readonly string[]> {
  const { agents, ports } = world;
  const desks = await openLeanConfigDesks(agents.map(({ user }) => ({ port: ports.proxy, user })));
  open.push(...desks);
  const answers = await Promise.all(desks.map((desk) => desk.logIn(entryOf(desk.user))));
  const told = answers.map(({ configuration }) => ({
    person: configuration?.person.name,
    place: configuration?.place,
    sites: configuration?.sites.map(({ site }) => site).sort(),
  }));
  expect(told).toEqual(agents.map(({ user, place }) => ({ person: user, place, sites: ['north', 'south'] })));
  return answers.map(({ token }) => token);
}

test('[CX1] 500 desks log in with everything but their proxy dead, by password and by the token of that log-in', async () => {
  const proxy = await world.startProxy();
  expect(proxy.lines.some((line) => line.includes('the copy of the configuration is served'))).toBe(true);
  const tokens = await allLogIn(() => ({ password: PASSWORD }));
  for (const desk of open.splice(0)) desk.close();
  const tokenOf = new Map(world.agents.map(({ user }, i) => [user, tokens[i] ?? '']));
  await allLogIn((user) => ({ token: tokenOf.get(user) ?? '' }));
}, 120_000);
