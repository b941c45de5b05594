/** What a bench of a whole server is told on its command line, and how it tells its result. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** What a bench thinks of its own figures; only what holds on a busy machine too may be missed. */
export interface Verdict {
  readonly ok: boolean;
  /** Each figure that is not what it must be, in one sentence with the figure. */
  readonly missed: readonly string[];
}

/** `claims`: whether each holds, by the sentence that is said when it does not. */
export function verdict(claims: Readonly<Record<string, boolean>>): Verdict {
  const missed = Object.keys(claims).filter((sentence) => claims[sentence] === false);
  return { ok: missed.length === 0, missed };
}

export interface BenchRun {
  readonly isShort: boolean;
  readonly seconds: number;
  /** Folder for a CPU profile of the server. */
  readonly profile: string | undefined;
  /** How much of what a bench aims at this run must reach. */
  least(aim: number): number;
  /** Prints the result, writes it to the file of `--json`, and makes what was missed the exit status 1. */
  tell(result: Verdict): void;
}

/** A few seconds on a shared machine tell whether something has collapsed, and no more: 18.7 and 27 % were seen of one code. */
export const SHORT_SHARE = 0.6;

/** `--short`, `--seconds 60`, `--json FILE`, `--profile FOLDER`; the figures are seconds where none are given. */
export function benchRun(seconds: { readonly short: number; readonly usual: number }): BenchRun {
  const { values } = parseArgs({
    options: {
      short: { type: 'boolean', default: false },
      seconds: { type: 'string' },
      json: { type: 'string' },
      profile: { type: 'string' },
    },
  });
  const { short: isShort, json, profile } = values;
  return {
    isShort,
    seconds: Number(values.seconds ?? (isShort ? seconds.short : seconds.usual)),
    profile,
    least: (aim) => (isShort ? aim * SHORT_SHARE : aim),
    tell(result) {
      const text = JSON.stringify(result, null, 2);
      console.log(text);
      if (json !== undefined) writeFileSync(json, `${text}\n`);
      process.exitCode = result.ok ? 0 : 1;
    },
  };
}

/** `--agents 2000`. */
export function numberArgument(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}

export function round(value: number, digits = 0): number {
  return Number(value.toFixed(digits));
}
