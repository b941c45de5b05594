/** How long nobody was served, from a fault at the primary of a pair on: measured by a caller who repeats itself. */
import type { PairLog } from './pair-log.ts';
import { until } from './peers/processes.ts';
import type { TrunkCaller } from './trunk-caller.ts';

export interface UnservedTimes {
  /** From the fault until a call that was dialled after it was answered. */
  readonly newCallMs: number;
  /** From the fault until a request in a call that stood before it was answered by 200. */
  readonly inDialogMs: number;
}

/** Between two attempts: how exact the figures are. */
const EVERY_MS = 20;
/** Generous: the machine may be busy with other things. */
const TAKEOVER_MAX_MS = 10_000;

export async function unservedTimes(request: {
  readonly caller: TrunkCaller;
  readonly pair: PairLog;
  /** Their phones answer at once: one is in a call at the fault, the other is called after it. */
  readonly standing: string;
  readonly called: string;
  readonly fault: () => void;
}): Promise<UnservedTimes> {
  const { caller, pair } = request;
  const standing = await caller.call(request.standing, 200, 5_000);
  const before = pair.served;
  const from = performance.now();
  request.fault();
  const since = () => Math.round(performance.now() - from);
  const [inDialogMs, newCallMs] = await Promise.all([
    caller.hangUp(standing, EVERY_MS, TAKEOVER_MAX_MS).then(since),
    caller.call(request.called, EVERY_MS, TAKEOVER_MAX_MS).then(async (call) => {
      const answeredMs = since();
      await caller.hangUp(call, 200, 5_000);
      return answeredMs;
    }),
  ]);
  await until('it is logged that the mate serves', 2_000, () => pair.served === before + 1);
  return { newCallMs, inDialogMs };
}
