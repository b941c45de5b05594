/** An agent of the simulated centre: desk, phone and the person between them, with what is watched of the desk. */
import type { GeneratedAgent } from '@holdfast/centre';
import type { DeskEffect } from '@holdfast/desk';
import type { Millis, Random } from '@holdfast/kernel';
import type { Host, Process } from './process.ts';
import type { RuleCensus } from './rule-census.ts';
import { bootstrapOf } from './whole-bootstrap.ts';
import { SITES } from './whole-centre.ts';
import type { WholeDefect } from './whole-defects.ts';
import { DeskProgram, type DeskStorage } from './whole-desk.ts';
import type { Kind } from './whole-kinds.ts';
import { LinkWatch } from './whole-links.ts';
import { Person } from './whole-person.ts';
import type { World } from './world.ts';

export interface SeatedAgent {
  readonly seat: GeneratedAgent;
  /** Who sits there today. */
  readonly user: GeneratedAgent;
  readonly kind: Kind;
  readonly phone: Process;
  /** `disaster-recovery.timeout`. */
  readonly siteTimeoutMs: Millis;
}

export interface PersonPorts {
  readonly host: Host;
  readonly random: Random;
  readonly defect: WholeDefect | undefined;
  readonly census: RuleCensus;
  fact(rate: number, effect: Extract<DeskEffect, { type: 'fact' }>): void;
  stampAnswered(): void;
  restartPhone(): void;
}

export function addPerson(world: World, agent: SeatedAgent, ports: PersonPorts): Person {
  const { seat, user, kind, phone, siteTimeoutMs } = agent;
  const { host, random, defect, census, stampAnswered, restartPhone } = ports;
  const storage: DeskStorage = { epoch: 0, runs: 0, bootstrap: undefined };
  // Where seats are hot, the file is that of the seat (S4); else its order is that of the agent's own sites.
  const isNorthFirst = (kind.hotSeat === undefined ? user : seat).home === SITES[0].name;
  const sites = isNorthFirst ? SITES : ([SITES[1], SITES[0]] as const);
  const started = defect === 'wrong-family' ? { ...kind, family: 'interaction-workspace' as const } : kind;
  const file = bootstrapOf(sites, seat.place, started);
  const bootstrap = defect === 'sites-kept' ? { ...file, hotSeating: false } : file;
  const localData = { bootstrap, addpTimeoutMs: 5_000 };
  const { family } = kind;
  const place = () => {
    if (kind.hasPlacePerSite) return undefined;
    return defect === 'place-kept' ? seat.place : person.seat.place;
  };
  const desk = world.addProcess(`desk-${seat.dn}`, host, (process, now) => {
    const { dn } = person;
    return new DeskProgram(
      process,
      {
        ...{ user: user.user, place, localData, storage, defect, census, stampAnswered, restartPhone },
        links: new LinkWatch(world, { dn, family, moveAfterMs: siteTimeoutMs, census }),
        seen: (_, view) => person.sees(view),
        fact: (effect) => ports.fact(process.host.rate, effect),
      },
      now,
    );
  });
  const at = { place: seat.place, dn: seat.dn, phone };
  const person = new Person(world, { desk, seat: at, user: user.user, family }, random);
  return person;
}
