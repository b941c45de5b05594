/**
 * The form in which the catalogue describes an option, and the kinds, places and words that several options share.
 */
import type { ApplicationType, DN_TYPES } from '../config-objects.ts';

/** Where an option may stand. */
export type OptionPlace =
  | 'Tenant'
  | 'AgentGroup'
  | 'Person'
  | 'Place'
  | 'AgentLogin'
  | 'Switch'
  | `Application:${ApplicationType}`
  | `DN:${(typeof DN_TYPES)[number]}`;

export type OptionKind =
  | { readonly type: 'boolean' }
  | { readonly type: 'integer'; readonly min: number; readonly max: number; readonly unit: Unit }
  | { readonly type: 'choice'; readonly values: readonly string[] }
  /** `allowed` says in words what `pattern` demands. */
  | { readonly type: 'text'; readonly pattern: RegExp; readonly allowed: string };

type Unit = 'days' | 'min' | 's' | 'ms' | '%' | '';

export interface OptionDefinition {
  readonly section: string;
  readonly name: string;
  readonly kind: OptionKind;
  /** In the form in which it is configured; undefined when there is none. */
  readonly default: string | undefined;
  readonly setOn: readonly OptionPlace[];
  /** Places where administrators set it too and where this release does not act on it: warned of, not refused. */
  readonly knownOn?: readonly OptionPlace[];
  readonly takesEffect:
    | 'when the desk starts'
    | 'when the server starts'
    /** Desks are told within a second (CS17), and judge by it what they are waiting for (DS24). */
    | 'immediately'
    /** What stands goes on. */
    | 'at the next connection'
    /** DS25. */
    | 'at the next idle moment'
    | 'at the next call'
    | 'at the next log-in';
  readonly meaning: string;
  /** Where name, range and default come from. */
  readonly source: string;
  /** The part of the product that acts on it; null where this release does not: setting it is warned of. */
  readonly actsOn: string | null;
}

export const DESK = ['Application:Workspace', 'Tenant', 'AgentGroup', 'Person'] as const;
export const SERVERS = [
  'Application:SIPServer',
  'Application:ConfigurationServer',
  'Application:ConfigurationServerProxy',
  'Application:StatServer',
  'Application:ApplicationCluster',
  'Application:Supervisor',
] as const;
export const SIP_SERVER = ['Application:SIPServer'] as const;
export const BOOLEAN = { type: 'boolean' } as const;
export const SITE_NAME = {
  type: 'text',
  pattern: /^[\p{L}\p{N}_][\p{L}\p{N}_@ -]{0,63}$/u,
  allowed: '1 to 64 letters, digits, _ @ - or spaces',
} as const;
export const HOST_NAME = {
  type: 'text',
  pattern: /^[A-Za-z0-9.:_-]{1,253}$/,
  allowed: 'an IP address or a host name',
} as const;
export const PORT = { type: 'integer', min: 1, max: 65_535, unit: '' } as const;
export const FILE_PATH = {
  type: 'text',
  pattern: /^\/.{0,1023}$/,
  allowed: 'the absolute path of a file',
} as const;
export const APPLICATION_NAME = {
  type: 'text',
  pattern: /^[\p{L}\p{N}][\p{L}\p{N} ._+@-]{0,190}$/u,
  allowed: 'the name of an Application',
} as const;
export const DN_NUMBER = {
  type: 'text',
  pattern: /^[A-Za-z0-9*#+._-]{1,64}$/,
  allowed: 'the number of a DN of the same switch',
} as const;
export function seconds(min: number, max: number) {
  return { type: 'integer', min, max, unit: 's' } as const;
}

export function milliseconds(min: number, max: number) {
  return { type: 'integer', min, max, unit: 'ms' } as const;
}

/** Names the options of a section by their keys. */
export function define<const Definitions extends Record<string, Omit<OptionDefinition, 'section' | 'name'>>>(
  section: string,
  definitions: Definitions,
): {
  readonly [Name in keyof Definitions]: OptionDefinition & Pick<Definitions[Name], 'kind' | 'actsOn'>;
} {
  const entries = Object.entries(definitions).map(([name, definition]) => [
    name,
    { section, name, ...definition },
  ]);
  return Object.fromEntries(entries) as never;
}
