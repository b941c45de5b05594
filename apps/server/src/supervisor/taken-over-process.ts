/** A process that a former life of the supervisor started: no child of ours, so its end is seen in /proc (PR7). */
import { isRunning, pidOf, signalProcess } from '../arbiter/process-identity.ts';
import type { Child } from './child-process.ts';

/** How late its end may be seen. */
const LOOK_MS = 50;

/** `identity`: see process-identity. `ended` is called exactly once. */
export function takeOverProcess(identity: string, ended: (how: string) => void): Child {
  const look = setInterval(() => {
    if (isRunning(identity)) return;
    clearInterval(look);
    ended('how is not known: it was taken over');
  }, LOOK_MS);
  return { pid: pidOf(identity), kill: (signal) => signalProcess(identity, signal) };
}
