/** Whether a report can be written where it is wanted: found out before a run of minutes, not after it. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** What is wrong with the file and what to do about it; undefined when it can be written. Creates nothing. */
export function reportFileFault(file: string): string | undefined {
  if (file === '') return '--json needs the name of a file';
  const isThere = existsSync(file);
  if (isThere && statSync(file).isDirectory())
    return `--json ${file}: this is a directory; name a file in it, like ${file.replace(/\/*$/, '')}/report.json`;
  const folder = dirname(file);
  if (!isThere && !existsSync(folder))
    return `--json ${file}: there is no directory ${folder}; make it, or choose another file`;
  if (!isThere && !statSync(folder).isDirectory())
    return `--json ${file}: ${folder} is no directory; choose another file`;
  try {
    accessSync(isThere ? file : folder, constants.W_OK);
  } catch (error) {
    return `--json ${file} cannot be written (${(error as NodeJS.ErrnoException).code}); choose another file, or ask for the right to write there`;
  }
  return undefined;
}
