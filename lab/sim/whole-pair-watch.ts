/**
 * What a takeover may not cost, seen from outside: the calls that stand on the phones, the lines as they stood, the
 * events that clients have heard. It binds where only one member failed and its mate was in step; what is lost with both
 * of them, or with a mate that was behind (LG2), is not held against anybody.
 */

import { type Random, randomInteger } from '@holdfast/kernel';
import type { MirrorMessage, Position } from '@holdfast/protocol';
import type { Process } from './process.ts';
import type { RuleCensus } from './rule-census.ts';
import { StandingCalls } from './whole-pair-calls.ts';
import type { PairMemberProgram } from './whole-pair-member.ts';
import type { World } from './world.ts';

/** What was known of whoever served, after its last turn. */
interface Served {
  readonly program: PairMemberProgram;
  readonly epoch: number;
  /** The mate, in which of its lives, that was in step. */
  inStep: { readonly mate: Process; readonly life: number } | undefined;
  /** Of the last event that has left for a client. */
  told: number;
}

export interface PairWatchOptions {
  readonly site: string;
  readonly census: RuleCensus;
  readonly random: Random;
  readonly phones: () => readonly Process[];
}

/** Entries of the log of a pair that its link loses while that fault holds. */
const LOST_ONE_IN = 3;

export class PairWatch {
  readonly members: Process[] = [];
  readonly #world: World;
  readonly #options: PairWatchOptions;
  readonly #calls: StandingCalls;
  #served: Served | undefined;
  /** Faults that make the link lose entries. */
  losses = 0;
  /** The role went from a primary that did no work to its mate. */
  hasMovedFromGrey = false;

  constructor(world: World, options: PairWatchOptions) {
    this.#world = world;
    this.#options = options;
    this.#calls = new StandingCalls(world, options.site, options.phones, () => this.serving);
  }

  /** Whoever has a server, the one of the highest epoch; undefined while nobody has. */
  get serving(): PairMemberProgram | undefined {
    let best: PairMemberProgram | undefined;
    for (const { program } of this.members) {
      const member = program as PairMemberProgram | undefined;
      if (member?.parts !== undefined && member.epoch > (best?.epoch ?? 0)) best = member;
    }
    return best;
  }

  /** A link that loses what it was given: a defect that must be noticed (LG6). */
  isLost(message: MirrorMessage): boolean {
    if (this.losses === 0 || message.type !== 'entry') return false;
    return randomInteger(this.#options.random, 1, LOST_ONE_IN) === 1;
  }

  told({ epoch, number }: Position): void {
    const served = this.#served;
    if (served?.epoch === epoch) served.told = Math.max(served.told, number);
  }

  released(connId: string): void {
    this.#calls.released(connId);
  }

  /** After each turn of a member. */
  stepped(program: PairMemberProgram): void {
    const served = this.#served;
    if (served?.program !== program || program.epoch !== served.epoch) return;
    if (program.mateState !== 'in-step') served.inStep = undefined;
    else if (served.inStep === undefined) {
      const mate = this.members.find((one) => one.program !== program);
      served.inStep = mate && { mate, life: mate.life };
    }
  }

  /** A new server thinks from now on, with what its process held of another. */
  tookOver(program: PairMemberProgram): void {
    const former = this.#served;
    const { parts } = program;
    if (former !== undefined && former.program !== program && former.program.grey !== undefined)
      this.hasMovedFromGrey = true;
    if (parts === undefined) return;
    const { log } = parts;
    this.#served = { program, epoch: log.epoch, inStep: undefined, told: log.position.number };
    const census = this.#options.census;
    const branch = log.positions.at(-2);
    // It begins with nothing: what stood before it was lost with both members.
    if (branch === undefined) return this.#calls.forget();
    if (former === undefined || former.program === program) return;
    // From the records of another alone, in an epoch that branches.
    census.count('SS50');
    if (parts.centre.agents().length > 0) census.count('MC3');
    const [registered] = parts.registrations.registered();
    if (registered !== undefined) census.count('RG8');
    if (parts.centre.callCount > 0) for (const rule of ['MC1', 'MC2', 'UA15']) census.count(rule);
    const { inStep } = former;
    const isSame =
      inStep !== undefined &&
      this.members.some((one) => one.program === program && one === inStep.mate && one.life === inStep.life);
    if (!isSame || branch.epoch !== former.epoch) return this.#calls.forget();
    census.count('SS53');
    if (former.told > branch.number)
      this.#world.fail(
        'nothing-told-is-lost',
        `${this.#options.site}: event ${former.told} of epoch ${former.epoch} was told, and the mate in step goes on after ${branch.number}`,
      );
    this.#calls.goOn(program);
  }
}
