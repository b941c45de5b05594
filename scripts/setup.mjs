/**
 * All set-up of a fresh clone, for `npm start` and `npm test`: the libraries, the keys of the sample
 * configuration, the bundles, and with `--tests` the real servers and phones from Debian's packages that the
 * tests talk to. Plain JavaScript without
 * dependencies, because at the start there are none. Each step says what it does, and does nothing when there
 * is nothing to do.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { missingPeers } from './peers.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const NODE_OLDEST = [20, 19];

function run(command, args, more = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...more });
  if (error !== undefined) throw new Error(`${command} could not be started: ${error.message}`);
  return status === 0;
}

function fail(text) {
  process.stderr.write(`holdfast set-up: ${text}\n`);
  process.exit(2);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NODE_OLDEST[0] || (major === NODE_OLDEST[0] && minor >= NODE_OLDEST[1])) return;
  fail(`Node ${process.versions.node} is too old; install Node ${NODE_OLDEST.join('.')} or later.`);
}

/** npm writes node_modules/.package-lock.json last, so that its age tells whether an install was finished. */
function installLibraries() {
  const done = `${root}node_modules/.package-lock.json`;
  const isFresh = existsSync(done) && statSync(done).mtimeMs >= statSync(`${root}package-lock.json`).mtimeMs;
  if (isFresh) return;
  console.log('holdfast set-up: installing the libraries named in package-lock.json (npm ci) …');
  const environment = { ...process.env, PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1' };
  // Warnings are of no use to whoever wants to see two sites; errors are shown.
  if (!run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { env: environment })) {
    fail(
      'npm ci failed; its message above says why. A package registry must be reachable for the first set-up.',
    );
  }
}

/** Only as root on a Debian system: elsewhere what is missing is named, and its tests are listed as not run. */
function installPeers() {
  const missing = missingPeers();
  if (missing.length === 0) return;
  const packages = [...new Set(missing.flatMap((peer) => peer.packages))];
  const mayInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  if (!mayInstall) {
    console.log(
      `holdfast set-up: not installed: ${packages.join(', ')} (needs root on Debian); their tests will be listed as not run.`,
    );
    return;
  }
  console.log(`holdfast set-up: installing Debian packages for the tests: ${packages.join(', ')} …`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-qq'], { env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** Secrets do not stand in the repository, not even those of a sample: each checkout draws its own. */
function makeSampleKeys() {
  if (existsSync(`${root}config/sample/keys.yaml`)) return;
  console.log('holdfast set-up: drawing the keys of the sample configuration (config/sample/keys.yaml) …');
  if (!run(process.execPath, ['--import', 'tsx', 'scripts/make-sample.ts', '--keys-only']))
    fail('the keys of the sample configuration could not be made; the message above says why.');
}

checkNode();
installLibraries();
makeSampleKeys();
if (process.argv.includes('--tests')) installPeers();
if (!run(process.execPath, ['--import', 'tsx', 'scripts/build.ts']))
  fail('the build failed; its message above says why.');
