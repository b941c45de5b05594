/**
 * npm and npx start this program through a shell. When npm is killed, or told to end and passes that on to its shell
 * alone, nobody tells us: there is no channel, and a signal reaches one process only. So the two processes above us
 * are remembered at the start, and whoever looks again later sees whether they are still there.
 *
 * Without npm above us nothing is watched: a shell that starts a server in the background and ends means it to stay.
 */
import { readFileSync } from 'node:fs';

/** The shell, then npm. */
const LEVELS = 2;

/** Says, whenever it is asked, whether the npm that started this process has gone since. */
export function npmAbove() {
  const chain = [];
  for (let pid = process.ppid; chain.length < LEVELS && pid > 1; pid = parentOf(pid)) {
    chain.push(pid);
    if (isNpm(pid)) {
      const before = chain.join();
      return () => above(chain.length) !== before;
    }
  }
  return () => false;
}

function above(levels) {
  const pids = [];
  for (let pid = process.ppid; pids.length < levels; pid = parentOf(pid)) pids.push(pid);
  return pids.join();
}

function isNpm(pid) {
  // npm writes what it runs over its command line: "npm start", "npm exec holdfast demo".
  return /^(?:npm|npx)\b|\bnpm-cli\.js\b|\bnpx-cli\.js\b/.test(read(pid, 'cmdline'));
}

/** 0 when the process is gone. */
function parentOf(pid) {
  const stat = read(pid, 'stat');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0);
}

function read(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    // It has ended, or this system has no /proc.
    return '';
  }
}
