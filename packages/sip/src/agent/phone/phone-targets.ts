/**
 * The targets behind one DNS name, in the order of RFC 3263, for a phone that registers at the first that answers
 * (rule PH1, `single`). The endpoint could walk through them too, but inside one transaction and with its time-outs;
 * the phone has its own limit for each attempt (PH2) and wants to know where it is.
 */
import type { Random } from '@holdfast/kernel';
import type { EndpointEffect } from '../../endpoint-types.ts';
import { type LocateOptions, type LocateState, startLocate, stepLocate } from '../../locate/locate.ts';
import { type LookupAnswer, questionId } from '../../locate/lookup.ts';
import { parseUri } from '../../message/uri.ts';
import type { Target, TransportName } from '../../target.ts';

export type TargetsResult =
  | { readonly name: 'ask'; readonly effect: EndpointEffect }
  /** All targets, in order; none when the name leads nowhere now. */
  | { readonly name: 'found'; readonly targets: readonly Target[] };

/** Keeps our look-ups apart from those of the endpoint, which ask the same questions. */
const ID_PREFIX = 'phone ';

export class PhoneTargets {
  readonly #uri: string;
  readonly #transport: TransportName | undefined;
  readonly #options: LocateOptions;
  #state: LocateState | undefined;
  #asked: string | undefined;
  #targets: Target[] = [];

  constructor(uri: string, transport: TransportName | undefined, random: Random) {
    this.#uri = uri;
    this.#transport = transport;
    this.#options = {
      transports: transport === undefined ? ['UDP', 'TCP'] : [transport],
      families: ['A', 'AAAA'],
      random,
    };
  }

  /** Begins anew; an answer that is still out no longer counts. */
  begin(): TargetsResult {
    this.#targets = [];
    this.#asked = undefined;
    const uri = parseUri(this.#uri);
    if (uri === undefined) return { name: 'found', targets: [] };
    this.#state = startLocate(uri, this.#options, this.#transport);
    return this.#follow(this.#state);
  }

  /** Undefined when the answer is not for us. */
  lookedUp(now: number, id: string, answer: LookupAnswer): TargetsResult | undefined {
    if (id !== this.#asked || this.#state === undefined) return undefined;
    this.#asked = undefined;
    return this.#follow(stepLocate(this.#state, { type: 'lookedUp', answer }, now, this.#options).state);
  }

  /** Takes one target after another out of the machine, until it has to ask or has no more. It hands out 16 at most. */
  #follow(from: LocateState): TargetsResult {
    for (let state = from; ; ) {
      const step = stepLocate(state, { type: 'next' }, 0, this.#options);
      state = step.state;
      this.#state = state;
      const [effect] = step.effects;
      if (effect?.type === 'ask') {
        const { record, name } = effect.question;
        this.#asked = ID_PREFIX + questionId(effect.question);
        return { name: 'ask', effect: { type: 'lookup', id: this.#asked, record, name } };
      }
      if (effect?.type !== 'target') return { name: 'found', targets: this.#targets };
      this.#targets.push(effect.target);
    }
  }
}
