/** The processes of one simulated site: Configuration Server, SIP Server and Stat Server, and the board that watches it. */
import { OVERFLOW_QUEUE, SUPERVISOR } from '@holdfast/centre';
import type { RoutingSite } from './checkers.ts';
import type { SiteTargets } from './fault-targets.ts';
import type { Host, Process } from './process.ts';
import type { RuleCensus } from './rule-census.ts';
import { SiteWatch } from './site-watch.ts';
import { addBoard } from './whole-board.ts';
import { SERVER_SECRET, SITES, type Site } from './whole-centre.ts';
import type { EditedConfiguration } from './whole-configuration.ts';
import type { WholeDefect } from './whole-defects.ts';
import type { Operators } from './whole-operators.ts';
import { addPair, type SitePairProcesses } from './whole-pairs.ts';
import { CLIENT_PORT, CONFIG_PORT, ConfigServerProgram, writeToken } from './whole-servers.ts';
import { SipServerProgram, type SipServerProgramOptions } from './whole-sip-server.ts';
import { StatServerProgram } from './whole-stat-server.ts';
import type { World } from './world.ts';

export interface SitePorts extends Pick<SipServerProgramOptions, 'answers' | 'offered'> {
  readonly configuration: EditedConfiguration;
  readonly operators: Operators;
  readonly census: RuleCensus;
  readonly defect: WholeDefect | undefined;
  readonly waitMaxMs: number;
  /** Its SIP Server has a mate. */
  readonly isPair: boolean;
  readonly phones: () => readonly Process[];
  addHost(name: string): Host;
}

export interface SiteProcesses {
  readonly name: string;
  /** In the order in which they are started. */
  readonly processes: readonly Process[];
  readonly pair: SitePairProcesses | undefined;
  readonly board: Process;
  readonly routing: RoutingSite;
  readonly targets: SiteTargets;
}

/** What desks ask about configuration and statistics runs on a machine of its own, so that its links can be cut alone. */
export function addSite(world: World, { name, address, office }: Site, ports: SitePorts): SiteProcesses {
  const { configuration, operators, offered, answers, census, defect } = ports;
  const officeHost = ports.addHost(office);
  const config = world.addProcess(`config-${name}`, officeHost, (process) => {
    const options = { configuration: configuration.current, application: `config-${name}` };
    return new ConfigServerProgram(process, options);
  });
  configuration.serve(config);
  const ownFirst = [office, ...SITES.map((site) => site.office).filter((one) => one !== office)];
  const configServers = ownFirst.map((one) => ({ host: one, port: CONFIG_PORT }));
  const common = { secret: SERVER_SECRET, configServers, census, defect };
  const sip = addSipServer(world, { name, address, office }, ports, { ...common, offered, answers });
  const stat = world.addProcess(`stat-${name}`, officeHost, (process, now) => {
    return new StatServerProgram(process, { ...common, application: `stat-${name}` }, now);
  });
  const board = addBoard(
    world,
    {
      site: name,
      server: { host: address, port: CLIENT_PORT },
      token: () => writeToken({ person: SUPERVISOR.user, issuedAt: 0, expiresAt: Number.MAX_SAFE_INTEGER }),
      watch: new SiteWatch(census, OVERFLOW_QUEUE, ports.waitMaxMs),
      defect,
    },
    ports.addHost(`board.${name}`),
  );
  operators.add(name, address);
  const processes = [config, ...sip.processes, stat];
  return {
    ...{ name, processes, pair: sip.pair, board, routing: sip.routing },
    targets: {
      name,
      hosts: [...sip.hosts, officeHost],
      processes,
      get sipServer() {
        return sip.routing.process;
      },
      pair: sip.pair?.targets,
      lesser: { host: officeHost, configServer: config, statServer: stat },
      shutDown: () => operators.shutDown(name),
      takeBack: () => operators.takeBack(name),
    },
  };
}

interface SipServerProcesses {
  readonly hosts: readonly Host[];
  readonly processes: readonly Process[];
  readonly pair: SitePairProcesses | undefined;
  readonly routing: RoutingSite;
}

/** One process at the site's address, or the two members of a pair and their arbiter. */
function addSipServer(
  world: World,
  site: Site,
  ports: SitePorts,
  server: Omit<SipServerProgramOptions, 'application' | 'address'>,
): SipServerProcesses {
  const { name, address } = site;
  const routesTo = (process: Process, dn: string) => (process.program as SipServerProgram).isRoutable(dn);
  if (!ports.isPair) {
    const host = ports.addHost(address);
    const process = world.addProcess(`sip-${name}`, host, (self, now) => {
      return new SipServerProgram(self, { ...server, address, application: `sip-${name}` }, now);
    });
    const routing = { name, process, isRoutable: (dn: string) => routesTo(process, dn) };
    return { hosts: [host], processes: [process], pair: undefined, routing };
  }
  const { census, phones, addHost } = ports;
  const random = world.fork(20 + SITES.findIndex((one) => one.name === name));
  const pair = addPair(world, site, { server, random, census, phones, addHost });
  const serving = () => pair.targets.primary() ?? pair.members[0];
  return {
    hosts: pair.hosts,
    processes: [pair.arbiter, ...pair.members],
    pair,
    routing: {
      name,
      get process() {
        return serving();
      },
      isRoutable: (dn) => routesTo(serving(), dn),
    },
  };
}
