/**
 * Whether two Switches are alike, by one digest of each (SY8), and where not: what differs, and by whose edit (SY9). Drift is what
 * came about where nobody could carry it: before the two were synchronised, or in files that somebody has written by hand.
 */
import {
  type Author,
  type Change,
  type ConfigObject,
  compareRevisions,
  type Entry,
  type Revision,
} from '@holdfast/protocol';
import {
  type Configuration,
  canonicalText,
  compareText,
  type Sha256,
  splitKey,
  splitReference,
} from './configuration.ts';
import { areEqual, fieldName, type Piece, piecesOf } from './object-pieces.ts';
import { syncChanges } from './sync-switches.ts';
import { piecesIn } from './sync-switches-carry.ts';
import {
  isSynced,
  type SyncFinding,
  sharedPieces,
  shownPiece,
  twinReference,
} from './sync-switches-pieces.ts';
import type { SyncPair } from './sync-switches-settings.ts';

/** As long as that of the whole configuration (CF7). */
const DIGEST_DIGITS = 16;

/** Of all that is kept alike, with nothing that names the Switch: two Switches that are alike have the same. */
export function switchDigest(
  configuration: Configuration,
  switchName: string,
  pair: SyncPair,
  sha256: Sha256,
): string {
  const lines: string[] = [];
  const line = (what: string, name: string, content: unknown) =>
    lines.push(canonicalText([what, name, content]));
  const shared = (object: Parameters<typeof sharedPieces>[0]) =>
    [...sharedPieces(object, switchName, pair)]
      .sort(([a], [b]) => compareText(a, b))
      .map(([name, piece]) => [name, piece.value]);
  for (const dn of configuration.all('DN'))
    if (dn.switch === switchName && isSynced(dn)) line('DN', dn.number, shared(dn));
  for (const login of configuration.all('AgentLogin'))
    if (login.switch === switchName) line('AgentLogin', login.code, shared(login));
  const numbers = (references: readonly string[], isOf: (reference: string) => boolean) =>
    references
      .filter((reference) => splitReference(reference).switch === switchName && isOf(reference))
      .map((reference) => splitReference(reference).number)
      .sort(compareText);
  const isKept = (reference: string) => isSynced(configuration.get('DN', reference));
  for (const { name, agentLogins } of configuration.all('Person'))
    line(
      'Person',
      name,
      numbers(agentLogins, () => true),
    );
  for (const { name, originationDNs } of configuration.all('AgentGroup'))
    line('AgentGroup', name, numbers(originationDNs, isKept));
  for (const place of configuration.all('Place')) {
    const seated = numbers(place.dns, isKept);
    if (pair.places === 'one') line('Place', place.name, seated);
    else if (seated.length > 0) line('Place', seated.join(' '), shared(place));
  }
  return sha256(lines.sort(compareText).join('\n')).slice(0, DIGEST_DIGITS);
}

export interface Difference {
  /** Where something is missing or other. */
  readonly object: string;
  /** Empty: the object itself. */
  readonly field: string;
  /** What stands there, and what its twin has; of a secret nothing. */
  readonly value: string;
  readonly other: string;
  /** The latest edit of that, as far back as there are entries. */
  readonly by?: { readonly revision: Revision; readonly at: number; readonly author: Author };
}

export interface Drift {
  readonly differences: readonly Difference[];
  /** What no synchronisation mends by itself. */
  readonly findings: readonly SyncFinding[];
}

/** `entries` in any order. */
export function drift(configuration: Configuration, pair: SyncPair, entries: readonly Entry[] = []): Drift {
  const { changes, findings } = syncChanges(configuration, pair, pair.switches[0]);
  const differences = changes.flatMap((change) => differencesIn(change, pair));
  return {
    differences: withEditors(differences, pair, entries),
    findings: findings.filter(({ kind }) => kind !== 'overwritten'),
  };
}

function differencesIn({ key, before, after }: Change, pair: SyncPair): Difference[] {
  if (before === null || after === null)
    return [{ object: key, field: '', value: 'missing', other: twinKeyOf(key, pair) ?? '' }];
  const [had, has] = [piecesOf(before), piecesOf(after)];
  return differingPieces(before, after).map(({ path }) => {
    const field = fieldName(path);
    return {
      ...{ object: key, field },
      value: shownPiece(before, path, had.get(field)?.value),
      other: shownPiece(after, path, has.get(field)?.value),
    };
  });
}

/** SY9: of each the latest of these entries that has edited just that, at either of the twins. */
export function withEditors(
  differences: readonly Difference[],
  pair: SyncPair,
  entries: readonly Entry[],
): Difference[] {
  const latest = new Map<string, Entry>();
  for (const entry of entries)
    for (const { key, before, after } of entry.changes)
      for (const { path } of differingPieces(before, after)) {
        const piece = pieceKey(key, fieldName(path));
        const former = latest.get(piece);
        if (former === undefined || isLater(entry, former)) latest.set(piece, entry);
      }
  return differences.map((difference) => {
    const found = twinKeys(difference, pair).flatMap(
      (key) => latest.get(pieceKey(key, difference.field)) ?? [],
    );
    const [entry] = found.sort((a, b) => (isLater(a, b) ? -1 : 1));
    if (entry === undefined) return difference;
    const { revision, at, author } = entry;
    return { ...difference, by: { revision, at, author } };
  });
}

/** Whose edits may have brought it: the object, and its twin where that has a name of its own. */
export function twinKeys({ object }: Pick<Difference, 'object'>, pair: SyncPair): string[] {
  const twin = twinKeyOf(object, pair);
  return twin === undefined ? [object] : [object, twin];
}

function twinKeyOf(key: string, pair: SyncPair): string | undefined {
  const [type, name] = splitKey(key);
  const twin = type === 'DN' || type === 'AgentLogin' ? twinReference(name, pair) : undefined;
  return twin === undefined ? undefined : `${type}/${twin}`;
}

/** Of an object that is new or gone the first is the object itself. */
function differingPieces(before: ConfigObject | null, after: ConfigObject | null): Piece[] {
  const [had, has] = [piecesOf(before), piecesOf(after)];
  const whole: Piece[] = before === null || after === null ? [{ path: [], value: undefined }] : [];
  const differing = piecesIn([had, has]).filter(({ path }) => {
    const name = fieldName(path);
    return !areEqual(had.get(name)?.value, has.get(name)?.value);
  });
  return [...whole, ...differing];
}

function pieceKey(key: string, field: string): string {
  return `${key} ${field}`;
}

function isLater(one: Entry, other: Entry): boolean {
  return compareRevisions(one.revision, other.revision) > 0;
}
