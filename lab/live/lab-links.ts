/**
 * All links of a lab that pass its relays: from the desks to the sites, and between the SIP Servers of the two sites. A fifth
 * of the desks stands in an outlying office, where the scenario wants one: their lines to a site can be cut by themselves.
 */
import { seededRandom } from '@holdfast/kernel';
import { SITES, type SiteName, type SitePorts } from './lab-configuration.ts';
import { DatagramLine, GOOD_LINE, type LineQuality } from './line-quality.ts';
import { type Cut, Relay, Relays } from './relay.ts';
import { clientPortsOf } from './site-ports.ts';

/** A relay doubles what the lab's process has to read and write; with more agents it would measure itself. */
export const RELAYED_AGENTS_MAX = 100;
/** Of ten desks two are in the office: one of each site, where these have even halves. */
const OUTLYING_OF = 5;

/** What of a site no longer passes: everything; what it says, so that it hears and is not heard; what is said to it. */
export type SiteCut = 'both' | 'from-site' | 'to-site';

/** Of relays that lead to the servers of a site, and of those through which that site reaches the other. */
const CUTS: Readonly<Record<SiteCut | 'none', { readonly inward: Cut; readonly outward: Cut }>> = {
  none: { inward: 'none', outward: 'none' },
  both: { inward: 'both', outward: 'both' },
  'from-site': { inward: 'to-desk', outward: 'to-server' },
  'to-site': { inward: 'to-server', outward: 'to-desk' },
};

export interface LabLinksOptions {
  readonly ports: SitePorts;
  readonly agents: number;
  readonly hasOutlyingOffice: boolean;
  readonly quality?: LineQuality | undefined;
}

/** What the lines have done to what they carried. */
export interface LineCounts {
  /** Datagrams of phones and callers. */
  readonly lost: number;
  readonly overtaken: number;
  /** The shortest way of anything between the two sites, ms; undefined: nothing went it. */
  readonly betweenSitesMs: number | undefined;
}

export class LabLinks {
  readonly #options: LabLinksOptions;
  readonly #desks = new Relays();
  readonly #office = new Relays();
  /** At each site, those through which its SIP Server reaches the members of the other one, the primary first. */
  readonly #peers: Readonly<Record<SiteName, readonly Relay[]>>;
  /** Of all phones and of the gateway, to the sites. */
  readonly datagrams: DatagramLine;
  readonly #random = seededRandom(1);

  private constructor(options: LabLinksOptions, peers: Readonly<Record<SiteName, readonly Relay[]>>) {
    this.#options = options;
    this.#peers = peers;
    const { quality = GOOD_LINE } = options;
    this.datagrams = new DatagramLine(quality, this.#random);
    for (const relay of SITES.flatMap((site) => peers[site])) relay.setQuality(quality, this.#random);
  }

  /** Those between the sites have to be known before the configuration is written. */
  static async make(options: LabLinksOptions): Promise<LabLinks> {
    const open = (ports: readonly number[]) =>
      Promise.all(ports.map((port) => Relay.open({ host: '127.0.0.1', port })));
    const [north, south] = await Promise.all(
      (['south', 'north'] as const).map((other) => open(clientPortsOf(options.ports, other))),
    );
    return new LabLinks(options, { north: north ?? [], south: south ?? [] });
  }

  /** Whether what goes between all desks and sites passes the relay. */
  get isRelayed(): boolean {
    return this.#options.agents <= RELAYED_AGENTS_MAX;
  }

  get counts(): LineCounts {
    const { lost, overtaken } = this.datagrams.counts;
    const ways = SITES.flatMap((site) => this.#peers[site].flatMap(({ leastMs }) => leastMs ?? []));
    return { lost, overtaken, betweenSitesMs: ways.length === 0 ? undefined : Math.min(...ways) };
  }

  async openForDesks(): Promise<void> {
    const { ports, hasOutlyingOffice } = this.#options;
    const relays = [...(this.isRelayed ? [this.#desks] : []), ...(hasOutlyingOffice ? [this.#office] : [])];
    for (const site of SITES)
      for (const port of portsOf(ports, site)) for (const one of relays) await one.open('127.0.0.1', port);
    for (const one of relays) one.setQuality(this.datagrams.quality, this.#random);
  }

  /** Of the desk of the agent with this index. */
  ofDesk(index: number): Relays {
    return this.isOutlying(index) ? this.#office : this.#desks;
  }

  isOutlying(index: number): boolean {
    return this.#options.hasOutlyingOffice && (index >> 1) % OUTLYING_OF === 2;
  }

  /** Where the SIP Server of that site reaches the other one: `holdfast/peer-address`. */
  peerAddress(site: SiteName): string {
    return this.#peers[site].map(({ port }) => `127.0.0.1:${port}`).join(',');
  }

  /** The sites no longer hear each other, and the outlying office no longer hears that site. */
  partition(site: SiteName, cut: SiteCut = 'both'): void {
    this.#cut(site, cut, [this.#office]);
  }

  /** Neither the other site nor any desk hears it, or is heard by it, or either. */
  cutOff(site: SiteName, cut: SiteCut): void {
    this.#cut(site, cut, [this.#office, this.#desks]);
  }

  heal(site: SiteName): void {
    this.#cut(site, 'none', [this.#office, this.#desks]);
  }

  #cut(site: SiteName, cut: SiteCut | 'none', desks: readonly Relays[]): void {
    const { inward, outward } = CUTS[cut];
    for (const name of SITES)
      for (const relay of this.#peers[name]) relay.cut(name === site ? outward : inward);
    for (const port of portsOf(this.#options.ports, site))
      for (const relays of desks) relays.at('127.0.0.1', port)?.cut(inward);
  }

  async close(): Promise<void> {
    await Promise.all([
      this.#desks.close(),
      this.#office.close(),
      ...SITES.flatMap((site) => this.#peers[site].map((relay) => relay.close())),
    ]);
  }
}

/** Where the desks connect to at that site. */
function portsOf(ports: SitePorts, site: SiteName): number[] {
  const index = SITES.indexOf(site);
  const proxies = ports.proxies?.[index] ?? [];
  return [
    ...clientPortsOf(ports, site),
    ...[ports.config[index] as number, ...proxies, ports.stats[index] as number],
  ];
}
