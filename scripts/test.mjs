/**
 * `npm test`: types, style, then every test. What could not run here is named at the end, with the reason; with
 * `--strict` (as `.ci/run` calls it) that is a failure. The last line counts.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { missingPeers } from './peers.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const strict = process.argv.includes('--strict');
const report = `${root}.build/test-report.json`;

function run(name, command, args) {
  console.log(`\n── ${name}`);
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  return status === 0;
}

const checks = [
  ['types', 'npx', ['tsc', '-b']],
  ['style', 'npx', ['biome', 'check', '--error-on-warnings', '.']],
];
let passed = 0;
let failed = 0;
for (const [name, command, args] of checks) {
  if (run(name, command, args)) passed += 1;
  else failed += 1;
}

mkdirSync(`${root}.build`, { recursive: true });
const missing = missingPeers();
const excluded = missing.flatMap((peer) => ['--exclude', `**/*.${peer.name}.test.ts`]);
run('tests', 'npx', [
  'vitest',
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...excluded,
]);
try {
  const { numPassedTests, numFailedTests, numFailedTestSuites, numPendingTests, success } = JSON.parse(
    readFileSync(report, 'utf8'),
  );
  passed += numPassedTests;
  failed += numFailedTests;
  if (numFailedTests === 0 && (!success || numFailedTestSuites > 0))
    failed += Math.max(1, numFailedTestSuites);
  if (numPendingTests > 0) {
    console.log(`${numPendingTests} tests were skipped: no test may be.`);
    failed += numPendingTests;
  }
} catch (error) {
  console.log(`The tests left no report: ${error.message}`);
  failed += 1;
}

for (const peer of missing) {
  console.log(
    `not run: **/*.${peer.name}.test.ts, because ${peer.command} is not installed (Debian: ${peer.packages.join(' ')})`,
  );
}
if (strict) failed += missing.length;
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
