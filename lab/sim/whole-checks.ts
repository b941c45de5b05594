/** The checks of the whole simulation, on the insides of the real nodes. */
import { checkCentre } from '@holdfast/centre';
import { type Check, type RoutingSite, wouldRoute } from './checkers.ts';
import type { Process } from './process.ts';
import type { PhoneProgram } from './whole-agents.ts';
import type { Callers } from './whole-callers.ts';
import type { Person } from './whole-person.ts';
import type { OfferObserver, SipServerProgram } from './whole-servers.ts';
import type { World } from './world.ts';

/** Agents looked at after each step; a break of the promise lasts far longer than a round over all. */
const LOOKS_A_STEP = 3;
/** In a large world one agent is looked at after every so many steps: a round over all still takes less than a second. */
const LARGE_AGENTS = 100;
const LARGE_STEPS_A_LOOK = 4;
/** The centre's own promises are looked at after every so many steps for each agent: a look costs as much as it has agents. */
const CENTRE_STEPS_AN_AGENT = 25;

/** LL: a step changes the lot of few; looking at a few agents in turn is as good and stays cheap with thousands. */
export function neverTwiceInTurn(sites: readonly RoutingSite[], dns: readonly string[]): Check {
  let turn = 0;
  let steps = 0;
  const isLarge = dns.length >= LARGE_AGENTS;
  const looks = isLarge ? 1 : LOOKS_A_STEP;
  return {
    name: 'never-routable-twice',
    violated: () => {
      if (isLarge && ++steps % LARGE_STEPS_A_LOOK !== 0) return undefined;
      for (let look = 0; look < looks; look++) {
        const dn = dns[turn++ % dns.length];
        if (dn === undefined) return undefined;
        let at: RoutingSite | undefined;
        for (const site of sites) {
          if (!wouldRoute(site, dn)) continue;
          if (at !== undefined) return `${dn} is routable at ${at.name} and ${site.name} at once`;
          at = site;
        }
      }
      return undefined;
    },
  };
}

/** No queue entry without its call, no idle agent beside a waiting caller, and whatever else the centre promises. */
export function centresInOrder(sites: readonly RoutingSite[], agents: number): Check {
  const everySteps = CENTRE_STEPS_AN_AGENT * agents;
  let steps = 0;
  return {
    name: 'centre-in-order',
    violated: () => {
      if (++steps % everySteps !== 0) return undefined;
      for (const site of sites) {
        const program = site.process.program as SipServerProgram | undefined;
        const [broken] = program === undefined ? [] : checkCentre(program.node.parts.centre);
        if (broken !== undefined) return `${site.name}: ${broken}`;
      }
      return undefined;
    },
  };
}

/** LL2, LL3: no call of a queue leaves for the phone of an agent whose lease has ended. Who is called by number is rung (CA5). */
export function callOfferedOnLease(world: World): OfferObserver {
  // A new life of the server is a new program with transactions of its own.
  const seen = new WeakMap<SipServerProgram, Set<string>>();
  return (server, dn, transaction) => {
    const known = seen.get(server) ?? new Set<string>();
    seen.set(server, known);
    // A retransmission is no new offer.
    if (known.has(transaction)) return;
    known.add(transaction);
    // Logged out by something that was read in the same turn: the INVITE is followed by its CANCEL.
    if (server.node.parts.centre.agentOn(dn) === undefined) return;
    if (!server.isRoutable(dn) && isOfQueue(server, dn)) {
      world.fail('no-offer-without-lease', `a call was offered to ${dn}, whose lease has ended`);
    }
  };
}

function isOfQueue(server: SipServerProgram, dn: string): boolean {
  const calls = server.node.parts.centre.dnSnapshot(dn, 0)?.calls ?? [];
  return calls.some((call) => call.state === 'Ringing' && call.ThisQueue !== undefined);
}

/** Liveness: everyone is Ready at exactly one site, and that site would route to them. */
export function everybodyBack(sites: readonly RoutingSite[], persons: readonly Person[]): Check {
  return {
    name: 'all-settled',
    violated: () => {
      const astray = persons.filter((person) => {
        const at = sites.filter((site) => wouldRoute(site, person.dn));
        return at.length !== 1 || person.view?.state !== 'Ready' || person.view.site !== at[0]?.name;
      });
      if (astray.length === 0) return undefined;
      const words = astray.slice(0, 3).map((person) => person.describe());
      return `${astray.length} of ${persons.length} agents are not back at work: ${words.join('; ')}`;
    },
  };
}

/** When the last caller has long hung up, no leg and no queue entry may be left anywhere. */
export function nobodyLeftBehind(
  sites: readonly RoutingSite[],
  phones: readonly Process[],
  callers: Callers,
): Check {
  return {
    name: 'no-orphans',
    violated: () => {
      const left: string[] = [];
      if (callers.calls > 0) left.push(`${callers.calls} lines of the callers`);
      for (const phone of phones) {
        const calls = (phone.program as PhoneProgram | undefined)?.node.calls ?? 0;
        if (calls > 0) left.push(`${calls} calls on ${phone.name}`);
      }
      for (const site of sites) {
        const parts = (site.process.program as SipServerProgram | undefined)?.node.parts;
        if (parts !== undefined && parts.calls.size > 0)
          left.push(`${parts.calls.size} calls in ${site.name}`);
        if (parts !== undefined && parts.centre.callCount > 0)
          left.push(`${parts.centre.callCount} calls in the centre of ${site.name}`);
      }
      if (callers.established === 0) left.push('no call was ever answered: the world is empty (ME3)');
      return left.length === 0 ? undefined : left.join('; ');
    },
  };
}
