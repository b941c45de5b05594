/**
 * `npm test`: types, style, what nobody uses, then every test. What could not run here is named at the end, with the reason; with
 * `--strict` (as `.ci/run` calls it) that is a failure. The last line counts.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { missingPeers, PEERS } from './peers.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const strict = process.argv.includes('--strict');
/** Files that take longer are named at the end, so that nobody has to guess where the time goes. */
const SLOW_MS = 5_000;
/** Of what a failed test says, in the list at the end. */
const FAILURE_LINES = 10;

function run(name, command, args) {
  console.log(`\n── ${name}`);
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  return status === 0;
}

const checks = [
  ['types', 'npx', ['tsc', '-b']],
  ['style', 'npx', ['biome', 'check', '--error-on-warnings', '.']],
  ['what nobody uses', 'npx', ['knip', '--no-progress']],
];
let passed = 0;
let failed = 0;
const failures = [];
for (const [name, command, args] of checks) {
  if (run(name, command, args)) {
    passed += 1;
  } else {
    failed += 1;
    failures.push(name);
  }
}

mkdirSync(`${root}.build`, { recursive: true });
const missing = missingPeers();

/** Programs of others that keep no time: their tests stand beside any others. */
const CALM = ['spin', 'chromium'];

/**
 * Tests that start processes of ours or of others, and wait for them in real time: they run apart from those that
 * compute, three files at a time, because they leave most of two processors idle.
 */
const REAL = [
  'lab/live/',
  'apps/server/src/arbiter/',
  'apps/server/src/supervisor/',
  ...PEERS.map(({ name }) => name)
    .filter((name) => !CALM.includes(name))
    .map((name) => `.${name}.test.ts`),
];
const without = (patterns) => patterns.flatMap((pattern) => ['--exclude', pattern]);
const withoutMissing = without(missing.map((peer) => `**/*.${peer.name}.test.ts`));
const globOf = (part) => (part.endsWith('/') ? `${part}**` : `**/*${part}`);

// By default one processor is left to Vitest itself, which has next to nothing to do here.
runTests('tests', ['--maxWorkers=100%', ...without(REAL.map(globOf)), ...withoutMissing]);
runTests('tests with real processes', [...REAL, '--maxWorkers=3', ...withoutMissing]);

function runTests(name, args) {
  const report = `${root}.build/test-report-${name.replaceAll(' ', '-')}.json`;
  rmSync(report, { force: true });
  const output = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const isGood = run(name, 'npx', ['vitest', 'run', ...output, ...args]);
  try {
    const counted = JSON.parse(readFileSync(report, 'utf8'));
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = counted;
    const unread = unreadFiles(counted);
    const skipped = numPendingTests + numTodoTests;
    for (const name of unread) console.log(`${name} could not be loaded: none of its tests was run.`);
    if (skipped > 0) console.log(`${skipped} tests were skipped: no test may be.`);
    passed += numPassedTests;
    failed += numFailedTests + unread.length + skipped;
    // An error outside of any test, or no test at all.
    if (!isGood && numFailedTests + unread.length === 0) failed += 1;
    tellSlowest(counted);
    failures.push(...failedTests(counted));
  } catch (error) {
    console.log(`The tests left no report: ${error.message}`);
    failed += 1;
  }
}

/** Each with the first lines of what it says. */
function failedTests({ testResults }) {
  return testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages }) => {
        const said = failureMessages.join('\n').split('\n').slice(0, FAILURE_LINES).join('\n');
        return `${name.replace(root, '')}: ${fullName}\n${said}`;
      }),
  );
}

/** A file that could not be loaded has no tests that could fail. */
function unreadFiles({ testResults }) {
  return testResults
    .filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0)
    .map(({ name }) => name.replace(root, ''));
}

function tellSlowest({ testResults }) {
  const slow = testResults
    .map(({ name, startTime, endTime }) => ({ name: name.replace(root, ''), ms: endTime - startTime }))
    .filter(({ ms }) => ms >= SLOW_MS)
    .sort((a, b) => b.ms - a.ms);
  for (const { name, ms } of slow) console.log(`slow: ${(ms / 1000).toFixed(1)} s ${name}`);
}

for (const peer of missing) {
  console.log(`not run: **/*.${peer.name}.test.ts, because ${peer.because}`);
}
if (strict) failed += missing.length;
// Once more and together: between them and here thousands of lines may stand.
for (const failure of failures) console.log(`\nfailed: ${failure}`);
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
