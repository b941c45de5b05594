/**
 * What must never happen, and what must happen in the end. Each check is an object with a name; the first that
 * fails ends the run, and its name, the seed and its words are the report.
 */
import type { Process } from './process.ts';
import type { World } from './world.ts';

export interface Check {
  readonly name: string;
  /** A sentence that says what is wrong, or undefined while all is well. */
  violated(): string | undefined;
}

/** Looks after every step of a process, or, where one look costs much, after every `everySteps`-th. */
export function watch(world: World, checks: readonly Check[], everySteps = 1): void {
  let steps = 0;
  world.afterStep = () => {
    if (++steps % everySteps !== 0) return;
    apply(world, checks);
  };
}

/** Also the checks of the end: everybody has settled. */
export function apply(world: World, checks: readonly Check[]): void {
  for (const check of checks) {
    const detail = check.violated();
    if (detail !== undefined) world.fail(check.name, detail);
  }
}

/** One site's view of who may be routed to, asked of a node that may be stopped, dead or just woken. */
export interface RoutingSite {
  readonly name: string;
  readonly process: Process;
  /** Whether a call that arrived now would be offered to this agent. */
  isRoutable(agent: string): boolean;
}

/**
 * Whether the site would route a call to the agent if it went on at this instant. A stopped process may be
 * continued at any moment; one whose host has slept sees that before it decides anything (LL6).
 */
export function wouldRoute(site: RoutingSite, agent: string): boolean {
  if (site.process.state === 'dead' || site.process.jumpUnseen) return false;
  return site.isRoutable(agent);
}

/** LL: no agent is routable at two sites at one instant. */
export function neverRoutableTwice(sites: readonly RoutingSite[], agents: readonly string[]): Check {
  return {
    name: 'never-routable-twice',
    violated: () => {
      for (const agent of agents) {
        const at = sites.filter((site) => wouldRoute(site, agent)).map((site) => site.name);
        if (at.length > 1) return `${agent} is routable at ${at.join(' and ')} at once`;
      }
      return undefined;
    },
  };
}

/** Liveness, once all is healed: every agent is routable at exactly one site. */
export function allSettled(
  sites: readonly RoutingSite[],
  agents: readonly string[],
  describe: (agent: string) => string,
): Check {
  return {
    name: 'all-settled',
    violated: () => {
      const astray = agents.filter((agent) => sites.filter((site) => wouldRoute(site, agent)).length !== 1);
      if (astray.length === 0) return undefined;
      return `${astray.length} of ${agents.length} agents are not back at work: ${astray.slice(0, 3).map(describe).join('; ')}`;
    },
  };
}
