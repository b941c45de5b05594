/** The CPU time that a process has taken since its start, as the kernel counts it. */
import { readFileSync } from 'node:fs';

export interface ProcessCpu {
  /** User and system time of the thread that runs our code: what one core would have to give. */
  readonly cpuMs: number;
  /** The same of all its threads, those that collect garbage beside our code among them. */
  readonly processCpuMs: number;
}

/** Ticks of the kernel's clock a second, as seen from outside: always 100 on Linux. */
const TICKS_PER_SECOND = 100;

/** Of another process. Throws where it does not run, or the kernel does not tell. */
export function cpuOf(pid: number): ProcessCpu {
  return { cpuMs: cpuMsIn(`/proc/${pid}/task/${pid}/stat`), processCpuMs: cpuMsIn(`/proc/${pid}/stat`) };
}

/** Of this process, without the threads that collect garbage beside it; where the kernel does not tell, with them. */
export function threadCpuMs(): number {
  try {
    return cpuMsIn(`/proc/self/task/${process.pid}/stat`);
  } catch {
    return processCpuMs();
  }
}

export function processCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function cpuMsIn(file: string): number {
  const stat = readFileSync(file, 'utf8');
  // After the name, which may hold anything: state, then ten fields, then user and system ticks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_SECOND;
}
