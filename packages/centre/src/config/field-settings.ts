/**
 * What an administrator types to change an object, as a patch of it (CE11):
 *
 *     displayName=Kim                      a field
 *     options/TServer/wrap-up-time=5       an option
 *     ports/default=5110                   an entry of a map
 *     members=kim,lee   members+=max       a list, whole; what comes to it, and with -= what leaves it
 *     connections=[{"server":"sip-north"}] anything else as JSON
 *     displayName=                         takes it away
 */
import type { ConfigObject } from '@holdfast/protocol';
import { isListField, isOrderedList, sequenceOf } from './object-pieces.ts';
import { SECRETS, typedField } from './read-objects.ts';

export type FieldSettings =
  | { readonly ok: true; readonly patch: Record<string, unknown> }
  | { readonly ok: false; readonly text: string };

interface Setting {
  readonly path: readonly string[];
  readonly how: 'set' | 'add' | 'remove';
  readonly value: string;
}

/** `present`: the object that they are to change, for lists to which something comes; undefined for a new one. */
export function fieldSettings(present: ConfigObject | undefined, words: readonly string[]): FieldSettings {
  const patch: Record<string, unknown> = {};
  for (const word of words) {
    const setting = settingOf(word);
    const made = typeof setting === 'string' ? setting : wantedValue(present, patch, setting);
    // The value may be a secret, or long.
    const name = word.replace(/=.*$/s, '');
    if (typeof setting === 'string' || typeof made === 'string')
      return { ok: false, text: `"${name}": ${made}` };
    put(patch, setting.path, made.value);
  }
  return { ok: true, patch };
}

/** A sentence where it is none. */
function settingOf(word: string): Setting | string {
  const at = word.indexOf('=');
  if (at < 1) return 'Say FIELD=VALUE, as displayName=Kim or options/TServer/wrap-up-time=5.';
  const sign = word[at - 1];
  const field = word.slice(0, at).replace(/[+-]$/, '');
  const isList = isListField(field) && !isOrderedList(field);
  const how = isList && sign === '+' ? 'add' : isList && sign === '-' ? 'remove' : 'set';
  const name = how === 'set' ? word.slice(0, at) : field;
  // RFC 6901 §3, as differences name them.
  const path = name.split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (path.includes('') || path.includes('__proto__')) return `"${name}" is the name of no field.`;
  return { path, how, value: word.slice(at + 1) };
}

/** A sentence where there can be none. */
function wantedValue(
  present: ConfigObject | undefined,
  patch: Readonly<Record<string, unknown>>,
  { path, how, value }: Setting,
): { readonly value: unknown } | string {
  const [field = ''] = path;
  if (path.some((part) => SECRETS.has(part)) && value !== '')
    return 'Everybody on this machine can read a command line: put a secret into a file and apply that.';
  if (field === 'options') {
    if (value === '') return { value: null };
    return path.length === 3 ? { value } : 'Name an option as options/SECTION/OPTION.';
  }
  if (isListField(field) && !isOrderedList(field) && path.length === 1) {
    const names = value.split(',').flatMap((name) => (name.trim() === '' ? [] : name.trim()));
    if (how === 'set') return { value: names };
    const list = (patch[field] as readonly string[] | undefined) ?? sequenceOf(present ?? null, field);
    const others = list.filter((name) => !names.includes(name));
    return { value: how === 'add' ? [...list, ...names.filter((name) => !list.includes(name))] : others };
  }
  if (value === '') return { value: null };
  if (!/^[[{]/.test(value)) return { value: typedField(path.at(-1) ?? '', value, path.at(-2)) };
  try {
    return { value: JSON.parse(value) };
  } catch (error) {
    // It was typed by hand.
    return `This is not JSON: ${(error as Error).message}.`;
  }
}

function put(patch: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [field = '', ...below] = path;
  if (below.length === 0) {
    patch[field] = value;
    return;
  }
  const inner = patch[field];
  const map = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? inner : {};
  patch[field] = map;
  put(map as Record<string, unknown>, below, value);
}
