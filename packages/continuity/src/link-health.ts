/**
 * The health of one connection, as the polls of ADDP show it.
 *
 *   green   something was heard within one time-out
 *   yellow  the line was idle for a whole time-out, we have asked, and wait for any answer
 *   red     no answer for the same time again, or the transport said so itself
 *
 * A transport error (reset, refused, closed) is known at once; silence takes between one and two time-outs,
 * depending on when the last message came. Any traffic is as good as an answered ping.
 *
 * The machine never reads the clock. When it is woken much too late, it was its own process that slept, not
 * the other side that kept silent: then it asks once more instead of calling the line dead (LH4).
 */
import type { Because, Millis, Transition } from '@holdfast/kernel';
import { unreachable } from '@holdfast/kernel';
import type { Governed } from './governed.ts';

export interface LinkHealthOptions {
  /** ADDP time-out, ms: poll after so much silence, give up after as much again. */
  readonly timeoutMs: Governed<Millis>;
}

export type LinkHealth =
  | { readonly name: 'green'; readonly heardAt: Millis; readonly pings: number }
  | { readonly name: 'yellow'; readonly heardAt: Millis; readonly askedAt: Millis; readonly pings: number }
  | { readonly name: 'red'; readonly since: Millis; readonly because: Because };

export type LinkHealthEvent =
  /** Any message of the other side, a pong included. */
  | { readonly type: 'heard' }
  /** The transport is gone; `how` says it in a few words ("reset by peer"). */
  | { readonly type: 'broken'; readonly how: string }
  /** This process may have slept: ask at once instead of waiting for silence. */
  | { readonly type: 'doubt' }
  | { readonly type: 'expire' };

export type LinkHealthEffect =
  | { readonly type: 'sendPing'; readonly n: number }
  | { readonly type: 'lost'; readonly because: Because };

/** A connection that has just been opened. */
export function freshLink(now: Millis): LinkHealth {
  return { name: 'green', heardAt: now, pings: 0 };
}

/** When `expire` is wanted; undefined for a link that is already lost. */
export function linkDeadline(link: LinkHealth, options: LinkHealthOptions): Millis | undefined {
  switch (link.name) {
    case 'green':
      return link.heardAt + options.timeoutMs.value;
    case 'yellow':
      return link.askedAt + options.timeoutMs.value;
    case 'red':
      return undefined;
    default:
      return unreachable(link);
  }
}

/** What most messages are; one object for all of them. */
export const HEARD: LinkHealthEvent = { type: 'heard' };
const NO_EFFECTS: readonly LinkHealthEffect[] = [];

export function stepLink(
  link: LinkHealth,
  event: LinkHealthEvent,
  options: LinkHealthOptions,
  now: Millis,
): Transition<LinkHealth, LinkHealthEffect> {
  if (link.name === 'red') return { state: link, effects: NO_EFFECTS };
  switch (event.type) {
    case 'heard':
      return { state: { name: 'green', heardAt: now, pings: link.pings }, effects: NO_EFFECTS };
    case 'broken':
      return lose(now, { rule: 'LH1', text: `The connection broke: ${event.how}.` });
    case 'doubt':
      return ask(link, now);
    case 'expire':
      return expire(link, options, now);
    default:
      return unreachable(event);
  }
}

function expire(
  link: Exclude<LinkHealth, { name: 'red' }>,
  options: LinkHealthOptions,
  now: Millis,
): Transition<LinkHealth, LinkHealthEffect> {
  const timeoutMs = options.timeoutMs.value;
  const dueAt = (link.name === 'green' ? link.heardAt : link.askedAt) + timeoutMs;
  if (now < dueAt) return { state: link, effects: NO_EFFECTS };
  const wasAsleep = now - dueAt >= timeoutMs;
  if (link.name === 'green' || wasAsleep) return ask(link, now);
  return lose(now, {
    rule: 'LH3',
    text: `No answer to a ping for ${timeoutMs} ms, after as long a silence.`,
    option: options.timeoutMs.option,
  });
}

function ask(
  link: Exclude<LinkHealth, { name: 'red' }>,
  now: Millis,
): Transition<LinkHealth, LinkHealthEffect> {
  const pings = link.pings + 1;
  return {
    state: { name: 'yellow', heardAt: link.heardAt, askedAt: now, pings },
    effects: [{ type: 'sendPing', n: pings }],
  };
}

function lose(now: Millis, because: Because): Transition<LinkHealth, LinkHealthEffect> {
  return { state: { name: 'red', since: now, because }, effects: [{ type: 'lost', because }] };
}
