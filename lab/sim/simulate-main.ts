/**
 * The entry that `holdfast simulate` starts: `--core | --whole`, `--seeds N`, `--from S`, `--agents N`,
 * `--json FILE`. Exit status 0: all checks hold; 1: a seed failed; 2: could not run, the reason on stderr.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { runSeeds, type SimulateOptions, traceSeed } from './simulate.ts';

const TRACE_LINES = 60;

function read(argv: readonly string[]): SimulateOptions & { json: string | undefined } {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      core: { type: 'boolean' },
      whole: { type: 'boolean' },
      seeds: { type: 'string', default: '100' },
      from: { type: 'string', default: '0' },
      agents: { type: 'string' },
      workers: { type: 'string' },
      json: { type: 'string' },
    },
  });
  if (values.core === true && values.whole === true) throw new Error('Choose one of --core and --whole.');
  return {
    size: values.core === true ? 'core' : 'whole',
    seeds: wholeNumber('--seeds', values.seeds, 1),
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

async function main(argv: readonly string[]): Promise<number> {
  const { json, ...options } = read(argv);
  const report = await runSeeds(options);
  const text = JSON.stringify(report, null, 2);
  if (json === undefined) console.log(text);
  else writeFileSync(json, `${text}\n`);
  const [first] = report.failed;
  if (first === undefined) return 0;
  const again = traceSeed({
    size: options.size,
    seed: first.seed,
    ...(options.agents === undefined ? {} : { agents: options.agents }),
  });
  console.error(again.trace.slice(-TRACE_LINES).join('\n'));
  for (const { seed, check, detail } of report.failed.slice(0, 10))
    console.error(`seed ${seed}: ${check}: ${detail}`);
  console.error(
    `${report.failed.length} seeds failed. Again: --${options.size} --from ${first.seed} --seeds 1`,
  );
  return 1;
}

if (isMainThread) {
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
