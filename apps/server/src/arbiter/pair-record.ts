/** What a supervisor keeps of a pair on the disk (PR7). */

import { pairRecord } from '@holdfast/protocol';
import type { ArbiterRecord } from '@holdfast/servers';
import { readStoredFile, storeFile } from '@holdfast/shell';
import { CannotRun } from '../role.ts';

export interface PairRecord {
  /** The process that wrote it. */
  readonly supervisor: string;
  readonly record: ArbiterRecord;
}

/** Undefined before the first start. A file that cannot be understood is no reason to begin anew: somebody may hold the role. */
export function readPairRecord(file: string): PairRecord | undefined {
  let bytes: Uint8Array | undefined;
  try {
    bytes = readStoredFile(file);
  } catch (error) {
    // It may not be read, or the disk fails.
    throw new CannotRun(`${file} cannot be read: ${(error as Error).message}.`);
  }
  if (bytes === undefined) return undefined;
  const record = understood(bytes);
  if (record === undefined)
    throw new CannotRun(
      `${file} says who is primary and cannot be understood. End both members of the pair, then remove it.`,
    );
  return record;
}

function understood(bytes: Uint8Array): PairRecord | undefined {
  try {
    const { supervisor, start, key, members } = pairRecord.parse(JSON.parse(Buffer.from(bytes).toString()));
    return { supervisor, record: { start, key, members } };
  } catch {
    // No JSON, or other JSON.
    return undefined;
  }
}

/** On the disk when it returns; otherwise why not. */
export function storePairRecord(file: string, { supervisor, record }: PairRecord): string | undefined {
  try {
    storeFile(file, `${JSON.stringify({ supervisor, ...record }, null, 2)}\n`);
    return undefined;
  } catch (error) {
    // The disk is full or the folder is gone.
    return (error as Error).message;
  }
}
