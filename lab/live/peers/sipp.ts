/**
 * sipp (Debian: sip-tester): plays one side of a call from a scenario, its own embedded ones or ours. Always
 * without a terminal and with a time of its own to end, since it waits for ever for a peer that never answers.
 * What it says of itself is its exit status and the last line of its statistics.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Program } from './processes.ts';

export type SippScenario =
  /** A name that `-sn` knows: `uac`, `uas`, … */
  { readonly embedded: string } | { readonly xml: string };

export interface SippOptions {
  /** Of its own, for its files. */
  readonly folder: string;
  readonly scenario: SippScenario;
  /** Its own port on 127.0.0.1. */
  readonly port: number;
  readonly transport?: 'u1' | 't1';
  /** `host:port` that it calls; absent for one that waits for calls. */
  readonly remote?: string;
  /** Whom it calls: the user part. */
  readonly service?: string;
  /** Ends after so many calls. */
  readonly calls: number;
  /** Calls a second. */
  readonly rate?: number;
  /** How long it talks, ms. */
  readonly durationMs?: number;
  readonly credentials?: { readonly user: string; readonly password: string };
  /** `[name]` in a scenario of ours. */
  readonly keys?: Readonly<Record<string, string>>;
  /** False under load: writing every message down would be what is measured. */
  readonly keepsMessages?: boolean;
  readonly extra?: readonly string[];
}

export interface SippReport {
  /** 0: all calls were good; 1: at least one failed; 255: it could not go on. */
  readonly code: number | null;
  readonly successful: number;
  readonly failed: number;
  readonly retransmissions: number;
  /** Calls a second, over the whole run. */
  readonly perSecond: number;
  /** What it complained about, for the message of a failed test. */
  readonly errors: string;
}

export class Sipp {
  readonly program: Program;
  readonly #folder: string;

  private constructor(program: Program, folder: string) {
    this.program = program;
    this.#folder = folder;
  }

  static start(options: SippOptions): Sipp {
    const { folder } = options;
    mkdirSync(folder, { recursive: true });
    const program = Program.start({ command: 'sipp', args: argumentsOf(options), folder });
    return new Sipp(program, folder);
  }

  /** All messages that it sent and received, with when. */
  get messages(): string {
    return readIfThere(join(this.#folder, 'messages.log'));
  }

  /** Waits until it has received a message with this text. */
  received(text: string, withinMs = 5_000): Promise<void> {
    return this.program.until(`it received "${text}"`, withinMs, () =>
      this.messages
        .split(/^-{20,}.*$/m)
        .some((message) => message.includes('message received') && message.includes(text)),
    );
  }

  /** Waits until it ends by itself; kills it, and says so, when that takes too long. */
  async report(withinMs: number): Promise<SippReport> {
    const { code } = await this.program.endWithin(withinMs);
    const [heads, ...rows] = readIfThere(join(this.#folder, 'statistics.csv')).trim().split('\n');
    const last = rows.at(-1)?.split(';') ?? [];
    const column = (name: string) => Number(last[heads?.split(';').indexOf(name) ?? -1] ?? Number.NaN);
    return {
      code,
      successful: column('SuccessfulCall(C)'),
      failed: column('FailedCall(C)'),
      retransmissions: column('Retransmissions(C)'),
      perSecond: column('CallRate(C)'),
      errors: readIfThere(join(this.#folder, 'errors.log')).slice(0, 2_000),
    };
  }
}

export function argumentsOf(options: SippOptions): string[] {
  const { folder, scenario, port, remote, credentials } = options;
  const args = remote === undefined ? [] : [remote];
  if ('embedded' in scenario) args.push('-sn', scenario.embedded);
  else {
    const file = join(folder, 'scenario.xml');
    writeFileSync(file, scenario.xml);
    args.push('-sf', file);
  }
  args.push('-i', '127.0.0.1', '-mi', '127.0.0.1', '-p', String(port), '-t', options.transport ?? 'u1');
  args.push('-nostdin', '-m', String(options.calls), '-r', String(options.rate ?? 10));
  args.push('-trace_stat', '-stf', join(folder, 'statistics.csv'), '-fd', '1');
  args.push('-trace_err', '-error_file', join(folder, 'errors.log'));
  if (options.keepsMessages !== false) args.push('-trace_msg', '-message_file', join(folder, 'messages.log'));
  if (options.service !== undefined) args.push('-s', options.service);
  if (options.durationMs !== undefined) args.push('-d', String(options.durationMs));
  if (credentials !== undefined) args.push('-au', credentials.user, '-ap', credentials.password);
  for (const [name, value] of Object.entries(options.keys ?? {})) args.push('-key', name, value);
  args.push(...(options.extra ?? []));
  return args;
}

function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
