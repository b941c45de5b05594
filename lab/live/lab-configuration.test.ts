import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
