/**
 * Callers who waited at the other site when it fell silent, and dial the same number again here before they have been
 * taken over: they go on with the time that they had waited there (AD7). What they had is read from the records of that
 * site, once in each silence, because an INVITE must not cost a look at every call.
 */
import { type Call, isWithheld } from '@holdfast/centre';
import { type Millis, WatchedMap } from '@holdfast/kernel';
import { isInLine } from './calls-to-adopt.ts';
import { callsIn, type PeerRecords } from './peer-legs.ts';

export interface RedialledPlacePorts {
  records(): PeerRecords | undefined;
  /** Since when the other site has not answered; undefined while it does, and when it never did. */
  silentSince(): Millis | undefined;
  /** For how long after it was last heard its callers are known again. */
  lostPlaceWindowMs(): Millis;
  /** It goes on here: its caller is served. */
  hasDecided(connId: string): boolean;
}

export class RedialledPlaces {
  readonly #ports: RedialledPlacePorts;
  /** Of this silence: the one call from each number, undefined where there were more. */
  #lost: { readonly since: Millis; readonly byNumber: Map<string, Call | undefined> } | undefined;
  /** Calls whose callers have their place again, when it was given; of this silence. */
  readonly given = new WatchedMap<string, Millis>();

  constructor(ports: RedialledPlacePorts) {
    this.#ports = ports;
  }

  /** For how long the caller had waited; once. */
  take(now: Millis, ani: string, dnis: string): Millis | undefined {
    const since = this.#ports.silentSince();
    const records = this.#ports.records();
    if (this.#lost !== undefined && this.#lost.since !== since) this.#forget();
    if (since === undefined || records === undefined || isWithheld(ani)) return undefined;
    if (now >= since + this.#ports.lostPlaceWindowMs()) return undefined;
    this.#lost ??= { since, byNumber: byNumberIn(records) };
    const call = this.#lost.byNumber.get(ani);
    if (call?.waitingSince === undefined || call.dnis !== dnis || !isInLine(call)) return undefined;
    if (this.#ports.hasDecided(call.connId) || this.given.has(call.connId)) return undefined;
    this.given.set(call.connId, now);
    return Math.max(0, since - call.waitingSince);
  }

  #forget(): void {
    this.#lost = undefined;
    for (const connId of [...this.given.keys()]) this.given.delete(connId);
  }
}

/** From outside; whoever talked has been lost as well. */
function byNumberIn(records: PeerRecords): Map<string, Call | undefined> {
  const byNumber = new Map<string, Call | undefined>();
  for (const call of callsIn(records)) {
    const { ani, origin } = call;
    if (ani !== undefined && origin.dn === undefined) byNumber.set(ani, byNumber.has(ani) ? undefined : call);
  }
  return byNumber;
}
