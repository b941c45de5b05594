/**
 * Places of both Switches brought into the form that was chosen (DS21):
 *
 *     one    Place desk-12    7001@north, 7001@south                          (SY4; S0, S2)
 *     each   Place desk-12    7001@north        Place desk-12-south  7001@south    (SY5; S3)
 *
 * Where the two sides say different things the master's place stands, and each DN, person and option that this moves is told.
 * A Place that is left without a DN is kept, since desks may still name it.
 */
import { objectKey, type Place } from '@holdfast/protocol';
import { type Configuration, splitReference } from './configuration.ts';
import { areEqual, fieldName } from './object-pieces.ts';
import { lostFinding, piecesIn } from './sync-switches-carry.ts';
import { isSynced, sharedPieces, twinReference, withPiece } from './sync-switches-pieces.ts';
import type { SyncPair } from './sync-switches-settings.ts';
import type { SyncWork } from './sync-switches-work.ts';

export interface SyncTerms {
  readonly pair: SyncPair;
  /** The two Switches, the one that wins first. */
  readonly order: readonly [master: string, other: string];
}

/** Where each number sits at each of the two, as far as both have it. */
type Seats = ReadonlyMap<string, { readonly master?: string; readonly other?: string }>;

export function syncPlaces(configuration: Configuration, work: SyncWork, terms: SyncTerms): void {
  const seats = seatsOf(configuration, work, terms);
  const targets =
    terms.pair.places === 'one'
      ? oneForBoth(work, seats, terms)
      : oneForEach(configuration, work, seats, terms);
  seat(configuration, work, targets, terms);
}

function seatsOf(configuration: Configuration, work: SyncWork, { pair, order }: SyncTerms): Seats {
  const seats = new Map<string, { master?: string; other?: string }>();
  for (const place of configuration.all('Place'))
    for (const dn of place.dns) {
      if (!isTwin(work, dn, pair)) continue;
      const { number, switch: name } = splitReference(dn);
      const found = seats.get(number) ?? {};
      found[name === order[0] ? 'master' : 'other'] ??= place.name;
      seats.set(number, found);
    }
  return seats;
}

/** A DN that is kept alike, with its twin. */
function isTwin(work: SyncWork, dn: string, pair: SyncPair): boolean {
  const twin = twinReference(dn, pair);
  return twin !== undefined && isSynced(work.get('DN', dn)) && isSynced(work.get('DN', twin));
}

/** `number@switch` → name of the Place where it is to be. */
type Targets = Map<string, string>;

function oneForBoth(work: SyncWork, seats: Seats, { order }: SyncTerms): Targets {
  const targets: Targets = new Map();
  for (const [number, { master, other }] of seats) {
    const place = master ?? other ?? '';
    for (const name of order) targets.set(`${number}@${name}`, place);
    if (master !== undefined && other !== undefined && master !== other)
      moved(work, `${number}@${order[1]}`, other, master);
  }
  return targets;
}

function oneForEach(configuration: Configuration, work: SyncWork, seats: Seats, terms: SyncTerms): Targets {
  const { order } = terms;
  const targets: Targets = new Map();
  for (const [place, twin, numbers] of placePairs(configuration, work, seats, terms)) {
    for (const number of numbers) {
      targets.set(`${number}@${order[0]}`, place);
      targets.set(`${number}@${order[1]}`, twin);
      const { other } = seats.get(number) ?? {};
      if (other !== undefined && other !== twin) moved(work, `${number}@${order[1]}`, other, twin);
    }
    alignPlaces(work, place, twin, terms);
  }
  return targets;
}

/** The Place of the master, the one of the other Switch, and the numbers of both. */
function placePairs(
  configuration: Configuration,
  work: SyncWork,
  seats: Seats,
  { order: [master, other] }: SyncTerms,
): [string, string, string[]][] {
  const numbersOf = (side: 'master' | 'other') => {
    const places = new Map<string, string[]>();
    for (const [number, at] of seats) {
      const place = at[side];
      if (place !== undefined) places.set(place, [...(places.get(place) ?? []), number]);
    }
    return places;
  };
  const [ofMaster, ofOther] = [numbersOf('master'), numbersOf('other')];
  const used = new Set(configuration.all('Place').map(({ name }) => name));
  const fresh = (name: string) => {
    let free = name;
    for (let i = 2; used.has(free); i++) free = `${name}-${i}`;
    used.add(free);
    return free;
  };
  const claimed = new Set(ofMaster.keys());
  const atOtherAlone = (place: string) =>
    (ofOther.get(place) ?? []).filter((number) => seats.get(number)?.master === undefined);
  const pairs: [string, string, string[]][] = [];
  for (const [place, numbers] of ofMaster) {
    const found = numbers
      .flatMap((number) => seats.get(number)?.other ?? [])
      .find((name) => !claimed.has(name));
    const twin = found ?? fresh(counterpartName(place, master, other));
    claimed.add(twin);
    if (found === undefined) createPlace(work, place, twin);
    pairs.push([place, twin, [...numbers, ...atOtherAlone(twin), ...atOtherAlone(place)]]);
  }
  for (const twin of ofOther.keys()) {
    const numbers = atOtherAlone(twin);
    if (numbers.length === 0 || claimed.has(twin)) continue;
    const place = fresh(counterpartName(twin, other, master));
    createPlace(work, twin, place);
    pairs.push([place, twin, numbers]);
  }
  return pairs;
}

