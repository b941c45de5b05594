/**
 * What tells a process to end: a signal, or the end of whoever started it with a channel. The channel closes with
 * the parent whatever ended it, also SIGKILL, so that no process of ours outlives the one that asked for it.
 */
export interface EndOptions {
  /** SIGHUP is left out where it means to read files again. */
  readonly signals?: readonly NodeJS.Signals[];
  /** Go on when the parent is gone. */
  readonly outlive?: boolean;
}

/**
 * What a process ends with that has done what it was asked to do and is not to be started again (SS48). The others: 0 ended
 * in order, 1 failed, 2 could not run.
 */
export const ENDED_FOR_GOOD = 3;

export const END_SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * `end` may be called several times: a terminal and a parent tell the same process, and a signal that comes again
 * says nothing new. Whoever ends in order states how long that takes at most.
 */
export function onProcessEnd(end: (why: string) => void, options: EndOptions = {}): void {
  for (const signal of options.signals ?? END_SIGNALS) process.on(signal, () => end(signal));
  if (options.outlive || process.connected === undefined) return;
  const parentGone = () => end('the end of the process that started it');
  process.on('disconnect', parentGone);
  // The parent may have died while this program was being loaded and nobody listened.
  if (!process.connected) parentGone();
}
