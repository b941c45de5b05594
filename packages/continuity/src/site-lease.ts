/**
 * The leases that one primary has granted: the bookkeeping of a SIP Server around `login-lease.ts`.
 *
 * A log-in *carries* a stamp before it is known whether the centre will admit it, so that a carried lease
 * stands beside the present one until the login is admitted: a refused log-in takes nothing from the agent
 * who is there.
 */
import { Deadlines, type Millis } from '@holdfast/kernel';
import {
  afterClockJump,
  answerStamp,
  compareEpochs,
  grantLease,
  isRoutable,
  isStampFresh,
  issueStamp,
  type Lease,
  type LoginEpoch,
  leaseEndsAt,
  type Stamp,
  type StampClock,
  startStampClock,
} from './login-lease.ts';

export interface SiteLeaseOptions {
  /** Of the primary that grants; a former primary's leases and stamps count for nothing (LL3). */
  readonly pairEpoch: number;
  readonly lengthMs: Millis;
}

/** Whether the agent with this login may be routed to has changed since it was last told. */
export interface RoutableChange {
  readonly agentId: string;
  readonly epoch: LoginEpoch;
  readonly routable: boolean;
}

interface Holding {
  readonly agentId: string;
  admitted: Lease | undefined;
  carried: Lease | undefined;
  /** What `takeChanges` said last about the admitted login. */
  told: boolean;
  /** `takeChanges` may have something to say about it. */
  isTouched: boolean;
}

const NO_CHANGES: readonly RoutableChange[] = [];

export class SiteLease {
  readonly #lengthMs: Millis;
  readonly #holdings = new Map<string, Holding>();
  readonly #ends = new Deadlines<string>();
  #touched: Holding[] = [];
  #clock: StampClock;

  constructor(options: SiteLeaseOptions) {
    this.#lengthMs = options.lengthMs;
    this.#clock = startStampClock(options.pairEpoch);
  }

