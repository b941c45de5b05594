/**
 * The desk's session with a Configuration Server (DS5, S4): log in by password once, by token afterwards.
 *
 * At the start the agent's sites are not known, and any Configuration Server will do: the nodes of the bootstrap file
 * are tried in turn, the preferred site's first. What the first one tells decides at which site the link belongs, and
 * from then on it stands with the servers of one site at a time (`sited-link`). At each site the desk opens with the
 * Application of that site (S3).
 */
import type { LinkSite } from '@holdfast/continuity';
import type { Because, Millis, Random } from '@holdfast/kernel';
import {
  type ConfigReply,
  type ConfigRequest,
  type DeskConfiguration,
  type ErrorCode,
  isTokenRefusal,
  OPTIONS,
  PROTOCOL_VERSION,
} from '@holdfast/protocol';
import type { Bootstrap, BootstrapSite } from './bootstrap/bootstrap.ts';
import type { DeskLocalData, Endpoint } from './desk-types.ts';
import { type LinkTarget, shuffled } from './link.ts';
import { addpHealth, targetOf } from './link-target.ts';
import { type DeskPolicy, FIRST_PAUSE_MAX_MS } from './policy.ts';
import { SitedLink } from './sited-link.ts';
import { TEXTS } from './texts.ts';

export interface ConfigurationPorts {
  connect(connection: string, member: Endpoint): void;
  close(connection: string): void;
  send(connection: string, message: ConfigRequest): void;
  /** Also again after each reconnection, and whenever it has changed (DS24). */
  configured(now: Millis, token: string, configuration: DeskConfiguration): void;
  /** Nothing but the agent or the administrator can mend this (wrong password, disabled account). */
  refused(code: ErrorCode, text: string): void;
  /** DS23: undefined, the new password stands; else why it does not. */
  passwordAnswered(why: string | undefined): void;
  /** It will be tried again; the agent may read why it did not come to anything. */
  notYet(code: ErrorCode, text: string): void;
  /** This server says that it is of another site than that of the link, and is not used. */
  wrongSite(member: Endpoint, says: string, site: string): void;
  moving(site: string, because: Because): void;
  warned(isLost: boolean, because: Because, before: LinkSite): void;
  changed(): void;
}

export interface Credentials {
  readonly user: string;
  readonly password: string;
  /** Where the agent sits: one Place, or one for each site (DS21). None: the Person's default. */
  readonly places: readonly string[];
}

/** A Configuration Server, and the Application as which the desk opens there. */
interface ConfigNode extends Endpoint {
  readonly openAs: string;
}

/** DS23: on its way to become the password. */
interface NewPassword {
  readonly text: string;
  /** Of the request on the present connection. */
  ReferenceID: number | undefined;
  /** An earlier request may have been done, and its answer lost. */
  wasSent: boolean;
}

/** Refusals of the agent, after which the same words would be refused again, whoever is asked. */
const FINAL: readonly ErrorCode[] = [
  'wrong-password',
  'password-expired',
  'account-disabled',
  'too-many-failures',
  'not-found',
  'not-an-extension',
  'unknown-dn',
];
/**
 * Refusals of the Application under which the desk opens. Each site's record names its own, so that the next may be
 * sound: what one server says is a failure of that server, and only what all say is final.
 */
const OF_RECORD: readonly ErrorCode[] = ['unknown-application', 'not-allowed'];

export class ConfigurationLink {
  #credentials: Credentials;
  #newPassword: NewPassword | undefined;
  #isPasswordExpired = false;
  readonly #bootstrap: Bootstrap;
  readonly #addpTimeoutMs: Millis;
  readonly #ports: ConfigurationPorts;
  readonly sited: SitedLink<ConfigNode>;
  #token: string | undefined;
  #member: ConfigNode | undefined;
  /** Of the server that answered last; empty before. */
  #site = '';
  #known: { readonly policy: DeskPolicy; readonly configuration: DeskConfiguration } | undefined;
  #references = 0;
  /** Before the agent's sites are known: whom the desk may ask, and who of them refuses its Application. */
  #starters: ReadonlySet<string> = new Set();
  readonly #refusing = new Set<string>();

