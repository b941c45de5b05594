/** Phones of ours in a network namespace, seen from the test: see phones-in-namespace-main.ts. */
import { fileURLToPath } from 'node:url';
import type { PhoneCommand, PhoneFact } from '@holdfast/sip';
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
  /** Where they register. */
  readonly server: { readonly host: string; readonly port: number };
  readonly phones: readonly {
    readonly number: string;
    readonly toneHz: number;
    readonly transport: 'UDP' | 'TCP';
  }[];
}

export interface PhonesOrder {
  readonly number: string;
  readonly command: PhoneCommand;
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
    this.program.write(`${JSON.stringify({ number, command } satisfies PhonesOrder)}\n`);
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
