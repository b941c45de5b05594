/**
 * Makes the tarball of `@holdfast/sip`, which others can install without this repository: code and types with
 * those of `kernel` in them, no dependency, nothing of Node. It lies in .build/sip/.
 *
 *     npx tsx scripts/build-sip.ts
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const types = join(root, '.build/types');
/** Where the compiler puts the declarations of a package: the entry of each. */
const ENTRIES = {
  '@holdfast/sip': join(types, 'packages-sip/src/index.d.ts'),
  '@holdfast/kernel': join(types, 'packages-kernel/src/index.d.ts'),
} as const;
/** A walk over more declarations than this has left the two packages. */
const DECLARATIONS_MAX = 1_000;

/** The path of the tarball. */
export async function packSip(folder = join(root, '.build/sip')): Promise<string> {
  const staged = join(folder, 'package');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(staged, { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: ['packages/sip/src/index.ts'],
    outfile: join(staged, 'index.js'),
    bundle: true,
    platform: 'neutral',
    format: 'esm',
    target: 'es2023',
    logLevel: 'warning',
  });
  copyDeclarations(staged);
  for (const file of ['README.md', 'SPEC.md']) cpSync(join(root, 'packages/sip', file), join(staged, file));
  cpSync(join(root, 'LICENSE'), join(staged, 'LICENSE'));
  writeFileSync(join(staged, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
  const tarball = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], {
    cwd: staged,
    encoding: 'utf8',
  });
  return join(folder, tarball.trim());
}

function manifest(): unknown {
  const { name, version, license } = JSON.parse(
    readFileSync(join(root, 'packages/sip/package.json'), 'utf8'),
  ) as Record<string, string>;
  return {
    name,
    version,
    description: 'SIP without sockets and clocks: messages, transactions, dialogs, registrar, phone.',
    license,
    type: 'module',
    sideEffects: false,
    exports: { '.': { types: './types/sip/index.d.ts', default: './index.js' } },
    files: ['index.js', 'types', 'README.md', 'SPEC.md', 'LICENSE'],
  };
}

/** Only what the entry reaches: declarations of test worlds stay here. */
function copyDeclarations(staged: string): void {
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-b', 'packages/sip'], { cwd: root, stdio: 'inherit' });
  const seen = new Set<string>();
  const waiting: string[] = [ENTRIES['@holdfast/sip']];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (seen.has(file)) continue;
    if (seen.size === DECLARATIONS_MAX) throw new Error('the declarations of sip have no end');
    seen.add(file);
    const { text, imported } = rewritten(file);
    waiting.push(...imported);
    const target = join(staged, 'types', publishedPath(file));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
}

/** Imports as others resolve them: `./x.ts` becomes `./x.js`, our package names become paths. */
function rewritten(file: string): { text: string; imported: string[] } {
  const imported: string[] = [];
  const text = readFileSync(file, 'utf8').replaceAll(
    /(from |import\()(['"])([^'"]+)\2/g,
    (_all, lead: string, quote: string, name: string) => {
      const target = name.startsWith('.')
        ? join(dirname(file), name.replace(/\.ts$/, '.d.ts'))
        : ENTRIES[name as keyof typeof ENTRIES];
      if (target === undefined) throw new Error(`${file} imports ${name}, which the tarball does not hold`);
      imported.push(target);
      const path = relative(dirname(publishedPath(file)), publishedPath(target)).replace(/\.d\.ts$/, '.js');
      return `${lead}${quote}${path.startsWith('.') ? path : `./${path}`}${quote}`;
    },
  );
  return { text, imported };
}

/** `packages-sip/src/agent/nonce.d.ts` → `sip/agent/nonce.d.ts`. */
function publishedPath(file: string): string {
  return relative(types, file).replace(/^packages-([a-z]+)\/src\//, '$1/');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await packSip());