function createPlace(work: SyncWork, like: string, name: string): void {
  const place = work.get('Place', like);
  if (place !== undefined) work.put({ ...place, name, dns: [] });
}

/** What two Places have in common but for their DNs: the master's holds. */
function alignPlaces(work: SyncWork, place: string, twin: string, { pair, order }: SyncTerms): void {
  const [winner, loser] = [work.get('Place', place), work.get('Place', twin)];
  if (winner === undefined || loser === undefined) return;
  const [kept, lost] = [sharedPieces(winner, order[0], pair), sharedPieces(loser, order[1], pair)];
  let aligned = loser;
  for (const { path } of piecesIn([kept, lost])) {
    if (path[0] === 'dns') continue;
    const name = fieldName(path);
    const [value, former] = [kept.get(name)?.value, lost.get(name)?.value];
    if (areEqual(value, former)) continue;
    work.findings.push(lostFinding('overwritten', { winner, loser, path }, [value, former]));
    aligned = withPiece(aligned, path, value, order[1]);
  }
  if (aligned !== loser) work.put(aligned);
}

/** Puts every DN where it is to be; the order of what stays is kept, and a DN that comes stands behind its twin. */
function seat(configuration: Configuration, work: SyncWork, targets: Targets, { pair }: SyncTerms): void {
  const wanted = new Map<string, string[]>();
  for (const [dn, place] of targets) wanted.set(place, [...(wanted.get(place) ?? []), dn]);
  const names = new Set([...configuration.all('Place').map(({ name }) => name), ...wanted.keys()]);
  const left = new Map<string, Place>();
  for (const name of names) {
    const place = work.get('Place', name);
    if (place === undefined) continue;
    const stays = place.dns.filter((dn) => (targets.get(dn) ?? name) === name);
    const comes = (wanted.get(name) ?? []).filter((dn) => !stays.includes(dn));
    if (comes.length === 0 && stays.length === place.dns.length) continue;
    const dns = [...stays];
    for (const dn of comes) {
      const at = dns.indexOf(twinReference(dn, pair) ?? '');
      dns.splice(at === -1 ? dns.length : at + 1, 0, dn);
    }
    work.put({ ...place, dns });
    if (dns.length === 0) left.set(name, place);
  }
  if (left.size > 0) leave(configuration, work, left, targets);
}

/** Whoever sat at a Place without a DN now goes where its DNs went; where that is several Places, nobody can say. */
function leave(
  configuration: Configuration,
  work: SyncWork,
  left: ReadonlyMap<string, Place>,
  targets: Targets,
): void {
  for (const place of left.values()) {
    const text =
      'All its DNs are at other Places now. Desks that name it are to name those; then it can be removed.';
    const value = place.dns.join(', ');
    work.findings.push({ kind: 'moved', object: objectKey(place), field: 'dns', value, text });
  }
  for (const person of configuration.all('Person')) {
    const place = left.get(person.defaultPlace ?? '');
    if (place === undefined) continue;
    const [to = '', another] = new Set(place.dns.flatMap((dn) => targets.get(dn) ?? []));
    const isOne = another === undefined;
    if (isOne) work.put({ ...(work.get('Person', person.name) ?? person), defaultPlace: to });
    work.findings.push({
      kind: 'moved',
      object: objectKey(person),
      field: 'defaultPlace',
      value: place.name,
      ...(isOne && { winner: { object: `Place/${to}`, value: to } }),
      text: isOne
        ? `The DNs of that Place are at "${to}" now, and so is the person's place.`
        : 'The DNs of that Place are at several others now. Give the person one of these.',
    });
  }
}

function moved(work: SyncWork, dn: string, from: string, to: string): void {
  work.findings.push({
    kind: 'moved',
    object: `Place/${from}`,
    field: 'dns',
    value: dn,
    winner: { object: `Place/${to}`, value: dn },
    text: `${dn} goes from here to Place "${to}", where its twin is.`,
  });
}

/** `place-7001-north` → `place-7001-south`; `desk-12` → `desk-12-south`. */
export function counterpartName(place: string, from: string, to: string): string {
  const end = place.slice(-from.length - 1);
  const isNamed = /^[ ._+@-]/u.test(end) && end.slice(1) === from;
  return isNamed ? `${place.slice(0, -from.length)}${to}` : `${place}-${to}`;
}
