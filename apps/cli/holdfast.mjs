#!/usr/bin/env node
/**
 * The command `holdfast` of a checkout: brings the bundles up to date when a source is newer, then runs the
 * command line program. Exit status 2: it could not run; the reason is on stderr.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { npmAbove } from './npm-above.mjs';

// Before anything else: npm may be gone when the bundles are built.
const isNpmGone = npmAbove();
const root = fileURLToPath(new URL('../..', import.meta.url));

if (!existsSync(`${root}node_modules/.package-lock.json`)) {
  process.stderr.write(
    'holdfast: the libraries are not installed; run `npm ci` (or `npm start`, which does all set-up).\n',
  );
  process.exit(2);
}
const build = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/build.ts', '--quiet'], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
});
if (build.status !== 0) {
  process.stderr.write('holdfast: the build failed; see above.\n');
  process.exit(2);
}
const { main } = await import(new URL('../../.build/cli.mjs', import.meta.url).href);
process.exitCode = await main(process.argv.slice(2), root, isNpmGone);
