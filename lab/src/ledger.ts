/**
 * The agent-seconds ledger (rule ME1): how long each agent whom a fault made unable to work could take no call,
 * and how much of that the configured waits allowed. It is computed by the lab from what the lab saw, never by
 * the desk from what the desk thinks of itself.
 *
 *     lastAbleAt ──── detection + the option's time-out ────┐
 *     the phone's 200 OK from the other site ───────────────┼── the latest is allowedAt ── after_wait ── readyAt
 *     the end of the login lease ───────────────────────────┤
 *     the end of the call that the agent was in (DS14) ─────┤
 *     the after-call work behind it, where a site lives that holds the call ─┘
 *
 * A dead site's last word is no recovery: until the desk has noticed the loss, what it still tells of a log-in or of
 * Ready at that site was on its way when the site died, and closes no row.
 *
 * `lastAbleAt` is the fault, for everybody. Who was in a call then goes on talking, directly between the two phones,
 * and can take no other call before that one is over: its end allows, and where it comes last it is what governed. A
 * call that a site has taken over (AD1) is followed by the after-call work that `wrap-up-time` asks for; that allows
 * too. These agents are marked and counted (`inCall`), because their total holds the rest of a talk.
 *
 * Pacing and jitter count in after_wait. An agent who is never Ready again counts with the end of the run, and
 * the check `all-ready` fails. All instants are ms since the run's start, on the lab's clock.
 */
import type { Millis } from '@holdfast/kernel';

export interface LedgerAgent {
  readonly agent: string;
  readonly scheme: string;
  readonly from: string;
  to: string | null;
  /** The lab's own moment of the fault. */
  readonly lastAbleAt: Millis;
  /** Whether the agent had a call at the fault, and when it was over, as the agent's phone saw it. */
  readonly inCall: boolean;
  callEndedAt: Millis | null;
  detectedAt: Millis | null;
  /** The phone's 200 OK from the site at which the agent ended, as the phone saw it. */
  phoneAt: Millis | null;
  decidedAt: Millis | null;
  connectedAt: Millis | null;
  loggedInAt: Millis | null;
  allowedAt: Millis | null;
  readyAt: Millis | null;
  governedBy: string | null;
  because: string | null;
}

export interface Percentiles {
  readonly p50: Millis;
  readonly p95: Millis;
  readonly p99: Millis;
  readonly max: Millis;
}

export interface LedgerReport {
  /** The largest allowedAt − lastAbleAt. */
  readonly wait_ms: Millis | null;
  readonly after_wait_ms: Percentiles | null;
  readonly total_ms: Percentiles | null;
  /** Rows of agents who were in a call at the fault; null when no agent was concerned. */
  readonly in_call: number | null;
  readonly agents: readonly LedgerAgent[];
}

/** `governedBy` of an agent whose call at the lost site was the last to end. */
export const GOVERNED_BY_CALL = 'call-at-lost-site';

/** What was seen of one agent; the ledger takes what it needs when it needs it. */
export type Sighting =
  | { readonly type: 'detected' }
  /**
   * A call is over, as the agent's phone sees it, by its leg there. `afterCallWorkMs`: what the lab has set, where a
   * site has carried or answered the BYE, so that it knows of the end; else 0.
   */
  | { readonly type: 'callEnded'; readonly leg: string; readonly afterCallWorkMs: Millis }
  | {
      readonly type: 'decided';
      readonly to: string;
      readonly because: string;
      readonly option: GovernedWait | undefined;
    }
  | { readonly type: 'connected'; readonly site: string }
  | { readonly type: 'loggedIn'; readonly site: string }
  | { readonly type: 'ready'; readonly site: string };

export interface GovernedWait {
  readonly name: string;
  readonly valueMs: Millis;
}

/** What the lab knows about an agent at the moment of a fault, and of the waits that bind it. */
export interface FaultedAgent {
  readonly agent: string;
  readonly scheme: string;
  readonly site: string;
  /** 0 when a reset tells at once; else when the configured ping limits, counted from the last byte, run out. */
  readonly detectionMs: Millis;
  /** Legs of the agent's phone whose calls both ends have taken. What only rings is no call yet, and holds nobody up. */
  readonly calls: readonly string[];
}

/** What is known only later; asked when the agent is Ready again, or at the end. */
export interface LaterFacts {
  /** When the phone first had a 200 OK from that site that still holds; undefined when it never had. */
  phoneAt(agent: string, site: string): Millis | undefined;
  /** When the lease of the agent's login at the lost site had certainly ended, on the desk's clock. */
  leaseEndAt(agent: string): Millis | undefined;
}

interface Open {
  readonly row: LedgerAgent;
  readonly detectionMs: Millis;
  /** Of the calls at the fault, by their legs, those that are not over. */
  readonly calls: Set<string>;
  option: GovernedWait | undefined;
  /** Behind the last call to end. */
  afterCallWorkMs: Millis;
  /** What the fault broke works again, and the desk has not noticed the loss. */
  isMended: boolean;
}

/** One fault and the rows that it opened. */
export interface LedgerFault {
  readonly at: Millis;
  readonly what: string;
  readonly site: string;
  readonly rows: readonly LedgerAgent[];
}

export class Ledger {
  readonly #later: LaterFacts;
  readonly #rows: LedgerAgent[] = [];
  readonly #faults: LedgerFault[] = [];
  readonly #open = new Map<string, Open>();

