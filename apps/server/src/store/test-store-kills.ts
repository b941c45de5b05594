/**
 * Kills whoever writes to a store, again and again in the midst of its writes, and counts what was acknowledged and is not
 * there (CW5). Any address will do; of PostgreSQL it is the writer that dies and not the server.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { REVISION_NONE, type VerifyAnswer } from '@holdfast/servers';
import { build } from 'esbuild';
import type { ConfigStore } from './config-store.ts';
import { openConfigStore } from './open-config-store.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
/** Of a writer until its first acknowledgement, on a machine that is busy. */
const START_MAX_MS = 30_000;
/** It is killed within so long after that. */
const LIFE_MAX_MS = 400;
const PAGE = 1_000;

export interface StormReport {
  readonly kills: number;
  readonly acknowledged: number;
  /** Made, and its writer killed before it could say so: no promise was given for these. */
  readonly unsaid: number;
  /** Acknowledged and not there. */
  readonly lost: readonly string[];
  readonly verdict: VerifyAnswer;
}

/** A writer as one file, because each start from sources would take longer than its life; remove it afterwards. */
export async function buildWriter(): Promise<{ readonly file: string; remove(): void }> {
  const file = `${root}.build/test-store-writer-${process.pid}.mjs`;
  mkdirSync(`${root}.build`, { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: ['apps/server/src/store/test-store-writer-main.ts'],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['@electric-sql/pglite', 'pg-native'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  return { file, remove: () => rmSync(file, { force: true }) };
}

/** `random` is from 0 to 1. */
export async function killStorm(
  options: { readonly writer: string; readonly address: string; readonly kills: number },
  random: () => number,
): Promise<StormReport> {
  const acknowledged: string[] = [];
  for (let kill = 0; kill < options.kills; kill++) {
    const child = startWriter([options.writer, options.address, `${kill}`]);
    const lines = linesOf(child);
    await firstAcknowledgement(child, lines);
    await new Promise((resolve) => setTimeout(resolve, LIFE_MAX_MS * random()));
    child.kill('SIGKILL');
    await once(child, 'close');
    acknowledged.push(...acknowledgedIn(lines));
  }
  const store = await openConfigStore(options.address);
  try {
    return { kills: options.kills, ...(await compare(store, acknowledged)) };
  } finally {
    await store.close();
  }
}

/** What the log has, beside what its writers have said. */
export async function compare(
  store: ConfigStore,
  acknowledged: readonly string[],
): Promise<Omit<StormReport, 'kills'>> {
  const found = new Set<string>();
  for (let at = REVISION_NONE; ; ) {
    const page = await store.entriesAfter(at, PAGE);
    if (page.type !== 'entries') throw new Error(JSON.stringify(page));
    const last = page.entries.at(-1);
    if (last === undefined) break;
    for (const { id } of page.entries) found.add(id);
    at = last.revision;
  }
  const lost = acknowledged.filter((id) => !found.has(id));
  const unsaid = found.size + lost.length - acknowledged.length;
  return { acknowledged: acknowledged.length, unsaid, lost, verdict: await store.verify() };
}

/** `args`: the program, its address and life; `before`: what starts Node, as `prlimit --fsize=…`. */
export function startWriter(args: readonly string[], before: readonly string[] = []): ChildProcess {
  const [command = '', ...rest] = [...before, process.execPath, ...args];
  return spawn(command, rest, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Grows while it lives; a last line that was not finished is left out. */
export function linesOf(child: ChildProcess): string[] {
  const lines: string[] = [];
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
  });
  return lines;
}

export function acknowledgedIn(lines: readonly string[]): string[] {
  return lines.filter((line) => line.startsWith('ack ')).map((line) => line.slice('ack '.length));
}

async function firstAcknowledgement(child: ChildProcess, lines: readonly string[]): Promise<void> {
  const giveUpAt = performance.now() + START_MAX_MS;
  while (acknowledgedIn(lines).length === 0) {
    if (child.exitCode !== null || performance.now() > giveUpAt)
      throw new Error(`the writer acknowledges nothing: ${lines.join(' | ')}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
