/**
 * What clients ask of a SIP Server, turned into facts for the contact centre. Here it is decided who may ask
 * (token, rank, login lease); what the request does to agents and calls is decided there.
 */
import type { Centre } from '@holdfast/centre';
import type { SiteLease } from '@holdfast/continuity';
import { type Millis, must } from '@holdfast/kernel';
import {
  type DeskRequest,
  type DNSnapshot,
  type ErrorCode,
  isSupervisor,
  LOGOUT_REASONS,
  type QueueSnapshot,
} from '@holdfast/protocol';
import { type ServerClients, saysSecret, serverRefused, WRONG_SECRET } from '../server-clients.ts';
import { askerOf } from './answers.ts';
import type { CallControl } from './call-control.ts';
import { CallRequests } from './call-requests.ts';
import type { Client, ClientPerson } from './clients.ts';
import type { Rank, SipPerson, SipServerConfiguration } from './configuration.ts';
import type { EventLog } from './event-log.ts';
import { LoginAdmission } from './login-admission.ts';
import { returnWindowMs } from './login-turns.ts';
import type { OwnAlarms } from './own-alarms.ts';
import type { PeerSite } from './peer-site.ts';
import type { PoolRequest, QueuePool } from './queue-pool.ts';
import { TOKEN_REFUSED } from './refusals.ts';
import { Revocations } from './revocations.ts';
import { type SiteRequest, type SiteRequestPorts, SiteRequests } from './site-requests.ts';

export type TokenCheck =
  /** When it was made: wall clock, ms since 1970. */
  | { readonly ok: true; readonly person: string; readonly issuedWall: number }
  | { readonly ok: false; readonly code: 'token-invalid' | 'token-expired' };

export type RegisterClient = Extract<DeskRequest, { type: 'RegisterClient' }>;

export interface DeskRequestPorts
  extends Pick<SiteRequestPorts, 'clients' | 'wall' | 'tell' | 'agentOn' | 'logBudgeted' | 'offerRole'> {
  readonly calls: CallControl;
  readonly lease: SiteLease;
  readonly centre: Pick<Centre, 'loginOf' | 'refusalOf' | 'agents'>;
  readonly peer: Pick<PeerSite, 'canAsk' | 'endLogin' | 'whoIsOn'>;
  readonly pool: Pick<QueuePool, 'asked'>;
  readonly log: EventLog;
  readonly alarms: Pick<OwnAlarms, 'tellWhatStands'>;
  /** Ed25519, about 0.1 ms; wall clock in ms since 1970. */
  verifyToken(token: string, wall: Millis): TokenCheck;
  readonly servers: ServerClients<RegisterClient>;
  /** What was sent to it before goes out. */
  close(connection: string, why: string): void;
  /** A graceful shutdown goes on. */
  isShuttingDown(): boolean;
  /** AD2: a desk says whether it reaches that site. */
  siteSeen(now: Millis, connection: string, site: string, isUp: boolean): void;
  snapshot(dn: string, now: Millis): DNSnapshot;
  snapshots(now: Millis): { readonly dns: DNSnapshot[]; readonly queues: QueueSnapshot[] };
  /** The address that SDP of ours names. */
  readonly mediaAddress: string;
}

type Login = Extract<DeskRequest, { type: 'AgentLogin' }>;
type OnDN = Extract<DeskRequest, { dn: string; ReferenceID: number }>;
/** What only the agent on the DN and supervisors may ask. */
type Acting = Exclude<
  OnDN,
  SiteRequest | { type: 'RegisterAddress' | 'UnregisterAddress' | 'AgentLogin' | 'AgentLogout' }
>;

export class DeskRequests {
  readonly #ports: DeskRequestPorts;
  readonly #site: SiteRequests;
  readonly logins: LoginAdmission;
  readonly callRequests: CallRequests;
  #configuration: SipServerConfiguration | undefined;
  #dns = new Set<string>();
  /** Agent Login code → person. */
  #owners = new Map<string, string>();
  /** By name; enabled ones only. */
  #persons = new Map<string, SipPerson>();
  readonly revocations: Revocations;

