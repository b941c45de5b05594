/**
 * A site as a desk meets it on the wire: one SIP Server and one Configuration Server, with just enough memory
 * to answer as they do. It is a double of other *processes*, written against the protocol, and shares no code
 * with them; in particular it counts its leases by its own arithmetic.
 */
import type {
  DeskConfiguration,
  DeskReply,
  DeskRequest,
  EventAttributes,
  EventName,
  LoginEpoch,
  QueueStatistic,
  Stamp,
  StatRequest,
} from '@holdfast/protocol';
import type { LinkKind, LinkReply, LinkRequest } from './desk-types.ts';

export const LEASE_LENGTH_MS = 2_000;
export const STAMP_EVERY_MS = 500;
export const DN = '1001';
export const PERSON = 'ada';
const CURRENT = { isCurrent: true } as const;

export interface SiteAgent {
  readonly epoch: LoginEpoch;
  readonly queues: readonly string[];
  state: 'Ready' | 'NotReady';
  workMode: string;
  reasons: Record<string, string>;
  leaseEndsAt: number;
}

type Send = (connection: string, message: LinkReply) => void;
type AgentLogin = Extract<DeskRequest, { type: 'AgentLogin' }>;

export class TestSite {
  readonly name: string;
  readonly #send: Send;
  /** What the Configuration Server tells whoever logs in. */
  configuration: DeskConfiguration;
  /** The site of which its servers say that they are. */
  says: string;
  readonly #clients = new Map<string, { registered: boolean }>();
  pairEpoch: number;
  number = 0;
  phone = true;
  isShuttingDown = false;
  agent: SiteAgent | undefined;
  calls: Extract<DeskReply, { type: 'Registered' }>['snapshot']['calls'] = [];
  /** Answers the next log-in with this error instead. */
  refuseLogin: { code: string; epoch?: LoginEpoch; retryAfterMs?: number } | undefined;
  /** Answers whoever logs in at the Configuration Server with this error. */
  refuseEntry: string | undefined;
  /** No desk can be made for whoever logs in, and this is why (CS15). */
  noDesk: string | undefined;
  /** The Configuration Server knows no such Application. */
  refuseApplication: string | undefined;
  /** Every request, in order. */
  readonly heard: LinkRequest[] = [];
  readonly #subscribers = new Set<string>();
  /** Logged in at the Configuration Server. */
  readonly #entered = new Set<string>();
  #queue: QueueStatistic;
  token = 'token-1';
  password = 'secret';
  isPasswordExpired = false;
  #stamps = 0;
  #asks = 0;
  #highest = 0;
  #log: Extract<DeskReply, { type: 'Event' }>[] = [];

