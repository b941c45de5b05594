/**
 * What endangers this agent's own move (DS22): what the configuration says of it, as it was read last, and servers
 * that say they are of another site than the configuration has them. Each is shown while it holds and logged once.
 */

/** More servers than an agent's sites have; a server that says another site each time fills no memory. */
const DISTRUSTED_MAX = 16;

export class Warnings {
  readonly #log: (what: string, text: string) => void;
  #ofConfiguration: ReadonlySet<string> = new Set();
  readonly #ofServers = new Set<string>();

  constructor(log: (what: string, text: string) => void) {
    this.#log = log;
  }

  get texts(): readonly string[] {
    return [...this.#ofConfiguration, ...this.#ofServers];
  }

  /** Read anew: what was mended is gone, also of the servers, who are heard again when they are tried again. */
  configured(texts: readonly string[]): void {
    const before = this.#ofConfiguration;
    this.#ofConfiguration = new Set(texts);
    for (const text of this.#ofConfiguration)
      if (!before.has(text)) this.#log('the configuration endangers this agent', text);
    this.#ofServers.clear();
  }

  distrusted(text: string): void {
    if (this.#ofServers.has(text) || this.#ofServers.size >= DISTRUSTED_MAX) return;
    this.#ofServers.add(text);
    this.#log('a server is of another site', text);
  }
}
