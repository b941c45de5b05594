/**
 * One site of a calm simulated world is killed, with all its processes, and stays dead: what the ledger (ME1) says of
 * the agents who were able to work there, in virtual time. Nothing else goes wrong, so that each figure is of this
 * one disaster. No phone is bound to a fixed address, since its agent stays out by design.
 */
import type { LedgerReport } from '../src/ledger.ts';
import { WholeWorld } from './whole.ts';
import { World } from './world.ts';

export interface SiteLoss {
  readonly ledger: LedgerReport;
  readonly failed: { readonly check: string; readonly detail: string } | undefined;
  readonly virtualMs: number;
}

const CALM_MS = 40_000;
/** A phone whose call has lost its site asks for a sign of life within 30 s and waits 32 s for it. */
const AFTER_MS = 120_000;

export function runSiteLoss(seed: number, agents: number): SiteLoss {
  const world = new World(seed);
  world.tracing = false;
  const schemes = ['active-backup', 'dual', 'single'] as const;
  const centre = new WholeWorld(world, { agents, schemes, callsPerSecond: agents / 100 });
  const ledger = centre.keepLedger();
  world.run(CALM_MS);
  centre.killSite('north');
  world.run(CALM_MS + AFTER_MS);
  return { ledger: ledger.report(), failed: world.failure, virtualMs: world.at };
}
