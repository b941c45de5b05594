/**
 * The probes of a SIP Server (GF1 to GF6): when each is tried, and what came of it. What follows is `fitness.ts` of continuity.
 *
 *     every probe-period:   out ── register, call, log-in, disk ──▶ shell ──▶ `probed`
 *                           in  ── assignment, phones, trunks: looked at here
 *
 * A probe that has no answer when the next is due has failed. A round that begins late by more than a moment is left out:
 * this process was busy or stopped itself, its probes waited with everything else, and whoever replaces a process that
 * does not come to itself is the lease (PR1), not this.
 */
import {
  type Fitness,
  type FitnessEffect,
  type FitnessEvent,
  offerAges,
  type ProbeName,
  startFitness,
  stepFitness,
} from '@holdfast/continuity';
import type { LogLine, Millis } from '@holdfast/kernel';
import type { Leading } from '../mirror/leading.ts';
import type { ProbeOptions } from '../sip-server/configuration.ts';
import type { Seen } from '../sip-server/phone-watch.ts';

/** What only the shell can try: it goes through the ports and to the disk as everything does that comes from outside. */
export type OutsideProbe = 'register' | 'call' | 'log-in' | 'disk';
const OF_WHO_SERVES: readonly OutsideProbe[] = ['register', 'call', 'log-in'];

/** Asked of the shell, and answered at most once. */
export interface ProbeAsked {
  readonly type: 'probe';
  readonly n: number;
  readonly probe: OutsideProbe;
}

export interface Probed {
  readonly type: 'probed';
  readonly n: number;
  readonly probe: OutsideProbe;
  readonly ok: boolean;
  /** What was seen, in words. */
  readonly because: string;
}

/** What can be seen from inside of who serves; each undefined where there is nothing to look at. */
export interface Inside {
  unassigned(): { readonly connId: string; readonly queue: string; readonly dn: string } | undefined;
  phones(): Seen | undefined;
  trunks(): Seen | undefined;
}

export function insideOf(leading: Leading, silenceMs: Millis, now: Millis): Inside {
  const { server } = leading;
  return {
    unassigned: () => server.parts.centre.unassigned(now),
    phones: () => {
      const { seen, effects } = server.lookAtPhones(now, silenceMs);
      leading.after(now, effects);
      return seen;
    },
    trunks: () => server.parts.calls.trunksSeen(),
  };
}

/** GF6: what is believed of this process from now on: lines for the log, and an alarm to those who watch, where it serves. */
export function believed(
  now: Millis,
  effects: readonly FitnessEffect[],
  leading: Leading | undefined,
): LogLine[] {
  const lines: LogLine[] = [];
  for (const effect of effects) {
    if (effect.type === 'log') lines.push(effect.line);
    else {
      const { probe, isRaised, because } = effect;
      leading?.after(now, leading.server.alarm(now, { name: `unfit: ${probe}`, isRaised, because }));
    }
  }
  return lines;
}

/** A round that is later than half a period, and than this, is left out. */
const LATE_MAX_MS = 500;
/** GF6: so many rounds longer a primary waits before its disk counts as failed: a disk that both share fails at the standby first. */
const DISK_PATIENCE = 2;

export class FitnessWatch {
  #options: ProbeOptions;
  #fitness: Fitness;
  #dueAt: Millis;
  #n = 0;
  readonly #open = new Map<OutsideProbe, number>();
  /** The caller who could have had an agent when it was last looked. */
  #stalled: string | undefined;
  #isServing = false;

  constructor(options: ProbeOptions, now: Millis) {
    this.#options = options;
    this.#fitness = startFitness({ inARow: options.inARow });
    this.#dueAt = now + options.everyMs;
  }

  configure(options: ProbeOptions, now: Millis): void {
    this.#options = options;
    this.#fitness = { ...this.#fitness, options: { ...this.#fitness.options, inARow: options.inARow } };
    this.#dueAt = Math.min(this.#dueAt, now + options.everyMs);
  }

  get fitness(): Fitness {
    return this.#fitness;
  }

  nextDeadline(): Millis {
    return this.#dueAt;
  }

  /** `inside` of who serves; a standby has a disk and nothing else. */
  expire(now: Millis, inside: Inside | undefined): (ProbeAsked | FitnessEffect)[] {
    if (now < this.#dueAt) return [];
    const isLate = now > this.#dueAt + Math.max(LATE_MAX_MS, this.#options.everyMs / 2);
    this.#dueAt = now + this.#options.everyMs;
    this.#isServing = inside !== undefined;
    const effects: (ProbeAsked | FitnessEffect)[] = [];
    if (isLate) this.#open.clear();
    for (const probe of [...this.#open.keys()])
      effects.push(...this.#seen(now, probe, { ok: false, because: this.#silence() }));
    this.#open.clear();
    if (inside !== undefined && !isLate) effects.push(...this.#lookInside(now, inside));
    const probes: readonly OutsideProbe[] = inside === undefined ? ['disk'] : [...OF_WHO_SERVES, 'disk'];
    for (const probe of probes) {
      this.#n += 1;
      this.#open.set(probe, this.#n);
      effects.push({ type: 'probe', n: this.#n, probe });
    }
    return effects;
  }

  probed(now: Millis, { n, probe, ok, because }: Probed): FitnessEffect[] {
    // What was answered too late has counted already.
    if (this.#open.get(probe) !== n) return [];
    this.#open.delete(probe);
    return this.#seen(now, probe, { ok, because });
  }

  roleLost(now: Millis): FitnessEffect[] {
    for (const probe of OF_WHO_SERVES) this.#open.delete(probe);
    this.#stalled = undefined;
    return this.#step(now, { type: 'roleLost' });
  }

  /** What goes to the mate with the offer. */
  yielded(now: Millis): Millis[] {
    this.#step(now, { type: 'yielded' });
    return offerAges(this.#fitness, now);
  }

  offered(now: Millis, agesMs: readonly Millis[]): void {
    this.#step(now, { type: 'offered', agesMs });
  }

  #silence(): string {
    return `no answer within ${this.#options.everyMs} ms`;
  }

  #lookInside(now: Millis, inside: Inside): FitnessEffect[] {
    const { unassigned, phones, trunks } = {
      unassigned: inside.unassigned(),
      phones: inside.phones(),
      trunks: inside.trunks(),
    };
    const isSame = unassigned !== undefined && unassigned.connId === this.#stalled;
    this.#stalled = unassigned?.connId;
    const because = isSame
      ? `a caller waits in queue ${unassigned.queue} although the agent on DN ${unassigned.dn} is free for it`
      : 'nobody waits for whom an agent is free';
    return [
      ...this.#seen(now, 'assignment', { ok: !isSame, because }),
      ...(phones === undefined ? [] : this.#seen(now, 'phones', phones)),
      ...(trunks === undefined ? [] : this.#seen(now, 'trunks', trunks)),
    ];
  }

  #seen(now: Millis, probe: ProbeName, { ok, because }: Seen): FitnessEffect[] {
    const patience = probe === 'disk' && this.#isServing ? DISK_PATIENCE : 0;
    return this.#step(now, { type: 'probed', probe, ok, because, patience });
  }

  #step(now: Millis, event: FitnessEvent): FitnessEffect[] {
    const { state, effects } = stepFitness(this.#fitness, event, now);
    this.#fitness = state;
    return [...effects];
  }
}
