/**
 * The account of calls (ME2): what was offered and answered, what stood at a fault, and what became of it. A call
 * is kept only if both its ends were ended by a BYE that was answered after the fault; everything else is lost,
 * by cause. The two ends find each other by the port to which the agent's phone sends its sound: SDP passes
 * through the servers, so that it is the caller's own.
 */
export interface CallFigures {
  readonly offered: number;
  readonly answered: number;
  /** At the fault; null without one. */
  readonly established: number | null;
  readonly kept: number | null;
  readonly lost: number | null;
  readonly lostBy: Readonly<Record<string, number>> | null;
}

export type End = 'normal' | 'lost' | 'refused' | 'cancelled';

interface Call {
  readonly callerLeg: string;
  readonly port: number;
  readonly site: string;
  readonly offeredAt: number;
  agent: { readonly name: string; readonly leg: string } | undefined;
  stoodAtFault: boolean;
  callerEnd: End | undefined;
  agentEnd: End | undefined;
}

interface FaultAccount {
  readonly established: number;
  kept: number;
  readonly lostBy: Map<string, number>;
  /** Calls that stood at the fault and are not over yet. */
  readonly open: Set<Call>;
}

export class CallAccount {
  readonly #byLeg = new Map<string, Call>();
  readonly #byPort = new Map<number, Call>();
  readonly #byAgentLeg = new Map<string, Call>();
  #offered = 0;
  #answered = 0;
  #fault: FaultAccount | undefined;

  /** A caller dials; again under another leg when the first site gave no sign and the next is called. */
  offered(at: number, leg: string, site: string, port: number): void {
    const before = this.#byPort.get(port);
    if (before !== undefined && before.agent === undefined) return this.#moved(before, leg, site);
    const call: Call = {
      callerLeg: leg,
      port,
      site,
      offeredAt: at,
      agent: undefined,
      stoodAtFault: false,
      callerEnd: undefined,
      agentEnd: undefined,
    };
    this.#offered += 1;
    this.#byLeg.set(leg, call);
    this.#byPort.set(port, call);
  }

  #moved(before: Call, leg: string, site: string): void {
    this.#byLeg.delete(before.callerLeg);
    const call = { ...before, callerLeg: leg, site };
    this.#byLeg.set(leg, call);
    this.#byPort.set(call.port, call);
  }

  /** An agent's phone has answered and sends to this port. */
  answered(agent: string, leg: string, port: number): void {
    const call = this.#byPort.get(port);
    if (call === undefined || call.agent !== undefined) return;
    call.agent = { name: agent, leg };
    this.#answered += 1;
    this.#byAgentLeg.set(`${agent} ${leg}`, call);
  }

  /** Calls in which both ends talk now. */
  get talking(): number {
    let count = 0;
    for (const call of this.#byLeg.values()) if (isTalking(call)) count += 1;
    return count;
  }

  get waiting(): number {
    let count = 0;
    for (const call of this.#byLeg.values()) if (call.agent === undefined) count += 1;
    return count;
  }

  callerEnded(leg: string, end: End): void {
    const call = this.#byLeg.get(leg);
    if (call === undefined) return;
    call.callerEnd = end;
    this.#byLeg.delete(leg);
    if (this.#byPort.get(call.port) === call) this.#byPort.delete(call.port);
    this.#settle(call);
  }

  /** The caller's leg, when that end still stands: nobody talks to it any more. */
  agentEnded(agent: string, leg: string, end: End): string | undefined {
    const call = this.#byAgentLeg.get(`${agent} ${leg}`);
    if (call === undefined) return undefined;
    this.#byAgentLeg.delete(`${agent} ${leg}`);
    call.agentEnd = end;
    this.#settle(call);
    return call.callerEnd === undefined ? call.callerLeg : undefined;
  }

  /** From here on it is counted what becomes of the calls that stand now. */
  fault(): void {
    const open = new Set([...this.#byLeg.values()].filter(isTalking));
    for (const call of open) call.stoodAtFault = true;
    this.#fault = { established: open.size, kept: 0, lostBy: new Map(), open };
  }

  #settle(call: Call): void {
    const fault = this.#fault;
    if (fault === undefined || !fault.open.has(call)) return;
    const isOver = call.callerEnd !== undefined && call.agentEnd !== undefined;
    if (!isOver) return;
    fault.open.delete(call);
    if (call.callerEnd === 'normal' && call.agentEnd === 'normal') {
      fault.kept += 1;
      return;
    }
    if (call.agentEnd === 'normal') lose(fault, 'caller-end');
    else lose(fault, call.callerEnd === 'normal' ? 'agent-end' : 'both-ends');
  }

  /** Calls that stood at the fault and are not over. */
  get openSinceFault(): number {
    return this.#fault?.open.size ?? 0;
  }

  /** At the end of a run: what still stands of the calls at the fault has not been shown to be kept. */
  figures(): CallFigures {
    const fault = this.#fault;
    const base = { offered: this.#offered, answered: this.#answered };
    if (fault === undefined) return { ...base, established: null, kept: null, lost: null, lostBy: null };
    for (const call of fault.open) {
      fault.open.delete(call);
      lose(fault, 'not-ended');
    }
    const lostBy = Object.fromEntries(fault.lostBy);
    const lost = Object.values(lostBy).reduce((sum, count) => sum + count, 0);
    return { ...base, established: fault.established, kept: fault.kept, lost, lostBy };
  }
}

function isTalking(call: Call): boolean {
  return call.agent !== undefined && call.callerEnd === undefined && call.agentEnd === undefined;
}

function lose({ lostBy }: FaultAccount, cause: string): void {
  lostBy.set(cause, (lostBy.get(cause) ?? 0) + 1);
}