  /** LL1: a new stamp, to be sent now. */
  stamp(now: Millis): Stamp {
    const { clock, stamp } = issueStamp(this.#clock, now);
    this.#clock = clock;
    return stamp;
  }

  isFresh(stamp: Stamp, now: Millis): boolean {
    return isStampFresh(this.#clock, stamp, this.#lengthMs, now);
  }

  /** A log-in that carries `stamp` is about to be put to the centre. False: the stamp is stale. */
  carried(agentId: string, epoch: LoginEpoch, stamp: Stamp, now: Millis): boolean {
    const lease = grantLease(this.#clock, { epoch, stamp }, this.#lengthMs, now);
    if (lease === undefined) return false;
    const holding = this.#holding(agentId);
    if (holding.carried === undefined || compareEpochs(epoch, holding.carried.epoch) >= 0)
      holding.carried = lease;
    this.#watch(holding);
    return true;
  }

  /** The centre has admitted the login whose log-in was carried. */
  admitted(agentId: string, epoch: LoginEpoch): void {
    const holding = this.#holdings.get(agentId);
    if (holding?.carried === undefined || compareEpochs(holding.carried.epoch, epoch) !== 0) return;
    holding.admitted = holding.carried;
    holding.carried = undefined;
    holding.told = false;
    this.#watch(holding);
  }

  /**
   * LL3: the login was admitted by the primary before us. It is routable here once it has answered a stamp of ours.
   * That of the former primary stands for it until then, and counts for nothing.
   */
  takenOver(agentId: string, epoch: LoginEpoch): void {
    const stamp: Stamp = { pairEpoch: Number.NEGATIVE_INFINITY, number: 0, at: Number.NEGATIVE_INFINITY };
    this.#holding(agentId).admitted = { epoch, stamp };
  }

  /** A stamp has been answered for this login. False: no such login is held here (LL3, `NotLoggedIn`). */
  answered(agentId: string, epoch: LoginEpoch, stamp: Stamp, now: Millis): boolean {
    this.admitted(agentId, epoch);
    const holding = this.#holdings.get(agentId);
    const outcome = answerStamp(this.#clock, holding?.admitted, { epoch, stamp }, this.#lengthMs, now);
    if (outcome.type === 'notLoggedIn') return false;
    if (outcome.type === 'renewed' && holding !== undefined) {
      holding.admitted = outcome.lease;
      this.#watch(holding);
    }
    return true;
  }

  /** LL2: ask at each decision. */
  isRoutable(agentId: string, epoch: LoginEpoch, now: Millis): boolean {
    const holding = this.#holdings.get(agentId);
    if (holding === undefined) return false;
    const { admitted, carried } = holding;
    const lease = isOf(admitted, epoch) ? admitted : isOf(carried, epoch) ? carried : undefined;
    return isRoutable(this.#clock, lease, this.#lengthMs, now);
  }

  /** The login is over. */
  ended(agentId: string, epoch: LoginEpoch): void {
    const holding = this.#holdings.get(agentId);
    if (holding === undefined) return;
    if (holding.carried !== undefined && compareEpochs(holding.carried.epoch, epoch) <= 0)
      holding.carried = undefined;
    if (holding.admitted !== undefined && compareEpochs(holding.admitted.epoch, epoch) <= 0)
      holding.admitted = undefined;
    this.#dropEmpty(holding);
  }

  /** LL6: the clocks of this process have jumped apart. */
  clockJumped(): void {
    this.#clock = afterClockJump(this.#clock);
    for (const holding of this.#holdings.values()) this.#touch(holding);
  }

  /** When a lease ends next, so that its end can be told; the decisions themselves ask `isRoutable`. */
  nextDeadline(): Millis | undefined {
    return this.#ends.next();
  }

  /** Logins that have become routable, or no longer are, since the last call. */
  takeChanges(now: Millis): readonly RoutableChange[] {
    for (let due = this.#ends.takeDue(now); due !== undefined; due = this.#ends.takeDue(now)) {
      const holding = this.#holdings.get(due);
      if (holding !== undefined) this.#touch(holding);
    }
    if (this.#touched.length === 0) return NO_CHANGES;
    const touched = this.#touched;
    this.#touched = [];
    const changes: RoutableChange[] = [];
    for (const holding of touched) {
      holding.isTouched = false;
      // A log-in that was never admitted leaves nothing behind once its stamp is spent.
      if (!isRoutable(this.#clock, holding.carried, this.#lengthMs, now)) holding.carried = undefined;
      const routable = isRoutable(this.#clock, holding.admitted, this.#lengthMs, now);
      if (holding.admitted !== undefined && routable !== holding.told) {
        holding.told = routable;
        changes.push({ agentId: holding.agentId, epoch: holding.admitted.epoch, routable });
      }
      this.#setEnd(holding, now);
      this.#dropEmpty(holding);
    }
    return changes;
  }

  #holding(agentId: string): Holding {
    let holding = this.#holdings.get(agentId);
    if (holding === undefined) {
      holding = { agentId, admitted: undefined, carried: undefined, told: false, isTouched: false };
      this.#holdings.set(agentId, holding);
    }
    return holding;
  }

  #watch(holding: Holding): void {
    this.#touch(holding);
    this.#setEnd(holding, Number.NEGATIVE_INFINITY);
  }

  #touch(holding: Holding): void {
    if (holding.isTouched) return;
    holding.isTouched = true;
    this.#touched.push(holding);
  }

  /** The earliest end that is still to come; one that has passed is dealt with by `takeChanges`. */
  #setEnd({ agentId, admitted, carried }: Holding, after: Millis): void {
    const next = Math.min(this.#endAfter(admitted, after), this.#endAfter(carried, after));
    if (next < Number.POSITIVE_INFINITY) this.#ends.set(agentId, next);
    else this.#ends.clear(agentId);
  }

  #endAfter(lease: Lease | undefined, after: Millis): Millis {
    const end = lease === undefined ? Number.POSITIVE_INFINITY : leaseEndsAt(lease, this.#lengthMs);
    return end > after ? end : Number.POSITIVE_INFINITY;
  }

  #dropEmpty({ agentId, admitted, carried }: Holding): void {
    if (admitted !== undefined || carried !== undefined) return;
    this.#holdings.delete(agentId);
    this.#ends.clear(agentId);
  }
}

function isOf(lease: Lease | undefined, epoch: LoginEpoch): boolean {
  return lease !== undefined && compareEpochs(lease.epoch, epoch) === 0;
}
