/** What a bench of a whole server is told on its command line, and how it tells its result. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

export interface BenchRun {
  readonly isShort: boolean;
  readonly seconds: number;
  /** Folder for a CPU profile of the server. */
  readonly profile: string | undefined;
  /** Prints the result, writes it to the file of `--json`, and makes a failure the exit status 1. */
  tell(result: { readonly ok: boolean }): void;
}

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
    tell(result) {
      const text = JSON.stringify(result, null, 2);
      console.log(text);
      if (json !== undefined) writeFileSync(json, `${text}\n`);
      process.exitCode = result.ok ? 0 : 1;
    },
  };
}

export function round(value: number, digits = 0): number {
  return Number(value.toFixed(digits));
}
