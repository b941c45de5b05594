/** The bundle of the lab as a process of its own: what it cannot run it says at once, with status 2. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { SCENARIOS } from './scenarios/index.ts';

const LAB = fileURLToPath(new URL('../../.build/lab.mjs', import.meta.url));

function lab(...args: string[]) {
  if (!existsSync(LAB)) throw new Error('.build/lab.mjs is missing: run node scripts/setup.mjs');
  return spawnSync(process.execPath, [LAB, ...args], { encoding: 'utf8' });
}

test.each([
  [['run', 'site-lost'], 'there is no scenario "site-lost"; there are site-loss, '],
  [['run', 'site-loss', '--agents', '2'], 'site-loss needs at least 6 agents'],
  [['run', 'site-loss', '--agents', 'many'], '--agents must be a whole number from 0, not "many"'],
  [
    ['run', 'site-loss', '--agents', '1001'],
    'site-loss is shown with 1000 agents at the most, not 1001: use ',
  ],
  [['run', 'site-loss', '--times', 'long'], '--times must be short or documents, not "long"'],
  [['run', 'site-loss', '--json', '/nowhere/report.json'], 'there is no directory /nowhere; make it'],
  [
    ['run', 'site-loss', '--set', 'login-rate=9'],
    '--set takes an option of the SIP Servers as SECTION/NAME=',
  ],
  [['look'], 'unknown command "look"; there are list, run and demo'],
])('%s is refused with the remedy and status 2, and nothing runs', (args, words) => {
  const { status, stdout, stderr } = lab(...args);
  expect(stderr).toMatch(/^holdfast: .*\n$/);
  expect(stderr).toContain(words);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
});

test('list names every scenario with what it breaks and its least number of agents', () => {
  const { status, stdout } = lab('list');
  expect(status).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.length).toBe(SCENARIOS.length);
  for (const [i, { name, about, agentsMin }] of SCENARIOS.entries())
    expect(lines[i]?.replace(/ +/g, ' ')).toBe(`${name} ${about} (at least ${agentsMin.count} agents)`);
});
