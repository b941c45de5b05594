/** For how long phones that had been registered were registered nowhere, as the phones themselves see it. */

export interface PhoneOutage {
  readonly agent: string;
  readonly from: number;
  /** Infinity: it still is not. */
  readonly until: number;
}

/** Several times what the longest scenario makes; of more the newest are kept. */
const OUTAGES_MAX = 10_000;

export class PhoneOutages {
  readonly #ended: PhoneOutage[] = [];
  /** Agent → since when. */
  readonly #open = new Map<string, number>();

  /** The phone has lost its last registration. */
  lost(at: number, agent: string): void {
    if (!this.#open.has(agent)) this.#open.set(agent, at);
  }

  registered(at: number, agent: string): void {
    const from = this.#open.get(agent);
    if (from === undefined) return;
    this.#open.delete(agent);
    this.#ended.push({ agent, from, until: at });
    if (this.#ended.length > OUTAGES_MAX) this.#ended.shift();
  }

  /** The phone has ended. */
  forget(agent: string): void {
    this.#open.delete(agent);
  }

  /** Those that have begun since then, what goes on included. */
  since(at: number): readonly PhoneOutage[] {
    const open = [...this.#open].map(([agent, from]) => ({ agent, from, until: Number.POSITIVE_INFINITY }));
    return [...this.#ended, ...open].filter(({ from }) => from >= at);
  }
}
