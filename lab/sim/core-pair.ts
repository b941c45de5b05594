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
import { logInOrder, neverTwoPrimaries, onePrimaryInTheEnd, PairWatch } from './core-pair-checks.ts';
import {
  BREAK_MS,
  PAIR_SETTLE_MS,
  PairFaults,
  type PairKind,
  pairFault,
  pairKindOf,
} from './core-pair-faults.ts';
import { type MemberDisk, PairMemberProgram } from './core-pair-member.ts';
import type { PairDefect } from './core-pair-messages.ts';
import { RATE_ERROR_MAX } from './faults.ts';
import { CALM_NETWORK } from './net.ts';
import type { Address, Host, Process, Program } from './process.ts';
import { count, type SeedResult } from './seed-result.ts';
import { World } from './world.ts';

export interface PairSeedOptions {
  readonly defect?: PairDefect;
  readonly tracing?: boolean;
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

export class PairWorld {
  readonly members: Process[] = [];
  readonly faults = new Map<string, number>();
  readonly watch: PairWatch;
  readonly #world: World;
  readonly #defect: PairDefect | undefined;
  readonly #random: Random;
  readonly #kind: PairKind;
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
    this.#kind = pairKindOf(random());
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
    const { members, faults, watch } = this;
    const [kind, arbiter, outside] = [this.#kind, this.#arbiter, this.#outside];
    const stage = {
      kind,
      members,
      arbiter,
      outside,
      disks: this.#disks,
      watch,
      faults,
      random: this.#random,
    };
    new PairFaults(this.#world, stage).plan();
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
      if (told) count(this.faults, pairFault('mate-seen-to-end'));
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
