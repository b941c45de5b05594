/** The usual start of a test: a server, phones 7001–7003 registered, a board that sees every event. */
import type { EventMessage } from '@holdfast/protocol';
import type { PhoneOptions } from '@holdfast/sip';
import type { SipServerConfiguration } from '../configuration.ts';
import type { SipServerOptions } from '../sip-server-node.ts';
import { Desk } from './desk.ts';
import { callerAt, Phone } from './people.ts';
import { configurationOf, GATEWAY, type Names, Site } from './server-site.ts';
import { World } from './server-world.ts';

export interface CentreWorld {
  readonly world: World;
  readonly site: Site;
  readonly board: Desk;
  /** Behind the trunk. */
  readonly caller: Phone;
  /** Registers the phone. */
  phone(number: string, more?: Partial<PhoneOptions>): Phone;
  /** A desk that is logged in and Ready on this DN, whose phone is registered. */
  agent(person: string, dn: string): Desk;
}

export const CALLER_NUMBER = '4930123456';

export function centreWorld(
  configuration: Partial<SipServerConfiguration> = {},
  options: Partial<SipServerOptions> & { seed?: number; names?: Names } = {},
): CentreWorld {
  const { seed = 1, ...more } = options;
  const world = new World(seed);
  const site = new Site(world, configurationOf(configuration), more);
  const board = new Desk(site, 'sue', 'session-board');
  board.register();
  board.ask({ type: 'RegisterAll' });
  const caller = callerAt(world, GATEWAY, CALLER_NUMBER);
  return {
    world,
    site,
    board,
    caller,
    phone(number, phoneOptions = {}) {
      const phone = new Phone(world, number, phoneOptions).tell({ name: 'register' });
      world.run(100);
      phone.news();
      return phone;
    },
    agent(person, dn) {
      const desk = new Desk(site, person);
      desk.register();
      desk.ask({ type: 'RegisterAddress', dn });
      const outcome = desk.login(dn);
      if (outcome !== 'EventAgentLogin') throw new Error(`${person} cannot log in: ${outcome}`);
      world.run(10);
      desk.news();
      board.news();
      return desk;
    },
  };
}

/** What is held of any call after every transaction has run out, phones that refresh their registration apart. */
export function leftovers({ world, site }: Pick<CentreWorld, 'world' | 'site'>): Record<string, number> {
  world.run(40_000);
  world.removeAllBut(site);
  world.run(70_000);
  const { centre, calls, legs, watched, passedThrough, userAgent, transactions, unheard, halves } =
    site.node.sizes();
  return { centre, calls, legs, watched, passedThrough, userAgent, transactions, unheard, halves };
}

export const NOTHING = {
  centre: 0,
  calls: 0,
  legs: 0,
  watched: 0,
  passedThrough: 0,
  userAgent: 0,
  transactions: 0,
  unheard: 0,
  halves: 0,
};

export function attributesOf(events: readonly EventMessage[], name: string, dn: string) {
  return events.find((event) => event.name === name && event.attributes.ThisDN === dn)?.attributes;
}
