/**
 * The links of a desk: one to configuration, one to statistics where there are any, one to the SIP Servers of each
 * site (DS7). Which connection is whose, and when which is due, is known here; what is heard over them is told as
 * facts.
 */
import type { LinkSite } from '@holdfast/continuity';
import type { Because, Millis, Random } from '@holdfast/kernel';
import type { DeskConfiguration, ErrorCode } from '@holdfast/protocol';
import type { Told } from './alarms.ts';
import { ConfigurationLink, type Credentials } from './configuration-link.ts';
import type { AlarmName, DeskEffect, DeskInput, DeskLocalData, Endpoint, LinkKind } from './desk-types.ts';
import { targetOf } from './link-target.ts';
import type { DeskPolicy } from './policy.ts';
import { StatisticsLink } from './statistics-link.ts';
import { type TelephonyFact, TelephonyLink } from './telephony-link.ts';
import { lostText, TEXTS } from './texts.ts';

type Heard = Extract<DeskInput, { type: 'message' }>;

export interface DeskSession {
  readonly policy: DeskPolicy;
  /** Names this run of the desk. */
  readonly desk: string;
  readonly token: string;
}

export interface DeskLinkPorts {
  emit(effect: DeskEffect): void;
  /** Let in by a Configuration Server; also again after each reconnection. */
  configured(token: string, configuration: DeskConfiguration): void;
  /** Nothing but the agent or the administrator can mend this. */
  refused(code: ErrorCode, text: string): void;
  /** DS23. */
  passwordAnswered(why: string | undefined): void;
  /** A Configuration Server lets the desk not in now; it is tried again. */
  notYet(code: ErrorCode, text: string): void;
  learn(fact: TelephonyFact): void;
  /** A server that is not used. */
  distrusted(text: string): void;
  /** A lesser link goes to another site. */
  moving(kind: LinkKind, site: string, because: Because): void;
  alarm(name: AlarmName, told: Told): void;
  /** The picture of a link has changed. */
  changed(): void;
}

export class DeskLinks {
  readonly #ports: DeskLinkPorts;
  readonly #random: Random;
  #configuration: ConfigurationLink | undefined;
  #statistics: StatisticsLink | undefined;
  readonly #telephony = new Map<string, TelephonyLink>();

  constructor(random: Random, ports: DeskLinkPorts) {
    this.#random = random;
    this.#ports = ports;
  }

  get configuration(): ConfigurationLink | undefined {
    return this.#configuration;
  }

  get statistics(): StatisticsLink | undefined {
    return this.#statistics;
  }

  telephonyAt(site: string): TelephonyLink | undefined {
    return this.#telephony.get(site);
  }

  telephony(): IterableIterator<TelephonyLink> {
    return this.#telephony.values();
  }

