/**
 * Every rule that decides something at run time, and where it is to be met (ME3): in the core simulation, in the
 * whole one, as a promise whose breach a check of every seed looks for, or in none of them, with the reason. `simulate`
 * names each rule of its size with a count, zeros included; over enough seeds a rule that is to be met and never was is
 * a failed check. A test holds this list against every SPEC.md.
 */
import type { SimulationSize } from './simulate.ts';

/** From so many seeds on, a rule or fault that never occurred is a failed check. */
export const OCCURS_WITHIN_SEEDS = 500;

/** The families of rules that nobody need meet in a simulation, and what they are about; all others are decided while people work. */
export const OTHER_FAMILIES: Readonly<Record<string, string>> = {
  MS: 'how a message is read and written',
  DG: 'how credentials are made and checked; what a SIP Server does with them is PH4 and SS3',
  TX: 'transactions, held by the texts of the RFC',
  EP: 'the endpoint below the user agent',
  LO: 'where a URI leads',
  DA: 'dialogs, held by the texts of the RFC',
  IS: 'sessions, held by the texts of the RFC',
  SE: 'session timers, which are longer than a simulated world; that each leg has one is AD6',
  UA: 'the user agent',
  CF: 'what stands in a configuration',
  CE: 'edits of the configuration; the simulated Configuration Servers have files, and tests of the node edit in virtual time',
  CH: 'the history of the configuration, computed from its entries',
  CP: 'who may edit what',
  CW: 'who writes the configuration and how what was written apart is merged, in virtual time in tests of their own',
  CX: 'proxies of the Configuration Server, of which the simulated world has none',
  SY: 'how two Switches are kept alike, computed from an edit',
  ID: 'persons and keys, which change in no simulated world; tests of the nodes and real processes change them',
};

/** Of those the one that a takeover decides. */
export const RUN_TIME_ALL_THE_SAME: ReadonlySet<string> = new Set(['UA15']);

const CORE_RULES = [
  ...ids('DS5 DS6 DS7 DS8a DS8b DS8c DS9 DS10 DS11 DS15 DS17 DS19 DS24 DS25'),
  ...ids('LH1 LH2 LH3 LH4 LL1 LL2 LL3 LL4 LL5 LL6 LL7 LL8 RD1 RD2'),
  ...ids('PR1 PR2 PR3 PR4 PR5 PR6 PR9 PR11'),
];

const WHOLE_RULES = [
  ...ids(
    'DS1 DS2 DS3 DS4 DS5 DS6 DS7 DS8a DS8b DS8c DS9 DS10 DS11 DS12 DS13 DS14 DS15 DS16 DS17 DS18 DS19 DS20',
  ),
  ...ids('DS21 DS22 DS24 DS25'),
  ...ids('LL1 LL2 LL3 LL4 LL5 LL6 LL7 LL8 LH1 LH2 LH3 LH4 RD1 RD2 RD3'),
  ...ids('CS1 CS2 CS3 CS4 CS5 CS7 CS8 CS9 CS10 CS12 CS13 CS14 CS17'),
  ...ids('SS1 SS2 SS3 SS4 SS6 SS7 SS8 SS9 SS10 SS12 SS14 SS15 SS16 SS19 SS20 SS21 SS22 SS23 SS24 SS25 SS26'),
  ...ids('SS28 SS31 SS32 SS33 SS34 SS35 SS40 SS41 SS42 SS43 SS44 SS45 SS62 SS70 SS71 SS76 SS78 SS79 SS80'),
  ...ids('AG1 AG2 AG3 AG5 AG6 AG7 AG8 AG9 AG10 AG11 AG12 AG13 AG14 AG15 AG16 AG17 AG20 AG21 AG22 AG23'),
  ...ids('QU1 QU2 QU3 QU5 QU6 QU7 QU8 QU9 QU10 QU11 QU12 QU13 QU14 QU15 QU16 QU17 QU18'),
  ...ids('QU19 QU20 QU21'),
  ...ids('CA1 CA2 CA3 CA4 CA5 CA6 CA7 CA8 CA9 CA10 CA11 CA12 CA13 CA15 CA17'),
  ...ids('PH1 PH2 PH3 PH4 PH5 PH6 PH7 PH9 PH10 PH11 PH13 RG1 RG2 RG3 RG4 RG5 RG6 RG7 RG8 RG9'),
  ...ids('LK1 SS50 SS51 SS52 SS53 SS54 LG1 LG2 LG3 LG4 LG6 LG7 PR1 PR3 PR4 PR6 PR10 PR11 MC1 MC2 MC3 UA15'),
  ...ids('SS91 GF1 GF6 FT2 FT3'),
  ...ids(
    'AD1 AD2 AD3 AD4 AD5 AD6 AD7 AD8 AD9 AD10 AD11 PQ1 PQ4 PQ5 SV1 SV2 SV3 SV5 SV6 SV7 SV8 ST1 ST2 ST5 ST6 SL1',
  ),
];

/** Promises: nothing happens when they are kept, and the check named here fails when they are broken. */
export const HELD_BY_CHECK: Readonly<Record<string, string>> = {
  AG4: 'never-routable-twice',
  SS13: 'never-routable-twice',
  SS27: 'no-one-legged-call',
  SS29: 'no-orphans',
  SS30: 'calls-accounted',
  SS60: 'no-orphans',
  QU4: 'centre-in-order',
  PH8: 'all-settled',
  PH12: 'no-one-legged-call',
  MC4: 'pair-at-rest',
  LG5: 'pair-at-rest',
  ST7: 'statistics-right',
  ST8: 'statistics-right',
  SL2: 'statistics-right',
};