  constructor(name: string, pairEpoch: number, configuration: DeskConfiguration, send: Send) {
    this.name = name;
    this.says = name;
    this.pairEpoch = pairEpoch;
    this.configuration = configuration;
    this.#send = send;
    this.#queue = {
      ...{ objectType: 'Queue', name: `6001@${name}`, site: name, source: CURRENT },
      ...{ callsWaiting: 0, agentsLoggedIn: 1, agentsReady: 1 },
    };
  }

  /** A process that starts anew remembers nothing and takes a higher epoch. */
  restart(): void {
    this.pairEpoch += 1_000;
    this.number = 0;
    this.agent = undefined;
    this.calls = [];
    this.#clients.clear();
    this.#log = [];
    this.#stamps = 0;
    this.#highest = 0;
  }

  forget(connection: string): void {
    this.#clients.delete(connection);
    this.#subscribers.delete(connection);
    this.#entered.delete(connection);
  }

  isRoutable(now: number): boolean {
    return this.agent?.state === 'Ready' && now < this.agent.leaseEndsAt;
  }

  requests<Type extends LinkRequest['type']>(type: Type) {
    return this.heard.filter(
      (message): message is Extract<LinkRequest, { type: Type }> => message.type === type,
    );
  }

  stampAll(now: number): void {
    for (const [connection, client] of this.#clients) if (client.registered) this.#stamp(connection, now);
  }

  setPhone(inService: boolean): void {
    if (this.phone === inService) return;
    this.phone = inService;
    this.#event(inService ? 'EventDNBackInService' : 'EventDNOutOfService', {});
    if (!inService && this.agent !== undefined) this.logOut('dr-force_logout');
  }

  /** Says so to everybody, lets the agent go, and admits nobody until it is taken back. */
  shutDown(isShuttingDown: boolean): void {
    this.isShuttingDown = isShuttingDown;
    for (const connection of this.#clients.keys())
      this.#send(connection, { type: 'ServerState', isShuttingDown });
    if (isShuttingDown && this.agent !== undefined) this.logOut('graceful_shutdown_logout');
  }

  logOut(reason?: string): void {
    this.agent = undefined;
    this.#event('EventAgentLogout', {
      AgentID: 'A1',
      ...(reason === undefined ? {} : { Reasons: { LogoutReason: reason } }),
    });
  }

  /** Somebody has edited the configuration: whoever is logged in is told. */
  reconfigure(configuration: DeskConfiguration): void {
    this.configuration = configuration;
    for (const connection of this.#entered)
      this.#send(connection, { type: 'DeskConfiguration', revision: '2', configuration });
  }

  /** To whoever is connected for telephony, unasked. */
  sayToAll(message: LinkReply): void {
    for (const connection of this.#clients.keys()) this.#send(connection, message);
  }

  callEvent(name: EventName, ConnID: string, Extensions?: EventAttributes['Extensions']): void {
    const call = { ConnID, CallType: 'Inbound', ANI: '5551234', UserData: { topic: 'roof' } } as const;
    this.#event(name, { ...call, ...(Extensions && { Extensions }) });
  }

  /** A supervisor or administrator asks for a move, through this site. */
  askToMove(to: string, by: string): void {
    for (const connection of this.#clients.keys())
      this.#send(connection, { type: 'MoveAsked', ask: ++this.#asks, dn: DN, to, by });
  }

  /** Callers in the queue, as the Stat Server tells it. */
  setWaiting(callsWaiting: number, source: QueueStatistic['source'] = { isCurrent: true }): void {
    this.#queue = {
      ...this.#queue,
      callsWaiting,
      source,
      ...(callsWaiting > 0 ? { longestWaitMs: 400 } : {}),
    };
    for (const connection of this.#subscribers)
      this.#send(connection, { type: 'Statistics', statistics: [this.#queue] });
  }

  receive(now: number, connection: string, message: LinkRequest, kind: LinkKind): void {
    this.heard.push(message);
    if (message.type === 'Ping') return this.#send(connection, { type: 'Pong', n: message.n });
    if (kind === 'statistics') return this.#statistics(connection, message as StatRequest);
    switch (message.type) {
      case 'Open': {
        const { ReferenceID, application, version } = message;
        if (application === this.refuseApplication)
          return this.#error(connection, ReferenceID, 'unknown-application');
        return this.#send(connection, {
          type: 'Opened',
          ReferenceID,
          application,
          site: this.says,
          version,
          revision: '1',
        });
      }
      case 'LogIn':
        if (this.refuseEntry !== undefined)
          return this.#error(connection, message.ReferenceID, this.refuseEntry);
        if (message.password !== this.password)
          return this.#error(connection, message.ReferenceID, 'wrong-password');
        if (this.isPasswordExpired) return this.#error(connection, message.ReferenceID, 'password-expired');
        return this.#loggedIn(connection, message.ReferenceID);
      case 'SetPassword':
        return this.#setPassword(connection, message);
      case 'LogInByToken':
        if (this.refuseEntry !== undefined)
          return this.#error(connection, message.ReferenceID, this.refuseEntry);
        if (message.token !== this.token)
          return this.#error(connection, message.ReferenceID, 'token-expired');
        return this.#loggedIn(connection, message.ReferenceID);
      case 'RegisterClient':
        return this.#registerClient(now, connection, message);
      case 'RegisterAddress':
        return this.#registerAddress(connection, message.ReferenceID);
      case 'AgentLogin':
        return this.#agentLogin(now, connection, message);
      case 'AgentLogout':
        this.#send(connection, { type: 'Done', ReferenceID: message.ReferenceID });
        return this.agent === undefined ? undefined : this.logOut();
      case 'AgentReady':
      case 'AgentNotReady':
        return this.#setState(connection, message);
      case 'ReportAlarm':
        return this.#send(connection, { type: 'Done', ReferenceID: message.ReferenceID });
      case 'StampAnswer':
        return this.#stampAnswer(connection, message.epoch, message.stamp, message.dn);
      default:
    }
  }

  #statistics(connection: string, message: StatRequest): void {
    if (message.type === 'Open') {
      const { ReferenceID, application, version, token } = message;
      if (token !== this.token) return this.#error(connection, ReferenceID, 'token-expired');
      return this.#send(connection, { type: 'Opened', ReferenceID, application, site: this.says, version });
    }
    if (message.type !== 'Subscribe') return;
    this.#subscribers.add(connection);
    const { ReferenceID, objectType, name } = message;
    if (objectType === 'Queue' && name !== this.#queue.name)
      return this.#error(connection, ReferenceID, 'not-found');
    const status = this.agent === undefined ? 'LoggedOut' : 'WaitForNextCall';
    const agent = {
      objectType: 'Agent',
      name: PERSON,
      site: this.name,
      source: CURRENT,
      status,
      reasons: {},
    } as const;
    this.#send(connection, {
      type: 'Subscribed',
      ReferenceID,
      statistics: [objectType === 'Queue' ? this.#queue : agent],
    });
  }

  #setPassword(
    connection: string,
    { ReferenceID, password, newPassword }: Extract<LinkRequest, { type: 'SetPassword' }>,
  ): void {
    if (password !== this.password) return this.#error(connection, ReferenceID, 'wrong-password');
    if (newPassword.length < 8) return this.#error(connection, ReferenceID, 'password-unfit');
    this.password = newPassword;
    this.isPasswordExpired = false;
    const entry = { author: { who: PERSON, from: 'desk' }, changes: [] };
    this.#send(connection, {
      ...{ type: 'Edited', ReferenceID, revision: '2', isDryRun: false, entry, findings: [] },
    });
  }

  #loggedIn(connection: string, ReferenceID: number): void {
    const { token, noDesk } = this;
    this.#entered.add(connection);
    const desk = noDesk === undefined ? { configuration: this.configuration } : { noDesk };
    this.#send(connection, { type: 'LoggedIn', ReferenceID, token, expiresAt: 9e12, ...desk });
  }

  #registerClient(
    now: number,
    connection: string,
    message: Extract<DeskRequest, { type: 'RegisterClient' }>,
  ): void {
    if (message.token !== this.token) return this.#error(connection, message.ReferenceID, 'token-expired');
    const { resume } = message;
    const resumed = resume !== undefined && resume.epoch === this.pairEpoch;
    this.#clients.set(connection, { registered: true });
    this.#send(connection, {
      type: 'ServerInfo',
      ReferenceID: message.ReferenceID,
      application: `sip-${this.name}`,
      site: this.says,
      switch: this.name,
      version: 1,
      position: { epoch: this.pairEpoch, number: this.number },
      resumed,
      leaseLengthMs: LEASE_LENGTH_MS,
      stampEveryMs: STAMP_EVERY_MS,
    });
    if (resumed)
      for (const event of this.#log) if (event.position.number > resume.number) this.#send(connection, event);
    if (this.isShuttingDown) this.#send(connection, { type: 'ServerState', isShuttingDown: true });
    this.#stamp(connection, now);
  }

  #registerAddress(connection: string, ReferenceID: number): void {
    const { agent } = this;
    this.#send(connection, {
      type: 'Registered',
      ReferenceID,
      position: { epoch: this.pairEpoch, number: this.number },
      snapshot: {
        dn: DN,
        inService: this.phone,
        calls: this.calls,
        ...(agent === undefined
          ? {}
          : {
              agent: {
                AgentID: 'A1',
                person: PERSON,
                epoch: agent.epoch,
                state: agent.state,
                workMode: agent.workMode as 'Unknown',
                reasons: agent.reasons,
                queues: [...agent.queues],
                routable: true,
                sinceMs: 0,
              },
            }),
      },
    });
  }

  #agentLogin(now: number, connection: string, message: AgentLogin): void {
    const { ReferenceID, epoch, stamp, AgentID, queues } = message;
    if (this.refuseLogin !== undefined) {
      const { code, ...more } = this.refuseLogin;
      this.refuseLogin = undefined;
      return this.#error(connection, ReferenceID, code, more);
    }
    if (this.isShuttingDown) return this.#error(connection, ReferenceID, 'shutting-down');
    if (message.token !== this.token) return this.#error(connection, ReferenceID, 'token-expired');
    if (stamp.pairEpoch !== this.pairEpoch || now >= stamp.at + LEASE_LENGTH_MS) {
      return this.#error(connection, ReferenceID, 'stale-stamp');
    }
    if (epoch.number <= this.#highest)
      return this.#error(connection, ReferenceID, 'epoch-too-low', {
        epoch: { number: this.#highest, desk: 'x' },
      });
    if (!this.phone) return this.#error(connection, ReferenceID, 'phone-out-of-service');
    this.#highest = epoch.number;
    this.agent = {
      epoch,
      queues,
      state: 'NotReady',
      workMode: 'Unknown',
      reasons: {},
      leaseEndsAt: stamp.at + LEASE_LENGTH_MS,
    };
    this.#event('EventAgentLogin', { AgentID }, connection, ReferenceID);
    this.#event('EventAgentNotReady', { AgentID, WorkMode: 'Unknown' });
  }

  #setState(
    connection: string,
    message: Extract<DeskRequest, { type: 'AgentReady' | 'AgentNotReady' }>,
  ): void {
    const { agent } = this;
    if (agent === undefined) return this.#error(connection, message.ReferenceID, 'not-logged-in');
    agent.state = message.type === 'AgentReady' ? 'Ready' : 'NotReady';
    agent.workMode = message.workMode ?? 'Unknown';
    agent.reasons = message.reasons ?? {};
    const WorkMode = message.workMode ?? 'Unknown';
    this.#event(
      message.type === 'AgentReady' ? 'EventAgentReady' : 'EventAgentNotReady',
      {
        AgentID: 'A1',
        WorkMode,
        Reasons: agent.reasons,
      },
      connection,
      message.ReferenceID,
    );
  }

  #stampAnswer(connection: string, epoch: LoginEpoch, stamp: Stamp, dn: string): void {
    const { agent } = this;
    if (agent === undefined || agent.epoch.number !== epoch.number)
      return this.#send(connection, { type: 'NotLoggedIn', dn, epoch });
    if (stamp.pairEpoch === this.pairEpoch)
      agent.leaseEndsAt = Math.max(agent.leaseEndsAt, stamp.at + LEASE_LENGTH_MS);
  }

  #stamp(connection: string, now: number): void {
    this.#send(connection, {
      type: 'Stamp',
      stamp: { pairEpoch: this.pairEpoch, number: ++this.#stamps, at: now },
    });
  }

  #event(name: EventName, attributes: Partial<EventAttributes>, asker?: string, ReferenceID?: number): void {
    const position = { epoch: this.pairEpoch, number: ++this.number };
    const event = {
      type: 'Event',
      position,
      time: 0,
      name,
      attributes: { Server: 'sip', ThisDN: DN, ...attributes },
    } as const;
    this.#log.push(event);
    for (const connection of this.#clients.keys()) {
      const own = connection === asker && ReferenceID !== undefined ? { ReferenceID } : {};
      this.#send(connection, { ...event, attributes: { ...event.attributes, ...own } });
    }
  }

  #error(
    connection: string,
    ReferenceID: number,
    code: string,
    more: { epoch?: LoginEpoch; retryAfterMs?: number } = {},
  ): void {
    this.#send(connection, {
      type: 'Error',
      ReferenceID,
      code: code as never,
      text: `refused: ${code}`,
      ...more,
    });
  }
}
