/**
 * How fast the whole simulation runs, as its users run it: one bundle, one core (`simulate-worlds.ts` measures). The
 * young generation of the heap is larger than Node's, because what thousands of agents hold for some seconds would
 * otherwise be copied again and again. Prints one JSON object.
 *
 *   npx tsx bench/simulate.ts [--short]
 */
import { spawnSync } from 'node:child_process';
import { bundleBench } from './two-processes.ts';

const HEAP_FLAGS = ['--min-semi-space-size=128', '--max-semi-space-size=128'];

const bundle = await bundleBench('simulate-worlds');
const { status } = spawnSync(process.execPath, [...HEAP_FLAGS, bundle, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
