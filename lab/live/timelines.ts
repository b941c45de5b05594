/**
 * What the agents' desks have decided and reported so far: of each agent, for whoever opens that agent on the live
 * page; and the newest of all agents, for whoever opens the page after it happened.
 */
import {
  type BoardDecision,
  type BoardMessage,
  RECENT_DECISIONS_MAX,
  TIMELINE_MAX,
} from '@holdfast/protocol';

type Message<Type extends BoardMessage['type']> = Extract<BoardMessage, { type: Type }>;

export class Timelines {
  readonly #byAgent = new Map<string, { readonly entries: BoardDecision[]; dropped: number }>();
  readonly #recent: BoardDecision[] = [];

  add(decision: BoardDecision): void {
    this.#recent.push(decision);
    if (this.#recent.length > RECENT_DECISIONS_MAX) this.#recent.shift();
    const { who } = decision;
    const known = this.#byAgent.get(who) ?? { entries: [], dropped: 0 };
    this.#byAgent.set(who, known);
    known.entries.push(decision);
    if (known.entries.length <= TIMELINE_MAX) return;
    known.entries.shift();
    known.dropped += 1;
  }

  of(agent: string): Message<'timeline'> {
    const { entries, dropped } = this.#byAgent.get(agent) ?? { entries: [], dropped: 0 };
    return { type: 'timeline', agent, entries: [...entries], dropped };
  }

  get recent(): Message<'decisions'> {
    return { type: 'decisions', entries: [...this.#recent] };
  }
}
