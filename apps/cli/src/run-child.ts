/**
 * Runs one of the bundles as a child process. The child must not outlive us, whatever ends us: what we are told to
 * end by is passed on, and a channel closes when we are killed (the children listen for that). We in turn end with
 * npm when npm has started us.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { COULD_NOT_RUN } from './exit-status.ts';

export interface ChildRun {
  /** Of the checkout, with a slash at its end. */
  readonly root: string;
  /** Name of the bundle. */
  readonly entry: string;
  readonly args: readonly string[];
  readonly isParentGone: () => boolean;
}

/** How often we look whether our parent lives, ms. */
const LOOK_EVERY_MS = 500;
/** The children end in order within 12 s; one that does not is killed, and what it started ends with its channel. */
const END_MAX_MS = 15_000;
const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Resolves to the exit status, when the child has ended. */
export function runChild({ root, entry, args, isParentGone }: ChildRun): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--enable-source-maps', `${root}.build/${entry}`, ...args], {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    });
    const release = endWithUs(child, isParentGone);
    const settle = (status: number) => {
      release();
      resolve(status);
    };
    child.on('error', (error) => {
      process.stderr.write(`holdfast: ${entry} could not be started: ${error.message}\n`);
      settle(COULD_NOT_RUN);
    });
    child.on('exit', (code, signal) => {
      if (code === null) process.stderr.write(`holdfast: ${entry} was ended by ${signal}\n`);
      settle(code ?? COULD_NOT_RUN);
    });
  });
}

/** Ctrl-C reaches the child through the terminal too; being told twice changes nothing for it. */
function endWithUs(child: ChildProcess, isParentGone: () => boolean): () => void {
  let limit: NodeJS.Timeout | undefined;
  const end = () => {
    child.kill('SIGTERM');
    limit ??= setTimeout(() => child.kill('SIGKILL'), END_MAX_MS);
  };
  const look = setInterval(() => {
    if (isParentGone()) end();
  }, LOOK_EVERY_MS);
  look.unref();
  for (const signal of SIGNALS) process.on(signal, end);
  // Only there when we were started with a channel.
  process.on('disconnect', end);
  process.channel?.unref();
  return () => {
    clearInterval(look);
    clearTimeout(limit);
    for (const signal of SIGNALS) process.off(signal, end);
    process.off('disconnect', end);
  };
}
