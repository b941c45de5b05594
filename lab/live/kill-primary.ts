/** The primary of the pair of the site is killed in the middle of something, and its mate goes on. */
import type { OneSite } from './one-site.ts';
import type { PairLog } from './pair-log.ts';
import { until } from './peers/processes.ts';
import { send } from './process-tree.ts';
import { pause } from './site-processes.ts';

/** An answer or an ACK tells nobody anything and is not waited for (LG2); by then the mate has it. */
const MIRRORED_MS = 500;
const TAKEOVER_MAX_MS = 20_000;

/** Ready for a fault: what the primary knows, its mate knows. */
export function mateInStep(pair: PairLog): Promise<void> {
  return until('the mate is in step', TAKEOVER_MAX_MS, () => pair.mateIs() === 'mate in step');
}

/** Resolves when the mate serves: after how many ms. */
export async function killPrimary({ processes }: OneSite, pair: PairLog): Promise<number> {
  await pause(MIRRORED_MS);
  const before = pair.served;
  const from = performance.now();
  send(processes.pidOf(pair.primary), 'SIGKILL');
  await until('the mate serves', TAKEOVER_MAX_MS, () => pair.served === before + 1);
  return performance.now() - from;
}
