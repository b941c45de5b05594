/**
 * What befalls the simulated pair. Most of it are the faults of `faults.ts`; beside them what only a pair has: disks
 * that are lost, an arbiter whose answers do not come, people who want the roles changed.
 */
import { type Millis, must, type Random, randomInteger } from '@holdfast/kernel';
import { type PairWatch, wouldAct } from './core-pair-checks.ts';
import type { MemberDisk, PairMemberProgram } from './core-pair-member.ts';
import { CALL_PORT } from './core-pair-messages.ts';
import type { FaultTargets } from './fault-targets.ts';
import { type FaultName, planFaults } from './faults.ts';
import { injectFaults } from './inject-faults.ts';
import { CALM_NETWORK } from './net.ts';
import type { Host, Process } from './process.ts';
import { count } from './seed-result.ts';
import type { World } from './world.ts';

/** Faults fall in the first part. */
export const BREAK_MS = 8_000;
/**
 * The longest chain: the long lease that stands in the key of a dead primary and its margin, an ask that is taken
 * back, the wait for the key that it left, and another ask.
 */
export const PAIR_SETTLE_MS = 7_000;
/** When one voice may be taken away from a pair that works. */
const WORKING_AFTER_MS = 2_000;
const CALLS = 40;

/** The faults of `faults.ts` that make sense here; each member and the arbiter is a site of one process. */
const FAULTS: readonly FaultName[] = [
  'site-kill',
  'site-power-off',
  'process-pause',
  'process-pause-inside',
  'suspension',
  'wall-clock-jump',
  'clock-drift',
  'one-way-cut',
  'sites-partition',
  'site-isolation',
  'loss-burst',
];
/** And those that only a pair has. */
const OWN_FAULTS = [
  'quick-restart',
  'disk-lost',
  'arbiter-answers-lost',
  'arbiter-away',
  'mate-away',
  'mate-seen-to-end',
  'acts-alone',
  'turns',
  'long-lease',
] as const;
/** Those in which no process ends: who holds the role keeps it. */
const WITHOUT_DEATH = FAULTS.filter((name) => name !== 'site-kill' && name !== 'site-power-off');
/** As a report names them, beside those of the desks' world. */
export const PAIR_FAULTS: readonly string[] = [...FAULTS, ...OWN_FAULTS].map(pairFault);

export function pairFault(fault: string): string {
  return `pair-${fault}`;
}

/** Which of the kinds of seeds it is. */
export type PairKind = 'everything' | 'one-voice' | 'without-arbiter' | 'alone';

export function pairKindOf(random: number): PairKind {
  if (random < 0.7) return 'everything';
  if (random < 0.85) return 'one-voice';
  return random < 0.93 ? 'without-arbiter' : 'alone';
}

export interface PairStage {
  readonly kind: PairKind;
  readonly members: readonly Process[];
  readonly arbiter: Process;
  readonly outside: Process;
  readonly disks: ReadonlyMap<Process, MemberDisk>;
  readonly watch: PairWatch;
  /** How often each fault was in force. */
  readonly faults: Map<string, number>;
  readonly random: Random;
}

export class PairFaults {
  readonly #world: World;
  readonly #stage: PairStage;
  readonly #random: Random;

  constructor(world: World, stage: PairStage) {
    this.#world = world;
    this.#stage = stage;
    this.#random = stage.random;
  }

  plan(): void {
    this.#planCalls();
    if (this.#stage.kind === 'one-voice') return this.#planOneVoice();
    if (this.#stage.kind === 'alone') return this.#planAlone();
    if (this.#stage.kind === 'without-arbiter') {
      this.#world.plan(WORKING_AFTER_MS, () => {
        count(this.#stage.faults, pairFault('arbiter-away'));
        this.#world.kill(this.#stage.arbiter);
      });
      return this.#planFaults(WITHOUT_DEATH, WORKING_AFTER_MS + 500);
    }
    this.#planFaults(FAULTS, 0);
    this.#planOwnFaults();
    this.#planWords();
  }

  /** All of them begin after `from`, and hit everybody who lives then. */
  #planFaults(names: readonly FaultName[], from: Millis): void {
    const counts = new Map<string, number>();
    const healAt = BREAK_MS - from;
    const drawn = planFaults(this.#world.fork(5), { healAt, faultsMin: 3, faultsMax: 9, names });
    const faults = drawn.faults.map((fault) => ({
      ...fault,
      at: from + fault.at,
      until: from + fault.until,
    }));
    injectFaults(this.#world, { faults, healAt: BREAK_MS }, this.#targets, counts);
    this.#world.plan(BREAK_MS, () => {
      this.#world.net.quality = CALM_NETWORK;
      for (const [name, times] of counts)
        this.#stage.faults.set(pairFault(name), times + (this.#stage.faults.get(pairFault(name)) ?? 0));
    });
  }

