/**
 * The core simulation of a pair and its arbiter (ME5): two members, one key, under every fault of network, pause,
 * clock, disk and restart. What is looked for after every step: two members that would both act.
 *
 * There are four kinds of seeds. In most, everything fails at once. In some only one voice of three is away at a time:
 * then nobody may take over. In some the arbiter dies for good and the members have their faults afterwards: who holds
 * the role goes on. In some both voices of a primary are lost and an operator says that it shall act alone (PR11).
 */
import type { PairRoleEffect, PairRoleOptions } from '@holdfast/continuity';
import { type Millis, must, type Random, randomInteger } from '@holdfast/kernel';
import { apply, watch } from './checkers.ts';
import { type ArbiterDisk, PairArbiter } from './core-pair-arbiter.ts';
import {
  logInOrder,
  neverTwoPrimaries,
  onePrimaryInTheEnd,
  PairWatch,
  wouldAct,
} from './core-pair-checks.ts';
import { type MemberDisk, PairMemberProgram } from './core-pair-member.ts';
import { CALL_PORT, type PairDefect } from './core-pair-messages.ts';
import { type FaultName, type FaultTargets, injectFaults, planFaults, RATE_ERROR_MAX } from './faults.ts';
import { CALM_NETWORK } from './net.ts';
import type { Address, Host, Process, Program } from './process.ts';
import { count, type SeedResult } from './seed-result.ts';
import { World } from './world.ts';

export interface PairSeedOptions {
  readonly defect?: PairDefect;
  readonly tracing?: boolean;
}

/** Faults fall in the first part. */
const BREAK_MS = 8_000;
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
export const PAIR_FAULTS: readonly string[] = [...FAULTS, ...OWN_FAULTS].map(named);

function named(fault: string): string {
  return `pair-${fault}`;
}

export function runPairSeed(seed: number, options: PairSeedOptions = {}): SeedResult {
  const world = new World(seed);
  world.tracing = options.tracing ?? false;
  world.stepsPerSecondMax = 5_000;
  const pair = new PairWorld(world, options.defect);
  pair.plan();
  const checks = [neverTwoPrimaries(pair.members), logInOrder(pair.watch), pair.watch.needlessTakeover];
  watch(world, checks);
  world.run(BREAK_MS + PAIR_SETTLE_MS);
  if (world.failure === undefined) apply(world, [onePrimaryInTheEnd(pair.members)]);
  return {
    seed,
    failed: world.failure,
    faults: pair.faults,
    rules: pair.watch.rules,
    virtualMs: world.at,
    steps: world.steps,
    hash: world.trace.hash,
    trace: options.tracing === true ? world.trace.lines(400) : [],
  };
}

/** Which of the three kinds of seeds it is, and what draws on it. */
type Kind = 'everything' | 'one-voice' | 'without-arbiter' | 'alone';

export class PairWorld {
  readonly members: Process[] = [];
  readonly faults = new Map<string, number>();
  readonly watch: PairWatch;
  readonly #world: World;
  readonly #defect: PairDefect | undefined;
  readonly #random: Random;
  readonly #kind: Kind;
  readonly #arbiter: Process;
  readonly #outside: Process;
  readonly #disks = new Map<Process, MemberDisk>();
  /** Whether a supervisor of one host sees processes end (PR11). */
  readonly #seesEnds: boolean;

