/**
 * Checks docs/models/pair-role.pml with spin: over every state within the bounds two members of a pair never act at
 * once, and with any one clause of the rules PR taken out they do. Run this file to see the figures; its test runs
 * the same. It needs spin and a C compiler.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MODEL = fileURLToPath(new URL('../docs/models/pair-role.pml', import.meta.url));

/** The search is complete within these. */
interface Bounds {
  readonly REV_MAX: number;
  readonly ASK_MAX: number;
}
const MORE_REVISIONS: Bounds = { REV_MAX: 4, ASK_MAX: 1 };
const MORE_ASKS: Bounds = { REV_MAX: 3, ASK_MAX: 2 };

export interface ModelRun {
  /** The macro that takes one clause out; undefined for the rules as they are. */
  readonly without: string | undefined;
  readonly bounds: Bounds;
  readonly isSafe: boolean;
}

/** The rules as they are, and the second net of PR2, without which nothing is found. */
export const SAFE: readonly ModelRun[] = [
  { without: undefined, bounds: MORE_REVISIONS, isSafe: true },
  { without: undefined, bounds: MORE_ASKS, isSafe: true },
  { without: 'START_NOT_COUNTED', bounds: MORE_ASKS, isSafe: true },
];

export const BROKEN: readonly ModelRun[] = [
  ...[
    'COUNT_FROM_ANSWER',
    'NOW_BEFORE_MESSAGE',
    'OWN_CONFIRMATIONS_IGNORED',
    'CHANGED_KEY_IGNORED',
    'NO_COMPARE_AND_SET',
    'CONFIRMS_WHILE_ASKING',
    'NO_ANSWER_IS_NO',
    'WRITTEN_LENGTH_IGNORED',
    'SHORTENING_NOT_COUNTED',
    'GRANT_OF_ANY_PROCESS',
  ].map((without) => ({ without, bounds: MORE_REVISIONS, isSafe: false })),
  { without: 'GRANT_OF_ANY_ASK', bounds: MORE_ASKS, isSafe: false },
];

export interface ModelResult {
  readonly isSafe: boolean;
  readonly states: number;
}

/** One step; the search itself takes seconds. */
const STEP_MAX_MS = 120_000;
const DEPTH_MAX = 3_000_000;
const OUTPUT_MAX_BYTES = 1_000_000;

/** Throws when spin or the compiler fails, or the search was not complete. */
export function runModel({ without, bounds }: ModelRun): ModelResult {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-model-'));
  try {
    copyFileSync(MODEL, join(folder, 'model.pml'));
    const macros = [
      `-DREV_MAX=${bounds.REV_MAX}`,
      `-DASK_MAX=${bounds.ASK_MAX}`,
      ...(without === undefined ? [] : [`-D${without}`]),
    ];
    run(folder, 'spin', ['-a', ...macros, 'model.pml']);
    // Hash compaction keeps it small; without partial order reduction, since there is but one process.
    run(folder, 'gcc', ['-w', '-O1', '-DSAFETY', '-DNOREDUCE', '-DHC4', '-o', 'pan', 'pan.c']);
    return read(run(folder, join(folder, 'pan'), ['-E', `-m${DEPTH_MAX}`, '-w22']));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function read(text: string): ModelResult {
  const errors = /errors: (\d+)/.exec(text)?.[1];
  const states = /([\d.e+]+) states, stored/.exec(text)?.[1];
  const isCut = text.includes('max search depth too small') || text.includes('out of memory');
  if (errors === undefined || states === undefined || isCut)
    throw new Error(`the search did not come to its end:\n${text.slice(-2_000)}`);
  return { isSafe: errors === '0', states: Number(states) };
}

function run(folder: string, command: string, args: readonly string[]): string {
  const options = {
    cwd: folder,
    encoding: 'utf8',
    timeout: STEP_MAX_MS,
    maxBuffer: OUTPUT_MAX_BYTES,
  } as const;
  const { status, stdout, stderr, error } = spawnSync(command, args, options);
  if (error !== undefined)
    throw new Error(`${command} could not be run: ${error.message} (Debian: spin gcc libc6-dev)`);
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}${stdout}`.slice(0, 2_000));
  return stdout;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const one of [...SAFE, ...BROKEN]) {
    const { isSafe, states } = runModel(one);
    const name = one.without === undefined ? 'the rules as they are' : `without: ${one.without}`;
    const found = isSafe ? 'never two primaries' : 'two primaries';
    const { REV_MAX, ASK_MAX } = one.bounds;
    console.log(
      `${name}: ${found} (${states} states; ${REV_MAX} revisions, ${ASK_MAX} asks of each life, 1 restart)`,
    );
    if (isSafe !== one.isSafe) process.exitCode = 1;
  }
}
