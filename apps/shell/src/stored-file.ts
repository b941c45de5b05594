/**
 * Files that are either whole or the former ones, whatever ends the process or the machine: the new content is
 * written beside the old one, is on the disk before it takes its name, and the name is on the disk when this
 * returns.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Throws what the file system says; the former content stands then. For the owner alone to read. */
export function storeFile(path: string, text: string): void {
  const fresh = `${path}.new`;
  try {
    withFile(fresh, 'w', (file) => {
      writeFileSync(file, text);
      fsyncSync(file);
    });
    renameSync(fresh, path);
  } catch (error) {
    // A full disk is not made fuller; what cannot be removed is written over the next time.
    rmSync(fresh, { force: true });
    throw error;
  }
  withFile(dirname(path), 'r', fsyncSync);
}

function withFile(path: string, flags: string, work: (file: number) => void): void {
  const file = openSync(path, flags, 0o600);
  try {
    work(file);
  } finally {
    closeSync(file);
  }
}

/** Undefined when there is none. Throws what else the file system says. */
export function readStoredFile(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
