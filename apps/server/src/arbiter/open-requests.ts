/** The requests that wait for an answer of an arbiter: each is answered once, whatever comes or fails to come. */
import type { ArbiterAnswer } from '@holdfast/continuity';
import { ANSWER_MAX_MS, type ArbiterOptions, OPEN_MAX } from './arbiter.ts';

export interface OpenRequest {
  /** Aborted when the request has been answered, or nobody waits any more. */
  readonly signal: AbortSignal;
  /** Whatever comes after the first answer is dropped. */
  answer(answer: ArbiterAnswer): void;
  unknown(because: string): void;
}

export class OpenRequests {
  readonly #answered: (answer: ArbiterAnswer) => void;
  readonly #answerMaxMs: number;
  readonly #open = new Set<() => void>();

  constructor({ handlers, answerMaxMs = ANSWER_MAX_MS }: ArbiterOptions) {
    this.#answered = (answer) => handlers.answered(answer);
    this.#answerMaxMs = answerMaxMs;
  }

  /** Undefined when too many are open, which is answered already. `late` says in words what did not come. */
  begin(n: number, late: () => string): OpenRequest | undefined {
    if (this.#open.size >= OPEN_MAX) {
      const because = `${OPEN_MAX} requests wait for the arbiter already.`;
      setImmediate(() => this.#answered({ type: 'unknown', n, because }));
      return undefined;
    }
    const abort = new AbortController();
    const end = () => {
      clearTimeout(timer);
      this.#open.delete(end);
      abort.abort();
    };
    const answer = (given: ArbiterAnswer) => {
      if (!this.#open.has(end)) return;
      end();
      this.#answered(given);
    };
    const unknown = (because: string) => answer({ type: 'unknown', n, because });
    const timer = setTimeout(
      () => unknown(`No answer within ${this.#answerMaxMs} ms: ${late()}.`),
      this.#answerMaxMs,
    );
    this.#open.add(end);
    return { signal: abort.signal, answer, unknown };
  }

  close(): void {
    for (const end of [...this.#open]) end();
  }
}
