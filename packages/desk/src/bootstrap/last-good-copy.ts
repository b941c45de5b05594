/**
 * Which bootstrap a desk starts with (DS20). An administrator delivers a file; after each log-in a renewed copy of it
 * is kept. The copy is newer as long as the file is the one from which it was made; a file that has changed since
 * was delivered anew and counts again. A file that is broken or out of reach is told, and the copy serves. Should none of
 * the copy's servers answer, those of the file may.
 */
import { decodeUtf8 } from '@holdfast/kernel';
import { type Bootstrap, type BootstrapReading, describeProblem } from './bootstrap.ts';
import { readBootstrapJson, writeBootstrapJson } from './bootstrap-json.ts';

export interface BootstrapCopy {
  readonly bootstrap: Bootstrap;
  /** Names the content of the delivered file from which it was made. */
  readonly madeOf: string;
}

/** What came of reading the delivered file; `name` is its path or URL. */
export type BootstrapDelivery =
  | {
      readonly name: string;
      readonly isThere: true;
      readonly content: string;
      readonly reading: BootstrapReading;
    }
  | { readonly name: string; readonly isThere: false; readonly text: string };

export type BootstrapChoice =
  | ({
      readonly ok: true;
      readonly warnings: readonly string[];
      /** The file itself, where a copy of it goes before it: its servers are tried last. */
      readonly delivered?: Bootstrap;
    } & BootstrapCopy)
  | { readonly ok: false; readonly problems: readonly string[] };

export function chooseBootstrap(
  delivery: BootstrapDelivery,
  copy: BootstrapCopy | undefined,
): BootstrapChoice {
  const { name } = delivery;
  if (delivery.isThere && delivery.reading.ok) {
    const { bootstrap, warnings } = delivery.reading;
    const chosen =
      copy?.madeOf === delivery.content
        ? { ...copy, delivered: bootstrap }
        : { bootstrap, madeOf: delivery.content };
    return { ok: true, ...chosen, warnings: warnings.map((problem) => describeProblem(name, problem)) };
  }
  const problems = problemsOf(delivery);
  if (copy === undefined)
    return { ok: false, problems: [...problems, 'There is no copy of an earlier start either.'] };
  return { ok: true, ...copy, warnings: [...problems, 'The copy that was kept at the last log-in is used.'] };
}

function problemsOf(delivery: BootstrapDelivery): string[] {
  if (!delivery.isThere) return [`${delivery.name}: ${delivery.text}`];
  if (delivery.reading.ok) return [];
  return delivery.reading.problems.map((problem) => describeProblem(delivery.name, problem));
}

export function writeBootstrapCopy({ bootstrap, madeOf }: BootstrapCopy): string {
  return `${JSON.stringify({ madeOf, bootstrap: JSON.parse(writeBootstrapJson(bootstrap)) }, null, 2)}\n`;
}

/** Undefined for what is no copy of ours: whoever damages it has to do without. */
export function readBootstrapCopy(bytes: Uint8Array): BootstrapCopy | undefined {
  let value: unknown;
  try {
    value = JSON.parse(decodeUtf8(bytes));
  } catch {
    // Expected of anything that is no JSON.
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('madeOf' in value) || !('bootstrap' in value))
    return undefined;
  const { madeOf } = value;
  const reading = readBootstrapJson(JSON.stringify(value.bootstrap) ?? '');
  return reading.ok && typeof madeOf === 'string' ? { bootstrap: reading.bootstrap, madeOf } : undefined;
}
