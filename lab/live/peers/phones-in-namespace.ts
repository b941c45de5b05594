/** Phones and desks of ours in a network namespace, seen from the test: see phones-in-namespace-main.ts. */
import { fileURLToPath } from 'node:url';
import type { DeskCommand } from '@holdfast/desk';
import type { PhoneCommand, PhoneFact, PhoneOptions } from '@holdfast/sip';
import { Program } from './processes.ts';

const ENTRY = fileURLToPath(new URL('phones-in-namespace-main.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** It runs from sources, on a machine that may be busy. */
const FACT_MAX_MS = 20_000;

export interface PhonesRequest {
  /** Their own address. */
  readonly host: string;
  readonly domain: string;
  readonly password: string;
  /** Where they register, the preferred one first. */
  readonly servers: readonly { readonly site: string; readonly host: string; readonly port: number }[];
  readonly registration?: NonNullable<PhoneOptions['registration']>;
  /** Asked for, seconds. */
  readonly expires: number;
  readonly phones: readonly {
    readonly number: string;
    readonly toneHz: number;
    readonly transport: 'UDP' | 'TCP';
    readonly scheme: PhoneOptions['scheme'];
    /** Any where none is named. */
    readonly port?: number;
  }[];
  readonly desks: readonly {
    readonly user: string;
    readonly password: string;
    readonly bootstrap: string;
    readonly dataFolder: string;
  }[];
}

export type PhonesOrder =
  | { readonly number: string; readonly command: PhoneCommand }
  | { readonly user: string; readonly command: DeskCommand };

/** What the agent at a desk sees, as far as it is of interest here. */
export interface DeskSeen {
  readonly site: string | null;
  readonly state: string;
}

type FactName = PhoneFact['name'];
type FactOf<N extends FactName> = Extract<PhoneFact, { name: N }>;

export class PhonesInNamespace {
  readonly program: Program;

  constructor(namespace: string, request: PhonesRequest) {
    this.program = Program.start({
      command: process.execPath,
      args: ['--import', 'tsx', ENTRY, JSON.stringify(request)],
      ...{ folder: ROOT, namespace },
    });
  }

  facts(number: string): PhoneFact[] {
    return this.program.lines.flatMap((line) => {
      if (!line.startsWith('{"number"')) return [];
      const told = JSON.parse(line) as { readonly number: string; readonly fact: PhoneFact };
      return told.number === number ? [told.fact] : [];
    });
  }

  command(number: string, command: PhoneCommand): void {
    this.#order({ number, command });
  }

  deskCommand(user: string, command: DeskCommand): void {
    this.#order({ user, command });
  }

  #order(order: PhonesOrder): void {
    this.program.write(`${JSON.stringify(order)}\n`);
  }

  /** As that desk stands now. */
  desk(user: string): DeskSeen | undefined {
    const line = this.program.lines.findLast((one) => one.startsWith(`{"user":${JSON.stringify(user)}`));
    return line === undefined ? undefined : (JSON.parse(line) as { readonly seen: DeskSeen }).seen;
  }

  /** The next fact of that name beyond the first `after`. */
  async fact<N extends FactName>(number: string, name: N, after = 0): Promise<FactOf<N>> {
    const find = () =>
      this.facts(number)
        .slice(after)
        .find((fact) => fact.name === name);
    await this.program.until(`${number} tells "${name}"`, FACT_MAX_MS, () => find() !== undefined);
    return find() as FactOf<N>;
  }
}
