/**
 * One process at a time uses a folder: PGlite does not see another that has the same files open, and both would destroy
 * them. The lock is a numbered file that says which life of which process made it. Only a file with the next number
 * takes over from a dead one, and of two who try one alone can make it. The last file is never removed, so that no
 * number comes again while somebody still holds what it has read of the former ones.
 */
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { storeFile } from '@holdfast/shell';
import { identityOf, isRunning, pidOf } from '../arbiter/process-identity.ts';
import { CannotRun } from '../role.ts';

export interface FolderLock {
  release(): void;
}

const NAME = /^lock\.(\d{1,9})$/;
/** Others may take it meanwhile, and end. */
const ATTEMPTS_MAX = 20;
const RELEASED = 'released';

/** Throws CannotRun where another process has the folder, or it cannot be written. */
export function lockFolder(folder: string): FolderLock {
  const own = identityOf(process.pid);
  if (own === undefined)
    throw new CannotRun('This system does not say when a process has started (/proc): use PostgreSQL here.');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return take(folder, own);
  } catch (error) {
    if (error instanceof CannotRun) throw error;
    // The file system: rights, or room.
    throw new CannotRun(
      `The folder ${folder} of the configuration cannot be used: ${(error as Error).message}.`,
    );
  }
}

function take(folder: string, own: string): FolderLock {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const last = Math.max(0, ...numbersIn(folder));
    const holder = last === 0 ? RELEASED : readOrEmpty(join(folder, `lock.${last}`));
    if (holder !== RELEASED && isRunning(holder))
      throw new CannotRun(
        `The configuration in ${folder} is open in process ${pidOf(holder)}. End that process, or name another folder.`,
      );
    const path = join(folder, `lock.${last + 1}`);
    if (!makeWhole(path, own)) continue;
    for (const number of numbersIn(folder))
      if (number <= last) rmSync(join(folder, `lock.${number}`), { force: true });
    return { release: () => release(path) };
  }
  throw new CannotRun(`Other processes open the configuration in ${folder} again and again. End them.`);
}

function release(path: string): void {
  try {
    storeFile(path, RELEASED);
  } catch {
    // No room, or the folder is gone: the lock ends with this process.
  }
}

function numbersIn(folder: string): number[] {
  return readdirSync(folder).flatMap((name) => {
    const number = NAME.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
}

/** With its content from the first moment, or not at all; false where somebody else has made it. */
function makeWhole(path: string, content: string): boolean {
  const fresh = `${path}.${process.pid}`;
  storeFile(fresh, content);
  try {
    linkSync(fresh, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(fresh, { force: true });
  }
}

/** Of one that was taken over meanwhile there is nothing to read. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return '';
  }
}
