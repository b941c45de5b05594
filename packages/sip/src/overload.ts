/**
 * Overload control between neighbours (RFC 7339), as it stands in a Via: whoever sends a request says that it obeys, and
 * whoever answers says by how much less it wants.
 *
 *     we ──INVITE  Via: …;oc;oc-algo="loss"──────────────────────────────────────────▶ neighbour
 *        ◀─100     Via: …;oc=20;oc-algo="loss";oc-validity=3000;oc-seq=1790000000.250──
 *
 * Here is only what is written and read. How loaded we are, and what is not sent to a loaded neighbour, its owner decides.
 */
import type { Millis } from '@holdfast/kernel';
import type { SipRequest, Via } from './message/message.ts';
import type { Source, Target } from './target.ts';

export interface OverloadFeedback {
  /** How many requests less than it would get, %, 0 to 100. */
  readonly percent: number;
  /** For how long that holds, ms; 0 ends it. */
  readonly validityMs: Millis;
  /** Grows with each new feedback (RFC 7339 §4.4): what comes late is known by it. Seconds, three decimals. */
  readonly seq: number;
}

export interface OverloadPort {
  /** Whether the feedback of whoever is there is wanted, and obeyed. */
  isObeyed(target: Target): boolean;
  /** What it has said. */
  heard(now: Millis, target: Target, feedback: OverloadFeedback): void;
  /** What is said to whoever has sent this and obeys; undefined: nothing. */
  told(now: Millis, request: SipRequest, source: Source): OverloadFeedback | undefined;
}

/** Behind the Via of a request. By loss alone: the one algorithm that everybody has (RFC 7339 §7). */
export const OVERLOAD_OFFER = ';oc;oc-algo="loss"';
/** RFC 7339 §4.3, where it is not said. */
export const VALIDITY_DEFAULT_MS = 500;
/** A neighbour is believed for no longer: by a single mistake of its own it would get no call for hours. */
export const VALIDITY_MAX_MS = 60_000;

/** RFC 7339 §4.1: `oc` without a value, and an algorithm that we have. */
export function offersOverload({ params }: Via): boolean {
  if (params.get('oc') !== null) return false;
  const algorithms = (params.get('oc-algo') ?? '').split(',');
  return algorithms.some((name) => name.trim().toLowerCase() === 'loss');
}

/** The text of a Via with what we say in place of the offer. */
export function withFeedback(via: string, { percent, validityMs, seq }: OverloadFeedback): string {
  const bare = via.replace(OFFER, '');
  return `${bare};oc=${percent};oc-algo="loss";oc-validity=${validityMs};oc-seq=${seq.toFixed(3)}`;
}

const OFFER = /;\s*(?:oc-algo|oc)\s*(?:=\s*(?:"[^"]*"|[^;,\s"]*))?\s*(?=;|$)/gi;

/** As the text above is read. */
export function feedbackParams({ percent, validityMs, seq }: OverloadFeedback): [string, string][] {
  return [
    ['oc', String(percent)],
    ['oc-algo', 'loss'],
    ['oc-validity', String(validityMs)],
    ['oc-seq', seq.toFixed(3)],
  ];
}

/** Undefined when there is none, or none that can be understood. */
export function feedbackIn({ params }: Via): OverloadFeedback | undefined {
  const [oc, algorithm, validity] = [params.get('oc'), params.get('oc-algo'), params.get('oc-validity')];
  if (oc == null || !/^\d{1,3}$/.test(oc) || Number(oc) > 100) return undefined;
  if ((algorithm ?? 'loss').toLowerCase() !== 'loss') return undefined;
  if (validity != null && !/^\d{1,10}$/.test(validity)) return undefined;
  const seq = params.get('oc-seq') ?? '';
  if (!/^\d{1,12}(\.\d{1,6})?$/.test(seq)) return undefined;
  const validityMs = Math.min(validity == null ? VALIDITY_DEFAULT_MS : Number(validity), VALIDITY_MAX_MS);
  return { percent: Number(oc), validityMs, seq: Number(seq) };
}
