/**
 * From the text of an option to its value. A value that is not allowed never becomes another one in silence: the
 * reader gets an error that names the object, the option, the value and what is allowed.
 */
import { optionName } from './option-catalogue.ts';
import type { OptionDefinition, OptionKind } from './options/option-definition.ts';

export interface OptionError {
  /** `Person/kim`, as the caller named it. */
  readonly object: string;
  /** `interaction-workspace/disaster-recovery.timeout`. */
  readonly option: string;
  readonly value: string;
  /** In words: "a whole number from 1 to 86400 (s)". */
  readonly allowed: string;
  /** All of it in one sentence. */
  readonly text: string;
}

export type ValueOf<Kind extends OptionKind> = Kind extends { type: 'boolean' }
  ? boolean
  : Kind extends { type: 'integer' }
    ? number
    : Kind extends { type: 'choice'; values: readonly (infer Choice)[] }
      ? Choice
      : string;

export type OptionReading<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: OptionError };

export function readOption<Definition extends OptionDefinition>(
  definition: Definition,
  raw: string,
  object: string,
): OptionReading<ValueOf<Definition['kind']>> {
  const value = parse(definition.kind, raw.trim());
  if (value !== undefined) return { ok: true, value: value as ValueOf<Definition['kind']> };
  const option = optionName(definition);
  const allowed = allowedValues(definition.kind);
  const text = `${object}: option ${option} is "${raw}"; allowed is ${allowed}.`;
  return { ok: false, error: { object, option, value: raw, allowed, text } };
}

/** What is allowed, for people. */
export function allowedValues(kind: OptionKind): string {
  if (kind.type === 'boolean') return 'true or false';
  if (kind.type === 'integer')
    return `a whole number from ${kind.min} to ${kind.max}${kind.unit === '' ? '' : ` (${kind.unit})`}`;
  if (kind.type === 'choice') return `one of ${kind.values.join(', ')}`;
  return kind.allowed;
}

function parse(kind: OptionKind, raw: string): boolean | number | string | undefined {
  if (kind.type === 'boolean') return raw === 'true' ? true : raw === 'false' ? false : undefined;
  if (kind.type === 'choice') return kind.values.includes(raw) ? raw : undefined;
  if (kind.type === 'text') return kind.pattern.test(raw) ? raw : undefined;
  if (!/^\d{1,12}$/.test(raw)) return undefined;
  const number = Number(raw);
  return number >= kind.min && number <= kind.max ? number : undefined;
}