  constructor(ports: DeskRequestPorts) {
    this.#ports = ports;
    const { clients, agentOn, tell, wall, logBudgeted, lease, centre, peer } = ports;
    this.#site = new SiteRequests({
      ...{ clients, agentOn, tell, wall, logBudgeted, offerRole: ports.offerRole },
      rankOf: (client) => this.#rankOf(client),
      site: () => this.#configuration?.site ?? 'this site',
      shutdownWave: () => must(this.#configuration, 'clients come after the configuration').shutdownWave,
      agentDNs: () => centre.agents().map(({ dn }) => dn),
      isPhoneElsewhere: (dn) => peer.whoIsOn(dn)?.isInService === true,
    });
    const { close } = ports;
    const personOf = (name: string) => this.#persons.get(name);
    this.revocations = new Revocations({ clients, centre, tell, close, personOf });
    this.callRequests = new CallRequests({ calls: ports.calls, clients, mediaAddress: ports.mediaAddress });
    this.logins = new LoginAdmission({
      ...{ clients, lease, centre, peer, tell, wall, logBudgeted },
      ownerOf: (agentId) => this.#owners.get(agentId),
      isPerson: (name) => this.#persons.has(name),
      switchName: () => this.#switchName(),
      loginRate: () => must(this.#configuration, 'the node configures its parts first').loginRate,
    });
  }