  constructor(
    credentials: Credentials,
    local: Pick<DeskLocalData, 'bootstrap' | 'delivered' | 'addpTimeoutMs'>,
    random: Random,
    ports: ConfigurationPorts,
  ) {
    this.#credentials = credentials;
    this.#bootstrap = local.bootstrap;
    this.#addpTimeoutMs = local.addpTimeoutMs;
    this.#ports = ports;
    const { changed } = ports;
    this.sited = new SitedLink({ name: 'configuration', random }, this.#atStart(random, local.delivered), {
      connect: (connection, member) => {
        this.#member = member;
        ports.connect(connection, member);
      },
      close: (connection) => ports.close(connection),
      ping: (connection, n) => ports.send(connection, { type: 'Ping', n }),
      targetAt: (site) => this.#targetAt(site),
      moving: (site, because) => ports.moving(site, because),
      warned: (isLost, because, before) => ports.warned(isLost, because, before),
      changed,
    });
  }

  get link() {
    return this.sited.link;
  }

  get site(): string {
    return this.sited.site ?? this.#site;
  }

  /** DS23: it goes on with a new one alone. */
  get isPasswordExpired(): boolean {
    return this.#isPasswordExpired;
  }

  /** DS5, DS20: every node that the bootstrap file names, the preferred site's first; the copy's before the file's. */
  #atStart(random: Random, delivered: Bootstrap | undefined): LinkTarget<ConfigNode> {
    const { preferred } = this.#bootstrap;
    const sites = [...sitesOf(this.#bootstrap), ...(delivered === undefined ? [] : sitesOf(delivered))];
    const byKey = new Map<string, ConfigNode>();
    for (const site of sites) {
      const nodes = nodesOf(site);
      for (const node of site.form === 'cluster' ? shuffled(nodes, random) : nodes)
        if (!byKey.has(nodeKey(node))) byKey.set(nodeKey(node), node);
    }
    const members = [...byKey.values()];
    this.#starters = new Set(byKey.keys());
    // S0: in the pair form `Timeout` counts only after a first connection; S4: the third-party desktop retries by it always.
    const isWorkspacePair = preferred.form === 'pair' && preferred.applicationType === 'Workspace';
    const pauseMs = isWorkspacePair ? RETRY_DELAY_MS : (preferred.timeoutMs ?? RETRY_DELAY_MS);
    return this.#target('pair', members, pauseMs);
  }

  #target(form: 'pair' | 'cluster', members: readonly ConfigNode[], pauseMs: Millis): LinkTarget<ConfigNode> {
    const health = addpHealth(this.#addpTimeoutMs, 'local data');
    return { form, members, health, pauseMs, firstPauseMaxMs: FIRST_PAUSE_MAX_MS };
  }

  #targetAt(name: string): LinkTarget<ConfigNode> {
    const site = this.#known?.configuration.sites.find((one) => one.site === name);
    if (site !== undefined && this.#known !== undefined) {
      const { members, ...rest } = targetOf(site.configuration, name, this.#known.policy, 'configuration');
      const { application: openAs } = site;
      return { ...rest, members: members.map(({ host, port }) => ({ host, port, openAs })) };
    }
    // A site that is none of the agent's: known is only what the bootstrap file says of it.
    const { preferred, peer = preferred } = this.#bootstrap;
    const home = [preferred, peer].find((one) => one.site === name) ?? peer;
    return this.#target(home.form, nodesOf(home), home.timeoutMs ?? RETRY_DELAY_MS);
  }

  /** The agent's sites are known, or known anew: the link goes where it belongs. */
  settle(now: Millis, policy: DeskPolicy, configuration: DeskConfiguration): void {
    this.#known = { policy, configuration };
    this.sited.settle(now, policy.configuration, this.#site);
    this.link.renew(now, this.#targetAt(this.site));
  }

  opened(connection: string): void {
    this.#ports.send(connection, {
      type: 'Open',
      ReferenceID: ++this.#references,
      application: this.#member?.openAs ?? '',
      version: PROTOCOL_VERSION,
      addpTimeoutMs: this.link.addpTimeoutMs,
    });
  }

  /** The token no longer counts: the password again. */
  logInAgain(): void {
    this.#token = undefined;
    const { connection } = this.link;
    if (connection !== undefined && this.link.isOn) this.#logIn(connection);
  }

  /** DS23: also where the link was given up because the present one has expired. */
  setPassword(now: Millis, text: string): void {
    this.#newPassword = { text, ReferenceID: undefined, wasSent: false };
    const { connection } = this.link;
    if (connection !== undefined && this.link.isOn) return this.#logIn(connection);
    this.link.start(now);
  }

  receive(now: Millis, connection: string, message: ConfigReply): void {
    switch (message.type) {
      case 'Ping':
        return this.#ports.send(connection, { type: 'Pong', n: message.n });
      case 'Opened':
        return this.#openedAt(now, connection, message.site);
      case 'LoggedIn':
        // CS15: good for reading and editing, and for nothing that a desk does.
        if (message.configuration === undefined)
          return this.#refused(now, connection, 'bad-configuration', message.noDesk ?? TEXTS.noDesk);
        this.#token = message.token;
        this.sited.established(now);
        this.#ports.configured(now, message.token, message.configuration);
        if (this.#isPasswordToBeSaid()) this.#logIn(connection);
        return;
      case 'DeskConfiguration':
        // DS24: of a log-in that stands; what another is being answered is newer.
        if (this.link.isOn && this.#token !== undefined)
          this.#ports.configured(now, this.#token, message.configuration);
        return;
      case 'Error':
        if (this.#isOfPassword(message.ReferenceID))
          return this.#passwordRefused(now, connection, message.code, message.text);
        return this.#refused(now, connection, message.code, message.text);
      case 'Edited':
        return this.#isOfPassword(message.ReferenceID) ? this.#passwordSet(connection) : undefined;
      case 'NotEdited':
        if (this.#isOfPassword(message.ReferenceID))
          this.#passwordRefused(now, connection, 'declined', message.text);
        return;
      case 'Pong':
      case 'Objects':
      case 'Changed':
      case 'Challenge':
        return;
    }
  }

  /** DS3: before the agent's sites are known any site will do; from then on the link stands at one. */
  #openedAt(now: Millis, connection: string, says: string): void {
    const { site } = this.sited;
    if (site !== undefined && says !== site) {
      if (this.#member !== undefined) this.#ports.wrongSite(this.#member, says, site);
      return this.link.distrust(now, `it is of site ${says}`);
    }
    this.#site = says;
    if (this.#member !== undefined) this.#refusing.delete(nodeKey(this.#member));
    this.#logIn(connection);
  }

  /** The agent has named a new one while a log-in was on its way. */
  #isPasswordToBeSaid(): boolean {
    return this.#newPassword !== undefined && this.#newPassword.ReferenceID === undefined;
  }

  #isOfPassword(ReferenceID: number | undefined): boolean {
    return ReferenceID !== undefined && ReferenceID === this.#newPassword?.ReferenceID;
  }

  #passwordSet(connection: string): void {
    if (this.#newPassword === undefined) return;
    this.#credentials = { ...this.#credentials, password: this.#newPassword.text };
    this.#newPassword = undefined;
    this.#isPasswordExpired = false;
    this.#ports.passwordAnswered(undefined);
    if (!this.link.isOn) this.#logIn(connection);
  }

  #passwordRefused(now: Millis, connection: string, code: ErrorCode, text: string): void {
    // The first request was done, and the connection lost before its answer.
    if (code === 'wrong-password' && this.#newPassword?.wasSent === true)
      return this.#passwordSet(connection);
    this.#newPassword = undefined;
    this.#ports.passwordAnswered(text);
    if (this.link.isOn) return;
    if (this.#token !== undefined) return this.#logIn(connection);
    if (this.#isPasswordExpired) this.link.stop();
    else this.link.distrust(now, text);
  }

  #logIn(connection: string): void {
    const { user, password, places } = this.#credentials;
    const ReferenceID = ++this.#references;
    if (this.#newPassword !== undefined) {
      const { text: newPassword, ReferenceID: former } = this.#newPassword;
      this.#newPassword = { text: newPassword, ReferenceID, wasSent: former !== undefined };
      const message = { type: 'SetPassword', ReferenceID, user, password, newPassword } as const;
      return this.#ports.send(connection, message);
    }
    const seat = places.length === 0 ? {} : { places: [...places] };
    if (this.#token === undefined) {
      return this.#ports.send(connection, { type: 'LogIn', ReferenceID, user, password, ...seat });
    }
    this.#ports.send(connection, { type: 'LogInByToken', ReferenceID, token: this.#token, ...seat });
  }

  #refused(now: Millis, connection: string, code: ErrorCode, text: string): void {
    if (this.#token !== undefined && isTokenRefusal(code)) {
      this.#token = undefined;
      return this.#logIn(connection);
    }
    // A desk that is at work is no worse off for trying again; only a wrong password would lock the account.
    const isOfPassword = code === 'wrong-password' || code === 'password-expired';
    const isAtWork = this.#known !== undefined && !isOfPassword;
    if (isAtWork || !(FINAL.includes(code) || this.#isRefusedByAll(code))) {
      this.#ports.notYet(code, text);
      return this.link.distrust(now, text);
    }
    if (code === 'password-expired') this.#isPasswordExpired = true;
    if (this.#isPasswordExpired && this.#isPasswordToBeSaid()) return this.#logIn(connection);
    this.link.stop();
    this.#ports.refused(code, text);
  }

  #isRefusedByAll(code: ErrorCode): boolean {
    if (!OF_RECORD.includes(code)) return false;
    if (this.#member !== undefined) this.#refusing.add(nodeKey(this.#member));
    return [...this.#starters].every((key) => this.#refusing.has(key));
  }
}

const RETRY_DELAY_MS = 1000 * Number(OPTIONS['interaction-workspace']['warm-standby.retry-delay'].default);

function sitesOf({ preferred, peer }: Bootstrap): BootstrapSite[] {
  return peer === undefined ? [preferred] : [preferred, peer];
}

function nodesOf({ nodes, application: openAs }: BootstrapSite): ConfigNode[] {
  return nodes.map(({ host, port }) => ({ host, port, openAs }));
}

function nodeKey({ host, port, openAs }: ConfigNode): string {
  return `${host}:${port} ${openAs}`;
}
