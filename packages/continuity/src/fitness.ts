/**
 * Whether a process that answers does its work as well (rules FT): the grey failures, in which pings are answered and no
 * call gets through. Each probe is something that the process has to be able to do; how it is tried is the business of
 * whoever asks, and what follows from the results is decided here.
 *
 *     passing ──fails n times in a row──▶ failing ──passes n times in a row──▶ passing
 *
 * One result alone means nothing, in neither direction: so a busy moment moves no role, and a process that works now and
 * then counts as one that does not. What only a primary can be asked is not known of a standby any more: who lost the role
 * while unfit stays so for a while, and who has got it from an unfit mate keeps it for as long, longer each time (FT2). So a
 * failure that both members share moves the role less and less often, and never to and fro. How often it was offered
 * goes with the offer, for a process that loses the role may be ended for it (PR7) and has forgotten then.
 */
import type { Because, LogLine, Millis, Transition } from '@holdfast/kernel';

/** What is tried. */
export const PROBES = ['register', 'call', 'log-in', 'assignment', 'phones', 'trunks', 'disk'] as const;
export type ProbeName = (typeof PROBES)[number];

/** FT2: all others can be asked of whoever acts alone. */
const OF_EVERY_MEMBER: ReadonlySet<ProbeName> = new Set<ProbeName>(['disk']);

export interface FitnessOptions {
  /** So many results in a row, of the same kind, change what is believed (FT1). */
  readonly inARow: number;
  /** FT2: how long a member that lost the role while unfit counts as unfit, and who got it keeps it: the first time and at the most. */
  readonly holdMs: Millis;
  readonly holdMaxMs: Millis;
  /** FT2: so long each such offer is remembered. */
  readonly rememberMs: Millis;
  /** FT3: between two attempts to hand the role over. */
  readonly yieldEveryMs: Millis;
}

export const FITNESS_DEFAULTS: FitnessOptions = {
  inARow: 3,
  holdMs: 60_000,
  holdMaxMs: 600_000,
  rememberMs: 3_600_000,
  yieldEveryMs: 30_000,
};

/** Losses of the role that are remembered; the doubling has reached its maximum long before. */
const STRIKES_MAX = 16;

type ProbeState =
  | { readonly name: 'passing'; readonly failures: number }
  | { readonly name: 'failing'; readonly passes: number; readonly because: string };

export interface Fitness {
  readonly options: FitnessOptions;
  readonly probes: Readonly<Partial<Record<ProbeName, ProbeState>>>;
  /** When the role was offered by an unfit member of the pair, whichever it was. */
  readonly strikes: readonly Millis[];
  readonly held: { readonly until: Millis; readonly because: string } | undefined;
  readonly yieldNotBefore: Millis;
  /** Since it has had the role, and was last fit. */
  readonly hasOffered: boolean;
}

export type FitnessEvent =
  | {
      readonly type: 'probed';
      readonly probe: ProbeName;
      readonly ok: boolean;
      /** What was seen. */
      readonly because: string;
      /** So many failures more are waited for; what the mate shares is to be seen there first. */
      readonly patience?: number;
    }
  /** It was primary, and is so no longer, whatever the reason. */
  | { readonly type: 'roleLost' }
  /** The role was offered to the mate. */
  | { readonly type: 'yielded' }
  /** An unfit mate has offered its role: how long ago that, and each offer before it, was. */
  | { readonly type: 'offered'; readonly agesMs: readonly Millis[] };

export type FitnessEffect =
  | { readonly type: 'log'; readonly line: LogLine }
  /** For people who watch. */
  | {
      readonly type: 'alarm';
      readonly probe: ProbeName;
      readonly isRaised: boolean;
      readonly because: string;
    };

export function startFitness(options: Partial<FitnessOptions> = {}): Fitness {
  return {
    options: { ...FITNESS_DEFAULTS, ...options },
    probes: {},
    strikes: [],
    held: undefined,
    yieldNotBefore: Number.NEGATIVE_INFINITY,
    hasOffered: false,
  };
}

export function stepFitness(
  fitness: Fitness,
  event: FitnessEvent,
  now: Millis,
): Transition<Fitness, FitnessEffect> {
  switch (event.type) {
    case 'probed':
      return probed(fitness, event);
    case 'roleLost':
      return roleLost(fitness, now);
    case 'yielded':
      return { state: yielded(fitness, now), effects: [] };
    case 'offered':
      return { state: offered(fitness, event.agesMs, now), effects: [] };
  }
}

/** Why this member should not have the role now; undefined where nothing is known against it. */
export function unfitness(fitness: Fitness, now: Millis): Because | undefined {
  for (const probe of PROBES) {
    const state = fitness.probes[probe];
    if (state?.name === 'failing') return { rule: 'FT1', text: `${probe}: ${state.because}` };
  }
  const { held } = fitness;
  if (held === undefined || now >= held.until) return undefined;
  const seconds = Math.ceil((held.until - now) / 1000);
  return {
    rule: 'FT2',
    text: `It lost the role as unfit (${held.because}), which counts for ${seconds} s more.`,
  };
}

