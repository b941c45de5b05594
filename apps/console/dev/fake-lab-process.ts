/** The invented lab (fake-lab.ts) as a process of its own, which hears what the page asks for and can be hung and killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export class FakeLab {
  readonly commands: unknown[] = [];
  readonly port: number;
  readonly agents: number;
  #child: ChildProcess | undefined;

  constructor(port: number, agents = 20) {
    this.port = port;
    this.agents = agents;
  }

  async start(): Promise<void> {
    const { port, agents } = this;
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', 'apps/console/dev/fake-lab.ts', `--port=${port}`, `--agents=${agents}`],
      { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] },
    );
    this.#child = child;
    const lines = createInterface({ input: child.stdout });
    const [first] = (await once(lines, 'line')) as [string];
    if (first !== 'listening') throw new Error(`the invented lab said "${first}" in place of listening`);
    lines.on('line', (line) => this.commands.push(JSON.parse(line)));
  }

  /** The Configuration Server of a site dies or is back, alone. */
  turnConfiguration(word: 'lose' | 'restore', site: string): void {
    this.#child?.stdin?.write(`${word} ${site}\n`);
  }

  /** Its connections stand, and nothing comes. */
  hang(): void {
    this.#child?.kill('SIGSTOP');
  }

  goOn(): void {
    this.#child?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}
