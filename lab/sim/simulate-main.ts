/**
 * The entry that `holdfast simulate` starts. Exit status 0: all checks hold; 1: a seed failed; 2: could not run, the
 * reason on stderr.
 */
import { isMainThread } from 'node:worker_threads';
import { simulate } from './simulate-command.ts';

if (isMainThread) {
  // Whoever started us is gone, whatever ended it: nobody waits for these seeds any more.
  const parentGone = () => process.exit(2);
  process.on('disconnect', parentGone);
  // It may have ended while this program was being loaded and nobody listened.
  if (process.connected === false) parentGone();
  // Listening for that must not keep us alive when all is done.
  process.channel?.unref();
  simulate(process.argv.slice(2)).then(
    (status) => {
      process.exitCode = status;
    },
    (error: unknown) => {
      console.error(`holdfast: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 2;
    },
  );
}