  /** The outside asks for decisions: of a stopped member too, which reads the question when it wakes. */
  #planCalls(): void {
    for (let n = 0; n < CALLS; n++) {
      const to = must(this.#stage.members[randomInteger(this.#random, 0, 1)], 'one of two').name;
      this.#world.plan(this.#random() * (BREAK_MS + PAIR_SETTLE_MS), () =>
        this.#stage.outside.sendDatagram({ type: 'call' }, { host: to, port: CALL_PORT }, CALL_PORT),
      );
    }
  }

  #planOwnFaults(): void {
    const random = this.#random;
    const some = (most: number, what: (at: number, lasts: number) => void) => {
      for (let left = randomInteger(random, 0, most); left > 0; left--) {
        const at = random() * BREAK_MS * 0.9;
        what(at, Math.min(BREAK_MS - at, 50 + 3_000 * random() ** 2));
      }
    };
    const member = () => must(this.#stage.members[randomInteger(random, 0, 1)], 'one of two');
    some(2, (at) => {
      const process = member();
      const loses = random() < 0.3;
      this.#world.plan(at, () => this.#restart(process, loses));
    });
    some(2, (at, lasts) => {
      const { host } = member();
      this.#cutFor('arbiter-answers-lost', [[this.#stage.arbiter.host, host]], at, lasts);
    });
    some(1, (at) => (random() < 0.7 ? this.#planTurns(at) : this.#planLongLease(at)));
  }

  /**
   * The worst for an ask: whoever acts stops for longer than its lease and is cut off from the arbiter; the arbiter stops
   * in the middle of that, with the other's ask unread, and goes on when the former has long been back.
   */
  #planTurns(at: Millis): void {
    const random = this.#random;
    const between = (least: Millis, most: Millis) => least + (most - least) * random();
    const [stops, arbiterStops, goesOn] = [at, at + between(0, 900), at + between(700, 1_600)];
    const arbiterGoesOn = Math.max(arbiterStops, goesOn) + between(20, 1_500);
    const isCut = random() < 0.7;
    this.#world.plan(stops, () => {
      const acting = this.#stage.members.find(wouldAct);
      if (acting === undefined || arbiterGoesOn > BREAK_MS) return;
      count(this.#stage.faults, pairFault('turns'));
      this.#world.pause(acting);
      this.#world.plan(goesOn, () => this.#world.continue(acting));
      this.#world.plan(arbiterStops, () => this.#world.pause(this.#stage.arbiter));
      this.#world.plan(arbiterGoesOn, () => this.#world.continue(this.#stage.arbiter));
      if (!isCut) return;
      const pairs: [Host, Host][] = [[this.#stage.arbiter.host, acting.host]];
      this.#world.net.cut(this.#stage.arbiter.host, acting.host);
      this.#world.plan(arbiterGoesOn + between(0, 600), () => this.#world.net.mend(pairs));
    });
  }

  /** The worst for a long lease (PR5): whoever has it is cut off from the arbiter too, and acts to its end. */
  #planLongLease(at: Millis): void {
    const { net } = this.#world;
    const [one, two] = this.#stage.members.map(({ host }) => host) as [Host, Host];
    const cutAt = at + 2_000 + 600 * this.#random();
    const mendAt = cutAt + 600 + 1_500 * this.#random();
    if (mendAt > BREAK_MS) return;
    const apart: [Host, Host][] = [
      [one, two],
      [two, one],
    ];
    this.#cutFor('long-lease', apart, at, mendAt - at);
    this.#world.plan(cutAt, () => {
      const acting = this.#stage.members.find(wouldAct);
      if (acting === undefined) return;
      const lost: [Host, Host][] = [[acting.host, this.#stage.arbiter.host]];
      for (const [from, to] of lost) net.cut(from, to);
      this.#world.plan(mendAt, () => net.mend(lost));
    });
  }

  #restart(process: Process, losesDisk: boolean): void {
    if (process.state === 'dead') return;
    this.#world.kill(process);
    count(this.#stage.faults, pairFault(losesDisk ? 'disk-lost' : 'quick-restart'));
    if (losesDisk) must(this.#stage.disks.get(process), 'a disk for each').written = undefined;
    this.#world.plan(this.#world.at + 10 + 300 * this.#random(), () => {
      if (process.state === 'dead' && !process.host.dark) this.#world.start(process);
    });
  }

  /** People who know what they do: to one member that it shall be primary, or to one that the other shall. */
  #planWords(): void {
    for (let left = randomInteger(this.#random, 0, 3); left > 0; left--) {
      const process = must(this.#stage.members[randomInteger(this.#random, 0, 1)], 'one of two');
      const type = this.#random() < 0.5 ? 'promote' : 'demote';
      this.#world.plan(this.#random() * BREAK_MS, () => this.#say(process, { type }));
    }
  }

  #say(process: Process, event: { readonly type: 'promote' | 'demote' | 'actAlone' }): void {
    this.#world.act(process, () => (process.program as PairMemberProgram).step(process.now(), event));
  }

  /** Arbiter and mate link by turns, never both: the pair goes on as if nothing were (PR1). */
  #planOneVoice(): void {
    const random = this.#random;
    const [one, two] = this.#stage.members.map(({ host }) => host) as [Host, Host];
    let at = WORKING_AFTER_MS;
    this.#world.plan(at, () => this.#stage.watch.expectNoTakeover());
    while (at < BREAK_MS) {
      const lasts = 200 + 4_000 * random();
      if (random() < 0.5) this.#arbiterAway(at, lasts);
      else {
        const pairs: [Host, Host][] = random() < 0.5 ? [[one, two]] : [[two, one]];
        if (random() < 0.5) pairs.push([must(pairs[0], 'one')[1], must(pairs[0], 'one')[0]]);
        this.#cutFor('mate-away', pairs, at, lasts);
      }
      // The other voice is heard again before it is its turn.
      at += lasts + 1_500;
    }
  }

  #arbiterAway(at: number, lasts: number): void {
    const arbiter = this.#stage.arbiter;
    const isKilled = this.#random() < 0.5;
    this.#world.plan(at, () => {
      count(this.#stage.faults, pairFault('arbiter-away'));
      if (isKilled) this.#world.kill(arbiter);
      else this.#world.pause(arbiter);
    });
    this.#world.plan(at + lasts, () => {
      if (isKilled) this.#world.start(arbiter);
      else this.#world.continue(arbiter);
    });
  }

  #cutFor(name: (typeof OWN_FAULTS)[number], pairs: [Host, Host][], at: number, lasts: number): void {
    const { net } = this.#world;
    this.#world.plan(at, () => {
      count(this.#stage.faults, pairFault(name));
      for (const [from, to] of pairs) net.cut(from, to);
    });
    this.#world.plan(at + lasts, () => net.mend(pairs));
  }

  /** PR11: the arbiter dies, then the primary; nobody is primary, until the operator says so to whom is left. */
  #planAlone(): void {
    const random = this.#random;
    this.#world.plan(WORKING_AFTER_MS, () => this.#world.kill(this.#stage.arbiter));
    this.#world.plan(WORKING_AFTER_MS + 500, () => {
      const primary = this.#stage.members.find((process) => wouldAct(process)) ?? this.#stage.members[0];
      const dead = must(primary, 'a member');
      const left = must(
        this.#stage.members.find((process) => process !== dead),
        'the other',
      );
      this.#world.kill(dead);
      this.#world.plan(this.#world.at + 2_000, () => {
        count(this.#stage.faults, pairFault('acts-alone'));
        this.#say(left, { type: 'actAlone' });
      });
      const back = this.#world.at + 3_000 + 2_000 * random();
      const mateFirst = random() < 0.5;
      this.#world.plan(back, () => this.#world.start(mateFirst ? dead : this.#stage.arbiter));
      this.#world.plan(back + 1_000 * random(), () =>
        this.#world.start(mateFirst ? this.#stage.arbiter : dead),
      );
    });
  }

  get #targets(): FaultTargets {
    const alive =
      this.#stage.kind === 'without-arbiter'
        ? this.#stage.members
        : [...this.#stage.members, this.#stage.arbiter];
    return {
      sites: alive.map((process) => ({
        name: process.name,
        hosts: [process.host],
        processes: [process],
        sipServer: process,
        shutDown: () => false,
      })),
      desks: [],
      phones: [],
    };
  }
}
