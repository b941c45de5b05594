import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCoreSeed } from './core.ts';
import { CORE_DEFECTS, type CoreDefect } from './core-messages.ts';
import { runSeeds, type SimulateOptions, type SimulateReport } from './simulate.ts';
import { notMet, readSimulate, simulate } from './simulate-command.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-simulate-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The same seeds, in a world in which somebody has made a mistake. */
async function withDefect(options: SimulateOptions, defect: CoreDefect): Promise<SimulateReport> {
  const failed: { seed: number; check: string; detail: string }[] = [];
  const from = options.from ?? 0;
  for (let seed = from; seed < from + options.seeds; seed++) {
    const result = runCoreSeed(seed, { defect }).failed;
    if (result !== undefined) failed.push({ seed, check: result.check, detail: result.detail });
  }
  return { ...(await runSeeds(options)), failed };
}

describe('simulate', () => {
  it('ends with 1 and writes the report when a check fails, with 0 when all hold', {
    timeout: 60_000,
  }, async () => {
    const json = join(folder, 'report.json');
    const said: string[] = [];
    const out = () => {};
    const say = (text: string) => void said.push(text);
    const args = ['--core', '--from', '0', '--seeds', '10', '--workers', '0', '--json', json];
    const defect = 'desk-never-retries';
    const check = CORE_DEFECTS[defect];
    const run = (options: SimulateOptions) => withDefect(options, defect);
    expect(await simulate(args, { run, out, say })).toBe(1);
    const report = JSON.parse(readFileSync(json, 'utf8')) as SimulateReport;
    expect(report.failed.map((one) => one.check)).toContain(check);
    expect(said.at(-1)).toBe(`Again: --core --from ${report.failed[0]?.seed} --seeds 1`);
    expect(await simulate(args, { run: runSeeds, out, say })).toBe(0);
    expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({ seeds: 10, failed: [] });
  });

  it('says what few seeds did not meet, and nothing of many or of all met', async () => {
    const said: string[] = [];
    const say = (text: string) => void said.push(text);
    const args = ['--core', '--seeds', '1', '--workers', '0'];
    expect(await simulate(args, { run: runSeeds, out: () => {}, say })).toBe(0);
    expect(said[1]).toMatch(/^too few seeds to judge; not met: .*\w/);
    const report = await runSeeds({ size: 'core', seeds: 1, workers: 0 });
    expect(notMet({ ...report, seeds: 500 })).toBeUndefined();
    expect(notMet({ ...report, faults: { 'site-kill': 1 }, rules: { DS9: 2 } })).toBeUndefined();
    expect(notMet({ ...report, faults: { 'site-kill': 0 }, rules: { DS9: 0, LL3: 1 } })).toBe(
      'too few seeds to judge; not met: site-kill, DS9',
    );
  });

  it.each([
    [['--core', '--agents', '50'], '--agents is for --whole; a core simulation has its own number'],
    [['--scripted', '--agents', '50'], '--agents is for --whole'],
    [['--agents', '2001'], '--agents is a whole number from 1 to 2000, not "2001"'],
    [['--seeds', 'many'], '--seeds is a whole number from 1, not "many"'],
    [['--core', '--whole'], 'choose one of'],
  ])('refuses %j with a word', (args, words) => {
    expect(() => readSimulate(args)).toThrow(words);
  });

  it('takes 2,000 agents in a whole world', () => {
    expect(readSimulate(['--whole', '--agents', '2000'])).toMatchObject({ size: 'whole', agents: 2000 });
  });
});
