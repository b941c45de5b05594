/**
 * Processes that were stopped (SIGSTOP) cannot notice that the lab has ended. A small shell waits beside them: it
 * reads from a pipe of ours, which closes when we end, also by SIGKILL, and then it lets them go on. So they see
 * that their channel is closed, and end.
 */
import { type ChildProcess, spawn } from 'node:child_process';

export class StoppedGuard {
  readonly #shell: ChildProcess;

  constructor(pids: readonly number[]) {
    const script = 'read -r line; kill -s CONT "$@" 2>/dev/null';
    // In a group of its own: what kills our whole group must not reach it.
    this.#shell = spawn('sh', ['-c', script, 'holdfast-stopped-guard', ...pids.map(String)], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    // No shell, or it has ended: the lab still lets the processes go on when it ends in order.
    this.#shell.on('error', () => {});
    this.#shell.stdin?.on('error', () => {});
  }

  /** They run again, or are dead. */
  release(): void {
    this.#shell.kill('SIGKILL');
  }
}
