/**
 * A link to configuration or statistics: connections to the servers of one site at a time, and the decision of
 * `continuity/link-site` at which site that is. What is said over the connections is the business of its owner.
 */
import {
  type LinkMove,
  type LinkSite,
  type LinkSiteEvent,
  type LinkSitePolicy,
  linkSiteDeadline,
  linkSiteMove,
  startLinkSite,
  stepLinkSite,
} from '@holdfast/continuity';
import type { Because, Millis, Random } from '@holdfast/kernel';
import type { Endpoint } from './desk-types.ts';
import { Link, type LinkTarget } from './link.ts';

export interface SitedLinkPorts<Member extends Endpoint> {
  connect(connection: string, member: Member): void;
  close(connection: string): void;
  ping(connection: string, n: number): void;
  /** The servers of a site. */
  targetAt(site: string): LinkTarget<Member>;
  /** The link goes to the servers of another site. */
  moving(site: string, because: Because): void;
  /** DS16: it is lost, or stands again; as it stood before. */
  warned(isLost: boolean, because: Because, before: LinkSite): void;
  changed(): void;
}

export class SitedLink<Member extends Endpoint = Endpoint> {
  readonly link: Link<Member>;
  readonly #ports: SitedLinkPorts<Member>;
  /** Undefined before the agent's sites are known: then every server that is known is tried in turn. */
  #machine: LinkSite | undefined;

  constructor(
    options: { readonly name: string; readonly random: Random },
    target: LinkTarget<Member>,
    ports: SitedLinkPorts<Member>,
  ) {
    this.#ports = ports;
    this.link = new Link(options, target, {
      connect: (connection, member) => ports.connect(connection, member),
      close: (connection) => ports.close(connection),
      ping: (connection, n) => ports.ping(connection, n),
      off: (now, since) => {
        this.#tell(now, { type: 'off', since });
        ports.changed();
      },
    });
  }

  get site(): string | undefined {
    return this.#machine?.site;
  }

  /** DS16: its own move, while its time is running. */
  get move(): LinkMove | undefined {
    return this.#machine && linkSiteMove(this.#machine);
  }

  /** The agent's sites are known, or others now (DS24). `standsAt`: where the link has come to stand before. */
  settle(now: Millis, policy: LinkSitePolicy, standsAt: string | undefined): void {
    if (this.#machine !== undefined) return this.#tell(now, { type: 'policy', policy });
    const { state, effects } = startLinkSite(policy, standsAt);
    this.#machine = state;
    for (const effect of effects) if (effect.type === 'moveTo') this.#move(now, effect.site, effect.because);
    this.link.start(now);
  }

  /** The session stands. */
  established(now: Millis): void {
    this.link.established(now);
    if (this.#machine !== undefined) this.#tell(now, { type: 'on', site: this.#machine.site });
    this.#ports.changed();
  }

  /** The agent has come to work at another site. */
  voiceAt(now: Millis, site: string, isReturn: boolean): void {
    this.#tell(now, { type: 'voice', site, isReturn });
  }

  stop(): void {
    this.#machine = undefined;
    this.link.stop();
  }

  nextDeadline(): Millis | undefined {
    const never = Number.POSITIVE_INFINITY;
    const move = this.#machine === undefined ? undefined : linkSiteDeadline(this.#machine);
    const next = Math.min(this.link.nextDeadline() ?? never, move ?? never);
    return next < never ? next : undefined;
  }

  expire(now: Millis): void {
    this.#tell(now, { type: 'expire' });
    if ((this.link.nextDeadline() ?? Number.POSITIVE_INFINITY) <= now) this.link.expire(now);
  }

  #tell(now: Millis, event: LinkSiteEvent): void {
    if (this.#machine === undefined) return;
    const before = this.#machine;
    const { state, effects } = stepLinkSite(before, event, now);
    this.#machine = state;
    for (const effect of effects) {
      if (effect.type === 'moveTo') this.#move(now, effect.site, effect.because);
      else this.#ports.warned(effect.type === 'warn', effect.because, before);
    }
  }

  #move(now: Millis, site: string, because: Because): void {
    this.#ports.moving(site, because);
    this.link.moveTo(now, this.#ports.targetAt(site));
    this.#ports.changed();
  }
}
