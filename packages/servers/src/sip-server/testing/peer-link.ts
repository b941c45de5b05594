/**
 * The connection of a SIP Server to that of the other site, in the world of the tests. Who is cut off neither hears nor is
 * heard, and does not notice.
 */
import type { SipLinkEffect, SipLinkInput } from '../../sip-server-follower.ts';
import type { SipServerInput } from '../effects.ts';
import type { Wire } from './server-site.ts';
import type { World } from './server-world.ts';

/** A site to which one can connect: a server alone, or a pair. */
export interface ReachedSite {
  readonly host: string;
  connect(wire: Wire): void;
  disconnect(wire: Wire): void;
  fromDesk(wire: Wire, message: Extract<SipServerInput, { type: 'message' }>['message']): void;
}

const DELAY_MS = 2;

let connections = 0;

export class PeerLink {
  readonly #world: World;
  readonly #host: string;
  /** By host. */
  readonly #sites: ReadonlyMap<string, ReachedSite>;
  readonly #input: (input: SipLinkInput) => void;
  #present: { readonly attempt: number; readonly site: ReachedSite; readonly wire: Wire } | undefined;

  constructor(
    world: World,
    host: string,
    sites: ReadonlyMap<string, ReachedSite>,
    input: (input: SipLinkInput) => void,
  ) {
    this.#world = world;
    this.#host = host;
    this.#sites = sites;
    this.#input = input;
  }

  perform(effect: SipLinkEffect): void {
    const { attempt } = effect;
    if (effect.type === 'sipConnect') return this.#connect(attempt, effect.server.host);
    if (this.#present?.attempt !== attempt) return;
    const { site, wire } = this.#present;
    if (effect.type === 'sipClose') return site.disconnect(wire);
    if (!this.#isCutFrom([site])) site.fromDesk(wire, effect.message);
  }

  #connect(attempt: number, host: string): void {
    const site = this.#sites.get(host);
    if (site === undefined || this.#isCutFrom([site]))
      return this.#tell({ type: 'sipClosed', attempt, why: 'refused' });
    const wire: Wire = {
      connection: `${this.#host}-${++connections}`,
      closedBecause: undefined,
      receive: (message) => this.#tell({ type: 'sipMessage', attempt, message }),
    };
    this.#present = { attempt, site, wire };
    site.connect(wire);
    // A member that does not serve refuses.
    if (wire.closedBecause !== undefined)
      return this.#tell({ type: 'sipClosed', attempt, why: wire.closedBecause });
    this.#tell({ type: 'sipOpened', attempt });
  }

  /** The connection is lost, at both its ends. */
  drop(): void {
    const present = this.#present;
    this.#present = undefined;
    if (present === undefined) return;
    present.site.disconnect(present.wire);
    this.#input({ type: 'sipClosed', attempt: present.attempt, why: 'cut' });
  }

  #tell(input: SipLinkInput): void {
    this.#world.after(DELAY_MS, () => {
      if (!this.#isCutFrom(this.#sites.values()) || input.type === 'sipClosed') this.#input(input);
    });
  }

  #isCutFrom(sites: Iterable<ReachedSite>): boolean {
    return [{ host: this.#host }, ...sites].some(({ host }) => this.#world.cut.has(host));
  }
}
