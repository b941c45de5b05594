/**
 * All that must outlive the process of a SIP Server, as records under keys, each written by the part that knows it:
 *
 *     dn/ call/ queue/ person/ site/   the centre        leg/      the user agent
 *     place/
 *     binding/                         registrations     talk/     call control
 *     session/ answer/                 clients           denied/   desk requests
 *     ended/                           stray requests
 *     silence/ decided/ awaited/       adoption records
 *     half/ given/
 *
 * What is told is the result of an input, never the input: what breaks one server must not break its mate.
 */
import type { Centre, CentreEffect } from '@holdfast/centre';
import { fromRecord, type HeldRecord, type Millis, type Plain, toRecord } from '@holdfast/kernel';
import type { LoginEpoch } from '@holdfast/protocol';
import { type LegRecord, legRecordFrom, type SipUserAgent, type UserAgentOutput } from '@holdfast/sip';
import type { AdoptionRecords } from './adoption-records.ts';
import type { CallControl } from './call-control.ts';
import type { Clients } from './clients.ts';
import type { DeskRequests } from './desk-requests.ts';
import type { PeerSite } from './peer-site.ts';
import type { Registrations } from './registrations.ts';
import type { StrayRequests } from './stray-requests.ts';

export interface RecordedParts {
  readonly centre: Centre;
  readonly calls: CallControl;
  readonly registrations: Registrations;
  readonly clients: Clients;
  readonly requests: DeskRequests;
  readonly userAgent: SipUserAgent;
  readonly strays: StrayRequests;
  readonly peer: PeerSite;
  readonly adoptions: AdoptionRecords;
}

export type KeyedRecord = readonly [key: string, value: Plain];

export interface RecordChanges {
  readonly put: readonly KeyedRecord[];
  readonly gone: readonly string[];
}

export class SiteRecords {
  readonly #parts: RecordedParts;

  constructor(parts: RecordedParts) {
    this.#parts = parts;
  }

  /** What is not as it was when this was last asked. */
  takeChanges(now: Millis): RecordChanges {
    const { centre, calls, registrations, clients, requests, userAgent, strays, adoptions } = this.#parts;
    const put: KeyedRecord[] = [];
    const gone: string[] = [];
    const note = (key: string) => {
      const value = this.#record(key, now);
      if (value === undefined) gone.push(key);
      else put.push([key, value]);
    };
    for (const key of centre.takeChanges()) note(key);
    for (const leg of userAgent.takeTouched()) note(`leg/${leg}`);
    for (const connId of calls.takeChanges()) note(`talk/${connId}`);
    for (const dn of registrations.takeChanges()) note(`binding/${dn}`);
    for (const session of clients.takeChanges()) note(`session/${session}`);
    for (const name of clients.answers.takeChanges()) note(`answer/${name}`);
    for (const person of requests.logins.denied.takeChanged()) note(`denied/${person}`);
    for (const connId of strays.takeChanges()) note(`ended/${connId}`);
    for (const key of adoptions.takeChanges()) note(key);
    return { put, gone };
  }

  /** Nobody follows: names of what has changed must not pile up. */
  forgetChanges(): void {
    const { centre, calls, registrations, clients, requests, userAgent, strays, adoptions } = this.#parts;
    centre.takeChanges();
    userAgent.takeTouched();
    calls.takeChanges();
    registrations.takeChanges();
    clients.takeChanges();
    clients.answers.takeChanges();
    requests.logins.denied.takeChanged();
    strays.takeChanges();
    adoptions.takeChanges();
  }

  /** Everything, for a follower that has nothing. */
  *all(now: Millis): Generator<KeyedRecord> {
    for (const key of this.#keys()) {
      const value = this.#record(key, now);
      if (value !== undefined) yield [key, value];
    }
  }

  *#keys(): Generator<string> {
    const { centre, calls, registrations, clients, requests, userAgent, strays, adoptions } = this.#parts;
    yield* centre.recordKeys();
    for (const leg of userAgent.legs()) yield `leg/${leg}`;
    for (const connId of calls.connIds()) yield `talk/${connId}`;
    for (const dn of registrations.registered()) yield `binding/${dn}`;
    for (const session of clients.sessions()) yield `session/${session}`;
    for (const name of clients.answers.keys()) yield `answer/${name}`;
    for (const person of requests.logins.denied.keys()) yield `denied/${person}`;
    for (const connId of strays.connIds()) yield `ended/${connId}`;
    yield* adoptions.keys();
  }

  #record(key: string, now: Millis): Plain | undefined {
    const { centre, calls, registrations, clients, requests, userAgent, strays, adoptions } = this.#parts;
    const [kind, name] = parted(key);
    switch (kind) {
      case 'leg': {
        const record = userAgent.legRecord(name);
        return record && toRecord(record, now);
      }
      case 'talk':
        return calls.handover.record(name, now);
      case 'binding':
        return registrations.record(name, now);
      case 'session':
        return clients.record(name, now);
      case 'answer':
        return clients.answers.record(name, now);
      case 'denied': {
        const epoch = requests.logins.denied.get(name);
        return epoch && toRecord(epoch, now);
      }
      case 'ended':
        return strays.record(name, now);
      default: {
        const record = adoptions.record(kind, name, now);
        return record === null ? centre.record(key, now) : record;
      }
    }
  }

  /** Goes on with what another server held. Legs before calls, and what the phones had before what it meant. */
  load(
    now: Millis,
    records: ReadonlyMap<string, HeldRecord>,
    ringsOnMs: Millis,
    perform: (output: UserAgentOutput) => void,
  ): { readonly effects: CentreEffect[]; readonly unread: readonly string[] } {
    const { centre, calls, registrations, clients, requests, userAgent, strays, adoptions } = this.#parts;
    const legs: LegRecord[] = [];
    const unread: string[] = [];
    const talks: HeldRecord[] = [];
    for (const [key, held] of records) {
      const [kind, name] = parted(key);
      if (adoptions.load(now, [kind, name], held)) continue;
      if (kind === 'binding') registrations.load(name, held);
      else if (kind === 'session') clients.load(held);
      else if (kind === 'answer') clients.answers.load(name, held);
      else if (kind === 'denied')
        requests.logins.denied.set(name, fromRecord<LoginEpoch>(held.value, held.heldAt));
      else if (kind === 'ended') strays.load(name, held);
      else if (kind === 'talk') talks.push(held);
      else if (kind === 'leg') {
        const leg = legRecordFrom(fromRecord(held.value, held.heldAt));
        if (typeof leg === 'string') unread.push(leg);
        else legs.push(leg);
      }
    }
    const effects = centre.load(now, ofCentre(records), ringsOnMs);
    perform(userAgent.loadLegs(now, legs));
    calls.handover.load(now, talks);
    this.#parts.peer.tellHeld(now);
    return { effects, unread };
  }
}

const OF_CENTRE = new Set(['dn', 'call', 'queue', 'person', 'place', 'site']);

function* ofCentre(records: ReadonlyMap<string, HeldRecord>): Generator<readonly [string, HeldRecord]> {
  for (const record of records) if (OF_CENTRE.has(parted(record[0])[0])) yield record;
}

function parted(key: string): readonly [kind: string, name: string] {
  const at = key.indexOf('/');
  return [key.slice(0, at), key.slice(at + 1)];
}
