/**
 * The account of calls (ME2): what was offered and answered, what stood at a fault, and what became of it. A call
 * is kept only if after the fault an in-dialog request succeeded on both legs and the call ended normally: one end's
 * BYE had its 2xx, and the other end was told by a BYE. Everything else is lost, by cause. The two ends find each other
 * by the port to which the agent's phone sends its sound: SDP passes through the servers, so that it is the caller's own.
 */
import { cseqOf, type PhoneFact, type SipMessage } from '@holdfast/sip';
import { LineAccount, type LineFigures } from './line-account.ts';

/** Every offered call in exactly one: what became of it until now, or until the run's end. */
interface CallEnds {
  readonly answered: number;
  /** In a line: a site has given a sign. */
  readonly waiting: number;
  /** The caller hung up. */
  readonly gaveUp: number;
  /** A site said no, or ended the call while the caller waited. */
  readonly refused: number;
  /** No site has said anything. */
  readonly noSign: number;
  /** The place in line vanished without a word. */
  readonly lostInLine: number;
}

export interface CallFigures {
  readonly offered: number;
  readonly ended: CallEnds;
  readonly answered: number;
  /** At a fault, each call once; null without one. */
  readonly established: number | null;
  readonly kept: number | null;
  readonly lost: number | null;
  readonly lostBy: Readonly<Record<string, number>> | null;
}

export interface Dialled {
  readonly site: string;
  /** Number or URI. */
  readonly to: string;
  /** The caller's own for sound: it names the caller. */
  readonly port: number;
}

/**
 * `told`: by the other side's BYE; `hung-up`: by the own BYE, which had its 2xx; `unknown`: the own BYE was refused,
 * because nobody there knew the call; `lost`: it was not answered.
 */
export type End = 'told' | 'hung-up' | 'unknown' | 'lost' | 'refused' | 'cancelled';

interface Call {
  readonly callerLeg: string;
  readonly port: number;
  readonly site: string;
  readonly to: string;
  readonly offeredAt: number;
  hasSign: boolean;
  agent: { readonly name: string; readonly leg: string } | undefined;
  callerEnd: End | undefined;
  agentEnd: End | undefined;
}

/** A caller's first sign from a site. */
export interface FirstSign {
  readonly offeredAt: number;
  readonly afterMs: number;
}

/** An agent's phone has answered. */
export interface LabAnswer {
  readonly agent: string;
  readonly offeredAt: number;
  /** What the caller has dialled, as URI. */
  readonly to: string;
}

/** Kept of the newest callers: more than the longest scenario has. */
const SIGNS_MAX = 20_000;

/** Of all faults of the run. */
interface FaultAccount {
  established: number;
  kept: number;
  readonly lostBy: Map<string, number>;
  /** Calls that stood at the fault and are not over yet. */
  readonly open: Set<Call>;
}

export class CallAccount {
  readonly #byLeg = new Map<string, Call>();
  readonly #byPort = new Map<number, Call>();
  readonly #byAgentLeg = new Map<string, Call>();
  /** Since when an agent's phone rings, until that end is over. */
  readonly #rangAt = new Map<string, number>();
  readonly #lines = new LineAccount();
  readonly #signs: FirstSign[] = [];
  /** Hears of each answer, while a scenario listens: by whom, and when that call was dialled. */
  onAnswered: (at: number, answer: LabAnswer) => void = () => {};
  #offered = 0;
  #answered = 0;
  /** Of callers without an agent whose end is over; who was lost in a line is in the account of lines. */
  readonly #ended = { gaveUp: 0, refused: 0, noSign: 0 };
  #fault: FaultAccount | undefined;

  /** A caller dials; again under another leg when the first site gave no sign and the next is called. */
  offered(at: number, leg: string, { site, to, port }: Dialled): void {
    this.#lines.dialled(leg, { site, number: to });
    const before = this.#byPort.get(port);
    if (before !== undefined && before.agent === undefined) return this.#moved(before, leg, site);
    const call: Call = {
      callerLeg: leg,
      port,
      site,
      to,
      offeredAt: at,
      hasSign: false,
      agent: undefined,
      callerEnd: undefined,
      agentEnd: undefined,
    };
    this.#offered += 1;
    this.#byLeg.set(leg, call);
    this.#byPort.set(port, call);
  }

