/**
 * The links of a desk: one to a Configuration Server, one to the SIP Servers of each site (DS7). Which connection is
 * whose, and when which is due, is known here; what is heard over them is told as facts.
 */
import type { Millis, Random } from '@holdfast/kernel';
import type { DeskConfiguration } from '@holdfast/protocol';
import { ConfigurationLink } from './configuration-link.ts';
import type { DeskEffect, DeskInput, Endpoint, LinkKind } from './desk-types.ts';
import { type SiteConfiguration, type TelephonyFact, TelephonyLink } from './telephony-link.ts';

type Start = Extract<DeskInput, { type: 'start' }>;
type Heard = Extract<DeskInput, { type: 'message' }>;

export interface DeskLinkPorts {
  emit(effect: DeskEffect): void;
  /** Let in by a Configuration Server; also again after each reconnection. */
  configured(token: string, configuration: DeskConfiguration): void;
  /** Nothing but the agent or the administrator can mend this. */
  refused(text: string): void;
  learn(fact: TelephonyFact): void;
  /** The picture of a link has changed. */
  changed(): void;
}

export class DeskLinks {
  readonly #ports: DeskLinkPorts;
  readonly #random: Random;
  #configuration: ConfigurationLink | undefined;
  readonly #telephony = new Map<string, TelephonyLink>();

  constructor(random: Random, ports: DeskLinkPorts) {
    this.#random = random;
    this.#ports = ports;
  }

  get configuration(): ConfigurationLink | undefined {
    return this.#configuration;
  }

  telephonyAt(site: string): TelephonyLink | undefined {
    return this.#telephony.get(site);
  }

  telephony(): IterableIterator<TelephonyLink> {
    return this.#telephony.values();
  }

  connectConfiguration(now: Millis, { user, password, place, localData }: Start): void {
    const { emit, refused, changed } = this.#ports;
    this.#configuration = new ConfigurationLink({ user, password, place }, localData, this.#random, {
      connect: (connection, member) => this.#connect(connection, member, 'configuration'),
      close: (connection) => emit({ type: 'close', connection }),
      send: (connection, message) => emit({ type: 'send', connection, message }),
      configured: (token, configuration) => this.#configured(token, configuration),
      refused: (code, text) => refused(`${code}: ${text}`),
      changed,
    });
    this.#configuration.link.start(now);
  }

  #configured(token: string, configuration: DeskConfiguration): void {
    for (const telephony of this.#telephony.values()) telephony.replaceToken(token);
    this.#ports.configured(token, configuration);
  }

  connectTelephony(
    now: Millis,
    session: { readonly start: Start; readonly person: string; readonly token: string },
    configuration: SiteConfiguration,
  ): void {
    const { emit, learn } = this.#ports;
    const { application, desk } = session.start.localData;
    const telephony = new TelephonyLink(
      {
        configuration,
        application,
        session: `desk-${desk}`.slice(0, 64).padEnd(8, '-'),
        person: session.person,
        random: this.#random,
      },
      session.token,
      {
        connect: (connection, member) => this.#connect(connection, member, 'telephony'),
        close: (connection) => emit({ type: 'close', connection }),
        send: (connection, message) => emit({ type: 'send', connection, message }),
        tell: learn,
      },
    );
    this.#telephony.set(configuration.site, telephony);
    telephony.link.start(now);
  }

  #connect(connection: string, { host, port }: Endpoint, kind: LinkKind): void {
    this.#ports.emit({ type: 'connect', connection, host, port, kind });
  }

  opened(connection: string): void {
    const owner = this.#ownerOf(connection);
    // A connection that was given up while it was being opened.
    if (owner === undefined) return this.#ports.emit({ type: 'close', connection });
    owner.opened(connection);
  }

  broken(now: Millis, connection: string, how: string): void {
    this.#ownerOf(connection)?.broken(now, how);
  }

  receive(now: Millis, { connection, message }: Heard): void {
    this.#ownerOf(connection)?.receive(now, connection, message as never);
  }

  #ownerOf(connection: string): ConfigurationLink | TelephonyLink | undefined {
    if (this.#configuration?.link.owns(connection)) return this.#configuration;
    for (const telephony of this.#telephony.values()) if (telephony.link.owns(connection)) return telephony;
    return undefined;
  }

  /** Infinity for none; asked often, so that it makes no lists. */
  nextDeadline(): Millis {
    const never = Number.POSITIVE_INFINITY;
    let next = this.#configuration?.link.nextDeadline() ?? never;
    for (const { link } of this.#telephony.values()) next = Math.min(next, link.nextDeadline() ?? never);
    return next;
  }

  expire(now: Millis): void {
    for (const link of this.#all()) {
      if ((link.nextDeadline() ?? Number.POSITIVE_INFINITY) > now) continue;
      const { state, health } = link.view;
      link.expire(now);
      // A ping that is due every few seconds changes no picture.
      if (link.view.state !== state || link.view.health !== health) this.#ports.changed();
    }
  }

  /** The clocks have jumped: what was silent may have been this machine. */
  doubt(now: Millis): void {
    for (const link of this.#all()) link.doubt(now);
  }

  stop(): void {
    for (const link of this.#all()) link.stop();
  }

  #all() {
    const links = [...this.#telephony.values()].map((telephony) => telephony.link);
    return this.#configuration === undefined ? links : [this.#configuration.link, ...links];
  }
}