  connectConfiguration(now: Millis, credentials: Credentials, local: DeskLocalData): void {
    const { configured, refused, notYet, passwordAnswered } = this.#ports;
    this.#configuration = new ConfigurationLink(credentials, local, this.#random, {
      ...this.#wire('configuration'),
      ...this.#guarded('configuration'),
      configured: (_now, token, configuration) => configured(token, configuration),
      ...{ refused, notYet, passwordAnswered },
    });
    this.#configuration.link.start(now);
  }

  /**
   * The agent's sites are known, or known anew (DS17, DS24): telephony to each, and statistics where there are any. What
   * stands goes on; nothing waits for it.
   */
  connectSites(
    now: Millis,
    session: DeskSession,
    configuration: DeskConfiguration,
    sites: readonly string[],
  ): void {
    const { policy, token } = session;
    this.#configuration?.settle(now, policy, configuration);
    for (const telephony of this.#telephony.values()) telephony.renewToken(token);
    for (const site of configuration.sites)
      if (sites.includes(site.site)) this.#connectTelephony(now, session, configuration.person.name, site);
    this.#connectStatistics(now, session, configuration);
  }

  #connectTelephony(
    now: Millis,
    { policy, desk, token }: DeskSession,
    person: string,
    configuration: DeskConfiguration['sites'][number],
  ): void {
    const { site } = configuration;
    const terms = {
      configuration,
      target: targetOf(configuration.telephony, site, policy),
      supervisorLogoutCodes: policy.supervisorLogoutCodes[site] ?? [],
    };
    const present = this.#telephony.get(site);
    if (present !== undefined) return present.renew(now, token, terms);
    const session = `desk-${desk}`.slice(0, 64).padEnd(8, '-');
    const telephony = new TelephonyLink({ ...terms, session, person, random: this.#random }, token, {
      ...this.#wire('telephony'),
      tell: this.#ports.learn,
    });
    this.#telephony.set(site, telephony);
    telephony.link.start(now);
  }

  #connectStatistics(now: Millis, { policy, token }: DeskSession, configuration: DeskConfiguration): void {
    const links = policy.statistics;
    if (links === undefined) {
      this.#statistics?.sited.stop();
      this.#statistics = undefined;
      return;
    }
    const terms = { policy, links, configuration, token };
    if (this.#statistics !== undefined) return this.#statistics.renew(now, terms);
    this.#statistics = new StatisticsLink(
      now,
      { ...terms, random: this.#random },
      {
        ...this.#wire('statistics'),
        ...this.#guarded('statistics'),
        tokenRefused: () => this.#configuration?.logInAgain(),
      },
    );
  }

  /** DS24: the others are this agent's no more, and nothing of the desk is left there. */
  keepSites(sites: readonly string[]): void {
    for (const [site, { link }] of this.#telephony) {
      if (sites.includes(site)) continue;
      link.stop();
      this.#telephony.delete(site);
      this.#ports.changed();
    }
  }

  /** The agent has come to work at another site (DS15, DS17). */
  voiceAt(now: Millis, site: string, isReturn: boolean): void {
    this.#configuration?.sited.voiceAt(now, site, isReturn);
    this.#statistics?.sited.voiceAt(now, site, isReturn);
  }

  #wire(kind: LinkKind) {
    const { emit, distrusted } = this.#ports;
    return {
      connect: (connection: string, { host, port }: Endpoint) =>
        emit({ type: 'connect', connection, host, port, kind }),
      close: (connection: string) => emit({ type: 'close', connection }),
      wrongSite: ({ host, port }: Endpoint, says: string, site: string) =>
        distrusted(TEXTS.wrongSite({ host, port, says, site })),
      send: (connection: string, message: Extract<DeskEffect, { type: 'send' }>['message']) =>
        emit({ type: 'send', connection, message }),
    };
  }

  #guarded(kind: 'configuration' | 'statistics') {
    const { moving, alarm, changed } = this.#ports;
    return {
      moving: (site: string, because: Because) => moving(kind, site, because),
      warned: (isRaised: boolean, because: Because, before: LinkSite) =>
        alarm(`${kind}-link-lost`, { isRaised, because, text: lostText(before) }),
      changed,
    };
  }

  opened(connection: string): void {
    const owner = this.#ownerOf(connection);
    // A connection that was given up while it was being opened.
    if (owner === undefined) return this.#ports.emit({ type: 'close', connection });
    owner.opened(connection);
  }

  broken(now: Millis, connection: string, how: string): void {
    const owner = this.#ownerOf(connection);
    if (owner === undefined) return;
    owner.link.broken(now, how);
    this.#ports.changed();
  }

  receive(now: Millis, { connection, message }: Heard): void {
    const owner = this.#ownerOf(connection);
    if (owner === undefined) return;
    const { health } = owner.link;
    owner.link.heard(now);
    if (owner.link.health !== health) this.#ports.changed();
    owner.receive(now, connection, message as never);
  }

  #ownerOf(connection: string): ConfigurationLink | StatisticsLink | TelephonyLink | undefined {
    if (this.#configuration?.link.owns(connection)) return this.#configuration;
    if (this.#statistics?.link.owns(connection)) return this.#statistics;
    for (const telephony of this.#telephony.values()) if (telephony.link.owns(connection)) return telephony;
    return undefined;
  }

  /** Infinity for none; asked often, so that it makes no lists. */
  nextDeadline(): Millis {
    const never = Number.POSITIVE_INFINITY;
    let next = this.#configuration?.sited.nextDeadline() ?? never;
    next = Math.min(next, this.#statistics?.sited.nextDeadline() ?? never);
    for (const { link } of this.#telephony.values()) next = Math.min(next, link.nextDeadline() ?? never);
    return next;
  }

  expire(now: Millis): void {
    for (const owner of this.#all()) {
      const due = 'sited' in owner ? owner.sited : owner.link;
      if ((due.nextDeadline() ?? Number.POSITIVE_INFINITY) > now) continue;
      const { state, health } = owner.link.view;
      due.expire(now);
      // A ping that is due every few seconds changes no picture.
      if (owner.link.view.state !== state || owner.link.view.health !== health) this.#ports.changed();
    }
  }

  /** The clocks have jumped: what was silent may have been this machine. */
  doubt(now: Millis): void {
    for (const { link } of this.#all()) link.doubt(now);
  }

  stop(): void {
    for (const owner of this.#all()) ('sited' in owner ? owner.sited : owner.link).stop();
  }

  #all(): (ConfigurationLink | StatisticsLink | TelephonyLink)[] {
    const lesser = [this.#configuration, this.#statistics].filter((link) => link !== undefined);
    return [...lesser, ...this.#telephony.values()];
  }
}