/** FT3: whether an unfit primary may offer the role to its mate now. Who is getting well keeps it. */
export function mayYield(fitness: Fitness, now: Millis): boolean {
  const failsStill = PROBES.some((probe) => {
    const state = fitness.probes[probe];
    return state?.name === 'failing' && state.passes === 0;
  });
  return failsStill && now >= fitness.yieldNotBefore;
}

/** What goes with an offer. */
export function offerAges({ strikes }: Fitness, now: Millis): Millis[] {
  return strikes.map((at) => now - at);
}

export function failingProbes({ probes }: Fitness): ProbeName[] {
  return PROBES.filter((probe) => probes[probe]?.name === 'failing');
}

function probed(
  fitness: Fitness,
  { probe, ok, because, patience = 0 }: Extract<FitnessEvent, { type: 'probed' }>,
): Transition<Fitness, FitnessEffect> {
  const { inARow } = fitness.options;
  const before = fitness.probes[probe] ?? { name: 'passing', failures: 0 };
  const set = (state: ProbeState, effects: FitnessEffect[] = []) => ({
    state: { ...fitness, probes: { ...fitness.probes, [probe]: state } },
    effects,
  });
  if (before.name === 'passing') {
    const failures = ok ? 0 : before.failures + 1;
    if (failures < inARow + patience) return set({ name: 'passing', failures });
    const text = `${because} (${failures} times in a row)`;
    return set({ name: 'failing', passes: 0, because: text }, [
      told('error', 'unfit', probe, text),
      { type: 'alarm', probe, isRaised: true, because: text },
    ]);
  }
  const passes = ok ? before.passes + 1 : 0;
  if (passes < inARow) return set({ ...before, passes });
  const text = `it has passed ${passes} times in a row`;
  const healed = set({ name: 'passing', failures: 0 }, [
    told('info', 'fit again', probe, text),
    { type: 'alarm', probe, isRaised: false, because: text },
  ]);
  // Whoever is fit again and fails once more makes a new offer.
  return {
    ...healed,
    state: { ...healed.state, hasOffered: failingProbes(healed.state).length > 0 && fitness.hasOffered },
  };
}

function yielded(fitness: Fitness, now: Millis): Fitness {
  const { options, strikes } = fitness;
  // Repeated because the mate did not take it, it is still the same offer.
  const isAgain = fitness.hasOffered;
  return {
    ...fitness,
    hasOffered: true,
    yieldNotBefore: now + options.yieldEveryMs,
    strikes: isAgain ? strikes : remembered(fitness, [...strikes, now], now),
  };
}

function offered(fitness: Fitness, agesMs: readonly Millis[], now: Millis): Fitness {
  const strikes = remembered(
    fitness,
    agesMs.map((age) => now - age),
    now,
  );
  return { ...fitness, strikes, yieldNotBefore: now + lengthOf(fitness, strikes) };
}

function remembered({ options }: Fitness, strikes: readonly Millis[], now: Millis): Millis[] {
  return strikes.filter((at) => now - at < options.rememberMs).slice(-STRIKES_MAX);
}

function lengthOf({ options }: Fitness, strikes: readonly Millis[]): Millis {
  return Math.min(options.holdMaxMs, options.holdMs * 2 ** Math.max(0, strikes.length - 1));
}

function roleLost(fitness: Fitness, now: Millis): Transition<Fitness, FitnessEffect> {
  const { probes } = fitness;
  const forgotten = failingProbes(fitness).filter((probe) => !OF_EVERY_MEMBER.has(probe));
  const kept = Object.fromEntries(
    Object.entries(probes).filter(([probe]) => OF_EVERY_MEMBER.has(probe as ProbeName)),
  );
  const [first] = forgotten;
  const lost = { ...fitness, probes: kept, hasOffered: false };
  if (first === undefined) return { state: lost, effects: [] };
  const lengthMs = lengthOf(fitness, remembered(fitness, fitness.strikes, now));
  const because = `${forgotten.join(', ')} failed`;
  const effects: FitnessEffect[] = forgotten.map((probe) => ({
    type: 'alarm',
    probe,
    isRaised: false,
    because: 'the mate has the role now',
  }));
  const text = `FT2: ${because}; it takes the role again after ${lengthMs / 1000} s at the earliest, if its mate lives.`;
  effects.push(told('warn', 'held unfit', first, text));
  return {
    state: { ...lost, held: { until: now + lengthMs, because } },
    effects,
  };
}

function told(level: LogLine['level'], what: string, probe: ProbeName, because: string): FitnessEffect {
  return { type: 'log', line: { level, what, because, detail: { probe } } };
}
