/** The checks of the whole simulation, on the insides of the real nodes. */
import { checkCentre, thirdPartyName } from '@holdfast/centre';
import { type Check, type RoutingSite, wouldRoute } from './checkers.ts';
import type { Process } from './process.ts';
import type { Callers } from './whole-callers.ts';
import type { ThirdPartyTimeouts } from './whole-kinds.ts';
import type { Person } from './whole-person.ts';
import type { PhoneProgram } from './whole-phone.ts';
import type { OfferingSite, OfferObserver, SipServerProgram } from './whole-sip-server.ts';
import type { World } from './world.ts';

/** From so many agents on, the centre's promises are looked at after some of its turns only: a look costs as much as it has agents. */
const LARGE_AGENTS = 100;
const NOBODY: readonly string[] = [];

/** The server that has just done something, where it serves a site; elsewhere nothing can have changed. */
export type SteppedServer = () =>
  | { readonly site: RoutingSite; readonly process: Process; readonly program: SipServerProgram }
  | undefined;

/**
 * LL: after each step of a site, for the agents whom it may have made routable: those who logged in or answered a stamp,
 * all of them after a jump of the clocks. By anything else an agent can only cease to be routable.
 */
export function neverTwiceByChange(
  sites: readonly RoutingSite[],
  dns: readonly string[],
  stepped: SteppedServer,
): Check {
  return {
    name: 'never-routable-twice',
    violated: () => {
      const touched = stepped()?.program.takeMaybeRoutable() ?? NOBODY;
      for (const dn of touched === 'all' ? dns : touched) {
        const at = sites.filter((one) => wouldRoute(one, dn));
        if (at.length > 1) return `${dn} is routable at ${at.map(({ name }) => name).join(' and ')} at once`;
      }
      return undefined;
    },
  };
}

/** No queue entry without its call, no idle agent beside a waiting caller, and whatever else the centre promises. */
export function centresInOrder(
  agents: number,
  stepped: SteppedServer,
): Check & { readonly looksEvery: number } {
  const looksEvery = agents < LARGE_AGENTS ? 1 : agents;
  const turns = new WeakMap<SipServerProgram, number>();
  let changes = 0;
  return {
    name: 'centre-in-order',
    looksEvery,
    violated: () => {
      const { site, program } = stepped() ?? {};
      const centre = program?.parts?.centre;
      if (program === undefined || centre === undefined) return undefined;
      if (turns.get(program) === program.centreTurns) return undefined;
      turns.set(program, program.centreTurns);
      if (changes++ % looksEvery !== 0) return undefined;
      const [broken] = checkCentre(centre);
      return broken === undefined ? undefined : `${site?.name}: ${broken}`;
    },
  };
}

/** LL2, LL3: no call of a queue leaves for the phone of an agent whose lease has ended. Who is called by number is rung (CA5). */
export function callOfferedOnLease(world: World): OfferObserver {
  // A new life of the server is a new program with transactions of its own.
  const seen = new WeakMap<OfferingSite, Set<string>>();
  return (server, dn, transaction) => {
    const known = seen.get(server) ?? new Set<string>();
    seen.set(server, known);
    // A retransmission is no new offer.
    if (known.has(transaction)) return;
    known.add(transaction);
    // Logged out by something that was read in the same turn: the INVITE is followed by its CANCEL.
    if (!server.hasAgent(dn)) return;
    if (!server.isRoutable(dn) && server.ringsForQueue(dn)) {
      world.fail('no-offer-without-lease', `a call was offered to ${dn}, whose lease has ended`);
    }
  };
}

/**
 * Liveness: everyone is Ready at exactly one site, and that site would route to them. Out may stay only whose desk waits
 * for a phone without an end, because its options say so (DS2), and whose phone is indeed not there.
 */
export function everybodyBack(
  sites: readonly RoutingSite[],
  persons: readonly Person[],
  thirdParty: Readonly<Record<string, ThirdPartyTimeouts>>,
): Check {
  const waitsForEver = ({ dn, family, view }: Person) => {
    if (family !== 'agent-desktop' || view?.site !== null) return false;
    // The desk says for what it waits; whether that is so, the world knows.
    const waiting = sites.find(
      ({ name }) => view.governing?.source === `Application/${thirdPartyName(name)}`,
    );
    if (waiting === undefined || thirdParty[waiting.name]?.phoneMs !== 'never') return false;
    const parts = (waiting.process.program as SipServerProgram | undefined)?.parts;
    return parts?.centre.stateToCheck.dns.get(dn)?.phone.inService === false;
  };
  return {
    name: 'all-settled',
    violated: () => {
      const astray = persons.filter((person) => {
        const at = sites.filter((site) => wouldRoute(site, person.dn));
        if (at.length === 0 && waitsForEver(person)) return false;
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
        const parts = (site.process.program as SipServerProgram | undefined)?.parts;
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
