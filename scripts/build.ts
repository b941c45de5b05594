/**
 * Bundles what runs into .build/: the servers, the lab and the command line as one file each, because every
 * process that the lab kills or times has to start in a fraction of the time; and the live page as a folder.
 * Nothing is done while a bundle is newer than all that went into it.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = `${root}.build`;

export interface BundleSource {
  readonly name: string;
  readonly entry: string;
}

/** Programs for Node: each entry becomes .build/<name>.mjs. */
const PROGRAMS: readonly BundleSource[] = [
  { name: 'server', entry: 'apps/server/src/main.ts' },
  { name: 'lab', entry: 'lab/live/main.ts' },
  { name: 'simulate', entry: 'lab/sim/simulate-main.ts' },
  { name: 'cli', entry: 'apps/cli/src/main.ts' },
];

/** True when there was something to do. */
export async function buildProgram(program: BundleSource, force: boolean): Promise<boolean> {
  const output = `${folder}/${program.name}.mjs`;
  if (!force && !isStale(program.name, output)) return false;
  mkdirSync(folder, { recursive: true });
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [program.entry],
    outfile: output,
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: true,
    metafile: true,
    logLevel: 'warning',
    // A native library cannot be bundled, nor can WebAssembly that lies beside its code; pg works without the third.
    external: ['@node-rs/argon2', '@electric-sql/pglite', 'pg-native'],
    // Libraries written for CommonJS ask for `require`.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  // Renamed into place, because a process may be starting from the old bundle at this moment.
  for (const { path, contents } of outputFiles) {
    writeFileSync(`${path}.${process.pid}`, contents);
    renameSync(`${path}.${process.pid}`, path);
  }
  rememberInputs(program.name, Object.keys(metafile.inputs));
  return true;
}

const inputsFile = (name: string) => `${folder}/${name}.inputs.json`;

/** The live page becomes .build/console. True when there was something to do. */
export async function buildPage(force: boolean): Promise<boolean> {
  const output = `${folder}/console`;
  if (!force && !isStale('console', `${output}/index.html`)) return false;
  // Loaded only now: most runs of this file find nothing to do.
  const { build: buildWithVite } = await import('vite');
  const { default: react } = await import('@vitejs/plugin-react');
  // Under a test NODE_ENV is "test", and the page would be React's development build.
  process.env.NODE_ENV = 'production';
  const result = await buildWithVite({
    root: `${root}apps/console`,
    configFile: false,
    mode: 'production',
    plugins: [react()],
    logLevel: 'warn',
    build: { outDir: output, emptyOutDir: true, target: 'es2022', chunkSizeWarningLimit: 2000 },
  });
  const modules = [result].flat().flatMap((built) => ('output' in built ? built.output : []));
  const sources = modules.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []));
  rememberInputs('console', [
    'apps/console/index.html',
    ...sources.filter((id) => id.startsWith(root) && existsSync(id)).map((id) => id.slice(root.length)),
  ]);
  return true;
}

/** Paths from the root of the repository. */
function rememberInputs(name: string, inputs: readonly string[]): void {
  writeFileSync(inputsFile(name), JSON.stringify(inputs));
}

function isStale(name: string, output: string): boolean {
  if (!existsSync(output) || !existsSync(inputsFile(name))) return true;
  const builtAt = statSync(output).mtimeMs;
  const inputs = [...(JSON.parse(readFileSync(inputsFile(name), 'utf8')) as string[]), 'scripts/build.ts'];
  return inputs.some((input) => {
    const path = root + input;
    return !existsSync(path) || statSync(path).mtimeMs > builtAt;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const force = process.argv.includes('--force');
  const isQuiet = process.argv.includes('--quiet');
  const report = async (output: string, isBuilt: Promise<boolean>) => {
    const startedAt = performance.now();
    if ((await isBuilt) && !isQuiet)
      console.log(`${output} built in ${Math.round(performance.now() - startedAt)} ms`);
  };
  for (const program of PROGRAMS) await report(`.build/${program.name}.mjs`, buildProgram(program, force));
  await report('.build/console', buildPage(force));
}
