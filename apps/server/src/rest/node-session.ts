/** One client of the node: each question gets the answer that belongs to it, or a Problem. */
import type { ConfigReply, ConfigRequest } from '@holdfast/protocol';
import type { Attach, InnerClient } from './inner-clients.ts';
import { Problem, refusalProblem } from './problem.ts';

type WithoutReference<Request> = Request extends { readonly ReferenceID: number }
  ? Omit<Request, 'ReferenceID'>
  : never;
export type Question = WithoutReference<ConfigRequest>;
type Changed = Extract<ConfigReply, { type: 'Changed' }>;
type AnswerType = ConfigReply['type'];

/** Without an answer yet; one more is refused. */
export const QUESTIONS_MAX = 64;
/** An edit waits for those before it and for its store; what takes longer is not heard of any more. */
export const ANSWER_MAX_MS = 30_000;
/** A log of years is read, beside everything else that its server does. */
const VERIFY_MAX_MS = 3_600_000;
/** Answered by Edited, when it has been written. */
const WRITING: readonly string[] = [
  ...['Edit', 'Restore', 'Fix', 'Resolve', 'SyncSwitches'],
  ...['SetPassword', 'ResetPassword', 'Revoke'],
];

export interface SessionHandlers {
  changed?(changed: Changed): void;
  /** By the node: the log-in counts no more. */
  ended?(problem: Problem): void;
}

export class NodeSession {
  readonly #client: InnerClient;
  readonly #handlers: SessionHandlers;
  readonly #waiting = new Map<number, (answer: ConfigReply | Problem) => void>();
  #count = 0;
  #end: Problem | undefined;
  #retires = false;

  constructor(attach: Attach, from: string, handlers: SessionHandlers = {}) {
    this.#handlers = handlers;
    this.#client = attach(from, {
      message: (message) => this.#message(message),
      closed: (why) => this.#closed(why),
    });
  }

  get isOver(): boolean {
    return this.#end !== undefined;
  }

  get isIdle(): boolean {
    return this.#waiting.size === 0;
  }

  /** Rejects with a Problem. What comes is of one of these types. */
  ask<Type extends AnswerType>(
    question: Question,
    ...types: readonly Type[]
  ): Promise<Extract<ConfigReply, { type: Type }>> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    if (this.#waiting.size >= QUESTIONS_MAX) {
      const detail = `${QUESTIONS_MAX} requests with this token wait for their answers already. Wait for them.`;
      return Promise.reject(new Problem({ code: 'overloaded', detail, retryAfterMs: 1_000 }));
    }
    this.#count += 1;
    const ReferenceID = this.#count;
    return new Promise((resolve, reject) => {
      const maxMs = question.type === 'Verify' ? VERIFY_MAX_MS : ANSWER_MAX_MS;
      const timer = setTimeout(() => this.#waiting.get(ReferenceID)?.(tooLate(question, maxMs)), maxMs);
      this.#waiting.set(ReferenceID, (answer) => {
        clearTimeout(timer);
        this.#waiting.delete(ReferenceID);
        if (this.#retires && this.isIdle) this.end();
        if (answer instanceof Problem) reject(answer);
        else if (answer.type === 'Error') reject(refusalProblem(answer));
        else if (isOneOf(types, answer)) resolve(answer);
        else reject(new Error(`the node answers ${question.type} by ${answer.type}`));
      });
      this.#client.say({ ...question, ReferenceID } as ConfigRequest);
    });
  }

  /** Ends it when everything that was asked has been answered. */
  retire(): void {
    this.#retires = true;
    if (this.isIdle) this.end();
  }

  end(): void {
    this.#client.end();
    this.#settle(new Problem({ code: 'timeout', detail: 'The request was given up.' }));
  }

  #message(message: ConfigReply): void {
    if (message.type === 'Changed') return this.#handlers.changed?.(message);
    const ReferenceID = 'ReferenceID' in message ? message.ReferenceID : undefined;
    if (ReferenceID !== undefined) this.#waiting.get(ReferenceID)?.(message);
    // To no question: why the connection ends.
    else if (message.type === 'Error') this.#end ??= refusalProblem(message);
  }

  #closed(why: string): void {
    const problem = this.#end ?? new Problem({ code: 'token-invalid', detail: why });
    this.#settle(problem);
    this.#handlers.ended?.(problem);
  }

  #settle(problem: Problem): void {
    this.#end ??= problem;
    for (const answered of [...this.#waiting.values()]) answered(problem);
  }
}

function isOneOf<Type extends AnswerType>(
  types: readonly Type[],
  answer: ConfigReply,
): answer is Extract<ConfigReply, { type: Type }> {
  return (types as readonly AnswerType[]).includes(answer.type);
}

function tooLate({ type }: Question, maxMs: number): Problem {
  const seconds = maxMs / 1_000;
  const fate = WRITING.includes(type)
    ? ' It is not known whether it was written: look into the history before you try again.'
    : '';
  return new Problem({ code: 'timeout', detail: `No answer within ${seconds} s.${fate}` });
}
