/** The processes of one simulated site: Configuration Server, SIP Server and Stat Server, and the board that watches it. */
import { OVERFLOW_QUEUE, SUPERVISOR } from '@holdfast/centre';
import type { RoutingSite } from './checkers.ts';
import type { SiteTargets } from './faults.ts';
import type { Host, Process } from './process.ts';
import type { RuleCensus } from './rule-census.ts';
import { SiteWatch } from './site-watch.ts';
import { addBoard } from './whole-board.ts';
import { SERVER_SECRET, SITES, type Site } from './whole-centre.ts';
import type { EditedConfiguration } from './whole-configuration.ts';
import type { WholeDefect } from './whole-defects.ts';
import type { Operators } from './whole-operators.ts';
import { CLIENT_PORT, CONFIG_PORT, ConfigServerProgram, writeToken } from './whole-servers.ts';
import { type OfferObserver, SipServerProgram } from './whole-sip-server.ts';
import { StatServerProgram } from './whole-stat-server.ts';
import type { World } from './world.ts';

export interface SitePorts {
  readonly configuration: EditedConfiguration;
  readonly operators: Operators;
  readonly offered: OfferObserver;
  readonly census: RuleCensus;
  readonly defect: WholeDefect | undefined;
  readonly waitMaxMs: number;
  addHost(name: string): Host;
}

export interface SiteProcesses {
  readonly name: string;
  /** In the order in which they are started. */
  readonly processes: readonly Process[];
  readonly sip: Process;
  readonly board: Process;
  readonly routing: RoutingSite;
  readonly targets: SiteTargets;
}

/** What desks ask about configuration and statistics runs on a machine of its own, so that its links can be cut alone. */
export function addSite(world: World, { name, address, office }: Site, ports: SitePorts): SiteProcesses {
  const { configuration, operators, offered, census, defect } = ports;
  const host = ports.addHost(address);
  const officeHost = ports.addHost(office);
  const config = world.addProcess(`config-${name}`, officeHost, (process) => {
    const options = { configuration: configuration.current, application: `config-${name}` };
    return new ConfigServerProgram(process, options);
  });
  configuration.serve(config);
  const ownFirst = [office, ...SITES.map((site) => site.office).filter((one) => one !== office)];
  const configServers = ownFirst.map((one) => ({ host: one, port: CONFIG_PORT }));
  const common = { secret: SERVER_SECRET, configServers, census, defect };
  const sip = world.addProcess(`sip-${name}`, host, (process, now) => {
    return new SipServerProgram(process, { ...common, application: `sip-${name}`, offered }, now);
  });
  const stat = world.addProcess(`stat-${name}`, officeHost, (process, now) => {
    return new StatServerProgram(process, { ...common, application: `stat-${name}` }, now);
  });
  const board = addBoard(
    world,
    {
      site: name,
      server: { host: address, port: CLIENT_PORT },
      token: () => writeToken({ person: SUPERVISOR.user, expiresAt: Number.MAX_SAFE_INTEGER }),
      watch: new SiteWatch(census, OVERFLOW_QUEUE, ports.waitMaxMs),
      defect,
    },
    ports.addHost(`board.${name}`),
  );
  operators.add(name, address);
  const processes = [config, sip, stat];
  return {
    ...{ name, processes, sip, board },
    routing: { name, process: sip, isRoutable: (dn) => (sip.program as SipServerProgram).isRoutable(dn) },
    targets: {
      name,
      hosts: [host, officeHost],
      processes,
      sipServer: sip,
      lesser: { host: officeHost, configServer: config, statServer: stat },
      shutDown: () => operators.shutDown(name),
      takeBack: () => operators.takeBack(name),
    },
  };
}
