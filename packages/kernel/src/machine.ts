/**
 * Everything that thinks has one of two shapes, and one shell of about thirty lines runs either.
 *
 * A *step* is a pure function over plain data: one decision (a SIP transaction, a link's health, an agent's
 * state). A *node* is an object that owns many such decisions: one process (SIP Server, desk, phone).
 * Neither reads a clock, arms a timer or opens a socket. They are told what happened and what time it is;
 * they answer with effects, which are data, in the order in which they must be performed.
 */

/** An instant or a duration in milliseconds. Instants are on the monotonic clock of the process that holds them. */
export type Millis = number;

export interface Transition<State, Effect> {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** A decision: the same state, event and instant always give the same answer. */
export type Step<State, Event, Effect> = (
  state: State,
  event: Event,
  now: Millis,
) => Transition<State, Effect>;

/**
 * A process. After each call of `handle`, `expire` or `outgoing` the answer of `nextDeadline` may have changed, and at no
 * other time. A late or spurious `expire` does nothing.
 */
export interface Node<Input, Effect> {
  handle(now: Millis, input: Input): Effect[];
  /** When `expire` wants to be called next, or undefined when only an input can wake the node. */
  nextDeadline(): Millis | undefined;
  expire(now: Millis): Effect[];
  /**
   * Of a node that may speak only for so long (PR6): asked after each `handle` and `expire`, when what they have answered is
   * performed, with the clock read again, because to think may have taken longer than it may speak.
   */
  outgoing?(now: Millis): Effect[];
}
