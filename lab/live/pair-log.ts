/** Who of a pair serves and how its mate stands, from what the members of the site `north` have logged. */
import { readFileSync } from 'node:fs';

export const MEMBERS = ['sip-north', 'sip-north-b'] as const;

interface Line {
  readonly what: string;
  readonly application: string;
  /** ISO 8601. */
  readonly time: string;
}

export class PairLog {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  #lines(): readonly Line[] {
    const lines = readFileSync(this.#file, 'utf8').split('\n');
    return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  }

  #serves(): readonly string[] {
    return this.#lines().flatMap(({ what, application }) => (what === 'serves' ? [application] : []));
  }

  /** How often a member has begun to serve. */
  get served(): number {
    return this.#serves().length;
  }

  /** Who serves now; empty before the first does. */
  get primary(): string {
    return this.#serves().at(-1) ?? '';
  }

  get standby(): string {
    const { primary } = this;
    return MEMBERS.find((name) => name !== primary) ?? '';
  }

  /** How often either member has said this. */
  timesSaid(what: string): number {
    return this.#lines().filter((line) => line.what === what).length;
  }

  /** When either member said this last, by the clock of the machine; undefined where none has. */
  saidAt(what: string): number | undefined {
    const line = this.#lines().findLast((one) => one.what === what);
    return line === undefined ? undefined : Date.parse(line.time);
  }

  /** As the primary said last. */
  mateIs(): string | undefined {
    const { primary } = this;
    return this.#lines().findLast(({ application, what }) => application === primary && what.includes('mate'))
      ?.what;
  }
}
