/**
 * The copy of the configuration that a Configuration Server keeps beside itself, so that it starts and serves with its
 * database, the writer and the other site dead. It holds secrets, and nobody but its owner may read it.
 *
 *     {"version":1,"revision":"3.128","sha256":"…"}     over the revision and the second line, byte for byte
 *     [ objects ]
 *
 * A new copy is written beside the former one and takes its name when it is whole, so that there is always one to start from.
 * One that is not what was written is never served.
 */
import { createHash } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ConfigObject, configObject } from '@holdfast/protocol';
import { z } from 'zod';

const VERSION = 1;
/** Objects that become text in one turn of the event loop: 60,000 at once would keep log-ins waiting for 80 ms at each edit. */
const PIECE = 2_000;
const header = z.object({ version: z.literal(VERSION), revision: z.string(), sha256: z.string() });

export interface Copied {
  /** As its writer numbered it. */
  readonly revision: string;
  readonly objects: readonly ConfigObject[];
}

export type CopyReading =
  | ({ readonly type: 'copy' } & Copied)
  | { readonly type: 'none' }
  /** It is there and cannot be served. */
  | { readonly type: 'corrupt'; readonly because: string };

/** Rejects when the disk is full or may not be written; the former copy is then still there. */
export async function writeCopy(file: string, { revision, objects }: Copied): Promise<void> {
  const { pieces, sha256 } = await textOf(revision, objects);
  const head = JSON.stringify({ version: VERSION, revision, sha256 });
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

/** The objects as JSON, made piece by piece, and its digest. */
async function textOf(
  revision: string,
  objects: readonly ConfigObject[],
): Promise<{ readonly pieces: readonly Buffer[]; readonly sha256: string }> {
  const digest = createHash('sha256').update(revision);
  const pieces: Buffer[] = [];
  const add = (text: string) => {
    const piece = Buffer.from(text);
    digest.update(piece);
    pieces.push(piece);
  };
  for (let from = 0; from < objects.length; from += PIECE) {
    const listed = JSON.stringify(objects.slice(from, from + PIECE)).slice(1, -1);
    add(`${from === 0 ? '[' : ','}${listed}`);
    await nextTurn();
  }
  add(objects.length === 0 ? '[]' : ']');
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
  const objects = z.array(configObject).safeParse(parsed(body));
  if (!objects.success)
    return {
      type: 'corrupt',
      because: `${file} was written by another release: ${objects.error.issues[0]?.message}.`,
    };
  return { type: 'copy', revision: head.data.revision, objects: objects.data };
}

function digestOf(revision: string, body: string): string {
  return createHash('sha256').update(revision).update(body).digest('hex');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON fits no schema either.
    return undefined;
  }
}
