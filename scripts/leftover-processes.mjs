/**
 * What a run has left running: processes are found by a mark in their environment, which everything that the run
 * starts inherits, whatever it is called and whichever process group it has gone into.
 *
 *     node scripts/leftover-processes.mjs NAME=VALUE
 *
 * Exit status 0 when there are none; 1 when there were some: each is named, and then ended, so that the next run
 * does not meet them. Linux only, because it reads /proc.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** What is just ending may take so long to be gone. */
const GRACE_MS = 5_000;
const LOOK_EVERY_MS = 100;

/** From `4711 (node) S 4700 …`: state and parent stand behind the name, which may hold anything. */
function statusOf(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [state, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { isAlive: state !== 'Z' && state !== 'X', parent: Number(parent) };
}

/** This process, the shell that has called it, and so on up. */
function ownLine() {
  const line = new Set();
  for (let pid = process.pid; pid > 1 && !line.has(pid); pid = statusOf(pid).parent) line.add(pid);
  return line;
}

/** Living processes whose environment holds this mark, without the one that asks and those above it. */
export function leftoverProcesses(mark) {
  const own = ownLine();
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && !own.has(Number(name)));
  return pids.flatMap((pid) => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
      if (!environment.includes(mark) || !statusOf(pid).isAlive) return [];
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      return [{ pid: Number(pid), command }];
    } catch {
      // It has ended meanwhile, or belongs to another user.
      return [];
    }
  });
}

async function main(mark) {
  const giveUpAt = performance.now() + GRACE_MS;
  let left = leftoverProcesses(mark);
  while (left.length > 0 && performance.now() < giveUpAt) {
    await pause(LOOK_EVERY_MS);
    left = leftoverProcesses(mark);
  }
  for (const { pid, command } of left) {
    console.log(`left running: ${pid} ${command}`);
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
  process.exitCode = left.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv[2]);
