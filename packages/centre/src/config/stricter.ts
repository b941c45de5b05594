/**
 * Which of two edits of one field holds where both sites have edited it (CW3): of what lets somebody in or gives somebody power, the
 * stricter one, whichever site it comes from. Whoever was shut out on one side of a partition stays shut out when the sites meet.
 * Fields that are not named here are a conflict, which a person resolves.
 */
import type { ObjectType } from '@holdfast/protocol';

/** What one side has made of a field; undefined: it has removed it. */
export interface SideEdit {
  readonly value: unknown;
  /** Wall clock of the edit, ms. */
  readonly at: number;
}

export type Side = 'main' | 'branch';

interface StricterRule {
  readonly field: string;
  /** Undefined: of all. */
  readonly of?: readonly ObjectType[];
  readonly choose: (main: SideEdit, branch: SideEdit) => Side;
  /** For whoever reads the report. */
  readonly because: string;
}

/** By what each may change, which is not more than the next may. */
const RANKS: readonly unknown[] = ['agent', 'auditor', 'supervisor', 'administrator'];

const RULES: readonly StricterRule[] = [
  {
    field: 'enabled',
    choose: (main) => (main.value === false ? 'main' : 'branch'),
    because: 'disabled is stricter than enabled',
  },
  {
    field: 'rank',
    of: ['Person'],
    choose: (main, branch) => (RANKS.indexOf(main.value) <= RANKS.indexOf(branch.value) ? 'main' : 'branch'),
    because: 'the lower rank is stricter',
  },
  {
    field: 'tokensNotBefore',
    of: ['Person'],
    choose: (main, branch) => (numberOf(main) >= numberOf(branch) ? 'main' : 'branch'),
    because: 'the later revocation refuses what the earlier one refuses, and more',
  },
  {
    field: 'passwordHash',
    of: ['Person'],
    choose: removedOrLater,
    because: 'no password is stricter than one; of two new ones the later edit holds',
  },
  {
    field: 'digest',
    of: ['DN'],
    choose: removedOrLater,
    because: 'no password is stricter than one; of two new ones the later edit holds',
  },
  {
    field: 'passwordChangedAt',
    of: ['Person'],
    choose: later,
    because: 'it belongs to the password, of which the later edit holds',
  },
  {
    // A key of tokens that one side has withdrawn: `tokenKeys/k1`.
    field: 'tokenKeys',
    of: ['Keys'],
    choose: removedOrLater,
    because: 'a withdrawn key is stricter than one; of two new ones the later edit holds',
  },
];

/** Undefined where nothing is stricter: a conflict. */
export function stricterSide(
  objectType: ObjectType,
  path: readonly string[],
  edits: { readonly main: SideEdit; readonly branch: SideEdit },
): { readonly side: Side; readonly because: string } | undefined {
  const rule = ruleOf(objectType, path);
  if (rule === undefined) return undefined;
  return { side: rule.choose(edits.main, edits.branch), because: rule.because };
}

/** Whether the field is one of those that let somebody in or give power. */
export function isRuled(objectType: ObjectType, path: readonly string[]): boolean {
  return ruleOf(objectType, path) !== undefined;
}

function ruleOf(objectType: ObjectType, path: readonly string[]): StricterRule | undefined {
  return RULES.find(({ field, of }) => field === path[0] && (of === undefined || of.includes(objectType)));
}

function removedOrLater(main: SideEdit, branch: SideEdit): Side {
  if (main.value === undefined) return 'main';
  return branch.value === undefined ? 'branch' : later(main, branch);
}

function later(main: SideEdit, branch: SideEdit): Side {
  return branch.at > main.at ? 'branch' : 'main';
}

function numberOf({ value }: SideEdit): number {
  return typeof value === 'number' ? value : Number.NEGATIVE_INFINITY;
}
