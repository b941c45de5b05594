/** A SIP Server in the world of the tests, with its announcer and the connections of its clients. */
import type { HeldRecord, LogLine, Millis } from '@holdfast/kernel';
import { encodeUtf8, must } from '@holdfast/kernel';
import type { DeskReply } from '@holdfast/protocol';
import {
  digestSecret,
  type LookupAnswer,
  type ParseFailure,
  portableHashes,
  type SipMessage,
  type Source,
  writeSdp,
} from '@holdfast/sip';
import type { ServerReport } from '../../health/server-report.ts';
import { LedServer, type LedServerEffect } from '../../mirror/led-server.ts';
import type { OutsideProbe } from '../../pair/fitness-watch.ts';
import type { SipDN, SipServerConfiguration } from '../configuration.ts';
import type { TokenCheck } from '../desk-requests.ts';
import type { SipServerInput } from '../effects.ts';
import type { LogEntry } from '../event-log.ts';
import type { HeldPeer } from '../peer-site.ts';
import { SipServerNode, type SipServerOptions } from '../sip-server-node.ts';
import { PeerLink, type ReachedSite } from './peer-link.ts';
import { type Party, SIP_PORT, type World } from './server-world.ts';

export const SERVER = '10.0.0.1';
export const GATEWAY = '10.0.9.1';
export const REALM = 'holdfast';
/** Wall clock minus monotonic clock. */
export const WALL = 1_790_000_000_000;
const DESK_DELAY_MS = 2;

export function passwordOf(number: string): string {
  return `secret of ${number}`;
}

export function extension(number: string): SipDN {
  const account = { user: number, realm: REALM, password: passwordOf(number) };
  const credentials = {
    md5: digestSecret(portableHashes, 'MD5', account),
    sha256: digestSecret(portableHashes, 'SHA-256', account),
  };
  return { number, type: 'Extension', name: number, credentials };
}

export function queue(number: string, more: Partial<NonNullable<SipDN['queue']>> = {}): SipDN {
  const options = {
    noAnswerMs: 10_000,
    noAnswerNotReady: true,
    waitingMax: 5,
    treatment: 'music',
    priority: 1,
    ...more,
  } as const;
  return { number, type: 'ACDQueue', name: `queue ${number}`, queue: options };
}

export function trunk(number: string, host: string, transport: 'UDP' | 'TCP' = 'UDP'): SipDN {
  return { number, type: 'Trunk', name: `trunk ${number}`, gateway: { host, port: SIP_PORT, transport } };
}

/** Extensions 7001–7004 of ada, bob, cyd and dan; 8000 with music, 8001 with ringing tone; the trunk 9000. */
export function configurationOf(more: Partial<SipServerConfiguration> = {}): SipServerConfiguration {
  const people = ['ada', 'bob', 'cyd', 'dan'];
  return {
    revision: 'r1',
    site: 'north',
    application: 'sip-north',
    switchName: 'switch-north',
    realm: REALM,
    digestAlgorithms: ['SHA-256', 'MD5'],
    nonceKeys: { current: 'a key of both sites' },
    dns: [
      ...['7001', '7002', '7003', '7004'].map(extension),
      queue('8000'),
      queue('8001', { treatment: 'ringback' }),
      { number: '8900', type: 'RoutingPoint', name: 'route', routeTo: '8000' },
      trunk('9000', GATEWAY),
    ],
    centre: {
      wrapUpMs: 0,
      agentLogins: people.map((_, i) => ({ code: `100${i + 1}`, wrapUpMs: undefined })),
    },
    persons: [
      ...people.map((name, i) => ({ name, agentLogins: [`100${i + 1}`], rank: 'agent' as const })),
      { name: 'sue', agentLogins: [], rank: 'supervisor' },
      { name: 'max', agentLogins: [], rank: 'administrator' },
    ],
    registrar: { minExpiresS: 10, maxExpiresS: 3600, defaultExpiresS: 60, spread: 0.2 },
    loginRate: 200,
    stampEveryMs: 2_000,
    leaseLengthMs: 8_000,
    shutdownRejectCode: 603,
    shutdownWave: { percent: 100, everyMs: 2_000 },
    emergencyNumbers: [],
    ringingMaxMs: 60_000,
    ...more,
  };
}

