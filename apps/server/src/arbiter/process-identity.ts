/**
 * Which life of which process: boot of the machine, process number, start time in ticks since that boot. The
 * number alone is given again to others, and after a restart of the supervisor it is no longer its parent who
 * would be told of the end. Linux says all this in /proc; elsewhere there is no identity, and no pair.
 */
import { readFileSync } from 'node:fs';

/** Of 36; they tell boots apart, not machines. */
const BOOT_CHARACTERS = 8;

/** "a81f3c20.4711.88123"; undefined when no such process runs. */
export function identityOf(pid: number): string | undefined {
  const boot = read('/proc/sys/kernel/random/boot_id')?.slice(0, BOOT_CHARACTERS);
  const started = startOf(pid);
  return boot === undefined || started === undefined ? undefined : `${boot}.${pid}.${started}`;
}

export function isRunning(identity: string): boolean {
  return identityOf(pidOf(identity)) === identity;
}

export function pidOf(identity: string): number {
  return Number(identity.split('.')[1]);
}

/** Only this life of it: another process that got the number is left alone. */
export function signalProcess(identity: string, signal: NodeJS.Signals): void {
  if (!isRunning(identity)) return;
  try {
    process.kill(pidOf(identity), signal);
  } catch {
    // It ended between the two lines, or is another user's: whoever waits for its end sees which.
  }
}

/** Field 22 of `/proc/PID/stat`; the name before it may hold blanks and brackets. A zombie has ended. */
function startOf(pid: number): string | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const stat = read(`/proc/${pid}/stat`);
  const [state, ...fields] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  return state === undefined || state === 'Z' || state === 'X' ? undefined : fields[18];
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    // No such process, or no /proc.
    return undefined;
  }
}
