/**
 * How a standby follows the other site (SS54): it holds the records of that site as its primary does, so that calls of a
 * dead site can still go on here when our primary has died too.
 *
 *     SIP Server of the other site ──records──▶ primary      knows, asks, adopts
 *                                  └──records──▶ standby      holds, until it takes over
 *
 * It asks that site nothing but its records, takes no event of it, and concludes nothing from its silence.
 */
import type { LogLine, Millis, Random } from '@holdfast/kernel';
import type { Hashes } from '@holdfast/sip';
import { Following } from '../mirror/following.ts';
import type { ServerSecret } from '../server-proof.ts';
import type { SipServerConfiguration } from '../sip-server/configuration.ts';
import type { HeldPeer } from '../sip-server/peer-site.ts';
import { type SipLinkEffect, type SipLinkInput, SipServerFollower } from '../sip-server-follower.ts';

export interface StandbyPeerPorts {
  readonly random: Random;
  readonly hashes: Pick<Hashes, 'hmacSha256'>;
  /** What servers show that they hold; without it there is no link. */
  readonly serverSecret?: ServerSecret | undefined;
  emit(effect: SipLinkEffect): void;
  log(line: LogLine): void;
}

export class StandbyPeer {
  readonly #ports: StandbyPeerPorts;
  #site: string | undefined;
  #follower: SipServerFollower | undefined;
  #following = new Following();
  #heardAt: Millis | undefined;
  /** Of the last connection, while there is no follower. */
  #attempt = 0;

  constructor(ports: StandbyPeerPorts) {
    this.#ports = ports;
  }

  /** For figures and checks. */
  get following(): Following {
    return this.#following;
  }

  /** This member has become standby. `attempt`: of the last connection of the server that thought here. */
  begin(now: Millis, configuration: SipServerConfiguration, attempt: number): void {
    this.#attempt = attempt;
    this.configure(now, configuration);
  }

  configure(now: Millis, { application, peer }: SipServerConfiguration): void {
    const { random, hashes, serverSecret: secret } = this.#ports;
    const isWanted = peer !== undefined && secret !== undefined;
    if (this.#follower !== undefined && isWanted && peer.site === this.#site)
      return this.#follower.configure(now, peer.settings);
    this.#leave(now, 'the configuration names another site, or none');
    this.#drop(peer?.site);
    if (!isWanted) return;
    this.#follower = new SipServerFollower(
      {
        ...{ application, secret, random, hashes, what: 'SIP Server of the other site' },
        ...{ session: 'standby', events: 'none' },
        emit: (effect) => this.#ports.emit(effect),
        log: (line) => this.#ports.log(line),
        ...{ snapshot: nothing, event: nothing, lost: nothing },
        current: (at) => this.#heard(at),
        answered: () => false,
        pong: (at) => this.#heard(at),
        records: this.#following,
        recorded: (at) => this.#heard(at),
      },
      peer.settings,
      now,
      this.#attempt,
    );
  }

  handle(now: Millis, input: SipLinkInput): void {
    this.#follower?.handle(now, input);
  }

  nextDeadline(): Millis | undefined {
    return this.#follower?.nextDeadline();
  }

  expire(now: Millis): void {
    this.#follower?.expire(now);
  }

  /** This member takes over: its server goes on with what is held, over a connection of its own. */
  hand(now: Millis): HeldPeer {
    this.#leave(now, 'this member of the pair takes over');
    const held = {
      ...{ site: this.#site, following: this.#following, heardAt: this.#heardAt, attempt: this.#attempt },
    };
    this.#drop(undefined);
    return held;
  }

  #leave(now: Millis, why: string): void {
    if (this.#follower === undefined) return;
    this.#follower.stop(now, why);
    this.#attempt = this.#follower.attempt;
    this.#follower = undefined;
  }

  #drop(site: string | undefined): void {
    this.#site = site;
    this.#following = new Following();
    this.#heardAt = undefined;
  }

  #heard(now: Millis): void {
    this.#heardAt = now;
  }
}

const nothing = () => undefined;
