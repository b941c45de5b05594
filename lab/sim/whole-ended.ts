/**
 * AD9: a call of the other site of which an end has hung up here is over, and is not taken over any more, whatever the
 * records of that site still say.
 */
import type { Call, Centre } from '@holdfast/centre';
import type { LogLine } from '@holdfast/kernel';
import type { SipServerNode } from '@holdfast/servers';
import type { WholeDefect } from './whole-defects.ts';

/** Calls of a world at once are fewer. */
const ENDED_MAX = 1_000;

/** Of one server that thinks. */
export class EndedCalls {
  readonly #ended = new Set<string>();

  constructor(
    { centre, strays }: Pick<SipServerNode['parts'], 'centre' | 'strays'>,
    defect: WholeDefect | undefined,
    fail: (check: string, detail: string) => void,
  ) {
    if (defect === 'ended-forgotten') strays.hasEnded = () => false;
    const adopt: Centre['adopt'] = centre.adopt.bind(centre);
    centre.adopt = (now, call: Call) => {
      if (this.#ended.has(call.connId))
        fail('ended-stays-ended', `call ${call.connId} goes on, of which an end has hung up here`);
      return adopt(now, call);
    };
  }

  /** A line of the server's log. */
  writes({ what, call }: Pick<LogLine, 'what' | 'call'>): void {
    if (what !== 'call of the other site ended' || call === undefined) return;
    if (this.#ended.size > ENDED_MAX) this.#ended.clear();
    this.#ended.add(call);
  }
}
