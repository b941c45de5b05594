/** One agent as the live page draws it: what the desk's own view tells, with instants on the wall clock. */
import type { BoardAgent } from '@holdfast/protocol';
import type { Robot } from './robot.ts';

/** What the desk itself does not know, or does not tell. */
export interface AgentFacts {
  /** The bank on which the agent stands. */
  readonly site: string | null;
  /** Wall clock, ms. */
  readonly since: number;
  /** Where the phone is registered, as the phone sees it. */
  readonly phoneAt: readonly string[];
  /** Wall clock minus the desk's clock, ms. */
  readonly wallOffset: number;
}

export function boardAgentOf({ view, options }: Robot, facts: AgentFacts): BoardAgent {
  const { site, since, phoneAt, wallOffset } = facts;
  const wall = (at: number | null) => (at === null ? null : at + wallOffset);
  const wait = view?.wait ?? null;
  const governing = view?.governing ?? null;
  return {
    agent: options.agent,
    scheme: options.scheme,
    dn: options.dn,
    preferredSite: options.home,
    site,
    state: view?.state ?? 'LoggedOut',
    workMode: view?.workMode ?? 'Unknown',
    reason: Object.values(view?.reasons ?? {}).join(', '),
    onCall: (view?.calls.length ?? 0) > 0,
    since,
    phoneAt: [...phoneAt],
    wait:
      wait === null
        ? null
        : {
            what: wait.what,
            from: wait.from + wallOffset,
            until: wait.until + wallOffset,
            governedBy: `${wait.option.name} = ${wait.option.value}`,
          },
    banner: view?.banner ?? '',
    family: view?.family ?? null,
    links: (view?.links ?? []).map(({ kind, site: linkSite, state, health, since: stateAt, move }) => ({
      ...{ kind, site: linkSite, state, health, since: stateAt + wallOffset },
      move: move === null ? null : { ...move, from: move.from + wallOffset, until: move.until + wallOffset },
    })),
    governing:
      governing === null ? null : { ...governing, from: wall(governing.from), until: wall(governing.until) },
    // The page is the administrator's: what to mend, in place of what the agent reads of it.
    warnings: [...(view?.problems ?? [])],
    alarms: (view?.alarms ?? []).map(({ name, since: raisedAt, text, because }) => ({
      name,
      since: raisedAt + wallOffset,
      text,
      because: because.text,
      rule: because.rule,
    })),
  };
}
