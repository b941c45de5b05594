/**
 * Every rule that decides something at run time, and where it is to be met (ME3): in the core simulation, in the
 * whole one, or in neither, with the reason. `simulate` names each of its size with a count, zeros included; over
 * enough seeds a rule that is to be met and never was is a failed check. A test holds this list against every SPEC.md.
 */
import type { SimulationSize } from './simulate.ts';

/** From so many seeds on, a rule or fault that never occurred is a failed check. */
export const OCCURS_WITHIN_SEEDS = 500;

/** The families of rules that are decided while people work; the others are about messages, documents and sources. */
export const RUN_TIME_FAMILIES = ['DS', 'LL', 'LH', 'CS', 'SS', 'QU', 'AG', 'CA', 'PH', 'RG'] as const;

const CORE_RULES = ids('DS5 DS8a DS8b DS8c DS9 DS11 DS15 DS17 LH3 LL3 LL4');

const WHOLE_RULES = [
  ...ids('DS3 DS4 DS5 DS6 DS7 DS8a DS8b DS9 DS10 DS11 DS12 DS13 DS14 DS15 DS16 DS17 DS19'),
  ...ids('LL1 LL2 LL3 LL4 LL5 LL6 LL7 LL8 LH1 LH2 LH3 LH4 CS1 CS3 CS7 CS10'),
  ...ids('SS1 SS2 SS6 SS7 SS8 SS9 SS10 SS12 SS13 SS14 SS15 SS16 SS20 SS21 SS25 SS26 SS27 SS28 SS60'),
  ...ids('AG1 AG2 AG3 AG4 AG5 AG6 AG7 AG8 AG9 AG10 AG11 AG12 AG13 AG14 AG15 AG16 AG17'),
  ...ids('QU1 QU2 QU3 QU5 QU6 QU7 QU8 QU9 QU10 QU11 QU12 QU13 QU14'),
  ...ids('CA1 CA2 CA3 CA4 CA5 CA7 CA8 CA9 CA10 CA11 CA13'),
  ...ids('PH1 PH2 PH3 PH4 PH5 PH9 PH11 PH13 RG1 RG4 RG6'),
];

/** Why a rule of a run-time family is met in neither simulation of this release. */
export const NOT_SIMULATED: Readonly<Record<string, string>> = {
  DS1: 'Every desk of this release is of one family; another is refused as bad configuration.',
  DS2: 'Business continuity is on in every world, with time-outs that end.',
  DS16: 'No Stat Server runs in a world yet, and a desk has one link to configuration.',
  CS2: 'The SIP Servers of a world are handed their configuration; no server reads it over a link.',
  CS4: 'Nobody mistypes a password here.',
  CS5: 'Nobody mistypes a password here.',
  CS6: 'A desk has one log-in under way; a storm of thousands is the live lab’s and the bench’s.',
  CS8: 'What is left out of an answer decides nothing that could be seen here.',
  CS9: 'The configuration of a world does not change.',
  CS11: 'A promise about log lines, not a decision.',
  CS12: 'The SIP Servers of a world are handed their configuration.',
  CS13: 'The SIP Servers of a world are handed their configuration.',
  SS11: 'A desk registers for one DN.',
  SS19: 'Held by the tests of descriptions; phones here have one codec and one address.',
  SS22: 'Phones here send no early media.',
  SS23: 'Phones here always offer; a MakeCall meets it under SS28.',
  SS24: 'Each phone has one contact at a site.',
  SS29: 'A promise of the end: the check `no-orphans` holds it in every seed.',
  SS30: 'An order, not a decision; `board-current` fails where events are lost or overtake each other.',
  QU4: 'A promise about two parties at once: the checks `centre-in-order` and `no-orphans` look for its breach.',
  QU15: 'The configuration of a world does not change.',
  CA6: 'No Call Processing Port is registered in a world.',
  CA12: 'No call of a world ends in the very turn in which it starts.',
  CA14: 'The SIP Servers of a world have their configuration from the start.',
  PH6: 'No phone of a world is told to unregister; one that is switched off just falls silent.',
  PH7: 'Phones here speak over UDP: there is no connection to lose.',
  PH8: 'A promise: a phone without a next instant would never be back, and `all-settled` would fail.',
  PH10: 'Phones here have a line to spare and one codec.',
  PH12: 'A promise of the end: the check `no-orphans` holds it in every seed.',
  RG2: 'No phone here takes all bindings back at once.',
  RG3: 'Needs a REGISTER that overtakes its successor by chance; it is seen, but not in each 500 seeds.',
  RG5: 'Phones here ask for no RFC 5626.',
  RG7: 'Phones here write sound REGISTERs.',
};

/** Rules that must occur in a simulation of this size. */
export function rulesOf(size: SimulationSize): readonly string[] {
  return size === 'core' ? CORE_RULES : WHOLE_RULES;
}

function ids(text: string): string[] {
  return text.split(' ');
}
