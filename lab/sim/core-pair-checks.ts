/** What must never happen in a pair, and what must happen in the end. */
import { PAIR_LEASE_MS, type PairRoleEffect } from '@holdfast/continuity';
import type { Check } from './checkers.ts';
import type { PairMemberProgram } from './core-pair-member.ts';
import type { Process } from './process.ts';
import { count } from './seed-result.ts';
import type { World } from './world.ts';

/**
 * Whether the member would decide as primary if something reached it at this instant, on true time. A stopped one may
 * be continued at any moment; one whose host has slept sees that before it decides anything (LL6).
 */
export function wouldAct(process: Process): boolean {
  if (process.state === 'dead' || process.jumpUnseen) return false;
  return (process.program as PairMemberProgram).mayAct(process.now());
}

/** PR1: two members never decide at one instant. What one decided before it was stopped may leave later (PR9). */
export function neverTwoPrimaries(members: readonly Process[]): Check {
  return {
    name: 'never-two-primaries',
    violated: () => {
      if (!members.every(wouldAct)) return undefined;
      return `both members act: ${members.map(describe).join('; ')}`;
    },
  };
}

export function onePrimaryInTheEnd(members: readonly Process[]): Check {
  return {
    name: 'one-primary-in-the-end',
    violated: () => {
      const acting = members.filter(wouldAct).length;
      return acting === 1 ? undefined : `${acting} members act: ${members.map(describe).join('; ')}`;
    },
  };
}

/** Epochs never go down: neither in what is decided, nor in the log that the mate keeps of it (PR9). */
export function logInOrder(watch: PairWatch): Check {
  return { name: 'log-in-order', violated: () => watch.outOfOrder };
}

export class PairWatch {
  readonly rules = new Map<string, number>();
  outOfOrder: string | undefined;
  readonly needlessTakeover: Check = { name: 'no-needless-takeover', violated: () => this.#needless };
  readonly #world: World;
  readonly #members: readonly Process[];
  readonly #decided = { epoch: 0, by: '' };
  /** Of each member's log: the highest epoch that it has decided or taken. */
  readonly #logs = new Map<Process, number>();
  #expected: string | undefined;
  #needless: string | undefined;

  constructor(world: World, members: readonly Process[]) {
    this.#world = world;
    this.#members = members;
  }

  /** From now on nobody else becomes primary, and who is does not pause (PR1). */
  expectNoTakeover(): void {
    this.#expected = this.#members.find(wouldAct)?.name ?? 'nobody';
    if (this.#expected === 'nobody') this.#needless = 'a pair with all its voices has no primary';
  }

  decided(process: Process, epoch: number): void {
    this.#world.note(process.name, `decides in ${epoch}`);
    if (epoch < this.#decided.epoch)
      this.outOfOrder ??= `${process.name} decides in epoch ${epoch} after ${this.#decided.by} did in ${this.#decided.epoch}`;
    Object.assign(this.#decided, { epoch, by: process.name });
    this.#logs.set(process, Math.max(epoch, this.#logs.get(process) ?? 0));
  }

  followed(process: Process, epoch: number, taken: boolean): void {
    const highest = this.#logs.get(process) ?? 0;
    if (!taken) return count(this.rules, 'PR9');
    if (epoch < highest)
      this.outOfOrder ??= `${process.name} takes an entry of epoch ${epoch} into a log of epoch ${highest}`;
    this.#logs.set(process, epoch);
  }

  performed(process: Process, effect: PairRoleEffect): void {
    switch (effect.type) {
      case 'role':
        count(this.rules, effect.because.rule);
        if (this.#expected === undefined) return;
        this.#needless ??= `${process.name} is ${effect.role} while ${this.#expected} lives: ${effect.because.text}`;
        return;
      case 'log': {
        const rule = /^PR\d+/.exec(effect.line.because ?? '');
        if (rule !== null) count(this.rules, rule[0]);
        return;
      }
      case 'sendToMate':
        // A promise that binds whoever gives it.
        if (effect.message.type === 'confirmed') count(this.rules, 'PR2');
        return;
      case 'askArbiter':
        if (effect.request.type === 'swap' && effect.request.key.lengthMs > PAIR_LEASE_MS)
          count(this.rules, 'PR5');
        return;
      default:
    }
  }
}

function describe(process: Process): string {
  const program = process.program as PairMemberProgram | undefined;
  if (program === undefined) return `${process.name}: dead`;
  const { pair } = program;
  return `${process.name} (${process.state}): ${JSON.stringify(pair.role)} at ${process.now()}, seen ${JSON.stringify(pair.seen)}`;
}
