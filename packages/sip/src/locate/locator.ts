/**
 * Runs the look-ups of many requests at once: answers questions from the cache, asks each open question of the
 * shell once however many wait for it, and hands each search its targets one at a time.
 */
import type { Millis } from '@holdfast/kernel';
import type { EndpointOutput } from '../endpoint-types.ts';
import type { SipUri } from '../message/message.ts';
import type { Target, TransportName } from '../target.ts';
import { type LocateOptions, type LocateState, startLocate, stepLocate } from './locate.ts';
import { type LookupAnswer, type Question, questionId } from './lookup.ts';
import { LookupCache } from './lookup-cache.ts';

/** One request looking for its next target. */
export interface Search<Owner> {
  owner: Owner;
  state: LocateState;
  /** An abandoned search is told nothing more. */
  isOver: boolean;
}

export class Locator<Owner> {
  readonly #cache = new LookupCache();
  readonly #waiting = new Map<string, Search<Owner>[]>();
  readonly #options: LocateOptions;

  constructor(options: LocateOptions) {
    this.#options = options;
  }

  /** Questions that the shell has not answered yet. */
  get asking(): number {
    return this.#waiting.size;
  }

  start(owner: Owner, uri: SipUri, transport: TransportName | undefined): Search<Owner> {
    return { owner, state: startLocate(uri, this.#options, transport), isOver: false };
  }

  /** A target; null when there is no further one; undefined while the shell is being asked. */
  next(now: Millis, search: Search<Owner>, output: EndpointOutput): Target | null | undefined {
    for (;;) {
      const { state, effects } = stepLocate(search.state, { type: 'next' }, now, this.#options);
      search.state = state;
      const effect = effects[0];
      if (effect === undefined) return undefined;
      if (effect.type === 'target') return effect.target;
      if (effect.type === 'exhausted') return null;
      const id = questionId(effect.question);
      const answer = this.#cache.get(now, id);
      if (answer === undefined) {
        this.#ask(id, effect.question, search, output);
        return undefined;
      }
      this.#learn(now, search, answer);
    }
  }

  /** The searches that this answer was for; each goes on with `next`. */
  lookedUp(now: Millis, id: string, answer: LookupAnswer): readonly Search<Owner>[] {
    const searches = this.#waiting.get(id);
    if (searches === undefined) return [];
    this.#waiting.delete(id);
    this.#cache.put(now, id, answer);
    const open = searches.filter((search) => !search.isOver);
    for (const search of open) this.#learn(now, search, answer);
    return open;
  }

  #ask(id: string, question: Question, search: Search<Owner>, output: EndpointOutput): void {
    const searches = this.#waiting.get(id);
    if (searches !== undefined) {
      // Those that have given up meanwhile are not kept until the answer comes.
      const open = searches.length % 256 === 0 ? searches.filter((each) => !each.isOver) : searches;
      open.push(search);
      this.#waiting.set(id, open);
      return;
    }
    this.#waiting.set(id, [search]);
    output.effects.push({ type: 'lookup', id, record: question.record, name: question.name });
  }

  #learn(now: Millis, search: Search<Owner>, answer: LookupAnswer): void {
    search.state = stepLocate(search.state, { type: 'lookedUp', answer }, now, this.#options).state;
  }
}
