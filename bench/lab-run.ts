/** One scenario of the lab, in a process of its own as the command line runs it, and its report. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LabReport } from '../lab/live/run-scenario.ts';
import { ROOT } from './bundles.ts';

export interface LabRun {
  readonly report: LabReport;
  /** Of the machine, in the minute before the run. */
  readonly load: number;
}

/** A run that takes longer hangs. */
const RUN_MAX_MS = 10 * 60_000;

/** `options`: as `holdfast lab run` takes them. Throws when it could not run; a check that failed is in the report. */
export function runLab(scenario: string, options: readonly string[]): LabRun {
  const load = loadavg()[0] as number;
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-lab-'));
  try {
    const file = join(folder, 'report.json');
    const { status, stderr } = spawnSync(
      process.execPath,
      ['.build/lab.mjs', 'run', scenario, ...options, '--json', file],
      { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'], timeout: RUN_MAX_MS },
    );
    // 1: a check did not hold; the report says which.
    if (status !== 0 && status !== 1) throw new Error(`the lab could not run: ${stderr.trim()}`);
    return { report: JSON.parse(readFileSync(file, 'utf8')) as LabReport, load };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function failedChecks({ checks }: LabReport): string[] {
  return checks.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail.slice(0, 200)}`);
}