  constructor(world: World, defect: PairDefect | undefined) {
    this.#world = world;
    this.#defect = defect;
    this.#random = world.fork(4);
    const random = this.#random;
    this.#kind = kindOf(random());
    this.watch = new PairWatch(world, this.members);
    this.#seesEnds = random() < 0.3;
    world.net.quality = this.#kind === 'everything' ? this.#roughNetwork() : CALM_NETWORK;
    const role: Partial<PairRoleOptions> = {
      renewEveryMs: randomInteger(random, 150, 250),
      longLeaseMs: randomInteger(random, 1_200, 3_000),
    };
    this.#addMember('one', 'two', role);
    this.#addMember('two', 'one', role);
    const disk: ArbiterDisk = { seen: { revision: { start: 0, count: 0 }, key: undefined }, starts: 0 };
    const isSupervisor = random() < 0.5;
    const watchers = random() < 0.5 ? ['one', 'two'] : [];
    this.#arbiter = world.addProcess('arbiter', this.#addHost('arbiter'), (process) => {
      return new PairArbiter(process, { disk, isSupervisor, watchers, defect });
    });
    this.#outside = world.addProcess('outside', world.addHost('outside'), () => new Outside());
    for (const process of world.processes) world.start(process);
  }

  plan(): void {
    this.#planCalls();
    if (this.#kind === 'one-voice') return this.#planOneVoice();
    if (this.#kind === 'alone') return this.#planAlone();
    if (this.#kind === 'without-arbiter') {
      this.#world.plan(WORKING_AFTER_MS, () => {
        count(this.faults, named('arbiter-away'));
        this.#world.kill(this.#arbiter);
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
        this.faults.set(named(name), times + (this.faults.get(named(name)) ?? 0));
    });
  }

  /** The outside asks for decisions: of a stopped member too, which reads the question when it wakes. */
  #planCalls(): void {
    for (let n = 0; n < CALLS; n++) {
      const to = must(this.members[randomInteger(this.#random, 0, 1)], 'one of two').name;
      this.#world.plan(this.#random() * (BREAK_MS + PAIR_SETTLE_MS), () =>
        this.#outside.sendDatagram({ type: 'call' }, { host: to, port: CALL_PORT }, CALL_PORT),
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
    const member = () => must(this.members[randomInteger(random, 0, 1)], 'one of two');
    some(2, (at) => {
      const process = member();
      const loses = random() < 0.3;
      this.#world.plan(at, () => this.#restart(process, loses));
    });
    some(2, (at, lasts) => {
      const { host } = member();
      this.#cutFor('arbiter-answers-lost', [[this.#arbiter.host, host]], at, lasts);
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
      const acting = this.members.find(wouldAct);
      if (acting === undefined || arbiterGoesOn > BREAK_MS) return;
      count(this.faults, named('turns'));
      this.#world.pause(acting);
      this.#world.plan(goesOn, () => this.#world.continue(acting));
      this.#world.plan(arbiterStops, () => this.#world.pause(this.#arbiter));
      this.#world.plan(arbiterGoesOn, () => this.#world.continue(this.#arbiter));
      if (!isCut) return;
      const pairs: [Host, Host][] = [[this.#arbiter.host, acting.host]];
      this.#world.net.cut(this.#arbiter.host, acting.host);
      this.#world.plan(arbiterGoesOn + between(0, 600), () => this.#world.net.mend(pairs));
    });
  }

  /** The worst for a long lease (PR5): whoever has it is cut off from the arbiter too, and acts to its end. */
  #planLongLease(at: Millis): void {
    const { net } = this.#world;
    const [one, two] = this.members.map(({ host }) => host) as [Host, Host];
    const cutAt = at + 2_000 + 600 * this.#random();
    const mendAt = cutAt + 600 + 1_500 * this.#random();
    if (mendAt > BREAK_MS) return;
    const apart: [Host, Host][] = [
      [one, two],
      [two, one],
    ];
    this.#cutFor('long-lease', apart, at, mendAt - at);
    this.#world.plan(cutAt, () => {
      const acting = this.members.find(wouldAct);
      if (acting === undefined) return;
      const lost: [Host, Host][] = [[acting.host, this.#arbiter.host]];
      for (const [from, to] of lost) net.cut(from, to);
      this.#world.plan(mendAt, () => net.mend(lost));
    });
  }

  #restart(process: Process, losesDisk: boolean): void {
    if (process.state === 'dead') return;
    this.#world.kill(process);
    count(this.faults, named(losesDisk ? 'disk-lost' : 'quick-restart'));
    if (losesDisk) must(this.#disks.get(process), 'a disk for each').written = undefined;
    this.#world.plan(this.#world.at + 10 + 300 * this.#random(), () => {
      if (process.state === 'dead' && !process.host.dark) this.#world.start(process);
    });
  }

  /** People who know what they do: to one member that it shall be primary, or to one that the other shall. */
  #planWords(): void {
    for (let left = randomInteger(this.#random, 0, 3); left > 0; left--) {
      const process = must(this.members[randomInteger(this.#random, 0, 1)], 'one of two');
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
    const [one, two] = this.members.map(({ host }) => host) as [Host, Host];
    let at = WORKING_AFTER_MS;
    this.#world.plan(at, () => this.watch.expectNoTakeover());
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
    const arbiter = this.#arbiter;
    const isKilled = this.#random() < 0.5;
    this.#world.plan(at, () => {
      count(this.faults, named('arbiter-away'));
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
      count(this.faults, named(name));
      for (const [from, to] of pairs) net.cut(from, to);
    });
    this.#world.plan(at + lasts, () => net.mend(pairs));
  }

  /** PR11: the arbiter dies, then the primary; nobody is primary, until the operator says so to whom is left. */
  #planAlone(): void {
    const random = this.#random;
    this.#world.plan(WORKING_AFTER_MS, () => this.#world.kill(this.#arbiter));
    this.#world.plan(WORKING_AFTER_MS + 500, () => {
      const primary = this.members.find((process) => wouldAct(process)) ?? this.members[0];
      const dead = must(primary, 'a member');
      const left = must(
        this.members.find((process) => process !== dead),
        'the other',
      );
      this.#world.kill(dead);
      this.#world.plan(this.#world.at + 2_000, () => {
        count(this.faults, named('acts-alone'));
        this.#say(left, { type: 'actAlone' });
      });
      const back = this.#world.at + 3_000 + 2_000 * random();
      const mateFirst = random() < 0.5;
      this.#world.plan(back, () => this.#world.start(mateFirst ? dead : this.#arbiter));
      this.#world.plan(back + 1_000 * random(), () => this.#world.start(mateFirst ? this.#arbiter : dead));
    });
  }

  get #targets(): FaultTargets {
    const alive = this.#kind === 'without-arbiter' ? this.members : [...this.members, this.#arbiter];
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

  #addMember(name: string, mate: string, role: Partial<PairRoleOptions>): void {
    const disk: MemberDisk = { written: undefined };
    const random = this.#world.fork(10 + this.members.length);
    const process = this.#world.addProcess(name, this.#addHost(name), (self, now) => {
      if (self.life > 1) this.#tellEnd(name, mate, self.life - 2);
      return new PairMemberProgram(
        self,
        {
          mate,
          arbiter: 'arbiter',
          role,
          disk,
          random,
          isDiskSound: this.#kind !== 'everything',
          defect: this.#defect,
          decided: (epoch) => this.watch.decided(self, epoch),
          followed: (epoch, taken) => this.watch.followed(self, epoch, taken),
          performed: (effect: PairRoleEffect) => this.watch.performed(self, effect),
        },
        now,
      );
    });
    this.members.push(process);
    this.#disks.set(process, disk);
  }

  /** The supervisor starts a process again after it has seen the former one end, and has told its mate. */
  #tellEnd(name: string, mate: string, life: number): void {
    if (!this.#seesEnds) return;
    const process = must(
      this.members.find((one) => one.name === mate),
      'the mate',
    );
    const event = { type: 'mateEnded', process: `${name}#${life}` } as const;
    this.#world.plan(this.#world.at, () => {
      const told = this.#world.act(process, () =>
        (process.program as PairMemberProgram).step(process.now(), event),
      );
      if (told) count(this.faults, named('mate-seen-to-end'));
    });
  }

  #roughNetwork() {
    const random = this.#random;
    return {
      delayMinMs: 0.1,
      delayMaxMs: 0.5 + 60 * random() ** 4,
      loss: random() < 0.4 ? 0.03 : 0,
      duplication: 0.02,
      late: random() < 0.5 ? 0.03 : 0,
      lateMaxMs: 2_500,
    };
  }

  #addHost(name: string): Host {
    const random = this.#random;
    const rate = 1 + (random() < 0.5 ? -1 : 1) * RATE_ERROR_MAX * (random() < 0.7 ? 1 : random());
    return this.#world.addHost(name, { rate, wallErrorMs: (random() - 0.5) * 10_000 });
  }
}

function kindOf(random: number): Kind {
  if (random < 0.7) return 'everything';
  if (random < 0.85) return 'one-voice';
  return random < 0.93 ? 'without-arbiter' : 'alone';
}

/** It only sends. */
class Outside implements Program {
  datagram(_now: Millis, _message: unknown, _source: Address): void {}
  nextDeadline(): undefined {
    return undefined;
  }
  expire(): void {}
  accepted(): void {}
  opened(): void {}
  message(): void {}
  closed(): void {}
  lookedUp(): void {}
  clockJumped(): void {}
}
