/**
 * What clients ask of the site, and what they pass to each other through it: a graceful shutdown (S4), a desk that
 * somebody wants to move (DS17), an alarm that a desk reports (DS16). None of it acts on a call.
 */
import type { CentreInput, ShutdownTerms } from '@holdfast/centre';
import type { LogLine, Millis } from '@holdfast/kernel';
import { type DeskRequest, type ErrorCode, isSupervisor } from '@holdfast/protocol';
import { askerOf } from './answers.ts';
import type { Client, Clients } from './clients.ts';
import type { Rank, SipServerConfiguration } from './configuration.ts';
import { MoveAsks } from './move-asks.ts';

/** Alarms of one client in one period: one that reports more is out of order, and must not drown those who watch. */
export const ALARMS_MAX = 20;
/** How long such a period lasts from its first alarm, ms. */
export const ALARM_PERIOD_MS = 60_000;

export interface SiteRequestPorts {
  readonly clients: Clients;
  wall(now: Millis): Millis;
  tell(input: CentreInput): void;
  /** A line that clients can cause at will; `sender` is who did. */
  logBudgeted(line: LogLine, sender: string): void;
  agentOn(dn: string): { readonly person: string; readonly agentId: string } | undefined;
  /** By the configuration of now. */
  rankOf(client: Client): Rank | undefined;
  site(): string;
  shutdownWave(): SipServerConfiguration['shutdownWave'];
  /** DNs where somebody is logged in. */
  agentDNs(): readonly string[];
  /** LL8: whether the phone of the DN is registered at the other site, where that is known. */
  isPhoneElsewhere(dn: string): boolean;
  /** OP1: of a member of a pair; why it cannot, or undefined when it has begun. */
  readonly offerRole?: ((now: Millis, by: string) => string | undefined) | undefined;
}

export type SiteRequest = Extract<
  DeskRequest,
  { type: 'GracefulShutdown' | 'OfferRole' | 'AskToMove' | 'ReportAlarm' }
>;
type Ask<Type extends SiteRequest['type']> = Extract<SiteRequest, { type: Type }>;

export class SiteRequests {
  readonly #ports: SiteRequestPorts;
  readonly moveAsks: MoveAsks;
  /** Goes with the client. */
  readonly #alarms = new WeakMap<Client, { readonly since: Millis; readonly count: number }>();

  constructor(ports: SiteRequestPorts) {
    this.#ports = ports;
    this.moveAsks = new MoveAsks(ports.clients);
  }

  handle(now: Millis, client: Client, request: SiteRequest): void {
    switch (request.type) {
      case 'GracefulShutdown':
        return this.#gracefulShutdown(client, request);
      case 'OfferRole':
        return this.#offerRole(now, client, request);
      case 'AskToMove':
        return this.#askToMove(now, client, request);
      case 'ReportAlarm':
        return this.#reportAlarm(now, client, request);
    }
  }

