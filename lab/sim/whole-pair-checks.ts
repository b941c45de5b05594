/** What must hold of every pair of the whole simulation: never two that act, and in the end one, with its mate in step. */
import type { Plain } from '@holdfast/kernel';
import type { Check } from './checkers.ts';
import type { Process } from './process.ts';
import type { PairMemberProgram } from './whole-pair-member.ts';
import type { World } from './world.ts';

export interface SitePair {
  readonly name: string;
  readonly members: readonly Process[];
}

/** Whether it would decide as primary if something reached it now (PR1); one whose host has slept sees that first (LL6). */
export function wouldDecide(process: Process): boolean {
  if (process.state === 'dead' || process.jumpUnseen) return false;
  return (process.program as PairMemberProgram).acts;
}

/** PR1: the two members of a pair never decide at one instant. */
export function neverTwoPrimaries(pairs: readonly SitePair[], stepped: () => Process | undefined): Check {
  const pairOf = new Map(pairs.flatMap(({ members }) => members.map((one) => [one, members] as const)));
  return {
    name: 'never-two-primaries',
    violated: () => {
      const process = stepped();
      const members = process && pairOf.get(process);
      if (members === undefined || !members.every(wouldDecide)) return undefined;
      const roles = members.map(({ name, program }) => {
        return `${name} ${JSON.stringify((program as PairMemberProgram).pair?.pair.role)}`;
      });
      return `both members act: ${roles.join('; ')}`;
    },
  };
}

/** So long at most until everything that was said last has been acknowledged. */
const REST_MAX_MS = 2_000;
const REST_STEP_MS = 5;
/** How far an instant may have moved on its way to the other clock (LG5): a sleep that no link has noticed, and drift (LL6). */
const INSTANT_OFF_MAX_MS = 4_000;
const DRIFT_MAX = 0.011;

/** LG1: after healing each pair has one that acts and a mate in step, which holds the same under every key. */
export function pairsAtRest(world: World, pairs: readonly SitePair[]): Check {
  return {
    name: 'pair-at-rest',
    violated: () => {
      for (const pair of pairs) {
        let broken = unrest(pair);
        const until = world.at + REST_MAX_MS;
        while (broken !== undefined && world.at < until && world.failure === undefined) {
          world.run(world.at + REST_STEP_MS);
          broken = unrest(pair);
        }
        broken ??= difference(pair);
        if (broken !== undefined) return `${pair.name}: ${broken}`;
      }
      return undefined;
    },
  };
}

function unrest({ members }: SitePair): string | undefined {
  const acting = members.filter(wouldDecide);
  const [one] = acting;
  if (one === undefined || acting.length > 1) return `${acting.length} members act`;
  const { mateState, unacknowledged } = one.program as PairMemberProgram;
  if (mateState !== 'in-step') return `the mate of ${one.name} is ${mateState}`;
  return unacknowledged === 0 ? undefined : `${unacknowledged} entries of ${one.name} are not acknowledged`;
}

function difference({ members }: SitePair): string | undefined {
  const acting = members.find(wouldDecide);
  const mate = members.find((one) => one !== acting);
  const holding = (acting?.program as PairMemberProgram | undefined)?.holding ?? [];
  const held = new Map((mate?.program as PairMemberProgram | undefined)?.pair?.store.held().records ?? []);
  const theirNow = mate?.now() ?? 0;
  for (const [key, value] of holding) {
    const other = held.get(key);
    if (other === undefined) return `${mate?.name} has no ${key}`;
    held.delete(key);
    const at = differs(value, other.value, theirNow - other.heldAt);
    if (at !== undefined) return `${key} is another at ${mate?.name}: ${at}`;
  }
  const [more] = held.keys();
  return more === undefined ? undefined : `${mate?.name} still has ${more}`;
}

/** Where two records differ: one written now, the other `age` ms ago. An instant is a distance from then. */
function differs(one: Plain | undefined, other: Plain | undefined, age: number): string | undefined {
  if (one === other) return undefined;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null)
    return `${JSON.stringify(one)} and ${JSON.stringify(other)}`;
  const [a, b] = [one as Record<string, Plain>, other as Record<string, Plain>];
  const [inOne, inOther] = [a.$in, b.$in];
  if (typeof inOne === 'number' && typeof inOther === 'number') {
    const off = inOne - (inOther - age);
    return Math.abs(off) <= INSTANT_OFF_MAX_MS + DRIFT_MAX * age
      ? undefined
      : `an instant is off by ${Math.round(off)} ms`;
  }
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const inside = differs(a[key], b[key], age);
    if (inside !== undefined) return `${key}: ${inside}`;
  }
  return undefined;
}
