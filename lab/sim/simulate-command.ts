/**
 * What `holdfast simulate` is asked for and what it ends with: `--core | --whole | --scripted`, `--seeds N`, `--minutes M`
 * (as many as fit that time, at most N), `--from S`, `--agents N`, `--json FILE`.
 * Exit status 0: all checks hold; 1: a seed failed. What cannot be run is thrown, with the remedy in its words.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { reportFileFault } from '../src/report-file.ts';
import { OCCURS_WITHIN_SEEDS } from './rule-list.ts';
import {
  EVERYTHING_OCCURS,
  runSeeds,
  type SimulateOptions,
  type SimulateReport,
  traceSeed,
} from './simulate.ts';

const TRACE_LINES = 60;
/** Where the time is the limit. */
const SEEDS_MOST = '1000000';
/** A bound, so that a digit too many does not run for hours. */
const AGENTS_MAX = 2_000;

export function readSimulate(
  argv: readonly string[],
): SimulateOptions & { from: number; json: string | undefined } {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      core: { type: 'boolean' },
      whole: { type: 'boolean' },
      scripted: { type: 'boolean' },
      seeds: { type: 'string' },
      minutes: { type: 'string' },
      from: { type: 'string', default: '1' },
      agents: { type: 'string' },
      workers: { type: 'string' },
      json: { type: 'string' },
    },
  });
  const sizes = (['core', 'whole', 'scripted'] as const).filter((size) => values[size] === true);
  if (sizes.length > 1) throw new Error('choose one of --core, --whole and --scripted');
  const size = sizes[0] ?? 'whole';
  if (values.agents !== undefined && size !== 'whole')
    throw new Error(`--agents is for --whole; a ${size} simulation has its own number: leave it out`);
  return {
    size,
    seeds: wholeNumber('--seeds', values.seeds ?? (values.minutes === undefined ? '100' : SEEDS_MOST), 1),
    ...(values.minutes === undefined ? {} : { minutes: minutes(values.minutes) }),
    from: wholeNumber('--from', values.from, 0),
    ...(values.agents === undefined ? {} : { agents: wholeNumber('--agents', values.agents, 1, AGENTS_MAX) }),
    ...(values.workers === undefined ? {} : { workers: wholeNumber('--workers', values.workers, 0) }),
    json: values.json,
  };
}

function wholeNumber(option: string, text: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  throw new Error(`${option} is a whole number ${range}, not "${text}"`);
}

function minutes(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--minutes is a number above 0, not "${text}"`);
  return value;
}

/** Of a report of few seeds: what did not occur in them, which is no fault of theirs; undefined when there is nothing to say. */
export function notMet({ seeds, faults, rules }: SimulateReport): string | undefined {
  if (seeds >= OCCURS_WITHIN_SEEDS) return undefined;
  const missing = Object.entries({ ...faults, ...rules }).filter(([, times]) => times === 0);
  if (missing.length === 0) return undefined;
  return `too few seeds to judge; not met: ${missing.map(([name]) => name).join(', ')}`;
}

export interface SimulateWorld {
  readonly run: (options: SimulateOptions) => Promise<SimulateReport>;
  readonly out: (text: string) => void;
  readonly say: (text: string) => void;
}

const HERE: SimulateWorld = { run: runSeeds, out: console.log, say: console.error };

/** Resolves to the exit status, when the report has been written. */
export async function simulate(argv: readonly string[], world: SimulateWorld = HERE): Promise<number> {
  const { json, ...options } = readSimulate(argv);
  const { say } = world;
  const fault = json === undefined ? undefined : reportFileFault(json);
  if (fault !== undefined) throw new Error(fault);
  const report = await world.run(options);
  const text = JSON.stringify(report, null, 2);
  if (json === undefined) world.out(text);
  else writeFileSync(json, `${text}\n`);
  say(`${report.seeds} ${report.size} seeds from ${options.from}: ${report.failed.length} failed`);
  const unmet = options.size === 'scripted' ? undefined : notMet(report);
  if (unmet !== undefined) say(unmet);
  const [first] = report.failed;
  if (first === undefined) return 0;
  if (first.check !== EVERYTHING_OCCURS) {
    const { size, agents } = options;
    const again = traceSeed({ size, seed: first.seed, ...(agents === undefined ? {} : { agents }) });
    say(again.trace.slice(-TRACE_LINES).join('\n'));
  }
  for (const { seed, check, detail } of report.failed.slice(0, 10)) say(`seed ${seed}: ${check}: ${detail}`);
  say(`Again: --${options.size} --from ${first.seed} --seeds 1`);
  return 1;
}
