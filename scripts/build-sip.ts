/**
 * Makes the tarball of `@holdfast/sip`, which others can install without this repository: code and types with
 * those of `kernel` in them, no dependency, nothing of Node. It lies in .build/sip/.
 *
 *     npx tsx scripts/build-sip.ts
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { declarationsOf, packLibrary } from './pack-library.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The path of the tarball. */
export function packSip(folder = join(root, '.build/sip')): Promise<string> {
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-b', 'packages/sip'], { cwd: root, stdio: 'inherit' });
  const library = {
    source: 'packages/sip',
    description: 'SIP without sockets and clocks: messages, transactions, dialogs, registrar, phone.',
    entries: { '.': { code: 'index.js', declarations: declarationsOf('packages/sip', 'src/index') } },
    declarations: { '@holdfast/kernel': declarationsOf('packages/kernel', 'src/index') },
    thirdParties: [],
  };
  return packLibrary(library, folder, async (staged) => {
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
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await packSip());
