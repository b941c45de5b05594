/**
 * Makes a tarball that others can install without this repository and without a registry: the code of all that it
 * needs in it, the declarations that its entries reach, no dependency. The libraries of others that are in the code
 * are named with their licences.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const types = join(root, '.build/types');
/** A walk over more declarations than this has left what a tarball should hold. */
const DECLARATIONS_MAX = 1_000;

export interface Library {
  /** Folder of its package.json, README.md and SPEC.md. */
  readonly source: string;
  readonly description: string;
  /** The file of each entry, as the compiler finds it. */
  readonly entries: Readonly<Record<string, { readonly code: string; readonly declarations: string }>>;
  /** The declarations behind each name that these import, from the root of the repository. */
  readonly declarations: Readonly<Record<string, string>>;
  /** Whose code is in it, and is not ours; the licence where their package has no file of it. */
  readonly thirdParties: readonly { readonly name: string; readonly licence?: string }[];
}

/** Where the compiler puts the declarations of a source file of a workspace: `packages/sip`, `src/index`. */
export const declarationsOf = (workspace: string, file: string) =>
  join('.build/types', workspace.replace('/', '-'), `${file}.d.ts`);

/** `bundle` puts the code of the entries into the folder that it is given. The path of the tarball. */
export async function packLibrary(
  library: Library,
  folder: string,
  bundle: (staged: string) => Promise<void>,
): Promise<string> {
  const staged = join(folder, 'package');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(staged, { recursive: true });
  await bundle(staged);
  const published = copyDeclarations(library, staged);
  for (const file of ['README.md', 'SPEC.md']) cpSync(join(root, library.source, file), join(staged, file));
  cpSync(join(root, 'LICENSE'), join(staged, 'LICENSE'));
  if (library.thirdParties.length > 0)
    writeFileSync(join(staged, 'THIRD-PARTIES.md'), licences(library.thirdParties));
  writeFileSync(join(staged, 'package.json'), `${JSON.stringify(manifest(library, published), null, 2)}\n`);
  const tarball = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], {
    cwd: staged,
    encoding: 'utf8',
  });
  return join(folder, tarball.trim());
}

function manifest(library: Library, published: ReadonlyMap<string, string>): unknown {
  const { name, version, license } = JSON.parse(
    readFileSync(join(root, library.source, 'package.json'), 'utf8'),
  ) as Record<string, string>;
  const exports = Object.entries(library.entries).map(([entry, { code, declarations }]) => [
    entry,
    { types: `./types/${published.get(join(root, declarations))}`, default: `./${code}` },
  ]);
  return {
    ...{ name, version, description: library.description, license, type: 'module', sideEffects: false },
    exports: Object.fromEntries(exports),
    files: ['*.js', 'types', '*.md', 'LICENSE'],
  };
}

/** Only what the entries reach: declarations of test worlds stay here. The published path of each. */
function copyDeclarations(library: Library, staged: string): Map<string, string> {
  const waiting = Object.values(library.entries).map(({ declarations }) => join(root, declarations));
  const published = new Map<string, string>();
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (published.has(file)) continue;
    if (published.size === DECLARATIONS_MAX)
      throw new Error(`the declarations of ${library.source} have no end`);
    published.set(file, publishedPath(file));
    const { text, imported } = rewritten(library, file);
    waiting.push(...imported);
    const target = join(staged, 'types', publishedPath(file));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
  return published;
}

/** Imports as others resolve them: `./x.ts` becomes `./x.js`, names of packages become paths. */
function rewritten(library: Library, file: string): { text: string; imported: string[] } {
  const imported: string[] = [];
  const text = readFileSync(file, 'utf8').replaceAll(
    /(from |import\()(['"])([^'"]+)\2/g,
    (_all, lead: string, quote: string, name: string) => {
      const known = library.declarations[name];
      if (!name.startsWith('.') && known === undefined)
        throw new Error(`${file} imports ${name}, which the tarball does not hold`);
      const target =
        known === undefined ? join(dirname(file), name.replace(/\.[jt]s$/, '.d.ts')) : join(root, known);
      imported.push(target);
      const path = relative(dirname(publishedPath(file)), publishedPath(target)).replace(/\.d\.ts$/, '.js');
      return `${lead}${quote}${path.startsWith('.') ? path : `./${path}`}${quote}`;
    },
  );
  return { text, imported };
}

/** `packages-sip/src/agent/nonce.d.ts` → `sip/agent/nonce.d.ts`; those of others keep their place. */
function publishedPath(file: string): string {
  const others = join(root, 'node_modules');
  if (file.startsWith(others)) return relative(others, file);
  return relative(types, file).replace(/^(?:packages|apps)-([a-z]+)\/src\//, '$1/');
}

function licences(parties: Library['thirdParties']): string {
  const parts = parties.map(({ name, licence }) => {
    const folder = join(root, 'node_modules', name);
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return `## ${name} ${version}\n\n${licence ?? readFileSync(join(folder, 'LICENSE'), 'utf8').trim()}\n`;
  });
  return `# Code of others in this package\n\n${parts.join('\n')}`;
}
