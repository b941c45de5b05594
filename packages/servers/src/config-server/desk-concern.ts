/**
 * Which desks a change of the configuration may concern (CS17): asked of every desk that is in, so that one edited Person
 * does not have all desks worked out anew. It may name a desk too many, never one too few.
 */
import { type Changes, type Configuration, groupsOf, splitKey } from '@holdfast/centre';
import { nameOf } from '@holdfast/protocol';

/** Who sits where, as what. */
export interface DeskAtWork {
  readonly person: string;
  readonly application: string;
  /** As named at the log-in; none: the Person's default. */
  readonly places: readonly string[];
}

/** What a change may touch. */
export interface Concern {
  /** What all desks are worked out from. */
  readonly isCommon: boolean;
  readonly persons: ReadonlySet<string>;
  /** Keys of what a seat, a log-in or a queue is. */
  readonly seats: ReadonlySet<string>;
}

export function concernOf(before: Configuration, after: Configuration, changes: Changes): Concern {
  const persons = new Set<string>();
  const seats = new Set<string>();
  let isCommon = false;
  const keys = [
    ...changes.changed.map((object) => [object.objectType, nameOf(object)] as const),
    ...changes.deleted.map((key) => splitKey(key)),
  ];
  for (const [type, name] of keys) {
    switch (type) {
      case 'Person':
        persons.add(name);
        break;
      case 'AgentGroup':
        for (const { members } of [before.get(type, name), after.get(type, name)].flatMap((one) => one ?? []))
          for (const member of members) persons.add(member);
        break;
      case 'Place':
      case 'DN':
      case 'AgentLogin':
        seats.add(`${type}/${name}`);
        break;
      case 'Keys':
        break;
      default:
        isCommon = true;
    }
  }
  return { isCommon, persons, seats };
}

export function isConcerned(concern: Concern, desk: DeskAtWork, configuration: Configuration): boolean {
  if (concern.isCommon || concern.persons.has(desk.person)) return true;
  return concern.seats.size > 0 && seatOf(desk, configuration).some((key) => concern.seats.has(key));
}

/** What the desk rests on at its seat, whether or not it can be used now. */
function seatOf({ person: name, places }: DeskAtWork, configuration: Configuration): string[] {
  const person = configuration.get('Person', name);
  if (person === undefined) return [];
  const named = places.length > 0 ? places : [person.defaultPlace ?? ''];
  const numbers = [
    ...named.flatMap((place) => configuration.get('Place', place)?.dns ?? []),
    ...groupsOf(configuration, person).flatMap(({ originationDNs }) => originationDNs),
  ];
  return [
    ...named.map((place) => `Place/${place}`),
    ...numbers.map((number) => `DN/${number}`),
    ...person.agentLogins.map((login) => `AgentLogin/${login}`),
  ];
}
