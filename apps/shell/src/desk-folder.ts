/**
 * What one agent's desk keeps on disk: the site and epoch of its last log-in (LL7), and the renewed copy of its
 * bootstrap file (DS20). One process holds it at a time.
 *
 *     <data folder>/agent-<user>/ login.json  bootstrap.json  held-by
 */
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type BootstrapCopy, readBootstrapCopy, writeBootstrapCopy } from '@holdfast/desk';
import { type LoginEpoch, loginEpoch } from '@holdfast/protocol';
import { readStoredFile, storeFile } from './stored-file.ts';

export type FolderOpening =
  | { readonly ok: true; readonly folder: DeskFolder; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly text: string };

/** Of this process: its number cannot tell two desks in it apart. */
const held = new Set<string>();

export class DeskFolder {
  readonly #folder: string;
  readonly copy: BootstrapCopy | undefined;
  readonly epochStored: number;

  private constructor(folder: string, stored: { copy: BootstrapCopy | undefined; epochStored: number }) {
    this.#folder = folder;
    this.copy = stored.copy;
    this.epochStored = stored.epochStored;
  }

  static open(dataFolder: string, user: string): FolderOpening {
    const folder = resolve(dataFolder, `agent-${fileNameOf(user)}`);
    const warnings: string[] = [];
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const holder = holdOrFind(folder);
      if (holder !== undefined) {
        const text = `A desk of ${user} runs already: process ${holder} holds ${folder}. End it first; if that process is no desk, remove ${join(folder, 'held-by')}.`;
        return { ok: false, text };
      }
      const epochStored = readEpoch(join(folder, 'login.json'), warnings);
      const copy = readCopy(join(folder, 'bootstrap.json'), warnings);
      return { ok: true, folder: new DeskFolder(folder, { copy, epochStored }), warnings };
    } catch (error) {
      // The file system's word: no permission, no such disk, a file where the folder should be.
      release(folder);
      const text = `The desk's data cannot be kept at ${folder}: ${(error as Error).message}. Name a folder that this user may write.`;
      return { ok: false, text };
    }
  }

  /** LL7. Throws what the file system says. */
  storeLogin(site: string, epoch: LoginEpoch): void {
    storeFile(join(this.#folder, 'login.json'), `${JSON.stringify({ site, epoch })}\n`);
  }

  /** DS20. Throws what the file system says. */
  storeCopy(copy: BootstrapCopy): void {
    storeFile(join(this.#folder, 'bootstrap.json'), writeBootstrapCopy(copy));
  }

  release(): void {
    release(this.#folder);
  }
}

/** User names are no file names: what else one may hold is told apart by its hash. */
function fileNameOf(user: string): string {
  if (/^[\w.@-]{1,100}$/.test(user)) return user;
  return createHash('sha256').update(user).digest('hex');
}

function readEpoch(path: string, warnings: string[]): number {
  const bytes = readStoredFile(path);
  if (bytes === undefined) return 0;
  try {
    const stored = JSON.parse(Buffer.from(bytes).toString('utf8')) as { epoch?: unknown } | null;
    const reading = loginEpoch.safeParse(stored?.epoch);
    if (reading.success) return reading.data.number;
  } catch {
    // No JSON: told below, like any other content that is not ours.
  }
  // A desk that has just started trusts no storage (LL8), and no epoch is below the wall clock (LL7).
  warnings.push(`${path} does not hold a login epoch; the desk starts without it.`);
  return 0;
}

function readCopy(path: string, warnings: string[]): BootstrapCopy | undefined {
  const bytes = readStoredFile(path);
  if (bytes === undefined) return undefined;
  const copy = readBootstrapCopy(bytes);
  if (copy === undefined)
    warnings.push(`${path} is no copy of a bootstrap file; the desk starts without it.`);
  return copy;
}

// ---- one desk at a time (LL7) -----------------------------------------------------------------------------------

/** The process that holds the folder; undefined when this one holds it now. */
function holdOrFind(folder: string): number | undefined {
  const path = join(folder, 'held-by');
  if (held.has(folder)) return process.pid;
  // Of two that find a dead holder at once, the second sees the first one's file.
  for (const isLast of [false, true]) {
    try {
      const file = openSync(path, 'wx', 0o600);
      writeSync(file, String(process.pid));
      closeSync(file);
      held.add(folder);
      return undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = Number(readFileSync(path, 'utf8'));
    if (holder !== process.pid && isAlive(holder)) return holder;
    if (isLast) return holder;
    rmSync(path, { force: true });
  }
  return undefined;
}

/** A killed process leaves its file: its number is nobody's, or by now somebody else's, who is then named. */
function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function release(folder: string): void {
  if (!held.delete(folder)) return;
  rmSync(join(folder, 'held-by'), { force: true });
}