/** `token NAME [when it was made]` until its time, `expired NAME`; everything else is forged. */
export function verifyToken(token: string): TokenCheck {
  const [kind, person = '', issuedWall = '0'] = token.split(' ');
  if (kind === 'token') return { ok: true, person, issuedWall: Number(issuedWall) };
  return { ok: false, code: kind === 'expired' ? 'token-expired' : 'token-invalid' };
}

/** The other end of a client's connection. */
export interface Wire {
  readonly connection: string;
  closedBecause: string | undefined;
  receive(reply: DeskReply): void;
}

/** `A gw.example` → what the name server says. */
export type Names = Readonly<Record<string, LookupAnswer>> | null;

export class Site implements Party {
  readonly host: string;
  readonly world: World;
  node: SipServerNode;
  readonly logs: LogLine[] = [];
  /** Why the process was to end (SS48). */
  endedBecause: string | undefined;
  /** What was asked of the announcer, in order: `start music`, `remote`, `stop`. */
  readonly announced: string[] = [];
  /** What the name server says and was asked; null: it says nothing at all. */
  names: Names;
  readonly asked: string[] = [];
  /** How long the announcer takes, ms; 0 is at once, null fails. */
  announcerMs: Millis | null = 0;
  /** By host: the servers to which this one connects. */
  readonly servers = new Map<string, ReachedSite>();
  /** Probes that were asked of one that is led, and those that fail. */
  readonly probed: OutsideProbe[] = [];
  readonly failing = new Set<OutsideProbe>();
  readonly #peer: PeerLink;
  readonly #desks = new Map<string, Wire>();
  #sounds = 0;
  readonly #make: (epoch?: number, heldPeer?: HeldPeer) => SipServerNode;
  readonly #isFollowed: boolean;
  /** Its records may be followed by the other site. */
  readonly #led: LedServer | undefined;
  /** What a mate would hold, by what survives JSON alone. */
  readonly #records = new Map<string, HeldRecord>();
  #events: LogEntry[] = [];

  constructor(
    world: World,
    configuration = configurationOf(),
    more: Partial<SipServerOptions> & { host?: string; names?: Names; isLed?: boolean } = {},
  ) {
    this.world = world;
    this.host = more.host ?? SERVER;
    this.names = more.names === undefined ? {} : more.names;
    this.#isFollowed = more.isFollowed === true;
    const options = {
      configuration,
      random: world.random,
      hashes: portableHashes,
      wallOffsetMs: WALL,
      now: world.now,
      sentBy: () => ({ host: this.host, port: SIP_PORT }),
      verifyToken,
      ...more,
    };
    this.#make = (epoch, heldPeer) =>
      new SipServerNode({
        ...{ ...options, now: world.now },
        ...(epoch !== undefined && { epoch }),
        ...(heldPeer !== undefined && { heldPeer }),
      });
    this.#peer = new PeerLink(world, this.host, this.servers, (input) => this.input({ type: 'peer', input }));
    this.#led = more.isLed === true ? new LedServer(options) : undefined;
    this.node = this.#led?.server ?? this.#make();
    world.add(this);
  }

  input(input: SipServerInput): void {
    this.#perform((this.#led ?? this.node).handle(this.world.now, input));
    this.world.touch(this);
  }

