/**
 * One program in a process of its own, bundled as in production: what it does is measured, and who asks it to do
 * so is not in the figure. The parent asks it over IPC what it has used.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type ProcessCpu, processCpuMs, threadCpuMs } from './process-cpu.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What a process has used since its start. */
export interface Usage extends ProcessCpu {
  readonly rssMB: number;
  /** After a collection. */
  readonly heapMB: number;
  /** Whatever else it tells. */
  readonly figures: Readonly<Record<string, number>>;
}

export interface Started<Ready> {
  readonly ready: Ready;
  usage(): Promise<Usage>;
  /** An answer of its own to a word of ours. */
  stop(): Promise<void>;
}

/** Bundles the bench of that name as what runs in production is bundled. Answers where the bundle is. */
export async function bundleBench(name: string): Promise<string> {
  const outfile = `${root}.build/bench-${name}.mjs`;
  await build({
    absWorkingDir: root,
    entryPoints: [`bench/${name}.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: true,
    logLevel: 'warning',
    external: ['@node-rs/argon2', 'esbuild'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  return outfile;
}

/** Bundles the file and runs it; `options` is its last argument, as JSON. `profile`: a folder for a CPU profile. */
export async function startProgram<Ready>(
  name: string,
  options: unknown,
  profile?: string,
): Promise<Started<Ready>> {
  const outfile = await bundleBench(name);
  const flags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const child = fork(outfile, [JSON.stringify(options)], { execArgv: ['--expose-gc', ...flags] });
  const [ready] = (await once(child, 'message')) as [Ready];
  return {
    ready,
    async usage() {
      child.send('usage');
      const [usage] = (await once(child, 'message')) as [Usage];
      return usage;
    },
    stop: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.send('stop');
  await ended;
}

/** The child's side: tells that it is ready, and answers until it is told to stop. */
export function serveParent(ready: unknown, figures: () => Readonly<Record<string, number>>): void {
  process.on('message', (word) => {
    if (word === 'stop') process.exit(0);
    (globalThis as { gc?: () => void }).gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    process.send?.({
      cpuMs: threadCpuMs(),
      processCpuMs: processCpuMs(),
      rssMB: rss / 1e6,
      heapMB: heapUsed / 1e6,
      figures: figures(),
    });
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.(ready);
}
