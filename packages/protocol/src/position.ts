/**
 * A place in the log of one writer (rule LG1): never a number alone. A writer that starts without memory takes
 * a higher epoch; within an epoch numbers grow by one.
 */
import { z } from 'zod';

export const position = z.object({
  /** The writer's epoch: its wall clock at start, ms, so that a restarted writer takes a higher one. */
  epoch: z.number().int().nonnegative(),
  number: z.number().int().nonnegative(),
});
export type Position = z.infer<typeof position>;

/** Negative when `a` is before `b`, 0 when they are the same place. */
export function comparePositions(a: Position, b: Position): number {
  return a.epoch - b.epoch || a.number - b.number;
}

/** The epoch of one agent's login (rule LL7): totally ordered, first by number, then by desk. */
export const loginEpoch = z.object({
  number: z.number().int().nonnegative(),
  desk: z.string().min(1).max(64),
});
export type LoginEpoch = z.infer<typeof loginEpoch>;

export function compareLoginEpochs(a: LoginEpoch, b: LoginEpoch): number {
  if (a.number !== b.number) return a.number - b.number;
  return a.desk < b.desk ? -1 : a.desk > b.desk ? 1 : 0;
}

/** What a site sends to be answered (rule LL1). `at` is on the site's own monotonic clock, ms; nobody else reads it. */
export const stamp = z.object({
  pairEpoch: z.number().int().nonnegative(),
  number: z.number().int().nonnegative(),
  at: z.number(),
});
export type Stamp = z.infer<typeof stamp>;
