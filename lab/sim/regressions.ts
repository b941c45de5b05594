/**
 * Seeds that failed once, each with one line of history. They run with the tests for ever. A seed replays as long
 * as the world draws the same numbers: after a change to the world itself an entry keeps its line and loses its
 * sting, so that a defect worth keeping also gets a test of its own beside the code that had it.
 */
import type { SimulationSize } from './simulate.ts';

export interface Regression {
  readonly size: SimulationSize;
  readonly seed: number;
  readonly history: string;
}

export const REGRESSIONS: readonly Regression[] = [
  {
    size: 'core',
    seed: 10,
    history:
      'A phone took the answer to its unregistration for a registration, and both went round for ever.',
  },
  {
    size: 'core',
    seed: 6,
    history:
      'A phone back at its first site refreshed the second one too, and its agent was logged in and out every 3 s.',
  },
  {
    size: 'core',
    seed: 4080,
    history:
      'A desk that had lost its storage and whose wall clock had gone back gave way to its own former run (LL7): its agent had to log in.',
  },
  {
    size: 'whole',
    seed: 20,
    history:
      'A retransmitted INVITE was taken for a new offer to an agent who had been logged out meanwhile.',
  },
];
