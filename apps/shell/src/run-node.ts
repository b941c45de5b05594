/**
 * The shell that runs any node: it passes inputs in with the time, performs the effects in their order, reads the clock again
 * for what the node lets go only then, and keeps one timer for the node's next deadline.
 */
import type { Millis, Node } from '@holdfast/kernel';

export interface RunningNode<Input> {
  /** Inputs that come while effects are performed wait for their turn. */
  input(input: Input): void;
  /** No effect is performed and no timer fires afterwards. */
  stop(): void;
}

export interface Shell<Effect> {
  readonly now: () => Millis;
  readonly perform: (effect: Effect, now: Millis) => void;
}

/** The longest that `setTimeout` can wait, ms; a later deadline is asked for again then. */
const TIMER_MAX_MS = 2_147_483_647;

export function runNode<Input, Effect>(node: Node<Input, Effect>, shell: Shell<Effect>): RunningNode<Input> {
  const waiting: Input[] = [];
  let timer: NodeJS.Timeout | undefined;
  let timerAt = Number.POSITIVE_INFINITY;
  let isBusy = false;
  let isStopped = false;

  function perform(now: Millis, effects: readonly Effect[]): void {
    for (const effect of effects) if (!isStopped) shell.perform(effect, now);
    if (node.outgoing === undefined || isStopped) return;
    const then = shell.now();
    for (const effect of node.outgoing(then)) if (!isStopped) shell.perform(effect, then);
  }

  /** A timer that fires too early is left alone: `expire` does nothing then, and asks for the next. */
  function arm(now: Millis): void {
    const next = node.nextDeadline();
    if (isStopped || next === undefined || next >= timerAt) return;
    clearTimeout(timer);
    timerAt = next;
    timer = setTimeout(expire, Math.min(Math.max(0, Math.ceil(next - now)), TIMER_MAX_MS));
  }

  function expire(): void {
    timerAt = Number.POSITIVE_INFINITY;
    turn((now) => node.expire(now));
  }

  function turn(work: (now: Millis) => readonly Effect[]): void {
    if (isStopped) return;
    isBusy = true;
    let now = shell.now();
    perform(now, work(now));
    for (let input = waiting.shift(); input !== undefined; input = waiting.shift()) {
      now = shell.now();
      perform(now, node.handle(now, input));
    }
    isBusy = false;
    arm(now);
  }

  arm(shell.now());
  return {
    input(input) {
      if (isBusy) waiting.push(input);
      else turn((now) => node.handle(now, input));
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
      waiting.length = 0;
    },
  };
}
