/**
 * The fixed ports of the demonstration, so that people can join with a phone, and a look at whether they are free
 * before anything is started: a port that is taken would otherwise show only when a server dies of it.
 */
import { bindFailure } from './free-ports.ts';
import { SITES, type SitePorts } from './live-lab.ts';

export const FIRST_SITE_PORT = 5110;
/** The last one lies so far above the first. */
export const SITE_PORTS_SPAN = 150;

/** The configuration is in a database, and desks and servers ask the proxies of their sites. */
export type DemoPorts = SitePorts & Required<Pick<SitePorts, 'writer'>>;

/** From `first` on: 5110 gives 5110 to 5112, 5115, 5116, 5160, 5190, 5210 to 5212, 5260. */
export function sitePorts(first: number): DemoPorts {
  return {
    config: [first, first + 100],
    writer: { port: first + 5, restPort: first + 6 },
    clients: [first + 1, first + 101],
    stats: [first + 2, first + 102],
    sip: [first + 50, first + 150],
    gateway: first + 80,
  };
}

interface NeededPort {
  readonly port: number;
  readonly transports: readonly ('UDP' | 'TCP')[];
  readonly whose: string;
}

function neededPorts(sites: SitePorts, pagePort: number): NeededPort[] {
  const needed: NeededPort[] = [{ port: pagePort, transports: ['TCP'], whose: 'the live page' }];
  SITES.forEach((site, index) => {
    const own = (ports: readonly [number, number]) => ports[index] as number;
    needed.push(
      {
        port: own(sites.config),
        transports: ['TCP'],
        whose:
          sites.writer === undefined ? `the Configuration Server config-${site}` : `the proxy proxy-${site}`,
      },
      { port: own(sites.clients), transports: ['TCP'], whose: `the SIP Server sip-${site} (its clients)` },
      { port: own(sites.stats), transports: ['TCP'], whose: `the Stat Server stat-${site}` },
      { port: own(sites.sip), transports: ['UDP', 'TCP'], whose: `the SIP Server sip-${site} (SIP)` },
    );
  });
  if (sites.writer !== undefined)
    needed.push(
      { port: sites.writer.port, transports: ['TCP'], whose: 'the Configuration Server config-north' },
      {
        port: sites.writer.restPort,
        transports: ['TCP'],
        whose: 'the Configuration Server config-north (REST)',
      },
    );
  needed.push({ port: sites.gateway, transports: ['UDP', 'TCP'], whose: "the callers' gateway (SIP)" });
  return needed;
}

/** A sentence for each port that cannot be had, and the remedy; undefined when all are free. */
export async function takenPorts(sites: SitePorts, pagePort: number): Promise<string | undefined> {
  const needed = neededPorts(sites, pagePort);
  const problems: string[] = [];
  const isOurs = needed.slice(1).find(({ port }) => port === pagePort);
  if (isOurs !== undefined)
    problems.push(`port ${pagePort} cannot be both that of the live page and that of ${isOurs.whose}`);
  for (const { port, transports, whose } of needed) {
    for (const transport of transports) {
      const failure = await bindFailure(transport, port);
      if (failure === undefined) continue;
      const why = failure.code === 'EADDRINUSE' ? 'is taken by another program' : `: ${failure.message}`;
      problems.push(`${transport} port ${port} of ${whose} ${why}`);
    }
  }
  if (problems.length === 0) return undefined;
  return `${problems.join('\n  ')}\n  Stop that program (perhaps another demonstration), or choose other ports: --port for the live page, --site-ports for the two sites, as in: npx holdfast demo --port 9080 --site-ports 6110`;
}
