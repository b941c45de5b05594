import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deskConfiguration } from '@holdfast/centre';
import { loadFiles } from '@holdfast/server';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SITES, siteFolders, writeLabConfiguration } from './lab-configuration.ts';
import { SHORT } from './times.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-lab-configuration-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ports = {
  config: [1, 2],
  clients: [3, 4],
  stats: [5, 6],
  sip: [7, 8],
  gateway: 9,
} as const;

test('each site has its own copy of the same configuration, and its own music', async () => {
  const links = { peerAddress: () => '' };
  await writeLabConfiguration({ agents: 6, times: SHORT, ports, folder, links });
  const [north, south] = SITES.map((site) => {
    const { files, data } = siteFolders(folder, site);
    const texts = readdirSync(files).map((name) => [name, readFileSync(join(files, name), 'utf8')] as const);
    return { texts, own: readdirSync(data).sort() };
  });
  expect(north?.texts.length).toBeGreaterThan(0);
  expect(north?.texts).toEqual(south?.texts);
  expect(north?.own).toEqual(['configuration', 'music.wav']);
  expect(south?.own).toEqual(north?.own);
  // Nothing lies beside the two that both would read.
  expect(readdirSync(folder).sort()).toEqual([...SITES].sort());
  for (const site of SITES)
    expect(JSON.stringify(north?.texts)).toContain(`${siteFolders(folder, site).data}/music.wav`);
});

test('with proxies desks have a pair of them at north and a cluster at south, and no Configuration Server', async () => {
  const proxies = [
    [10, 11],
    [12, 13],
  ] as const;
  const links = { peerAddress: () => '127.0.0.1:14' };
  await writeLabConfiguration({ agents: 6, times: SHORT, ports: { ...ports, proxies }, folder, links });
  const loaded = await loadFiles(siteFolders(folder, 'north').files);
  if (!loaded.ok) throw new Error(loaded.problems.map(({ text }) => text).join(', '));
  const { configuration } = loaded;
  const linksOf = (user: string, desk: string) => {
    const application = configuration.get('Application', desk);
    const person = configuration.get('Person', user);
    if (application === undefined || person === undefined) throw new Error('there is no such desk');
    const answer = deskConfiguration(configuration, { person, application, places: [] });
    if (!answer.ok) throw new Error(answer.text);
    return Object.fromEntries(
      answer.configuration.sites.map(({ site, configuration: { form, members, reconnectPauseMs } }) => [
        site,
        { form, ports: members.map(({ port }) => port), reconnectPauseMs },
      ]),
    );
  };
  const pauseMs = { reconnectPauseMs: 1_000 };
  expect(linksOf('agent7001', 'workspace')).toEqual({
    north: { form: 'pair', ports: [10, 11], ...pauseMs },
    south: { form: 'cluster', ports: [12, 13], ...pauseMs },
  });
  // The third-party family has an Application of its own at each site.
  expect(linksOf('agent7003', 'desktop-north')).toMatchObject({
    north: { ports: [10, 11] },
    south: { ports: [12, 13] },
  });
});
