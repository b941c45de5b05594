/**
 * What became of the calls of the other site that could have gone on here, by cause (LG4, AD8). A call counts as adopted
 * when each of its ends has been heard here: until then it may be one whose people have long hung up.
 *
 *     begun ──each end heard──▶ adopted
 *       └──an end is gone, silent, out of reach, or hangs up first──▶ that cause
 */
import type { LogLine } from '@holdfast/kernel';
import type { LegId, UserAgentEvent } from '@holdfast/sip';
import type { NotAdopted } from './peer-legs.ts';

export type AdoptionOutcome = 'adopted' | NotAdopted;

interface Begun {
  readonly connId: string;
  /** Ends that have not been heard. */
  readonly unheard: Set<LegId>;
  readonly because: string;
}

export interface AdoptionAccountPorts {
  log(line: Omit<LogLine, 'site'>): void;
}

export class AdoptionAccount {
  readonly #ports: AdoptionAccountPorts;
  readonly #counts = new Map<AdoptionOutcome, number>();
  /** By each leg that has not been heard: no more than the legs that were taken over, and each goes with its leg. */
  readonly #begun = new Map<LegId, Begun>();

  constructor(ports: AdoptionAccountPorts) {
    this.#ports = ports;
  }

  get counts(): ReadonlyMap<AdoptionOutcome, number> {
    return this.#counts;
  }

  /** For checks: legs that have not been heard yet. */
  get size(): number {
    return this.#begun.size;
  }

  begun(connId: string, legs: readonly LegId[], because: string): void {
    const begun = { connId, unheard: new Set(legs), because };
    for (const leg of legs) this.#begun.set(leg, begun);
  }

  /** It does not go on here, and there is nothing to wait for. */
  failed(connId: string, cause: NotAdopted, because: string): void {
    this.#note('warn', 'call not adopted', { connId, because, outcome: cause });
  }

  /** The call is another's again. */
  forget(connId: string): void {
    for (const begun of this.#begun.values()) if (begun.connId === connId) this.#close(begun);
  }

  /** True: the end cannot be reached, and its call is to be ended. */
  heard(event: UserAgentEvent): boolean {
    const begun = 'leg' in event ? this.#begun.get(event.leg) : undefined;
    if (begun === undefined || !('leg' in event)) return false;
    if (event.type === 'ended' && event.by === 'lost') {
      this.#lost(begun, event.reason?.startsWith('481') === true ? 'end-gone' : 'end-silent');
      return false;
    }
    // Our BYE, answered or not: who has sent the other one was not waited for.
    if (event.type === 'ended' && event.by === 'local') {
      this.#lost(begun, 'hung-up');
      return false;
    }
    if (isOutOfReach(event)) {
      this.#lost(begun, 'end-unreachable');
      return true;
    }
    if (event.type === 'superseded') return false;
    begun.unheard.delete(event.leg);
    this.#begun.delete(event.leg);
    const { connId, because } = begun;
    if (begun.unheard.size === 0) this.#note('info', 'call adopted', { connId, because, outcome: 'adopted' });
    else if (event.type === 'ended' || event.type === 'cancelled') this.#lost(begun, 'hung-up');
    return false;
  }

  #lost(begun: Begun, cause: 'end-gone' | 'end-silent' | 'end-unreachable' | 'hung-up'): void {
    this.#close(begun);
    this.failed(begun.connId, cause, LOST[cause]);
  }

  #close({ unheard }: Begun): void {
    for (const leg of unheard) this.#begun.delete(leg);
  }

  #note(
    level: 'info' | 'warn',
    what: string,
    { connId: call, because, outcome }: { connId: string; because: string; outcome: AdoptionOutcome },
  ): void {
    const count = (this.#counts.get(outcome) ?? 0) + 1;
    this.#counts.set(outcome, count);
    this.#ports.log({ level, what, call, because, detail: { cause: outcome, count } });
  }
}

/** AD5: no response came. One that refuses shows that the end lives, 503 in a storm too (RFC 3261 §12.2.1.2). */
function isOutOfReach(event: UserAgentEvent): boolean {
  if (event.type !== 'refreshAnswered' && event.type !== 'offerAnswered') return false;
  return event.status === 408 || (event.status === 503 && !event.hasResponse);
}

const LOST = {
  'end-gone': 'AD5: an end of it does not know the call any more (481), and the other is let go',
  'end-silent': 'AD5: an end of it does not answer, and the other is let go',
  'end-unreachable': 'AD5: an end of it cannot be reached from here, and the other is let go',
  'hung-up': 'AD5: one end has hung up before the other was heard',
} as const;
