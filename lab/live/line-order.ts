/**
 * Whether a line kept its order when another site went on with it, by the logs of both: the one tells in which order callers
 * came, the other in which order agents were offered their calls. A log has no doubt about an order; ears, on a busy
 * machine, have (line-account.ts).
 */
import type { EventMessage } from '@holdfast/protocol';

export interface LineOrder {
  /** Callers who came to that queue. */
  readonly came: number;
  /** Of these, offered to an agent at the other site. */
  readonly offered: number;
  /** Offered after somebody who had come later. */
  readonly overtaken: number;
}

export function orderOfLine(
  queue: string,
  first: readonly EventMessage[],
  then: readonly EventMessage[],
): LineOrder {
  const came = callsIn(first, 'EventQueued', queue);
  const place = new Map(came.map((call, index) => [call, index]));
  const offered = callsIn(then, 'EventDiverted', queue).flatMap((call) => place.get(call) ?? []);
  let [last, overtaken] = [-1, 0];
  for (const index of offered) {
    if (index < last) overtaken += 1;
    last = Math.max(last, index);
  }
  return { came: came.length, offered: offered.length, overtaken };
}

/** By the first such event of each. */
function callsIn(entries: readonly EventMessage[], name: EventMessage['name'], queue: string): string[] {
  const calls = entries.flatMap((entry) =>
    entry.name === name && entry.attributes.ThisDN === queue ? (entry.attributes.ConnID ?? []) : [],
  );
  return [...new Set(calls)];
}
