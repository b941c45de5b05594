/** What each agent's desk has decided and reported so far, for whoever opens that agent on the live page. */
import { type BoardDecision, type BoardMessage, TIMELINE_MAX } from '@holdfast/protocol';

type Timeline = Extract<BoardMessage, { type: 'timeline' }>;

export class Timelines {
  readonly #byAgent = new Map<string, { readonly entries: BoardDecision[]; dropped: number }>();

  add(decision: BoardDecision): void {
    const { who } = decision;
    const known = this.#byAgent.get(who) ?? { entries: [], dropped: 0 };
    this.#byAgent.set(who, known);
    known.entries.push(decision);
    if (known.entries.length <= TIMELINE_MAX) return;
    known.entries.shift();
    known.dropped += 1;
  }

  of(agent: string): Timeline {
    const { entries, dropped } = this.#byAgent.get(agent) ?? { entries: [], dropped: 0 };
    return { type: 'timeline', agent, entries: [...entries], dropped };
  }
}