const TWO_DESKS = 'No person of the simulation has two desks at once, which is the stated exception of LL8.';

const WAVES = 'Shutdowns of the simulation are asked for without waves, and without the end of the process.';
const FORM = 'About what stands in an event, which decides nothing; held by the tests of the events.';

const SINCE =
  'For how long a status has lasted is shown and decides nothing; held by the tests of statistics.';
const NO_PROBES =
  'A process that does no work is deaf for SIP here, or its disk is full (GF1, GF6, FT2, FT3); nothing else about it is tried, and nobody asks over HTTP.';

/** Why a rule of a run-time family is met in neither simulation of this release. */
export const NOT_SIMULATED: Readonly<Record<string, string>> = {
  PR7: 'About real processes and what a supervisor does to them; held by the suite of the arbiters.',
  PR12: 'No pause of the simulated worlds is so long that anything has to go; held by tests of a pair in a long one.',
  PR8: 'About real etcd nodes; held by the suite of the arbiters.',
  SS72: 'In no drawn world comes a log-in to a site after the other has admitted a higher one; held by the tests of the link between them.',
  CS6: 'A desk has one log-in under way; a storm of hundreds is the live lab’s and the bench’s.',
  CS11: 'A promise about log lines, which decides nothing here.',
  CS15: 'Whoever works at a simulated desk is an agent.',
  CS16: 'No simulated Configuration Server has REST.',
  CS18: 'About what the history names; held by the tests of those who edit.',
  AU1: 'No simulated Configuration Server has a store, or a log that could be broken.',
  DS23: 'No password of a simulated world expires.',
  SS11: 'A desk registers for one DN, and no world of this size has 64.',
  PH14: 'That a phone tries less often leaves no trace outside of it; held by the test of its machine.',
  SS46: 'Hosts of the simulation are addresses: nothing is looked up there.',
  AG24: WAVES,
  SS47: WAVES,
  SS48: WAVES,
  AG25: 'Shutdowns of the simulation are asked for without a deadline.',
  CA16: FORM,
  SS63: FORM,
  SS77: 'That each site believes that the other has whom a call is for is rare; the check `crosses-once` holds that none goes back.',
  SS73: 'That nothing is answered in time is common; a desk whose log-in is refused for it is rare.',
  SS74: TWO_DESKS,
  SS75: TWO_DESKS,
  MC5: 'The members of a simulated pair learn of a new revision within moments of each other.',
  MC6: 'That a server goes on while one of its callers is offered to the other site is rare; held by the tests of both.',
  AG26: 'That a phone goes home in the middle of a call is rare; held by its own test.',
  PQ2: 'About a generated configuration; the simulation lays what it needs over it.',
  ...all('CA19 CA20 SS84 SS87', 'People of the simulation transfer without asking anybody first.'),
  ...all(
    'CA18 SS81 SS82 SS83 SS86 PH15',
    'CA17 counts transfers that have come about, by phones and by desks; how they are told to phone and desk is held by tests of their own.',
  ),
  AD13: 'That a site dies, and within seconds the primary of the other, no seed draws; the line over both deaths has a world of its own (line-twin.ts).',
  ...all('DK1 SS90 PH16', 'Nobody in the simulation dials what is no number; held by tests with bad input.'),
  ...all('TR4 TR5', 'No phone of the simulation speaks over TLS or WebSocket, or names a `sips` URI.'),
  LG8: 'That a server dies while it sends everything anew is rare; held by the tests of those who follow.',
  RG10: 'That a phone registers anew while a call to it has no answer is rare; held by the tests of the registrar.',
  SS88: 'Every datagram of the simulation leaves its machine; lost are those on their way.',
  AD14: 'Each phone and agent of the simulation has one number at both sites; held by its tests.',
  ...all('SS85 AD12', 'That a server dies in the seconds of a transfer is rare; held by the tests of both.'),
  ...all(
    'OC1 OC2 OC3 OC4 OC5 OC6',
    'No gateway of the simulation offers or obeys overload control (RFC 7339).',
  ),
  PQ3: 'The simulation has one group of servers.',
  SV4: 'A desk of the simulation subscribes to what the configuration names.',
  SV9: 'Edits of the simulation take no agent and no queue away.',
  SV10: 'About what a Stat Server refuses to start with.',
  SL3: 'Each site of the simulation has a Stat Server.',
  ST3: SINCE,
  ST4: SINCE,
  ...all('FT1 GF2 GF3 GF4 GF5 GF7 HR1 HR2 HR3 HR4 HR5 OP1', NO_PROBES),
  CA14: 'A SIP Server opens its ports after its first configuration: nobody can ask before.',
};

/** Rules that must occur in a simulation of this size. */
export function rulesOf(size: SimulationSize): readonly string[] {
  // The scripts are about few rules, and count whichever they meet.
  if (size === 'scripted') return [];
  return size === 'core' ? CORE_RULES : WHOLE_RULES;
}

function all(rules: string, because: string): Record<string, string> {
  return Object.fromEntries(ids(rules).map((id) => [id, because]));
}

function ids(text: string): string[] {
  return text.split(' ');
}