  /** SS40. */
  #gracefulShutdown(client: Client, request: Ask<'GracefulShutdown'>): void {
    if (this.#ports.rankOf(client) !== 'administrator') {
      const text = 'A graceful shutdown is for administrators. Ask one, or register with the token of one.';
      return this.#refuse(client, request, 'not-allowed', text);
    }
    this.#ports.tell({
      type: 'shutdown',
      on: request.on,
      by: nameOf(client),
      ...(request.on ? { terms: this.#termsOf(request) } : {}),
      client: askerOf(client.session.key, request),
      referenceId: request.ReferenceID,
    });
  }

  /** OP1. */
  #offerRole(now: Millis, client: Client, request: Ask<'OfferRole'>): void {
    const { clients, offerRole, site } = this.#ports;
    if (this.#ports.rankOf(client) !== 'administrator') {
      const text = 'A change of roles is for administrators. Ask one, or register with the token of one.';
      return this.#refuse(client, request, 'not-allowed', text);
    }
    if (offerRole === undefined) {
      const text = `The SIP Server of site ${site()} has no mate. Name a backup in its Application.`;
      return this.#refuse(client, request, 'wrong-state', text);
    }
    const because = offerRole(now, nameOf(client));
    if (because === undefined)
      return clients.send(client.connection, { type: 'Done', ReferenceID: request.ReferenceID });
    this.#refuse(
      client,
      request,
      'wrong-state',
      `${because} Nothing has changed; ask again when it is ready.`,
    );
  }

  #termsOf({ wave, waveEveryMs, withinMs, isForced, endsProcess }: Ask<'GracefulShutdown'>): ShutdownTerms {
    const { percent, everyMs } = this.#ports.shutdownWave();
    const dns = this.#ports.agentDNs();
    return {
      wave: wave ?? Math.max(1, Math.ceil((dns.length * percent) / 100)),
      waveEveryMs: waveEveryMs ?? everyMs,
      isForced: isForced === true,
      endsProcess: endsProcess === true,
      ...(withinMs === undefined ? {} : { withinMs }),
      phonesElsewhere: new Set(dns.filter((dn) => this.#ports.isPhoneElsewhere(dn))),
    };
  }

  /** SS44: the desk decides, and answers. */
  #askToMove(now: Millis, client: Client, request: Ask<'AskToMove'>): void {
    const { dn, to } = request;
    const { clients } = this.#ports;
    if (!isSupervisor(this.#ports.rankOf(client))) {
      const text = 'Only supervisors may ask a desk to move. An agent moves at the own desk.';
      return this.#refuse(client, request, 'not-allowed', text);
    }
    const agent = this.#ports.agentOn(dn);
    if (to === this.#ports.site() && agent !== undefined) {
      const text = `${agent.person} works at site ${to} already. Name the site to move to.`;
      return this.#refuse(client, request, 'wrong-state', text);
    }
    // Whose seat a DN is while nobody is logged in, only the desks know.
    const desks = [...clients.listeners(dn)].filter(
      ({ person, isServer }) => !isServer && (agent === undefined || person?.name === agent.person),
    );
    if (desks.length === 0) {
      const [code, text] =
        agent === undefined
          ? (['not-logged-in', `No agent is logged in on DN ${dn} at site ${this.#ports.site()}`] as const)
          : (['wrong-state', `The desk of ${agent.person} is not connected here at this moment`] as const);
      return this.#refuse(client, request, code, `${text}. Ask at the other site, or again after a pause.`);
    }
    if (this.moveAsks.ask(now, client, request, desks, nameOf(client))) return;
    const text = 'Too many desks have been asked and not answered. Ask again after a pause.';
    this.#refuse(client, request, 'overloaded', text);
  }

  /** SS45. */
  #reportAlarm(now: Millis, client: Client, request: Ask<'ReportAlarm'>): void {
    const { dn, name, isRaised, because, ReferenceID } = request;
    const { clients } = this.#ports;
    // Whoever reports over the basic connection is not logged in here, but hears of its own DN.
    if (!client.session.dns.has(dn)) {
      const text = `This client has not registered for ${dn}. Send RegisterAddress first.`;
      return this.#refuse(client, request, 'not-registered', text);
    }
    const before = this.#alarms.get(client);
    const period =
      before === undefined || now >= before.since + ALARM_PERIOD_MS ? { since: now, count: 0 } : before;
    if (period.count >= ALARMS_MAX) {
      return clients.refuse(client.connection, ReferenceID, 'overloaded', {
        text: `More than ${ALARMS_MAX} alarms in ${ALARM_PERIOD_MS / 1000} s. Report again after the time given.`,
        retryAfterMs: Math.ceil(period.since + ALARM_PERIOD_MS - now),
      });
    }
    this.#alarms.set(client, { since: period.since, count: period.count + 1 });
    const person = nameOf(client);
    const { application } = client;
    const what = isRaised ? 'alarm raised by a desk' : 'alarm cleared by a desk';
    const detail = { alarm: name, person, application };
    this.#ports.logBudgeted({ level: isRaised ? 'error' : 'info', what, because, dn, detail }, person);
    const time = this.#ports.wall(now);
    for (const board of clients.boards())
      clients.send(board.connection, {
        type: 'Alarm',
        time,
        dn,
        person,
        application,
        name,
        isRaised,
        because,
      });
    clients.answer(askerOf(client.session.key, request), { type: 'Done', ReferenceID });
  }

  #refuse(client: Client, { ReferenceID }: SiteRequest, code: ErrorCode, text: string): void {
    this.#ports.clients.refuse(client.connection, ReferenceID, code, { text });
  }
}

/** Whoever asks has shown a token: all others are refused before. */
function nameOf({ person }: Client): string {
  return person?.name ?? 'nobody';
}
