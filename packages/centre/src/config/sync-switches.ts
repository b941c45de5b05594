/**
 * Two Switches brought alike, all of them (S2): the first synchronisation, or one after something has gone its own way. What exists
 * at one side comes to the other; where both have it and differ, the side that the administrator names as master holds, and
 * every value that is lost is told (SY6). The result is a proposal, so that looking at it first and doing it are one function.
 */
import { type DN, nameOf, type ObjectOf, objectKey, type Person } from '@holdfast/protocol';
import { type Configuration, splitReference } from './configuration.ts';
import { areEqual, fieldName } from './object-pieces.ts';
import { carryList, lostFinding, piecesIn } from './sync-switches-carry.ts';
import type { SyncResult } from './sync-switches-entry.ts';
import {
  isSynced,
  sharedPieces,
  takenFinding,
  twinOf,
  twinReference,
  withPiece,
} from './sync-switches-pieces.ts';
import { type SyncTerms, syncPlaces } from './sync-switches-places.ts';
import { type SyncPair, withPlaceForm, withSettings } from './sync-switches-settings.ts';
import { SyncWork } from './sync-switches-work.ts';

/** `pair` is written to both Switches and their Tenants with it, so that from then on every edit is carried. `master` is one of the two. */
export function syncChanges(configuration: Configuration, pair: SyncPair, master: string): SyncResult {
  const [one, two] = pair.switches;
  const terms: SyncTerms = { pair, order: master === two ? [two, one] : [one, two] };
  const work = new SyncWork(configuration);
  for (const name of pair.switches) {
    const object = configuration.get('Switch', name);
    if (object === undefined) continue;
    work.put(withSettings(object, pair));
    const tenant = work.get('Tenant', object.tenant);
    if (tenant !== undefined) work.put(withPlaceForm(tenant, pair));
  }
  syncTwins(configuration, work, 'DN', terms);
  syncTwins(configuration, work, 'AgentLogin', terms);
  syncLogins(configuration, work, terms);
  syncGroups(configuration, work, pair);
  syncPlaces(configuration, work, terms);
  return { changes: work.changes(), findings: work.findings };
}

/** SY2, SY3. */
function syncTwins(
  configuration: Configuration,
  work: SyncWork,
  type: 'DN' | 'AgentLogin',
  { pair, order }: SyncTerms,
): void {
  for (const object of configuration.all(type)) {
    const side = order.indexOf(object.switch);
    const name = twinReference(nameOf(object), pair);
    if (side === -1 || name === undefined || !isSynced(object)) continue;
    const twin = configuration.get(type, name);
    const to = order[1 - side] as string;
    if (twin === undefined) work.put(twinOf(object, { name, switchName: to, pair }));
    else if (!isSynced(twin)) work.findings.push(takenFinding(object as DN, twin));
    else if (side === 0) align(work, object, twin, { pair, order });
  }
}

type SwitchObject = DN | ObjectOf<'AgentLogin'>;

function align(work: SyncWork, winner: SwitchObject, loser: SwitchObject, { pair, order }: SyncTerms): void {
  const [kept, lost] = [sharedPieces(winner, order[0], pair), sharedPieces(loser, order[1], pair)];
  let aligned = loser;
  for (const { path } of piecesIn([kept, lost])) {
    const name = fieldName(path);
    const [value, former] = [kept.get(name)?.value, lost.get(name)?.value];
    if (areEqual(value, former)) continue;
    work.findings.push(lostFinding('overwritten', { winner, loser, path }, [value, former]));
    aligned = withPiece(aligned, path, value, order[1]);
  }
  if (aligned !== loser) work.put(aligned);
}

/** SY3: of two codes of one person the master's holds, and a code is the person's who has it at the master. */
function syncLogins(configuration: Configuration, work: SyncWork, { pair, order }: SyncTerms): void {
  const codeAt = (person: Person, name: string) =>
    person.agentLogins.map(splitReference).find((one) => one.switch === name)?.number;
  const [master, other] = order;
  const ownerOf = new Map<string, string>();
  for (const person of configuration.all('Person')) {
    const code = codeAt(person, master);
    if (code !== undefined) ownerOf.set(code, person.name);
  }
  for (const person of configuration.all('Person')) {
    const [own, theirs] = [codeAt(person, master), codeAt(person, other)];
    const owner = theirs === undefined ? undefined : ownerOf.get(theirs);
    const isLost = theirs !== undefined && theirs !== own && (own !== undefined || owner !== undefined);
    const code = own ?? (isLost ? undefined : theirs);
    if (isLost) {
      const value = `${theirs}@${other}`;
      const winner = own === undefined ? `Person/${owner}` : objectKey(person);
      work.findings.push({
        kind: 'overwritten',
        object: objectKey(person),
        field: 'agentLogins',
        value,
        winner: { object: winner, value: `${own ?? theirs}@${master}` },
        text:
          own === undefined
            ? `The Agent Login "${theirs}" is of Person "${owner}" at Switch "${master}", and so it is at "${other}". Give this person one of its own.`
            : `The person has "${own}@${master}", and so "${own}" at "${other}" too; "${value}" belongs to nobody then.`,
      });
    }
    const wanted = code === undefined ? [] : [`${code}@${master}`, `${code}@${other}`];
    const of = (reference: string) => twinReference(reference, pair) !== undefined;
    const now = person.agentLogins.filter(of);
    if (now.length === wanted.length && wanted.every((reference) => now.includes(reference))) continue;
    if (!wanted.every((reference) => work.get('AgentLogin', reference) !== undefined)) continue;
    const kept = person.agentLogins.filter((reference) => wanted.includes(reference) || !of(reference));
    const missing = wanted.filter((reference) => !kept.includes(reference));
    work.put({ ...person, agentLogins: [...kept, ...missing] });
  }
}

/** SY3: a queue of either side serves the group at both. */
function syncGroups(configuration: Configuration, work: SyncWork, pair: SyncPair): void {
  const isTwin = (name: string) => isSynced(work.get('DN', name));
  for (const group of configuration.all('AgentGroup')) {
    const { list } = carryList([], group.originationDNs, {
      pair,
      isCarried: isTwin,
      obstacle: (name) => (isTwin(name) ? undefined : 'It is the site’s own.'),
    });
    if (list.length > group.originationDNs.length) work.put({ ...group, originationDNs: [...list] });
  }
}
