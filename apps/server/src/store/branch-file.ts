/**
 * The file in which a Configuration Server keeps the branch of its site while the database is out of reach (CW2). An edit is
 * acknowledged when its line is on the disk. It holds secrets, and nobody but its owner may read it.
 *
 *     HASH {"version":1,"id":"…","base":{"epoch":3,"number":128}}     each hash is over the one before and the line
 *     HASH {entry}
 *     HASH {entry}
 *
 * A last line that is not whole was never acknowledged and is dropped. A line that is something else than was written takes
 * the file out of use: it is set aside and named, since who repairs it may still read it.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Branch, branchName, type Entry, entry, revision } from '@holdfast/protocol';
import type { BranchFileAnswer, BranchFileRequest } from '@holdfast/servers';
import { z } from 'zod';
import type { Log } from '../log.ts';

const VERSION = 1;
const header = z.object({ version: z.literal(VERSION), id: branchName, base: revision });

type Reading =
  | { readonly type: 'none' }
  | {
      readonly type: 'branch';
      readonly branch: Branch;
      /** Of what is whole. */
      readonly bytes: number;
      readonly hash: string;
      readonly isTorn: boolean;
    }
  | { readonly type: 'broken'; readonly because: string };

export class BranchFile {
  readonly #file: string;
  readonly #log: Log;
  /** As it was found at the start. */
  readonly branch: Branch | undefined;
  #id: string | undefined;
  #bytes = 0;
  #hash = '';
  #handle: FileHandle | undefined;
  /** One after the other. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(file: string, log: Log, reading: Reading) {
    this.#file = file;
    this.#log = log;
    if (reading.type !== 'branch' || reading.branch.entries.length === 0) return;
    this.branch = reading.branch;
    this.#id = reading.branch.id;
    this.#bytes = reading.bytes;
    this.#hash = reading.hash;
  }

  /** Rejects where the folder cannot be used. */
  static async open(file: string, log: Log): Promise<BranchFile> {
    const reading = await readBranch(file);
    if (reading.type === 'broken') {
      const aside = `${file}.broken`;
      await rename(file, aside);
      const because = `${reading.because} It is kept as ${aside}: the edits in its sound lines have to be made again.`;
      log({ level: 'error', what: 'the edits of this site are not served', because });
    }
    if (reading.type === 'branch' && reading.isTorn) {
      const because = `The last line of ${file} is not whole. It was never acknowledged.`;
      log({ level: 'warn', what: 'the last edit of this site is dropped', because });
    }
    return new BranchFile(file, log, reading);
  }

  do(request: BranchFileRequest): Promise<BranchFileAnswer> {
    const done = this.#last.then(() => (request.type === 'keep' ? this.#keep(request) : this.#remove()));
    this.#last = done;
    return done;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#handle?.close();
    this.#handle = undefined;
  }

  async #keep({
    branch,
    base,
    entry: kept,
  }: Extract<BranchFileRequest, { type: 'keep' }>): Promise<BranchFileAnswer> {
    try {
      if (this.#id === branch) await this.#append(kept);
      else await this.#begin(branch, base, kept);
      return { type: 'kept' };
    } catch (error) {
      // Full, or not ours to write.
      const because = `${this.#file} cannot be written: ${(error as Error).message}. Make room there, then edit again.`;
      await this.#takeBack(because);
      return { type: 'notKept', because };
    }
  }

  /** Whole under its name, or not there. */
  async #begin(id: string, base: Branch['base'], first: Entry): Promise<void> {
    const head = lineOf('', { version: VERSION, id, base });
    const line = lineOf(head.hash, first);
    const written = `${this.#file}.new`;
    await this.#closeFormer();
    const handle = await open(written, 'w', 0o600);
    try {
      await handle.writeFile(head.text + line.text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(written, this.#file);
    await syncFolder(this.#file);
    this.#id = id;
    this.#bytes = Buffer.byteLength(head.text + line.text);
    this.#hash = line.hash;
  }

  async #append(next: Entry): Promise<void> {
    const line = lineOf(this.#hash, next);
    this.#handle ??= await open(this.#file, 'r+');
    // Also over a last line that was not whole.
    await this.#handle.truncate(this.#bytes);
    const bytes = Buffer.from(line.text);
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at, this.#bytes + at);
      at += bytesWritten;
    }
    await this.#handle.sync();
    this.#bytes += bytes.length;
    this.#hash = line.hash;
  }

  /** What was not acknowledged is not to be found there after a restart. */
  async #takeBack(because: string): Promise<void> {
    try {
      await this.#handle?.truncate(this.#bytes);
      await this.#handle?.sync();
    } catch {
      // The same trouble again; the next edit truncates before it writes.
      this.#log({ level: 'error', what: 'an edit that was refused may stand in the branch', because });
    }
  }

  async #remove(): Promise<BranchFileAnswer> {
    try {
      await this.#closeFormer();
      await rm(this.#file, { force: true });
      await syncFolder(this.#file);
    } catch (error) {
      // It is handed in again after a restart, and is known then to be merged.
      const because = (error as Error).message;
      this.#log({ level: 'error', what: 'the branch that is merged cannot be removed', because });
    }
    return { type: 'kept' };
  }

  async #closeFormer(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    this.#id = undefined;
    await handle?.close();
  }
}

export async function readBranch(file: string): Promise<Reading> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { type: 'none' };
    throw error;
  }
  const lines: unknown[] = [];
  let hash = '';
  let at = 0;
  for (let number = 1; at < bytes.length; number++) {
    const end = bytes.indexOf(10, at);
    const text = bytes.subarray(at, end < 0 ? bytes.length : end).toString();
    const read = readLine(hash, text);
    const isLast = end < 0 || end === bytes.length - 1;
    // Where power was lost in the midst of a write there may be zeros.
    const isTorn = isLast && (end < 0 || text.includes('\0'));
    if (read === undefined && !isTorn)
      return { type: 'broken', because: `Line ${number} of ${file} is not what was written.` };
    if (read === undefined || end < 0) break;
    lines.push(read.value);
    hash = read.hash;
    at = end + 1;
  }
  return branchOf(file, lines, { bytes: at, hash, isTorn: at < bytes.length });
}

function branchOf(
  file: string,
  [first, ...rest]: readonly unknown[],
  more: { readonly bytes: number; readonly hash: string; readonly isTorn: boolean },
): Reading {
  const head = header.safeParse(first);
  const entries = z.array(entry).safeParse(rest);
  if (!head.success || !entries.success)
    return { type: 'broken', because: `${file} was written by another release.` };
  const { id, base } = head.data;
  return { type: 'branch', branch: { id, base, entries: entries.data }, ...more };
}

function lineOf(previous: string, value: unknown): { readonly text: string; readonly hash: string } {
  const json = JSON.stringify(value);
  const hash = hashOf(previous, json);
  return { text: `${hash} ${json}\n`, hash };
}

function readLine(
  previous: string,
  text: string,
): { readonly value: unknown; readonly hash: string } | undefined {
  const space = text.indexOf(' ');
  const [hash, json] = [text.slice(0, space), text.slice(space + 1)];
  if (space < 0 || hashOf(previous, json) !== hash) return undefined;
  return { value: JSON.parse(json), hash };
}

function hashOf(previous: string, json: string): string {
  return createHash('sha256').update(`${previous}\n${json}`).digest('base64url');
}

/** So that the name, too, is there after the machine has lost its power. */
async function syncFolder(file: string): Promise<void> {
  const folder = await open(dirname(file), 'r');
  await folder.sync().finally(() => folder.close());
}