  #moved(before: Call, leg: string, site: string): void {
    this.#byLeg.delete(before.callerLeg);
    this.#lines.movedOn(before.callerLeg);
    const call = { ...before, callerLeg: leg, site };
    this.#byLeg.set(leg, call);
    this.#byPort.set(call.port, call);
  }

  /** The site has given the caller a sign. */
  taken(at: number, leg: string): void {
    const call = this.#byLeg.get(leg);
    if (call !== undefined && !call.hasSign) {
      call.hasSign = true;
      this.#signs.push({ offeredAt: call.offeredAt, afterMs: at - call.offeredAt });
      if (this.#signs.length > SIGNS_MAX) this.#signs.shift();
    }
    this.#lines.taken(at, leg);
  }

  /** Of the callers who dialled from then on and were given one. */
  signsSince(at: number): readonly FirstSign[] {
    return this.#signs.filter(({ offeredAt }) => offeredAt >= at);
  }

  ringing(at: number, agent: string, leg: string): void {
    this.#rangAt.set(`${agent} ${leg}`, at);
  }

  /** An agent's phone has answered and sends to this port. */
  answered(at: number, agent: string, leg: string, port: number): void {
    const call = this.#byPort.get(port);
    if (call === undefined || call.agent !== undefined) return;
    call.agent = { name: agent, leg };
    this.#answered += 1;
    this.#byAgentLeg.set(`${agent} ${leg}`, call);
    this.onAnswered(at, { agent, offeredAt: call.offeredAt, to: call.to });
    this.#lines.served(this.#rangAt.get(`${agent} ${leg}`) ?? at, call.callerLeg);
  }

  /** Calls in which both ends talk now. */
  get talking(): number {
    let count = 0;
    for (const call of this.#byLeg.values()) if (isTalking(call)) count += 1;
    return count;
  }

  /** Of these agents, those who talk now. */
  talkingOf(agents: ReadonlySet<string>): number {
    let count = 0;
    for (const call of this.#byLeg.values())
      if (isTalking(call) && agents.has(call.agent?.name ?? '')) count += 1;
    return count;
  }

  callerEnded(at: number, leg: string, end: End): void {
    const departure = this.#lines.left(at, leg, end === 'lost');
    const call = this.#byLeg.get(leg);
    if (call === undefined) return;
    if (call.agent === undefined && departure !== 'lost') {
      if (end === 'refused' || end === 'told') this.#ended.refused += 1;
      else if (departure === 'noSign' && end === 'lost') this.#ended.noSign += 1;
      else this.#ended.gaveUp += 1;
    }
    call.callerEnd = end;
    this.#byLeg.delete(leg);
    if (this.#byPort.get(call.port) === call) this.#byPort.delete(call.port);
    this.#settle(call);
  }

  /** The caller's leg, when that end still stands: nobody talks to it any more. */
  agentEnded(agent: string, leg: string, end: End): string | undefined {
    this.#rangAt.delete(`${agent} ${leg}`);
    const call = this.#byAgentLeg.get(`${agent} ${leg}`);
    if (call === undefined) return undefined;
    this.#byAgentLeg.delete(`${agent} ${leg}`);
    call.agentEnd = end;
    this.#settle(call);
    return call.callerEnd === undefined ? call.callerLeg : undefined;
  }

  /** From here on it is counted what becomes of the calls that stand now; one that stood at an earlier fault counts once. */
  fault(): void {
    this.#fault ??= { established: 0, kept: 0, lostBy: new Map(), open: new Set() };
    for (const call of this.#byLeg.values()) {
      if (!isTalking(call) || this.#fault.open.has(call)) continue;
      this.#fault.open.add(call);
      this.#fault.established += 1;
    }
  }

  /** That site's SIP Server is dead: the callers who waited there, by their legs, now hear silence. */
  siteGone(site: string): string[] {
    return this.#lines.siteGone(site);
  }

  line(now: number): LineFigures {
    return this.#lines.figures(now);
  }

  /** Callers to whom no site has given a sign so far. */
  get withoutSign(): number {
    return this.#lines.withoutSign;
  }

  #ends(): CallEnds {
    // When somebody was overtaken is not asked here, so that any moment will do.
    const { waiting, lost } = this.#lines.figures(0);
    return {
      answered: this.#answered,
      waiting,
      ...this.#ended,
      noSign: this.#ended.noSign + this.withoutSign,
      lostInLine: lost ?? 0,
    };
  }

  #settle(call: Call): void {
    const fault = this.#fault;
    if (fault === undefined || !fault.open.has(call)) return;
    const isOver = call.callerEnd !== undefined && call.agentEnd !== undefined;
    if (!isOver) return;
    fault.open.delete(call);
    const [caller, agent] = [isOrderly(call.callerEnd), isOrderly(call.agentEnd)];
    if (!caller || !agent) lose(fault, caller ? 'agent-end' : agent ? 'caller-end' : 'both-ends');
    else if (call.callerEnd !== call.agentEnd) fault.kept += 1;
    // Both were told: nobody hung up, the site has ended the call. Neither was: nobody carried the BYE of one to the other.
    else lose(fault, call.callerEnd === 'told' ? 'cut-off' : 'not-told');
  }

  /** Calls that stood at the fault and are not over. */
  get openSinceFault(): number {
    return this.#fault?.open.size ?? 0;
  }

  /** The run is over: what still stands of the calls at the fault has not been shown to be kept. */
  close(): void {
    for (const _ of this.#fault?.open ?? []) lose(this.#fault as FaultAccount, 'not-ended');
    this.#fault?.open.clear();
  }

  /** So far. Calls of the fault that go on are neither kept nor lost. */
  figures(): CallFigures {
    const fault = this.#fault;
    const base = { offered: this.#offered, answered: this.#answered, ended: this.#ends() };
    if (fault === undefined) return { ...base, established: null, kept: null, lost: null, lostBy: null };
    const lostBy = Object.fromEntries(fault.lostBy);
    const lost = Object.values(lostBy).reduce((sum, count) => sum + count, 0);
    return { ...base, established: fault.established, kept: fault.kept, lost, lostBy };
  }
}

/** Nobody who dialled may end in no account, and nobody in two. */
export function callsBalance({ offered, ended }: Pick<CallFigures, 'offered' | 'ended'>): {
  readonly ok: boolean;
  readonly detail: string;
} {
  const sum = Object.values(ended).reduce((total: number, count: number) => total + count, 0);
  const named = Object.entries(ended).map(([end, count]) => `${count} ${end}`);
  return { ok: sum === offered, detail: `${offered} offered, ${sum} accounted for: ${named.join(', ')}` };
}

/** What a phone tells of its call's end; `byeStatus`: the answer to its own BYE, when that is what ended it. */
export function endOf(
  { by, status, wasEstablished }: Extract<PhoneFact, { name: 'ended' }>,
  byeStatus: number | undefined,
): End {
  if (wasEstablished && status === 0 && by === 'remote') return 'told';
  if (wasEstablished && status === 0 && by === 'local')
    return byeStatus !== undefined && byeStatus < 300 ? 'hung-up' : 'unknown';
  return by === 'lost' || by === 'refused' ? by : 'cancelled';
}

/** The final answer to a BYE that this message is. */
export function byeStatusOf(message: SipMessage): number | undefined {
  if (message.kind !== 'response' || message.status < 200) return undefined;
  return cseqOf(message)?.method === 'BYE' ? message.status : undefined;
}

/** A site has carried the BYE, or answered it. */
export function isOrderly(end: End | undefined): boolean {
  return end === 'told' || end === 'hung-up';
}

function isTalking(call: Call): boolean {
  return call.agent !== undefined && call.callerEnd === undefined && call.agentEnd === undefined;
}

function lose({ lostBy }: FaultAccount, cause: string): void {
  lostBy.set(cause, (lostBy.get(cause) ?? 0) + 1);
}
