/** ME4: mistakes about places in line, which the comparison with the twin has to find (line-twin.ts). */
import type { Call } from '@holdfast/centre';
import type { Millis } from '@holdfast/kernel';
import type { MirrorMessage } from '@holdfast/protocol';

export const LINE_DEFECTS = {
  /** LG5: since when somebody waits is read as an instant to come: who came last has waited longest. */
  'past-for-future': 'places-survive-takeover',
  /** SS54: what a standby held of the other site is lost when it takes over. No check of a single world sees that. */
  'other-site-forgotten': undefined,
} as const;
export type LineDefect = keyof typeof LINE_DEFECTS;

/** AD2: what the other site reads of a caller who waited. */
export function asAdopted(now: Millis, call: Call): Call {
  if (call.phase.name !== 'waiting') return call;
  const { ticket } = call.phase;
  const waitingSince = now + (now - ticket.waitingSince);
  return { ...call, waitingSince, phase: { ...call.phase, ticket: { ...ticket, waitingSince } } };
}

/** SS53: what the mate reads. */
export function asHeld(message: MirrorMessage): MirrorMessage {
  if (message.type !== 'entry' && message.type !== 'snapshot') return message;
  const put = message.put.map(([key, value, ...rest]) => [key, turned(value), ...rest] as const);
  return { ...message, put } as MirrorMessage;
}

function turned(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inside]) => [
      key,
      key === 'waitingSince' ? negated(inside) : turned(inside),
    ]),
  );
}

/** A record holds an instant as its distance from now. */
function negated(instant: unknown): unknown {
  const { $in } = (instant ?? {}) as { readonly $in?: number };
  return $in === undefined ? instant : { $in: -$in };
}
