/** What one seed of either size came to. */
export interface SeedResult {
  readonly seed: number;
  readonly failed: { readonly check: string; readonly detail: string; readonly at: number } | undefined;
  /** How often each fault was in force, and how often each rule decided something. */
  readonly faults: ReadonlyMap<string, number>;
  readonly rules: ReadonlyMap<string, number>;
  /** Checks that look at a part of the changes only, and at which share of them; none unless named. */
  readonly sampled?: ReadonlyMap<string, number>;
  readonly virtualMs: number;
  readonly steps: number;
  /** The fingerprint of the run: equal for equal seeds. */
  readonly hash: number;
  /** The last happenings, oldest first; empty unless asked for. */
  readonly trace: readonly string[];
}

export function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
