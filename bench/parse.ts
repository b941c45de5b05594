/**
 * Parsers side by side, in one run, on the same messages: Holdfast's beside those of `sip`, `jssip` and `sip.js`.
 * `read` is parsing and reading every field that routing, transactions and dialogs read; `readAndWrite` is that
 * and the message as bytes again.
 *
 *     npx tsx bench/parse.ts [--blocks N] [--json FILE]
 *
 * The parsers take turns in slices of a few milliseconds, so that whatever else the machine does meets all of them
 * alike. Ten turns make a block, long enough that each pays for its own garbage; each block gives one ratio. What
 * counts is the median of these ratios by CPU time, with its spread beside it (the lowest and the highest tenth);
 * the same by the clock is reported too.
 *
 * Exit status 1 when Holdfast is not at least twice as fast as the fastest of the others.
 */
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { messageSize } from '@holdfast/sip';
import { SHORT_SHARE, verdict } from './bench-run.ts';
import { type Contestant, contestants, holdfast, parsedByUs } from './parsers.ts';
import { INVITE, REGISTER } from './sample-messages.ts';

const TARGET = 2;
const SLICE_MS = 5;
const TURNS_PER_BLOCK = 10;
const BLOCKS_USUAL = 20;
/** Enough of the fast parsers for the optimizing compiler to have settled. */
const WARM_UP_MS = 400;

const { values } = parseArgs({
  options: { blocks: { type: 'string', default: String(BLOCKS_USUAL) }, json: { type: 'string' } },
});

type Work = 'read' | 'readAndWrite';

interface Spent {
  messages: number;
  wallMs: number;
  cpuMs: number;
}

/** One parser at one work on one message; `perSlice` messages take it about `SLICE_MS`. */
interface Runner {
  readonly name: string;
  readonly run: () => number;
  readonly perSlice: number;
}

function makeRunner(contestant: Contestant, work: Work, bytes: Buffer): Runner {
  const run = () => contestant[work](bytes);
  const startedAt = performance.now();
  let messages = 0;
  while (performance.now() - startedAt < WARM_UP_MS) {
    run();
    messages++;
  }
  const perSlice = Math.max(1, Math.round((messages * SLICE_MS) / (performance.now() - startedAt)));
  return { name: contestant.name, run, perSlice };
}

function runSlice({ run, perSlice }: Runner, spent: Spent): void {
  let sum = 0;
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  for (let i = 0; i < perSlice; i++) sum += run();
  spent.wallMs += performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpu);
  spent.cpuMs += (user + system) / 1_000;
  spent.messages += perSlice;
  if (!(sum > 0)) throw new Error('nothing was read');
}

/** Messages a second of each parser. */
type Rates = Readonly<Record<string, number>>;

function runBlock(runners: readonly Runner[]): { byCpu: Rates; byClock: Rates } {
  const spent = runners.map((): Spent => ({ messages: 0, wallMs: 0, cpuMs: 0 }));
  for (let turn = 0; turn < TURNS_PER_BLOCK; turn++) {
    // Another one begins each time, so that nobody always runs behind the same neighbour.
    for (let step = 0; step < runners.length; step++) {
      const index = (turn + step) % runners.length;
      runSlice(runners[index] as Runner, spent[index] as Spent);
    }
  }
  const rates = (time: 'cpuMs' | 'wallMs'): Rates =>
    Object.fromEntries(
      runners.map(({ name }, index) => {
        const own = spent[index] as Spent;
        return [name, (1_000 * own.messages) / own[time]];
      }),
    );
  return { byCpu: rates('cpuMs'), byClock: rates('wallMs') };
}

/** The value below which this part of the values lies. */
function quantile(given: readonly number[], part: number): number {
  const sorted = [...given].sort((a, b) => a - b);
  return sorted[Math.round(part * (sorted.length - 1))] as number;
}

const twoDecimals = (value: number) => Math.round(100 * value) / 100;

interface Figures {
  /** Median messages a second of each parser. */
  readonly perSecond: Rates;
  readonly fastestOther: string;
  /** Ours by the fastest of the others: the median of all blocks, and between which values eight of ten lie. */
  readonly ratio: number;
  readonly ratioSpread: readonly [number, number];
}

function figuresOf(blocks: readonly Rates[]): Figures {
  const median = (name: string) =>
    quantile(
      blocks.map((rates) => rates[name] as number),
      0.5,
    );
  const names = Object.keys(blocks[0] as Rates);
  const others = names.filter((name) => name !== holdfast.name);
  const fastestOther = others.reduce((a, b) => (median(b) > median(a) ? b : a));
  const ratios = blocks.map((rates) => (rates[holdfast.name] as number) / (rates[fastestOther] as number));
  return {
    perSecond: Object.fromEntries(names.map((name) => [name, Math.round(median(name))])),
    fastestOther,
    ratio: twoDecimals(quantile(ratios, 0.5)),
    ratioSpread: [twoDecimals(quantile(ratios, 0.1)), twoDecimals(quantile(ratios, 0.9))],
  };
}

const SAMPLES = { REGISTER, INVITE };
const all = await contestants();
const load = loadavg()[0] as number;
const rows = Object.entries(SAMPLES).flatMap(([message, sample]) =>
  (['read', 'readAndWrite'] as const).map((work) => {
    const runners = all.map((contestant) => makeRunner(contestant, work, Buffer.from(sample)));
    const blocks = Array.from({ length: Number(values.blocks) }, () => runBlock(runners));
    return {
      message,
      bytes: sample.length,
      work,
      byCpu: figuresOf(blocks.map(({ byCpu }) => byCpu)),
      byClock: figuresOf(blocks.map(({ byClock }) => byClock)),
    };
  }),
);
const least = Number(values.blocks) < BLOCKS_USUAL ? TARGET * SHORT_SHARE : TARGET;
const judged = verdict(
  Object.fromEntries(
    rows.map(({ message, work, byCpu: { ratio, fastestOther } }) => [
      `${message}, ${work}: ${ratio} times ${fastestOther}, at least ${least} is needed`,
      ratio >= least,
    ]),
  ),
);
const report = {
  version: 2,
  bench: 'parse',
  ...judged,
  target: TARGET,
  rows,
  sizeWithoutWriting: messageSize(parsedByUs(INVITE)) === INVITE.length,
  host: {
    cpus: cpus().length,
    model: cpus()[0]?.model ?? 'unknown',
    node: process.version,
    load_before: twoDecimals(load),
  },
};
const json = JSON.stringify(report, null, 2);
console.log(json);
if (values.json !== undefined) writeFileSync(values.json, `${json}\n`);
process.exitCode = judged.ok ? 0 : 1;
