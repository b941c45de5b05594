/**
 * What endangers this agent's own move (DS22): what the configuration says of it, as it was read last, and servers
 * that say they are of another site than the configuration has them. The agent reads one plain sentence for each kind;
 * what has to be mended, with object and remedy, is a problem for the administrator: shown while it holds, logged once.
 */
import type { MoveRisk } from '@holdfast/protocol';
import { AT_RISK } from './texts.ts';

/** More servers than an agent's sites have; a server that says another site each time fills no memory. */
const DISTRUSTED_MAX = 16;

export class Warnings {
  readonly #log: (what: string, text: string) => void;
  #risks: readonly MoveRisk[] = [];
  #ofConfiguration: ReadonlySet<string> = new Set();
  readonly #ofServers = new Set<string>();

  constructor(log: (what: string, text: string) => void) {
    this.#log = log;
  }

  /** For the agent. */
  get texts(): readonly string[] {
    const kinds = new Set<keyof typeof AT_RISK>(this.#risks.map(({ kind }) => kind));
    if (this.#ofServers.size > 0) kinds.add('server');
    return [...kinds].map((kind) => AT_RISK[kind]);
  }

  /** For the administrator. */
  get problems(): readonly string[] {
    return [...this.#ofConfiguration, ...this.#ofServers];
  }

  /**
   * Read anew: what was mended is gone, also of the servers, who are heard again when they are tried again. `remarks`
   * endanger nobody's move.
   */
  configured(risks: readonly MoveRisk[], remarks: readonly string[]): void {
    const before = this.#ofConfiguration;
    this.#risks = risks;
    this.#ofConfiguration = new Set([...risks.map(({ text }) => text), ...remarks]);
    const harmless = new Set(remarks);
    for (const text of this.#ofConfiguration) {
      if (before.has(text)) continue;
      const what = harmless.has(text)
        ? 'the configuration and the bootstrap file differ'
        : 'the configuration endangers this agent';
      this.#log(what, text);
    }
    this.#ofServers.clear();
  }

  distrusted(text: string): void {
    if (this.#ofServers.has(text) || this.#ofServers.size >= DISTRUSTED_MAX) return;
    this.#ofServers.add(text);
    this.#log('a server is of another site', text);
  }
}
