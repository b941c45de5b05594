/**
 * No call with one leg for longer than a timer. Seen from outside: a phone has a call that stands, and nobody is at its
 * other end, neither a phone that stands in the same call nor a site that lets the caller wait. For a moment that is
 * always so (an answer or a BYE is on its way); for how long it may be depends on what the network lets through.
 *
 * Asked twice a virtual second. Who has been left alone is not joined again, so that no leg slips through between.
 */
import type { CallRecord } from '@holdfast/servers';
import type { LegId } from '@holdfast/sip';
import type { RoutingSite } from './checkers.ts';
import type { FaultPlan } from './faults.ts';
import type { Process } from './process.ts';
import type { PhoneProgram, StandingLeg } from './whole-phone.ts';
import type { JoinedLegs } from './whole-pools.ts';
import type { SipServerProgram } from './whole-sip-server.ts';
import type { World } from './world.ts';

export const LOOK_EVERY_MS = 500;
/** A leg is asked for a sign of life after 37.5 s at most, and given up after Timer F (RFC 3261 §17.1.2.2). */
const NOTICED_MAX_MS = 37_500 + 32_000;
/** First the site has to notice that one end is gone, then the other end that the site is; clocks differ by 1 %. */
export const ONE_LEG_MAX_MS = 1.01 * 2 * NOTICED_MAX_MS;
/** With nothing broken a BYE arrives at once, or with one of its first repetitions. */
export const ONE_LEG_CALM_MAX_MS = 6_000;
/**
 * So long after the last fault what it held back has arrived: TCP waits with its next repetition for a minute at most,
 * and what was asked meanwhile has been answered or given up (Timer F).
 */
const CALM_AFTER_MS = 60_000 + 35_000;

interface Alone {
  countedMs: number;
  /** It began in calm, and nothing has been broken since. */
  isCalm: boolean;
}

export class OneLeggedCalls {
  readonly #world: World;
  readonly #sites: readonly RoutingSite[];
  readonly #phones: readonly Process[];
  readonly #joined: JoinedLegs;
  readonly #plan: FaultPlan | undefined;
  readonly #alone = new Map<StandingLeg, Alone>();

  constructor(
    world: World,
    at: {
      readonly sites: readonly RoutingSite[];
      readonly phones: readonly Process[];
      readonly joined: JoinedLegs;
    },
    plan: FaultPlan | undefined,
  ) {
    this.#world = world;
    this.#sites = at.sites;
    this.#phones = at.phones;
    this.#joined = at.joined;
    this.#plan = plan;
    this.#lookAgain();
  }

  #lookAgain(): void {
    this.#world.plan(this.#world.at + LOOK_EVERY_MS, () => {
      this.#look();
      this.#lookAgain();
    });
  }

  #look(): void {
    const records = this.#records();
    const standing = new Map<string, StandingLeg>();
    for (const [, leg] of this.#legs()) if (leg.remote !== undefined) standing.set(leg.remote, leg);
    const isCalm = this.#isCalm();
    const areSitesRunning = this.#sites.every(({ process }) => process.state !== 'paused');
    for (const [phone, leg] of this.#legs()) {
      if (hasCompany(leg, { records, standing, joined: this.#joined })) {
        this.#alone.delete(leg);
        continue;
      }
      const known = this.#alone.get(leg) ?? { countedMs: 0, isCalm };
      this.#alone.set(leg, known);
      known.isCalm &&= isCalm;
      // A process that is stopped notices nothing.
      if (areSitesRunning && phone.state === 'running') known.countedMs += LOOK_EVERY_MS;
      const most = known.isCalm ? ONE_LEG_CALM_MAX_MS : ONE_LEG_MAX_MS;
      if (known.countedMs <= most) continue;
      const seconds = Math.round(known.countedMs / 1000);
      this.#world.fail('no-one-legged-call', `a call stands on ${phone.name} alone for ${seconds} s`);
    }
    this.#forget();
  }

  *#legs(): Generator<readonly [Process, StandingLeg]> {
    for (const phone of this.#phones) {
      const program = phone.program as PhoneProgram | undefined;
      if (program !== undefined) for (const leg of program.standing.values()) yield [phone, leg];
    }
  }

  /** Which call each leg of a living site belongs to. */
  #records(): Map<string, { readonly call: CallRecord; readonly isTalking: boolean }> {
    const records = new Map<string, { readonly call: CallRecord; readonly isTalking: boolean }>();
    for (const { process } of this.#sites) {
      const parts = (process.program as SipServerProgram | undefined)?.parts;
      if (parts === undefined) continue;
      for (const call of parts.calls.calls()) {
        const isTalking = parts.centre.stateToCheck.calls.get(call.connId)?.phase.name === 'talking';
        records.set(call.origin.leg, { call, isTalking });
        if (call.party !== undefined) records.set(call.party.leg, { call, isTalking });
        // Whoever transfers waits for what comes of it.
        const parked = call.transfer?.parked?.leg;
        if (parked !== undefined) records.set(parked, { call, isTalking });
      }
    }
    return records;
  }

  #isCalm(): boolean {
    const { at } = this.#world;
    return this.#plan?.faults.every((fault) => at < fault.at || at > fault.until + CALM_AFTER_MS) ?? true;
  }

  #forget(): void {
    if (this.#alone.size === 0) return;
    const present = new Set<StandingLeg>();
    for (const [, leg] of this.#legs()) present.add(leg);
    for (const leg of this.#alone.keys()) if (!present.has(leg)) this.#alone.delete(leg);
  }
}

interface Seen {
  readonly records: ReadonlyMap<string, { readonly call: CallRecord; readonly isTalking: boolean }>;
  readonly standing: ReadonlyMap<string, StandingLeg>;
  readonly joined: JoinedLegs;
}

/** Whether somebody is at the other end: a phone in the same call, or a site that lets the caller wait. */
function hasCompany(leg: StandingLeg, seen: Seen): boolean {
  return leg.remote !== undefined && isJoined(leg.remote, seen);
}

/** `leg` is that of the site at which we have come to it; a call that has crossed goes through both (PQ1). */
function isJoined(leg: LegId, seen: Seen, hops = 0): boolean {
  const record = seen.records.get(leg);
  if (record === undefined) return false;
  const { call, isTalking } = record;
  const other = call.origin.leg === leg ? call.party?.leg : call.origin.leg;
  // Waiting, ringing elsewhere, or the first half of a MakeCall.
  if (other === undefined) return !isTalking;
  if (seen.standing.has(other)) return true;
  const beyond = seen.joined.otherOf(other);
  return beyond !== undefined && hops === 0 && isJoined(beyond, seen, 1);
}
