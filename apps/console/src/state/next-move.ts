/**
 * What the option that governs an agent's next move would do, from the option's name and the facts: the page says it
 * in a sentence. The site is that for which the option is set: the other site's Application may give it another value.
 * An option that is not known here is told in the desk's own few words.
 */
import type { BoardAgent } from '@holdfast/protocol';

type Governing = NonNullable<BoardAgent['governing']>;

export type NextMove =
  /** After so long without its SIP Server, or without its phone there. `after` is null for never. */
  | { readonly name: 'siteLost' | 'phoneLost'; readonly site: string; readonly after: string | null }
  /** To the preferred site, as soon as that is possible. */
  | { readonly name: 'return'; readonly site: string; readonly when: string }
  /** `site` granted it. */
  | { readonly name: 'lease'; readonly site: string; readonly length: string }
  | { readonly name: 'other'; readonly when: string };

const NAMES: Readonly<Record<string, Exclude<NextMove['name'], 'other'>>> = {
  'disaster-recovery.timeout': 'siteLost',
  'site-timeout': 'siteLost',
  'disaster-recovery.wait-for-sipphone-timeout': 'phoneLost',
  'site-sip-register-timeout': 'phoneLost',
  'disaster-recovery.auto-restore': 'return',
  'return-steady-time': 'return',
  'return-half-life': 'return',
  'lease-length': 'lease',
};

export function nextMove({ name, value, site, waitsFor }: Governing): NextMove {
  switch (NAMES[name]) {
    case 'siteLost':
      return { name: 'siteLost', site, after: durationOf(value) };
    case 'phoneLost':
      return { name: 'phoneLost', site, after: durationOf(value) };
    case 'return':
      return { name: 'return', site, when: waitsFor };
    case 'lease':
      return { name: 'lease', site, length: value };
    default:
      return { name: 'other', when: waitsFor };
  }
}

/** "60 s" of "60" and of "60 s"; null of what means never. */
function durationOf(value: string): string | null {
  if (value.includes('never')) return null;
  return /^\d+$/.test(value) ? `${value} s` : value;
}