  constructor(later: LaterFacts) {
    this.#later = later;
  }

  /** A fault has made these agents unable to work. One who is still unable from an earlier fault keeps that row. */
  fault(
    at: Millis,
    fault: { readonly what: string; readonly site: string },
    agents: readonly FaultedAgent[],
  ): void {
    const rows: LedgerAgent[] = [];
    this.#faults.push({ at, ...fault, rows });
    for (const { agent, scheme, site, detectionMs, calls } of agents) {
      if (this.#open.has(agent)) continue;
      const row: LedgerAgent = {
        agent,
        scheme,
        from: site,
        to: null,
        lastAbleAt: at,
        inCall: calls.length > 0,
        callEndedAt: null,
        detectedAt: null,
        phoneAt: null,
        decidedAt: null,
        connectedAt: null,
        loggedInAt: null,
        allowedAt: null,
        readyAt: null,
        governedBy: null,
        because: null,
      };
      this.#rows.push(row);
      rows.push(row);
      this.#open.set(agent, {
        row,
        detectionMs,
        calls: new Set(calls),
        option: undefined,
        afterCallWorkMs: 0,
        isMended: false,
      });
    }
  }

  /** What was broken at that site works again, for everybody or for this agent: from here on its word counts. */
  mended(site: string, agent?: string): void {
    for (const open of this.#open.values())
      if (open.row.from === site && (agent === undefined || open.row.agent === agent)) open.isMended = true;
  }

  see(at: Millis, agent: string, sighting: Sighting): void {
    const open = this.#open.get(agent);
    if (open === undefined) return;
    const { row } = open;
    switch (sighting.type) {
      case 'detected':
        row.detectedAt ??= at;
        return;
      case 'callEnded':
        // Whoever calls the phone meanwhile is another call: its end allows nothing (DS14).
        if (!open.calls.delete(sighting.leg) || open.calls.size > 0) return;
        row.callEndedAt = at;
        open.afterCallWorkMs = sighting.afterCallWorkMs;
        return;
      case 'decided':
        row.decidedAt = at;
        row.to = sighting.to;
        row.because = sighting.because;
        row.governedBy =
          sighting.option === undefined ? null : `${sighting.option.name}=${sighting.option.valueMs} ms`;
        open.option = sighting.option;
        return;
      case 'connected':
        row.connectedAt = at;
        return;
      case 'loggedIn':
        if (isLastWord(open, sighting.site)) return;
        row.loggedInAt = at;
        row.to = sighting.site;
        return;
      case 'ready':
        if (isLastWord(open, sighting.site)) return;
        row.readyAt = at;
        row.to = sighting.site;
        this.#close(open);
        this.#open.delete(agent);
        return;
    }
  }

  #close(open: Open): void {
    const { row } = open;
    const site = row.to;
    const phoneAt = site === null ? undefined : this.#later.phoneAt(row.agent, site);
    row.phoneAt = phoneAt ?? null;
    const waited = Math.max(
      row.lastAbleAt,
      row.lastAbleAt + open.detectionMs + (open.option?.valueMs ?? 0),
      phoneAt ?? row.lastAbleAt,
      // Only who moves has to wait until the old site has certainly stopped routing.
      (site === row.from ? undefined : this.#later.leaseEndAt(row.agent)) ?? row.lastAbleAt,
    );
    // A call that was never seen to end allows nothing: all of that time counts against us.
    const callEndedAt = row.callEndedAt ?? row.lastAbleAt;
    const workEndedAt = row.callEndedAt === null ? row.lastAbleAt : callEndedAt + open.afterCallWorkMs;
    row.allowedAt = Math.max(waited, workEndedAt);
    if (workEndedAt <= waited) return;
    row.governedBy =
      open.afterCallWorkMs > 0
        ? `wrap-up-time=${open.afterCallWorkMs} ms`
        : `${GOVERNED_BY_CALL}=${Math.round(callEndedAt - row.lastAbleAt)} ms`;
  }

  /** Agents who are still unable to work. */
  get waiting(): number {
    return this.#open.size;
  }

  get faults(): readonly LedgerFault[] {
    return this.#faults;
  }

  get rows(): readonly LedgerAgent[] {
    return this.#rows;
  }

  /** At the end of a run: whoever is not Ready again counts with `endAt`. */
  report(endAt: Millis): LedgerReport {
    for (const open of this.#open.values()) this.#close(open);
    if (this.#rows.length === 0)
      return { wait_ms: null, after_wait_ms: null, total_ms: null, in_call: null, agents: [] };
    const allowed = (row: LedgerAgent) => row.allowedAt ?? row.lastAbleAt;
    const after = this.#rows.map((row) => Math.max(0, (row.readyAt ?? endAt) - allowed(row)));
    const total = this.#rows.map((row) => (row.readyAt ?? endAt) - row.lastAbleAt);
    return {
      wait_ms: Math.max(...this.#rows.map((row) => allowed(row) - row.lastAbleAt)),
      after_wait_ms: percentiles(after),
      total_ms: percentiles(total),
      in_call: this.#rows.filter(({ inCall }) => inCall).length,
      agents: this.#rows,
    };
  }
}

function isLastWord({ row, isMended }: Open, site: string): boolean {
  return site === row.from && row.detectedAt === null && !isMended;
}

/** Nearest rank: p99 of 100 values is the 99th smallest. */
export function percentiles(values: readonly number[]): Percentiles | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}
