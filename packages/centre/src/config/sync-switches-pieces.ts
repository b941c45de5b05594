/**
 * Twins: the object of one number at the one Switch and at the other, or two Places with the DNs of the same numbers. This is what
 * twins have in common, piece by piece, with all that is a site's own left out (SY2):
 *
 *     DN, Agent Login    everything but the Switch and the options of `sync-own-options`
 *     Place              everything but the name; of its DNs the numbers
 */
import { type ConfigObject, type DN, nameOf, type ObjectOf, type Place } from '@holdfast/protocol';
import { splitReference } from './configuration.ts';
import { fieldName, isSecret, type Pieces, piecesOf } from './object-pieces.ts';
import { shownValue } from './problem.ts';
import type { SyncPair } from './sync-switches-settings.ts';

export type Twin = DN | ObjectOf<'AgentLogin'> | Place;

/** S2. All other DNs are the site's own: its trunks lead to its gateways, its Routing Points are what the outside dials there. */
const SYNCED_DN_TYPES: readonly DN['type'][] = ['Extension', 'ACDQueue', 'CallProcessingPort'];

/** What says which object it is, and where. */
const IDENTITY: ReadonlySet<string> = new Set(['name', 'number', 'code', 'switch']);

export interface SyncFinding {
  readonly kind: /** Two values met, and this one is lost. */
    | 'overwritten'
    /** The number belongs to something of the site's own. */
    | 'taken'
    /** One entry says two things. */
    | 'contradiction'
    /** What would be referred to at the other Switch is not there, or is in use. */
    | 'not-carried'
    /** A DN or a person is at another Place than before. */
    | 'moved';
  /** Where something is lost or missing. */
  readonly object: string;
  readonly field: string;
  /** What stood or stands there; of a secret nothing. */
  readonly value: string;
  /** Who won, with what. */
  readonly winner?: { readonly object: string; readonly value: string };
  readonly text: string;
}

export function isSynced(object: ConfigObject | null | undefined): boolean {
  if (object?.objectType === 'DN') return SYNCED_DN_TYPES.includes(object.type);
  return object?.objectType === 'AgentLogin' || object?.objectType === 'Place';
}

export function sharedPieces(object: Twin | null, switchName: string, { ownOptions }: SyncPair): Pieces {
  const shared = new Map<string, { readonly path: readonly string[]; readonly value: unknown }>();
  for (const [name, piece] of piecesOf(object)) {
    const [field = '', first = '', second = ''] = piece.path;
    if (IDENTITY.has(field)) continue;
    if (field === 'dns') {
      const reference = splitReference(String(piece.value));
      if (reference.switch !== switchName) continue;
      const path = [field, reference.number];
      shared.set(fieldName(path), { path, value: reference.number });
    } else if (field !== 'options' || object?.objectType === 'Place' || !ownOptions.has(`${first}/${second}`))
      shared.set(name, piece);
  }
  return shared;
}

/** With another value of a piece, or without it. */
export function withPiece<Object extends Twin>(
  object: Object,
  path: readonly string[],
  value: unknown,
  switchName: string,
): Object {
  const [field = '', first = '', second = ''] = path;
  if (field === 'options') {
    const { [first]: section = {}, ...others } = object.options;
    const { [second]: _, ...kept } = section;
    const changed = value === undefined ? kept : { ...section, [second]: String(value) };
    const isEmpty = Object.keys(changed).length === 0;
    return { ...object, options: isEmpty ? others : { ...object.options, [first]: changed } };
  }
  if (field === 'dns' && object.objectType === 'Place') {
    const reference = `${first}@${switchName}`;
    const others = object.dns.filter((dn) => dn !== reference);
    return { ...object, dns: value === undefined ? others : [...others, reference] };
  }
  if (value !== undefined) return { ...object, [field]: value };
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== field)) as Object;
}

/** As it is at the other Switch: what is common, and of the site's own what `former`, the object that it replaces there, has. */
export function twinOf<Object extends Twin>(
  object: Object,
  { name, switchName, pair, former }: TwinTerms,
): Object {
  if (object.objectType === 'Place') {
    const from = pair.switches.find((one) => one !== switchName);
    const dns = object.dns.flatMap((dn) => {
      const reference = splitReference(dn);
      return reference.switch === from ? [`${reference.number}@${switchName}`] : [];
    });
    return { ...object, name, dns };
  }
  let twin: Object = { ...object, switch: switchName };
  for (const { path } of ownPieces(object, pair).values())
    twin = withPiece(twin, path, undefined, switchName);
  for (const { path, value } of ownPieces(former ?? null, pair).values())
    twin = withPiece(twin, path, value, switchName);
  return twin;
}

export interface TwinTerms {
  /** Of the twin, where it has one of its own. */
  readonly name: string;
  readonly switchName: string;
  readonly pair: SyncPair;
  readonly former?: Twin | undefined;
}

function ownPieces(object: Twin | null, { ownOptions }: SyncPair): Pieces {
  const pieces = [...piecesOf(object)];
  return new Map(
    pieces.filter(([, { path }]) => path[0] === 'options' && ownOptions.has(`${path[1]}/${path[2]}`)),
  );
}

/** CF14. */
export function shownPiece(object: ConfigObject, path: readonly string[], value: unknown): string {
  if (value === undefined) return 'unset';
  return isSecret(object.objectType, path) ? 'not shown' : shownValue(value);
}

/** The name of the number at the other Switch. */
export function twinReference(reference: string, { switches }: SyncPair): string | undefined {
  const { number, switch: name } = splitReference(reference);
  const twin = name === switches[0] ? switches[1] : name === switches[1] ? switches[0] : undefined;
  return twin === undefined ? undefined : `${number}@${twin}`;
}

export function takenFinding(object: DN, by: ConfigObject): SyncFinding {
  const type = by.objectType === 'DN' ? by.type : by.objectType;
  return {
    kind: 'taken',
    object: `DN/${nameOf(by)}`,
    field: 'type',
    value: type,
    text: `The ${object.type} "${nameOf(object)}" has no twin: "${nameOf(by)}" is a ${type} there, and that is the site's own. Give one of the two another number.`,
  };
}
