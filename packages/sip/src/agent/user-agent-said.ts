/**
 * What is said while a user agent works on one input: to its owner, which is kept until all is done, and by its endpoint, which waits
 * for its turn, so that no step of a leg is interrupted by another.
 */
import type { EndpointEvent, EndpointOutput } from '../endpoint-types.ts';
import type { UserAgentEvent } from '../user-agent-types.ts';
import type { UserAgentOutput } from './user-agent-options.ts';

export class UserAgentSaid {
  readonly #waiting: EndpointEvent[] = [];
  /** How many of these have had their turn. */
  #turns = 0;
  #output: UserAgentOutput = { effects: [], events: [] };

  /** By the endpoint: what it wants done is done first, and what has happened waits. */
  take(output: EndpointOutput): void {
    for (const effect of output.effects) this.#output.effects.push(effect);
    for (const event of output.events) this.#waiting.push(event);
  }

  /** To the owner. */
  tell(event: UserAgentEvent): void {
    this.#output.events.push(event);
  }

  /** Of what waits, in the order in which it came; undefined when the endpoint has nothing more to say. */
  next(): EndpointEvent | undefined {
    const event = this.#waiting[this.#turns];
    if (event !== undefined) {
      this.#turns += 1;
      return event;
    }
    this.#waiting.length = 0;
    this.#turns = 0;
    return undefined;
  }

  /** All of it, once. */
  done(): UserAgentOutput {
    const output = this.#output;
    this.#output = { effects: [], events: [] };
    return output;
  }
}
