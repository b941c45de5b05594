/**
 * The copy of the configuration that a Configuration Server keeps beside itself, so that it starts and serves with its
 * database, the writer and the other site dead. It holds secrets, and nobody but its owner may read it.
 *
 *     {"version":2,"revision":"3.128","sha256":"…"}     over the revision and all that follows, byte for byte
 *     [ objects ]
 *     { held, owed }                                    the entries that it came from, as far as they are kept (CW4)
 *
 * A new copy is written beside the former one and takes its name when it is whole, so that there is always one to start from.
 * One that is not what was written is never served.
 */
import { createHash } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ConfigObject, configObject, entry, revision } from '@holdfast/protocol';
import type { HeldLine, HeldLines } from '@holdfast/servers';
import { z } from 'zod';

const VERSION = 2;
const HEADER_BYTES_MAX = 1_024;
/** Objects that become text in one turn of the event loop: 60,000 at once would keep log-ins waiting for 80 ms at each edit. */
const PIECE = 2_000;
const header = z.object({ version: z.literal(VERSION), revision: z.string(), sha256: z.string() });

/** A database that is promoted lacks the last seconds; a copy is written with each change, and must not become large by this. */
const KEPT_CHANGES_MAX = 5_000;

const line = z.object({ revision, entries: z.array(entry) });
const heldLines = z.object({ held: line.optional(), owed: z.array(line) });

export interface Copied {
  /** As its writer numbered it. */
  readonly revision: string;
  readonly objects: readonly ConfigObject[];
  readonly lines?: HeldLines | undefined;
}

export type CopyReading =
  | ({ readonly type: 'copy' } & Copied)
  | { readonly type: 'none' }
  /** It is there and cannot be served. */
  | { readonly type: 'corrupt'; readonly because: string };

/** Rejects when the disk is full or may not be written; the former copy is then still there. */
export async function writeCopy(file: string, copied: Copied): Promise<void> {
  const { pieces, sha256 } = await textOf(copied);
  const head = JSON.stringify({ version: VERSION, revision: copied.revision, sha256 });
  const written = `${file}.new`;
  const handle = await open(written, 'w', 0o600);
  try {
    for (const piece of [`${head}\n`, ...pieces, '\n']) await handle.writeFile(piece);
    await handle.sync();
  } catch (error) {
    await rm(written, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  await rename(written, file);
  // So that the new name, too, is there after the machine has lost its power.
  const folder = await open(dirname(file), 'r');
  await folder.sync().finally(() => folder.close());
}

/** What the copy says that it is, without reading it all. */
export async function revisionOfCopy(file: string): Promise<string | undefined> {
  try {
    const handle = await open(file, 'r');
    const { buffer, bytesRead } = await handle
      .read(Buffer.alloc(HEADER_BYTES_MAX), 0, HEADER_BYTES_MAX, 0)
      .finally(() => handle.close());
    const text = buffer.subarray(0, bytesRead).toString();
    const head = header.safeParse(parsed(text.slice(0, text.indexOf('\n'))));
    return head.success ? head.data.revision : undefined;
  } catch {
    // There is none, or it is not ours to read.
    return undefined;
  }
}

/** The objects and the lines as JSON, made piece by piece, and their digest. */
async function textOf({
  revision: text,
  objects,
  lines,
}: Copied): Promise<{ readonly pieces: readonly Buffer[]; readonly sha256: string }> {
  const digest = createHash('sha256').update(text);
  const pieces: Buffer[] = [];
  const add = (more: string) => {
    const piece = Buffer.from(more);
    digest.update(piece);
    pieces.push(piece);
  };
  for (let from = 0; from < objects.length; from += PIECE) {
    const listed = JSON.stringify(objects.slice(from, from + PIECE)).slice(1, -1);
    add(`${from === 0 ? '[' : ','}${listed}`);
    await nextTurn();
  }
  add(objects.length === 0 ? '[]' : ']');
  if (lines !== undefined) add(`\n${JSON.stringify(keptOf(lines))}`);
  return { pieces, sha256: digest.digest('hex') };
}

export async function readCopy(file: string): Promise<CopyReading> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? { type: 'none' } : { type: 'corrupt', because: message };
  }
  const end = text.indexOf('\n');
  const head = header.safeParse(parsed(text.slice(0, end)));
  if (end < 0 || !head.success)
    return { type: 'corrupt', because: `${file} does not begin as a copy of version ${VERSION} does.` };
  const body = text.slice(end + 1).replace(/\n$/, '');
  if (digestOf(head.data.revision, body) !== head.data.sha256)
    return { type: 'corrupt', because: `${file} is not what was written: its checksum is another.` };
  const [first = '', second] = body.split('\n');
  const objects = z.array(configObject).safeParse(parsed(first));
  const lines = heldLines.optional().safeParse(second === undefined ? undefined : parsed(second));
  const wrong = objects.error ?? lines.error;
  if (!objects.success || !lines.success)
    return {
      type: 'corrupt',
      because: `${file} was written by another release: ${wrong?.issues[0]?.message}.`,
    };
  const more = lines.data && { lines: { held: lines.data.held, owed: lines.data.owed } };
  return { type: 'copy', revision: head.data.revision, objects: objects.data, ...more };
}

/** The newest without a gap; none where the last one alone is too much. */
function keptOf({ held, owed }: HeldLines): HeldLines {
  const cut = ({ revision: at, entries }: HeldLine): HeldLine => {
    let changes = 0;
    const tooOld = entries.findLastIndex((one) => {
      changes += one.changes.length;
      return changes > KEPT_CHANGES_MAX;
    });
    return { revision: at, entries: entries.slice(tooOld + 1) };
  };
  return { held: held && cut(held), owed: owed.map(cut) };
}

function digestOf(text: string, body: string): string {
  return createHash('sha256').update(text).update(body).digest('hex');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON fits no schema either.
    return undefined;
  }
}
