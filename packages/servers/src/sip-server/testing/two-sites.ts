/** Two sites whose SIP Servers follow each other: north of the other tests, and south with the same numbers and people. */
import type { SipServerConfiguration } from '../configuration.ts';
import type { SipServerOptions } from '../sip-server-node.ts';
import { Desk } from './desk.ts';
import { Phone } from './people.ts';
import { configurationOf, SERVER, Site, WALL } from './server-site.ts';
import { SIP_PORT, World } from './server-world.ts';

export const SOUTH = '10.0.0.2';
export const SECRET = 'the secret of all servers';

export interface TwoSites {
  readonly world: World;
  readonly north: Site;
  readonly south: Site;
  /** Registers a phone at both sites, or at these. */
  phone(number: string, hosts?: readonly string[]): Phone;
  /** A desk that has registered at this site and for this DN. */
  desk(site: Site, person: string, dn: string, session?: string): Desk;
}

export interface TwoSitesOptions {
  readonly north?: Partial<SipServerConfiguration>;
  readonly south?: Partial<SipServerConfiguration>;
  /** Each follows the records of the other. */
  readonly isLed?: boolean;
  /** South tells a mate what it holds, which may take over; nobody else follows its records then. */
  readonly hasMate?: boolean;
  readonly options?: Partial<SipServerOptions>;
}

export function twoSites({
  north = {},
  south = {},
  options = {},
  isLed = false,
  hasMate = false,
}: TwoSitesOptions = {}): TwoSites {
  const world = new World();
  const peer = (site: string, host: string) => ({
    peer: {
      site,
      settings: {
        members: [{ host, port: 1, applications: [`sip-${site}`] }],
        addpTimeoutMs: 3_000,
        pauseMs: 500,
      },
    },
  });
  const common = { ...options, serverSecret: SECRET, isLed };
  const atNorth = new Site(world, configurationOf({ ...peer('south', SOUTH), ...north }), common);
  const names = { site: 'south', application: 'sip-south', switchName: 'switch-south' };
  const atSouth = new Site(world, configurationOf({ ...names, ...peer('north', SERVER), ...south }), {
    ...common,
    ...(hasMate && { isLed: false, isFollowed: true }),
    host: SOUTH,
  });
  for (const site of [atNorth, atSouth]) site.servers.set(SERVER, atNorth).set(SOUTH, atSouth);
  world.run(1_000);
  return {
    world,
    north: atNorth,
    south: atSouth,
    phone(number, hosts = [SERVER, SOUTH]) {
      const sites = hosts.map((host) => ({
        site: host === SERVER ? 'north' : 'south',
        registrar: 'sip:holdfast',
        destination: { type: 'target' as const, target: { transport: 'UDP' as const, host, port: SIP_PORT } },
      }));
      const phone = new Phone(world, number, { scheme: 'dual', sites }).tell({ name: 'register' });
      world.run(200);
      return phone;
    },
    desk(site, person, dn, session = `session-${person}`) {
      const desk = new Desk(site, person, session);
      desk.register();
      desk.ask({ type: 'RegisterAddress', dn });
      return desk;
    },
  };
}

/** An event that is not so, or is not so any more: ada is logged in on 7001 at the other site. */
export function believeAway(site: Site, other: Site): void {
  const { epoch, number } = other.node.parts.log.position;
  const attributes = {
    ThisDN: '7001',
    AgentID: '1001',
    Server: other.host === SOUTH ? 'sip-south' : 'sip-north',
    Extensions: { Person: 'ada', Epoch: WALL, Desk: 'd', Place: 'p', Queues: '' },
  };
  const position = { epoch, number: number + 1 };
  const message = { type: 'Event', position, time: 0, name: 'EventAgentLogin', attributes } as const;
  site.input({ type: 'peer', input: { type: 'sipMessage', attempt: 1, message } });
}
