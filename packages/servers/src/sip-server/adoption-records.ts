/**
 * What has become of calls of the other site here, as records: a mate that takes over decides none of them anew, and what
 * waits goes on waiting as it did (AD13).
 *
 *     silence/SITE    since when it has not answered, and which signs of its death agree (AD2)
 *     decided/CONNID  it was taken over, or cannot be: how often it had moved (AD3)
 *     awaited/CONNID  until when it waits for the phone of a DN (AD5)
 *     half/LEG        until when a call of ours waits for the end that the other site had (AD11)
 *     given/CONNID    its caller has called again, and has the place (AD7)
 */
import { fromRecord, type HeldRecord, type Millis, type Plain, toRecord } from '@holdfast/kernel';
import type { Adoption, Signs } from './adoption.ts';
import type { CrossedCalls } from './crossed-calls.ts';
import type { PeerSite } from './peer-site.ts';
import type { RedialledPlaces } from './redialled-places.ts';

export interface AdoptionRecordParts {
  readonly peer: PeerSite;
  readonly adoption: Adoption;
  readonly crossed: CrossedCalls;
  readonly redialled: RedialledPlaces;
}

interface Silence extends Signs {
  readonly site: string;
  readonly since: Millis;
}

export class AdoptionRecords {
  readonly #parts: AdoptionRecordParts;
  /** The silence as it was told last. It is looked at and not reported: any input may change it. */
  #told: Silence | undefined;

  constructor(parts: AdoptionRecordParts) {
    this.#parts = parts;
  }

  /** Keys of what is not as it was when this was last asked. */
  takeChanges(): string[] {
    const keys = this.#silenceChanged();
    for (const [kind, map] of this.#maps())
      for (const name of map.takeChanged()) keys.push(`${kind}/${name}`);
    return keys;
  }

  *keys(): Generator<string> {
    const silence = this.#silence();
    if (silence !== undefined) yield keyOf(silence);
    for (const [kind, map] of this.#maps()) for (const name of map.keys()) yield `${kind}/${name}`;
  }

  /** Null: it is no record of these. */
  record(kind: string, name: string, now: Millis): Plain | undefined | null {
    const { adoption, crossed, redialled } = this.#parts;
    switch (kind) {
      case 'silence': {
        const silence = this.#silence();
        return silence?.site === name ? toRecord(silence, now) : undefined;
      }
      case 'decided':
        return adoption.decided.get(name);
      case 'awaited': {
        const awaited = adoption.phoneAwaited.get(name);
        return awaited && toRecord(awaited, now);
      }
      case 'half': {
        const until = crossed.waiting.get(name);
        return until === undefined ? undefined : toRecord({ until }, now);
      }
      case 'given': {
        const since = redialled.given.get(name);
        return since === undefined ? undefined : toRecord({ since }, now);
      }
      default:
        return null;
    }
  }

  /** False: it is no record of these. */
  load(now: Millis, [kind, name]: readonly [kind: string, name: string], held: HeldRecord): boolean {
    const { peer, adoption, crossed, redialled } = this.#parts;
    const { value, heldAt } = held;
    switch (kind) {
      case 'silence': {
        const { site, since, ...signs } = fromRecord<Silence>(value, heldAt);
        peer.wasSilent(site, since);
        adoption.goOn(now, signs);
        return true;
      }
      case 'decided':
        adoption.decided.set(name, fromRecord(value, heldAt));
        return true;
      case 'awaited':
        adoption.phoneAwaited.set(name, fromRecord(value, heldAt));
        return true;
      case 'half':
        crossed.waiting.set(name, fromRecord<{ until: Millis }>(value, heldAt).until);
        return true;
      case 'given':
        redialled.given.set(name, fromRecord<{ since: Millis }>(value, heldAt).since);
        return true;
      default:
        return false;
    }
  }

  #silence(): Silence | undefined {
    const { adoption, peer } = this.#parts;
    const { site, silentSince: since } = peer;
    if (site === undefined || since === undefined) return undefined;
    return { site, since, ...adoption.signs };
  }

  #silenceChanged(): string[] {
    const [told, silence] = [this.#told, this.#silence()];
    if (isEqual(told, silence)) return [];
    this.#told = silence;
    return [...new Set([told, silence].flatMap((each) => (each === undefined ? [] : [keyOf(each)])))];
  }

  #maps() {
    const { adoption, crossed, redialled } = this.#parts;
    return [
      ['decided', adoption.decided],
      ['awaited', adoption.phoneAwaited],
      ['half', crossed.waiting],
      ['given', redialled.given],
    ] as const;
  }
}

function keyOf({ site }: Silence): string {
  return `silence/${site}`;
}

function isEqual(one: Silence | undefined, other: Silence | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  const keys = ['site', 'since', 'lostAt', 'doneAt', 'isSeen'] as const;
  return keys.every((key) => one[key] === other[key]);
}
