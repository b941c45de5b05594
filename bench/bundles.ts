/** What runs in production and in the lab, bundled into .build/ before a bench starts it. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Does nothing where the bundles are newer than all that goes into them. */
export function bundleServersAndLab(): void {
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/build.ts', '--quiet'], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status !== 0) throw new Error(`the servers and the lab could not be bundled: ${stderr.trim()}`);
}
