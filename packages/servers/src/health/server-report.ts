/**
 * What a server says of itself over HTTP (HR1 to HR4), as data: whether it does its work, and its figures. Each node
 * makes its own report; `health-answer.ts` puts it into words.
 */

/**
 * Not ready is always for a reason, which the answer names. What is ready may have a `finding`: something that people have to look into, and that
 * keeps it from nothing.
 */
export type Readiness =
  | { readonly ok: true; readonly finding?: string }
  | { readonly ok: false; readonly because: string };

export const READY: Readiness = { ok: true };

export function notReady(because: string): Readiness {
  return { ok: false, because };
}

/** One figure; `labels` are our own words, never what a stranger wrote, so that their number is bounded. */
export interface Figure {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Metric {
  /** With unit and, of a counter, `_total`. */
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly figures: readonly Figure[];
}

export interface ServerReport {
  /** It does its work: of a pair, it is the primary that acts. */
  readonly primary: Readiness;
  /** It could take the work over at once; of a server without a standby never. */
  readonly standby: Readiness;
  /** The two members could change roles now, and nothing would be lost. */
  readonly upgrade: Readiness;
  readonly metrics: readonly Metric[];
}

export function gauge(name: string, help: string, value: number): Metric {
  return { name, type: 'gauge', help, figures: [{ value }] };
}

/** By one label. */
export function counters(
  name: string,
  help: string,
  label: string,
  values: Iterable<readonly [string, number]>,
): Metric {
  const figures = [...values].map(([key, value]) => ({ value, labels: { [label]: key } }));
  return { name, type: 'counter', help, figures };
}

/** One figure for each name that there is, 1 for the one that holds. */
export function oneOf(name: string, help: string, names: readonly string[], which: string): Metric {
  const figures = names.map((each) => ({ value: each === which ? 1 : 0, labels: { is: each } }));
  return { name, type: 'gauge', help, figures };
}

/** Of a server that has no mate. */
export const WITHOUT_MATE = notReady('This server is no member of a pair.');