  /** Of one that is led: as its health port says. */
  report(): ServerReport {
    return must(this.#led, 'it is led').report(this.world.now);
  }

  sip(message: SipMessage, source: Source): void {
    this.input({ type: 'sip', message, source });
  }

  malformed(failure: ParseFailure, source: Source): void {
    this.input({ type: 'sipMalformed', failure, source });
  }

  failed(what: { readonly transaction?: string; readonly flow?: string }): void {
    this.input({ type: 'sipFailed', ...what });
  }

  nextDeadline(): Millis | undefined {
    return (this.#led ?? this.node).nextDeadline();
  }

  wake(): void {
    this.#perform((this.#led ?? this.node).expire(this.world.now));
  }

  connect(desk: Wire): void {
    this.#desks.set(desk.connection, desk);
    this.input({ type: 'opened', connection: desk.connection });
  }

  disconnect(desk: Wire): void {
    if (this.#desks.delete(desk.connection)) this.input({ type: 'closed', connection: desk.connection });
  }

  fromDesk(desk: Wire, message: Extract<SipServerInput, { type: 'message' }>['message']): void {
    const { connection } = desk;
    this.world.after(DESK_DELAY_MS, () => {
      if (this.#desks.get(connection) === desk) this.input({ type: 'message', connection, message });
    });
  }

  /** The connection to the other site's server is lost, at both its ends. */
  dropLinks(): void {
    this.#peer.drop();
  }

  /** The process dies with all its connections, and its mate goes on at the same address (SS50). */
  takeOver(heldPeer?: HeldPeer): void {
    const { positions } = this.node.holding(this.world.now);
    for (const desk of this.#desks.values()) desk.closedBecause = 'the server died';
    this.#desks.clear();
    const events = this.#events;
    this.#events = [...events];
    const { epoch } = this.node.parts.log;
    this.node = this.#make(epoch + 1, heldPeer);
    this.#perform(this.node.takeOver(this.world.now, { records: new Map(this.#records), events, positions }));
    this.world.touch(this);
  }

  /** Before anything goes out, the mate holds what has changed (LG2). */
  #follow(): void {
    const heldAt = this.world.now;
    const { put, gone, events } = this.node.takeChanges(heldAt);
    for (const [key, value] of put)
      this.#records.set(key, { value: JSON.parse(JSON.stringify(value)), heldAt });
    for (const key of gone) this.#records.delete(key);
    this.#events.push(...events);
  }

  #perform(effects: readonly LedServerEffect[]): void {
    if (this.#isFollowed) this.#follow();
    for (const effect of effects) this.#performOne(effect);
  }

  /** Nothing is tried for real: a test says what fails. */
  #probe({ n, probe }: Extract<LedServerEffect, { type: 'probe' }>): void {
    this.probed.push(probe);
    const ok = !this.failing.has(probe);
    const because = ok ? 'it went well' : 'it failed';
    this.world.after(1, () => {
      this.#perform(this.#led?.handle(this.world.now, { type: 'probed', n, probe, ok, because }) ?? []);
      this.world.touch(this);
    });
  }

  #performOne(effect: LedServerEffect): void {
    switch (effect.type) {
      case 'probe':
        return this.#probe(effect);
      case 'transmit':
        return this.world.transmit(this, effect);
      case 'lookup':
        return this.#lookUp(effect.id, `${effect.record} ${effect.name}`);
      case 'send': {
        const desk = this.#desks.get(effect.connection);
        if (desk !== undefined) this.world.after(DESK_DELAY_MS, () => desk.receive(effect.message));
        return;
      }
      case 'close': {
        const desk = this.#desks.get(effect.connection);
        if (desk === undefined) return;
        desk.closedBecause = effect.why;
        return this.world.after(0, () => this.disconnect(desk));
      }
      case 'peer':
        return this.#peer.perform(effect.effect);
      case 'treatmentStart':
        this.announced.push(`start ${effect.kind}${effect.remote === undefined ? '' : ' with remote'}`);
        return this.#announce(effect.id);
      case 'treatmentRemote':
        this.announced.push('remote');
        return;
      case 'treatmentStop':
        this.announced.push('stop');
        return;
      case 'end':
        this.endedBecause = effect.because;
        return;
      case 'log':
        this.logs.push(effect.line);
    }
  }

  #lookUp(id: string, question: string): void {
    this.asked.push(question);
    const answer = this.names === null ? undefined : (this.names[question] ?? { type: 'none', ttlS: 0 });
    if (answer !== undefined) this.world.after(1, () => this.input({ type: 'lookedUp', id, answer }));
  }

  #announce(id: string): void {
    const ms = this.announcerMs;
    this.world.after(ms ?? 0, () => {
      if (ms === null) return this.input({ type: 'treatmentFailed', id, reason: 'no port is free' });
      this.input({ type: 'treatmentReady', id, sdp: soundOf(this.host, ++this.#sounds) });
    });
  }
}

/** The announcer's description: it sends and never listens. */
export function soundOf(host: string, session: number): Uint8Array {
  return writeSdp({ host, port: 20_000 + 2 * session, direction: 'sendonly', session, version: 1 });
}

export function bytes(text: string): Uint8Array {
  return encodeUtf8(text);
}
