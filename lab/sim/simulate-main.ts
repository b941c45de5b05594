/**
 * The entry that `holdfast simulate` starts: `--core | --whole | --scripted`, `--seeds N`, `--minutes M` (the seeds that failed
 * once, then as many others as fit that time, at most N), `--from S`, `--agents N`, `--json FILE`. Exit status 0: all checks hold; 1: a seed failed; 2: could not run, the reason on stderr.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { EVERYTHING_OCCURS, runSeeds, type SimulateOptions, traceSeed } from './simulate.ts';

const TRACE_LINES = 60;
/** Where the time is the limit. */
const SEEDS_MOST = '1000000';

function read(argv: readonly string[]): SimulateOptions & { json: string | undefined } {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      core: { type: 'boolean' },
      whole: { type: 'boolean' },
      scripted: { type: 'boolean' },
      seeds: { type: 'string' },
      minutes: { type: 'string' },
      from: { type: 'string', default: '0' },
      agents: { type: 'string' },
      workers: { type: 'string' },
      json: { type: 'string' },
    },
  });
  const sizes = (['core', 'whole', 'scripted'] as const).filter((size) => values[size] === true);
  if (sizes.length > 1) throw new Error('Choose one of --core, --whole and --scripted.');
  return {
    size: sizes[0] ?? 'whole',
    seeds: wholeNumber('--seeds', values.seeds ?? (values.minutes === undefined ? '100' : SEEDS_MOST), 1),
    ...(values.minutes === undefined ? {} : { minutes: minutes(values.minutes), regressions: true }),
    from: wholeNumber('--from', values.from, 0),
    ...(values.agents === undefined ? {} : { agents: wholeNumber('--agents', values.agents, 1) }),
    ...(values.workers === undefined ? {} : { workers: wholeNumber('--workers', values.workers, 0) }),
    json: values.json,
  };
}

function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`${option} is a whole number from ${least}, not ${text}.`);
  return value;
}

function minutes(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--minutes is a number above 0, not ${text}.`);
  return value;
}

async function main(argv: readonly string[]): Promise<number> {
  const { json, ...options } = read(argv);
  const report = await runSeeds(options);
  const text = JSON.stringify(report, null, 2);
  if (json === undefined) console.log(text);
  else writeFileSync(json, `${text}\n`);
  console.error(
    `${report.seeds} ${report.size} seeds from ${options.from ?? 0}: ${report.failed.length} failed`,
  );
  const [first] = report.failed;
  if (first === undefined) return 0;
  if (first.check !== EVERYTHING_OCCURS) {
    const { size, agents } = options;
    const again = traceSeed({ size, seed: first.seed, ...(agents === undefined ? {} : { agents }) });
    console.error(again.trace.slice(-TRACE_LINES).join('\n'));
  }
  for (const { seed, check, detail } of report.failed.slice(0, 10))
    console.error(`seed ${seed}: ${check}: ${detail}`);
  console.error(`Again: --${options.size} --from ${first.seed} --seeds 1`);
  return 1;
}

if (isMainThread) {
  // Whoever started us is gone, whatever ended it: nobody waits for these seeds any more.
  const parentGone = () => process.exit(2);
  process.on('disconnect', parentGone);
  // It may have ended while this program was being loaded and nobody listened.
  if (process.connected === false) parentGone();
  // Listening for that must not keep us alive when all is done.
  process.channel?.unref();
  main(process.argv.slice(2)).then(
    (status) => {
      process.exitCode = status;
    },
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : String(error));
      process.exitCode = 2;
    },
  );
}
