/**
 * What a primary says of its mate (LG2): a line in its log at each change, and an alarm while it does not wait for it, because
 * what it tells anybody then would be lost with it (SS91).
 *
 *     unlinked ── joining ── behind      alarm stands
 *             in step                    alarm is over
 */
import type { LogLine } from '@holdfast/kernel';
import { type Leading, MATE } from '../mirror/leading.ts';
import type { FollowerState } from '../mirror/mirror-follower.ts';
import type { OwnAlarm } from '../sip-server/own-alarms.ts';

export const MATE_ALARM = 'mate not in step';

const LINES: Readonly<Record<FollowerState, readonly [LogLine['level'], string]>> = {
  unlinked: ['warn', 'no mate'],
  joining: ['info', 'mate joins'],
  'in-step': ['info', 'mate in step'],
  behind: ['warn', 'mate behind'],
};

const BECAUSE: Readonly<Record<FollowerState, string>> = {
  unlinked: 'LG2: There is no link to the mate. What is told now is lost if this process dies.',
  joining: 'LG2: The mate is being told everything anew, and is not waited for until it holds it.',
  behind: 'LG2: The mate has not acknowledged in time, and is not waited for.',
  'in-step': 'LG2: The mate holds everything, and is waited for.',
};

export class MateTeller {
  #told: FollowerState | undefined;
  #isAlarmed: boolean | undefined;

  /** It leads no more. */
  forget(): void {
    this.#told = undefined;
    this.#isAlarmed = undefined;
  }

  /** The line, when the mate has come to another state than was told last. */
  line(leading: Leading): LogLine | undefined {
    const state = leading.stateOf(MATE);
    if (state === this.#told) return undefined;
    this.#told = state;
    const [level, what] = LINES[state];
    return { level, what, detail: { last: leading.last, acked: leading.ackedBy(MATE) } };
  }

  /** The alarm, when it is to be raised or is over; of one that may act. */
  alarm(leading: Leading): OwnAlarm | undefined {
    const state = leading.stateOf(MATE);
    const isRaised = state !== 'in-step';
    if (isRaised === this.#isAlarmed) return undefined;
    this.#isAlarmed = isRaised;
    return { name: MATE_ALARM, isRaised, because: BECAUSE[state] };
  }
}
