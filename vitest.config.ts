import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Of half a minute and more: begun last, each would leave a processor idle for so long. */
const LONG = [
  'lab/sim/whole.test.ts',
  'apps/console/page.chromium.test.ts',
  'lab/sim/line-twin.test.ts',
  'lab/sim/scripts.test.ts',
  'lab/sim/core.test.ts',
  'lab/live/poor-lines.test.ts',
  'lab/live/process-lives.test.ts',
  'apps/server/src/supervisor/supervisor.test.ts',
  'lab/live/bad-input.sip.test.ts',
  'lab/live/takeover-phases.sipp.test.ts',
  'lab/live/site-then-primary.test.ts',
];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => LONG.some((name) => moduleId.endsWith(name));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    include: [
      'packages/**/*.test.ts',
      'apps/**/*.test.ts',
      'lab/**/*.test.ts',
      'scripts/**/*.test.ts',
      'bench/**/*.test.ts',
    ],
    testTimeout: 20_000,
    sequence: { sequencer: LongFirst },
  },
});