  configure(configuration: SipServerConfiguration): void {
    this.#configuration = configuration;
    this.#dns = new Set(configuration.dns.map((dn) => dn.number));
    this.#persons = new Map(configuration.persons.map((person) => [person.name, person]));
    this.#owners = new Map(
      configuration.persons.flatMap((person) =>
        person.agentLogins.map((login) => [login, person.name] as const),
      ),
    );
    this.revocations.look();
  }

  nextDeadline(): Millis | undefined {
    const asked = this.#site.moveAsks.nextDeadline();
    const login = this.logins.nextDeadline();
    return asked === undefined || login === undefined ? (asked ?? login) : Math.min(asked, login);
  }

  expire(now: Millis): void {
    this.#site.moveAsks.expire(now);
    this.logins.expire(now);
  }

  /** Who shows this token, if the configuration still knows that person. */
  #personOf(
    token: string,
    now: Millis,
  ):
    | { readonly ok: true; readonly person: ClientPerson }
    | { readonly ok: false; readonly code: ErrorCode; readonly text: string } {
    const check = this.#ports.verifyToken(token, this.#ports.wall(now));
    if (!check.ok) return { ...check, text: TOKEN_REFUSED[check.code] };
    const { person: name, issuedWall: tokenIssuedWall } = check;
    const refusal = this.revocations.refusalOf(name, tokenIssuedWall);
    if (refusal !== undefined) return { ok: false, ...refusal };
    const { rank } = must(this.#persons.get(name), 'who is not refused is a Person');
    return { ok: true, person: { name, rank, tokenIssuedWall } };
  }

  handle(now: Millis, connection: string, request: DeskRequest): void {
    const { clients } = this.#ports;
    if (request.type === 'Ping') return clients.send(connection, { type: 'Pong', n: request.n });
    // Whoever holds this server answers Mirror, where its records can be followed (mirror/leading.ts).
    if (request.type === 'Pong' || request.type === 'Mirror') return;
    if (request.type === 'RegisterClient') return this.#registerClient(now, connection, request);
    if (request.type === 'Proof') return this.#registerServer(now, connection, request);
    const client = clients.get(connection);
    const ReferenceID = 'ReferenceID' in request ? request.ReferenceID : 0;
    if (client === undefined) {
      return clients.refuse(connection, ReferenceID, 'wrong-state', { text: 'Send RegisterClient first.' });
    }
    const answer = clients.repeated(client, request);
    if (answer !== undefined) return clients.send(connection, answer);
    // SS62, SS70: a server follows everything; all that it may end is what the other site is about to admit.
    if (client.isServer && request.type === 'RegisterAll')
      return this.#registerAll(now, client, request.ReferenceID);
    if (client.isServer && request.type === 'EndLogin') return this.logins.endLogin(now, client, request);
    if (isOfPool(request)) {
      if (client.isServer) return this.#ports.pool.asked(connection, request);
      const text = `${request.type} is for the SIP Server of the other site. Call the queue instead.`;
      return this.#refuse(client, { ReferenceID }, 'not-allowed', text);
    }
    if (client.person === undefined || (request.type === 'RegisterAll' && !this.#isSupervisor(client))) {
      const text = 'Show a token in RegisterClient; for all DNs, that of a supervisor.';
      return this.#refuse(client, { ReferenceID }, 'not-allowed', text);
    }
    if (request.type === 'EndLogin') {
      const text = 'EndLogin is for the SIP Server of the other site. Log out with AgentLogout.';
      return this.#refuse(client, request, 'not-allowed', text);
    }
    if (request.type === 'SiteSeen') return this.#ports.siteSeen(now, connection, request.site, request.isUp);
    if (request.type === 'StampAnswer') return this.#stampAnswer(now, client, request);
    if (request.type === 'MoveAnswer') return this.#site.moveAsks.answered(client, request);
    if (request.type === 'RegisterAll') return this.#registerAll(now, client, request.ReferenceID);
    if (request.type === 'GracefulShutdown' || request.type === 'OfferRole')
      return this.#site.handle(now, client, request);
    if (!this.#dns.has(request.dn)) {
      return this.#refuse(
        client,
        request,
        'unknown-dn',
        `${request.dn} is no DN of ${this.#switchName()}. Check the number.`,
      );
    }
    this.#onDN(now, client, request);
  }

  #onDN(now: Millis, client: Client, request: OnDN): void {
    const { clients } = this.#ports;
    switch (request.type) {
      case 'RegisterAddress': {
        if (!clients.register(client, request.dn)) {
          return this.#refuse(
            client,
            request,
            'overloaded',
            'Too many DNs for one client; use RegisterAll for a board.',
          );
        }
        const snapshot = this.#ports.snapshot(request.dn, now);
        const { position } = this.#ports.log;
        return clients.send(client.connection, {
          type: 'Registered',
          ReferenceID: request.ReferenceID,
          position,
          snapshot,
        });
      }
      case 'UnregisterAddress':
        clients.unregister(client, request.dn);
        return clients.send(client.connection, { type: 'Done', ReferenceID: request.ReferenceID });
      case 'AgentLogin':
        return this.#login(now, client, request);
      case 'AgentLogout':
        return this.#logout(client, request);
      case 'AskToMove':
      case 'ReportAlarm':
        return this.#site.handle(now, client, request);
      default:
        return this.#onOwnDN(now, client, request);
    }
  }

  #onOwnDN(now: Millis, client: Client, request: Acting): void {
    if (!this.#owns(client, request.dn)) {
      return this.#refuse(
        client,
        request,
        'not-allowed',
        `${client.person?.name ?? 'A client without token'} may not act on ${request.dn}. Act on the DN of your own login.`,
      );
    }
    const asked = { client: askerOf(client.session.key, request), referenceId: request.ReferenceID };
    switch (request.type) {
      case 'AgentReady':
      case 'AgentNotReady':
        return this.#ports.tell({
          type: request.type === 'AgentReady' ? 'ready' : 'notReady',
          dn: request.dn,
          ...(request.workMode === undefined ? {} : { workMode: request.workMode }),
          ...(request.reasons === undefined ? {} : { reasons: request.reasons }),
          ...asked,
        });
      case 'MakeCall':
      case 'InitiateTransfer':
      case 'SingleStepTransfer':
      case 'CompleteTransfer':
        return this.callRequests.handle(now, client, request);
      case 'ReleaseCall':
        return this.#ports.tell({ type: 'releaseCall', connId: request.ConnID, dn: request.dn, ...asked });
      case 'AttachUserData':
        return this.#ports.tell({
          type: 'attachUserData',
          connId: request.ConnID,
          dn: request.dn,
          userData: request.userData,
          ...asked,
        });
      case 'DeleteUserData': {
        const keys = request.keys === undefined ? {} : { keys: request.keys };
        return this.#ports.tell({
          type: 'deleteUserData',
          connId: request.ConnID,
          dn: request.dn,
          ...keys,
          ...asked,
        });
      }
    }
  }

  #registerClient(now: Millis, connection: string, request: RegisterClient): void {
    const { clients, servers } = this.#ports;
    let person: Client['person'];
    if (request.token !== undefined) {
      const check = this.#personOf(request.token, now);
      if (!check.ok) return clients.refuse(connection, request.ReferenceID, check.code, { text: check.text });
      person = check.person;
    }
    const { nonce, ReferenceID } = request;
    const { application, site } = must(this.#configuration, 'the node configures its parts first');
    if (nonce !== undefined)
      return clients.send(
        connection,
        servers.challenge(connection, { ...request, nonce }, { application, site }),
      );
    if (request.secret !== undefined)
      return this.#refuseServer(connection, ReferenceID, saysSecret(request.version));
    this.#admit(now, connection, request, { person, isServer: false });
  }

  /** LK1. */
  #registerServer(
    now: Millis,
    connection: string,
    { ReferenceID, proof }: Extract<DeskRequest, { type: 'Proof' }>,
  ): void {
    const shown = this.#ports.servers.shown(connection, proof);
    if (shown?.proof !== undefined)
      return this.#admit(
        now,
        connection,
        shown.request,
        { person: undefined, isServer: true },
        { proof: shown.proof },
      );
    this.#refuseServer(connection, ReferenceID, WRONG_SECRET);
  }

  #refuseServer(connection: string, ReferenceID: number, text: string): void {
    const { clients, logBudgeted, close } = this.#ports;
    clients.refuse(connection, ReferenceID, 'not-allowed', { text });
    logBudgeted(serverRefused(text), connection);
    close(connection, text);
  }

  #admit(
    now: Millis,
    connection: string,
    request: RegisterClient,
    who: Pick<Client, 'person' | 'isServer'>,
    proof: { readonly proof?: string } = {},
  ): void {
    const { clients, lease } = this.#ports;
    const configuration = must(this.#configuration, 'the node configures its parts first');
    const about = {
      ...proof,
      application: configuration.application,
      site: configuration.site,
      switch: configuration.switchName,
      leaseLengthMs: configuration.leaseLengthMs,
      stampEveryMs: configuration.stampEveryMs,
      ...(this.#ports.peer.canAsk && { peerAsked: true }),
      returnWindowMs: returnWindowMs(configuration),
    };
    const client = clients.admit(connection, request, about, who);
    if (client === undefined) return;
    if (this.#ports.isShuttingDown()) clients.send(connection, { type: 'ServerState', isShuttingDown: true });
    clients.send(connection, { type: 'Stamp', stamp: lease.stamp(now) });
    if (client.session.all) this.#ports.alarms.tellWhatStands(connection);
  }

  #registerAll(now: Millis, client: Client, ReferenceID: number): void {
    const { clients, log } = this.#ports;
    clients.registerAll(client);
    clients.send(client.connection, {
      type: 'RegisteredAll',
      ReferenceID,
      position: log.position,
      ...this.#ports.snapshots(now),
    });
    this.#ports.alarms.tellWhatStands(client.connection);
  }

  #login(now: Millis, client: Client, request: Login): void {
    const check = this.#personOf(request.token, now);
    if (!check.ok) return this.#refuse(client, request, check.code, check.text);
    const { name, rank, tokenIssuedWall } = check.person;
    if (name !== client.person?.name) {
      const text = `The token is ${name}'s, and this client registered as ${client.person?.name}. Register it anew.`;
      return this.#refuse(client, request, 'token-invalid', text);
    }
    if (rank === 'auditor') {
      const text = `${name} is an auditor, who reads and takes no calls. Log in as an agent.`;
      return this.#refuse(client, request, 'not-allowed', text);
    }
    this.logins.login(now, name, { client, request, tokenIssuedWall });
  }

  #logout(client: Client, request: Extract<DeskRequest, { type: 'AgentLogout' }>): void {
    if (this.logins.withdrawn(client.person?.name ?? '', request))
      return this.#ports.clients.send(client.connection, { type: 'Done', ReferenceID: request.ReferenceID });
    const own = this.#ports.agentOn(request.dn)?.person === client.person?.name;
    if (!own && !this.#isSupervisor(client)) {
      return this.#refuse(
        client,
        request,
        'not-allowed',
        `Only the agent on ${request.dn} or a supervisor may log that agent out.`,
      );
    }
    const given = request.reasons?.LogoutReason;
    if (given !== undefined && SERVER_REASONS.has(given)) {
      const text = `${given} is the server's own reason, upon which desks move. Give another one, or none.`;
      return this.#refuse(client, request, 'bad-message', text);
    }
    this.#ports.tell({
      type: 'logout',
      dn: request.dn,
      by: own ? 'agent' : 'supervisor',
      ...(request.epoch === undefined ? {} : { epoch: request.epoch }),
      ...(own ? {} : { reason: given ?? LOGOUT_REASONS.supervisor }),
      ...(request.reasons === undefined ? {} : { reasons: request.reasons }),
      client: askerOf(client.session.key, request),
      referenceId: request.ReferenceID,
    });
  }

  /** LL1, LL3: the answer to a stamp is all that keeps an agent routable. */
  #stampAnswer(now: Millis, client: Client, answer: Extract<DeskRequest, { type: 'StampAnswer' }>): void {
    const agent = this.#ports.agentOn(answer.dn);
    const holds = agent !== undefined && agent.person === client.person?.name;
    const { lease, clients } = this.#ports;
    if (holds && lease.answered(agent.agentId, answer.epoch, answer.stamp, now)) return;
    const { dn, epoch } = answer;
    this.logins.deny(must(client.person, 'whoever has shown no token is refused before').name, epoch);
    clients.send(client.connection, { type: 'NotLoggedIn', dn, epoch });
  }

  #owns(client: Client, dn: string): boolean {
    return (
      client.person !== undefined &&
      (this.#isSupervisor(client) || this.#ports.agentOn(dn)?.person === client.person.name)
    );
  }

  #isSupervisor(client: Client): boolean {
    return isSupervisor(this.#rankOf(client));
  }

  /** What a client was when it came may have been taken away since. */
  #rankOf({ person }: Client): Rank | undefined {
    return person === undefined ? undefined : this.#persons.get(person.name)?.rank;
  }

  #switchName(): string {
    return this.#configuration?.switchName ?? 'this switch';
  }

  #refuse(client: Client, request: { ReferenceID: number }, code: ErrorCode, text: string): void {
    this.#ports.clients.refuse(client.connection, request.ReferenceID, code, { text });
  }
}

function isOfPool(request: DeskRequest): request is PoolRequest {
  const { type } = request;
  return type === 'PoolWaiting' || type === 'PoolTaken' || type === 'PoolDeclined';
}

/** S4: what a desk acts upon, or counts for more than a supervisor's word. */
const SERVER_REASONS: ReadonlySet<string> = new Set([
  LOGOUT_REASONS.phoneLost,
  LOGOUT_REASONS.gracefulShutdown,
  LOGOUT_REASONS.superseded,
  LOGOUT_REASONS.revoked,
]);
