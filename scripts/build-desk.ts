/**
 * Makes the tarball of `@holdfast/desk`, with which programs of others run a desk: `.` is the pure node, for any
 * shell; `./node` is the shell for Node. Code and types with all that they rest on, no dependency. It lies in
 * .build/desk/.
 *
 *     npx tsx scripts/build-desk.ts
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { declarationsOf, type Library, packLibrary } from './pack-library.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const LIBRARY: Library = {
  source: 'packages/desk',
  description:
    "An agent's desk at two sites: log-in, switchover and return without sockets, and its shell for Node.",
  entries: {
    '.': { code: 'index.js', declarations: declarationsOf('packages/desk', 'src/index') },
    './node': { code: 'node.js', declarations: declarationsOf('apps/shell', 'src/desk') },
  },
  declarations: {
    '@holdfast/continuity': declarationsOf('packages/continuity', 'src/index'),
    '@holdfast/desk': declarationsOf('packages/desk', 'src/index'),
    '@holdfast/kernel': declarationsOf('packages/kernel', 'src/index'),
    '@holdfast/protocol': declarationsOf('packages/protocol', 'src/index'),
    zod: 'node_modules/zod/index.d.ts',
  },
  thirdParties: [
    { name: 'zod' },
    {
      name: 'saxes',
      licence: `ISC License. Copyright (c) Isaac Z. Schlueter, Louis-Dominique Dubeau and Contributors

Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted,
provided that the above copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL
IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,
INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF
THIS SOFTWARE.`,
    },
    { name: 'xmlchars' },
    { name: 'ws' },
  ],
};

/** What needs Node's `require` stays in a file of its own, so that the pure entry is free of it. */
const wsApart: Plugin = {
  name: 'ws-apart',
  setup(builder) {
    builder.onResolve({ filter: /^ws$/ }, () => ({ path: './ws.js', external: true }));
  },
};

/** The path of the tarball. */
export function packDesk(folder = join(root, '.build/desk')): Promise<string> {
  const workspaces = ['packages/desk', 'apps/shell'];
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-b', ...workspaces], { cwd: root, stdio: 'inherit' });
  return packLibrary(LIBRARY, folder, async (staged) => {
    const how = { absWorkingDir: root, bundle: true, format: 'esm', logLevel: 'warning' } as const;
    await build({
      ...how,
      entryPoints: { index: 'packages/desk/src/index.ts', node: 'apps/shell/src/desk.ts' },
      outdir: staged,
      splitting: true,
      chunkNames: 'shared-[hash]',
      platform: 'neutral',
      mainFields: ['module', 'main'],
      external: ['node:*'],
      target: 'es2023',
      plugins: [wsApart],
    });
    await build({
      ...how,
      stdin: { contents: "export { WebSocket } from 'ws';", resolveDir: join(root, 'apps/shell') },
      outfile: join(staged, 'ws.js'),
      platform: 'node',
      target: 'node20',
      // Native helpers that nobody has to install: it does without.
      external: ['bufferutil', 'utf-8-validate'],
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
    });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await packDesk());
