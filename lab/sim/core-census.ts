/**
 * What the conduct of one tiny desk shows of the rules that leave no because (ME3), as `desk-watch.ts` sees it for a
 * real one: which links it had, what it decided, for what it waits.
 */
import { type DeskSite, reportOf } from '@holdfast/continuity';
import type { Millis } from '@holdfast/kernel';

export class CoreDeskCensus {
  readonly #count: (rule: string) => void;
  /** The sites whose link has stood in this run of the desk. */
  readonly #stood = new Set<string>();
  readonly #off = new Set<string>();
  #leaves = 0;
  #wasAllDark = false;
  #waitedForLease = false;

  constructor(count: (rule: string) => void) {
    this.#count = count;
  }

  opened(site: string): void {
    this.#stood.add(site);
    this.#off.delete(site);
  }

  /** `byTransport`: a reset or an end, no silence. */
  lost(site: string, how: { readonly byTransport: boolean; readonly desk: DeskSite }): void {
    const { situation, sites } = how.desk;
    this.#off.add(site);
    if (this.#off.size === Object.keys(sites).length) this.#wasAllDark = true;
    if (!this.#stood.has(site)) this.#count('DS6');
    else if (how.byTransport) this.#count('LH1');
    if (situation.name === 'serving' && situation.site !== site) this.#count('DS7');
  }

  /** A link that was asked already is asked again: it was the desk that slept. */
  pings(isAgain: boolean): void {
    this.#count(isAgain ? 'LH4' : 'LH2');
  }

  decides(what: string): void {
    if (what === 'leave') this.#leaves++;
    if (what !== 'logIn') return;
    // One cause was complete first, and it alone decided.
    if (this.#leaves === 1) this.#count('DS10');
    if (this.#wasAllDark) this.#count('DS19');
    this.#leaves = 0;
    this.#wasAllDark = false;
  }

  /** A number above the wall clock is there because a higher one was known. */
  logsIn(epochNumber: number, wallMs: Millis): void {
    if (epochNumber > wallMs + 1) this.#count('LL7');
  }

  stepped(before: DeskSite, after: DeskSite): void {
    if (after.isUnconfirmed && !before.isUnconfirmed) this.#count('LL8');
    const isSteadying = after.damping !== before.damping && reportOf(after).because?.rule === 'RD1';
    if (isSteadying) this.#count('RD1');
    if (after.situation === before.situation) return;
    const { name } = after.situation;
    const waits = (name === 'waiting' || name === 'seeking') && reportOf(after).wait?.for === 'lease';
    if (waits && !this.#waitedForLease) this.#count('LL5');
    this.#waitedForLease = waits;
  }
}
