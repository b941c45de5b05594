/**
 * The account of lines: who waited where, whether the order was kept, and who vanished from a line without a
 * word. It knows only what can be seen from outside: when the site gave a caller the first sign (before it, the
 * INVITE may still be under way to a dead site), when the agent's phone that took the call began to ring, and when
 * the caller's end was over.
 *
 * A caller was overtaken when somebody who came to the same number at the same site later was served earlier, while
 * both waited. Each overtaken caller counts once, however many went past. The lab's callers all have the same priority.
 */
import type { Millis } from '@holdfast/kernel';

/** Nearer together than this is the same moment: two datagrams may be read in either order. */
export const SAME_MOMENT_MS = 50;

export interface LineFigures {
  /** Callers to whom a site has given a sign; an INVITE that may never have arrived stands in no line. */
  readonly waiting: number;
  /** Of whoever dialled: those whom an agent's phone answered. */
  readonly served: number | null;
  /** Null when nobody stood in a line. */
  readonly inversions: number | null;
  readonly lost: number | null;
}

/** How a caller left: the place vanished without a word, there was one, or no site had given any sign. */
type Departure = 'lost' | 'stood' | 'noSign';

interface Place {
  readonly site: string;
  readonly number: string;
  /** When the site gave its first sign; from then on it has the caller. */
  since: Millis | undefined;
  /** The earliest moment at which somebody who came later was served. */
  overtakenAt: Millis | undefined;
}

export class LineAccount {
  /** Those who wait, by the leg of the caller. */
  readonly #places = new Map<string, Place>();
  /** Legs of callers whose site is gone. */
  readonly #lost = new Set<string>();
  #inversions = 0;
  #served = 0;
  #lostEnded = 0;
  #hasBegun = false;

  dialled(leg: string, line: { readonly site: string; readonly number: string }): void {
    this.#hasBegun = true;
    this.#places.set(leg, { ...line, since: undefined, overtakenAt: undefined });
  }

  /** The site rings, plays or has answered. */
  taken(at: Millis, leg: string): void {
    const place = this.#places.get(leg);
    if (place !== undefined) place.since ??= at;
  }

  /** An agent's phone has begun to ring for this caller, and has answered. */
  served(at: Millis, leg: string): void {
    // Another site went on with a caller whose site is gone.
    const wasLost = this.#lost.delete(leg);
    const place = this.#leave(at, leg);
    if (wasLost || place !== undefined) this.#served += 1;
    if (place?.since === undefined) return;
    for (const other of this.#places.values()) {
      if (other.site !== place.site || other.number !== place.number) continue;
      if (other.since === undefined || other.since + SAME_MOMENT_MS >= place.since) continue;
      other.overtakenAt = Math.min(at, other.overtakenAt ?? at);
    }
  }

  /** The caller has dialled at the next site, because this one gave no sign. */
  movedOn(leg: string): void {
    this.#lost.delete(leg);
    this.#places.delete(leg);
  }

  /** The caller's end is over; undefined for one who stood nowhere any more. `isSilent`: nobody said anything any more. */
  left(at: Millis, leg: string, isSilent: boolean): Departure | undefined {
    const wasLost = this.#lost.delete(leg);
    const place = this.#leave(at, leg);
    if (wasLost || (isSilent && place?.since !== undefined)) {
      this.#lostEnded += 1;
      return 'lost';
    }
    if (place === undefined) return undefined;
    return place.since === undefined ? 'noSign' : 'stood';
  }

  /** That site's SIP Server is dead, and its lines with it. The callers who now wait for nothing, by their legs. */
  siteGone(site: string): string[] {
    const gone = [...this.#places].filter(([, place]) => place.site === site && place.since !== undefined);
    for (const [leg] of gone) {
      this.#places.delete(leg);
      this.#lost.add(leg);
    }
    return gone.map(([leg]) => leg);
  }

  #leave(at: Millis, leg: string): Place | undefined {
    const place = this.#places.get(leg);
    this.#places.delete(leg);
    if (place !== undefined && isOvertaken(place, at)) this.#inversions += 1;
    return place;
  }

  /** Callers to whom no site has given a sign so far. */
  get withoutSign(): number {
    let count = 0;
    for (const place of this.#places.values()) if (place.since === undefined) count += 1;
    return count;
  }

  figures(now: Millis): LineFigures {
    const waiting = this.#places.size - this.withoutSign;
    if (!this.#hasBegun) return { waiting, served: null, inversions: null, lost: null };
    const standing = [...this.#places.values()].filter((place) => isOvertaken(place, now)).length;
    return {
      waiting,
      served: this.#served,
      inversions: this.#inversions + standing,
      lost: this.#lostEnded + this.#lost.size,
    };
  }
}

/**
 * Whether a line was served in order: `before` the callers came, when they `stood` in line, and `after`. Only an agent's
 * answer serves: a line can also become empty because all gave up or were refused.
 */
export function serviceOfLine(
  { before, stood, after }: Readonly<Record<'before' | 'stood' | 'after', LineFigures>>,
  callers: number,
): { readonly ok: boolean; readonly detail: string } {
  const since = (figure: 'served' | 'inversions' | 'lost') => (after[figure] ?? 0) - (before[figure] ?? 0);
  const [served, inversions, lost] = [since('served'), since('inversions'), since('lost')];
  const ok =
    callers > 0 &&
    stood.waiting >= callers &&
    served === before.waiting + callers &&
    after.waiting === 0 &&
    inversions === 0 &&
    lost === 0;
  return {
    ok,
    detail: `${stood.waiting} stood in line, ${served} of ${before.waiting + callers} were served, ${inversions} overtaken, ${lost} lost`,
  };
}

/** Somebody who came later was served, and the caller waited on after that. */
function isOvertaken({ overtakenAt }: Place, until: Millis): boolean {
  return overtakenAt !== undefined && until > overtakenAt + SAME_MOMENT_MS;
}
