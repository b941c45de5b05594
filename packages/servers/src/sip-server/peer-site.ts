/**
 * What a SIP Server knows of the other site's, and what it asks of it. It follows that server's log as one more client
 * (`RegisterAll`, by the server secret), so that it knows who is logged in there and on which DN; and over the same
 * connection it puts each log-in to it (LL8).
 *
 *     down ──followed──▶ silent ──answers in time──▶ up
 *       ▲                  ▲                         │
 *       └──── lost ────────┴───── an answer is late ─┘
 *
 * Whether it answers is found by asking once a second, not by log-ins that wait in vain: of a site that is stopped, a
 * hundred desks that come at once would each wait for nothing.
 */
import { PEER_ANSWER_MAX_MS, PEER_ASKS_MAX } from '@holdfast/continuity';
import type { HeldRecord, LogLine, Millis, Plain, Random } from '@holdfast/kernel';
import type { DeskReply, LoginEpoch } from '@holdfast/protocol';
import type { Hashes } from '@holdfast/sip';
import { Following, type LogMessage } from '../mirror/following.ts';
import type { ServerSecret } from '../server-proof.ts';
import type { RoundSettings } from '../server-round.ts';
import { type SipLinkEffect, type SipLinkInput, SipServerFollower } from '../sip-server-follower.ts';
import type { OwnAlarm } from './own-alarms.ts';
import type { PeerRecords } from './peer-legs.ts';
import { type PeerLogin, PeerLogins } from './peer-logins.ts';
import type { PoolReply, PoolRequest } from './queue-pool.ts';

/** The SIP Server of the other site, with the same `disaster-recovery.name` (DS3). */
export interface PeerConfiguration {
  readonly site: string;
  readonly settings: RoundSettings;
}

export type PeerOutcome =
  /** It has ended what it held up to the epoch, and admits nothing up to it. */
  | { readonly name: 'ended' }
  | { readonly name: 'higher'; readonly epoch: LoginEpoch; readonly isLive: boolean }
  /** It is there, and cannot say. */
  | { readonly name: 'none' };

/** What the other site holds of a call: as its B2BUA has it, or that it was ended there. */
export interface PeerTalk {
  readonly connId: string;
  readonly held: HeldRecord;
}

export type PeerInput = { readonly type: 'peer'; readonly input: SipLinkInput };
export type PeerEffect = { readonly type: 'peer'; readonly effect: SipLinkEffect };

/** What a standby holds of the other site: whoever takes over goes on from it (SS54). */
export interface HeldPeer {
  readonly site: string | undefined;
  readonly following: Following;
  /** When it was heard last; undefined when it never was. */
  readonly heardAt: Millis | undefined;
  /** Of its last connection; those that follow have higher numbers. */
  readonly attempt: number;
}

export interface PeerSitePorts {
  readonly random: Random;
  readonly hashes: Pick<Hashes, 'hmacSha256'>;
  /** What servers show that they hold; without it there is no link. */
  readonly secret: ServerSecret | undefined;
  emit(effect: PeerEffect): void;
  log(line: LogLine): void;
  /** SS91. */
  alarm(now: Millis, alarm: OwnAlarm): void;
  answered(now: Millis, person: string, epoch: LoginEpoch, outcome: PeerOutcome): void;
  /** Somebody is logged in there: found so, or just now. */
  found(now: Millis, login: PeerLogin): void;
  /** AD9: these calls, ours perhaps, were ended there by one of their ends. */
  ended(now: Millis, talks: readonly PeerTalk[]): void;
  /** These calls stand there. */
  stands(now: Millis, talks: readonly PeerTalk[]): void;
  /** Whether it answers is not as it was. */
  changed(): void;
  /** What it says to callers who wait here (PQ1). */
  pool(reply: PoolReply): void;
  /** No answer will come to what has been asked. */
  lost(now: Millis): void;
}

export const PEER_PROBE_EVERY_MS = 1_000;
/** SS91: while it does not answer. */
export const PEER_ALARM = 'other site does not answer';
/** 1 and 2 are the follower's own. */
const REFERENCE_FIRST = 3;

type Health = 'down' | 'silent' | 'up';

export class PeerSite {
  readonly #ports: PeerSitePorts;
  readonly #logins = new PeerLogins();
  /** Its records: what goes on here when it is dead (AD1). */
  #following = new Following();
  #site: string | undefined;
  /** SS54: as a standby. */
  readonly #held: HeldPeer | undefined;
  /** Of the last connection, while there is no follower. */
  #attempt: number;
  #follower: SipServerFollower | undefined;
  #health: Health = 'down';
  /** The newest question whether it answers; `answerBy` until then nothing is concluded. */
  #probe: { readonly n: number; readonly sentAt: Millis; readonly isOpen: boolean } = NO_PROBE;
  /** When it answered last; undefined when it never did. */
  #upAt: Millis | undefined;
  /** AD13: when this server took over from one that still had answers; until it has found out for itself nothing is concluded. */
  #unknownSince: Millis | undefined;
  #references = REFERENCE_FIRST;
  /** In the order in which they were asked. */
  readonly #asked = new Map<number, { readonly person: string; readonly epoch: LoginEpoch }>();

  constructor(ports: PeerSitePorts, held?: HeldPeer) {
    this.#ports = ports;
    this.#held = held;
    this.#attempt = held?.attempt ?? 0;
  }

  /** LL8: it has answered in time when it was last asked. */
  get canAsk(): boolean {
    return this.#health === 'up';
  }

  /** Since when it has not answered; undefined while it does, and when it never did. */
  get silentSince(): Millis | undefined {
    return this.#health === 'up' ? undefined : this.#upAt;
  }

  get site(): string | undefined {
    return this.#site;
  }

  /** Of the last connection. */
  get attempt(): number {
    return this.#follower?.attempt ?? this.#attempt;
  }

  /**
   * AD13: so long had the other site not answered the server before us. As a standby we may have heard it since; where
   * nothing is said of a silence it counts from the takeover, because the server before us may have heard it until then.
   */
  wasSilent(site: string, since: Millis): void {
    if (site !== this.#site || this.#health !== 'down') return;
    this.#unknownSince = undefined;
    this.#upAt = Math.max(since, this.#held?.heardAt ?? Number.NEGATIVE_INFINITY);
  }

  /** AD3, AD9: what is held of calls of ours, as if it had just come: the server before us may not have heard it. */
  tellHeld(now: Millis): void {
    const records = this.records();
    const keys = [...(records?.keys() ?? [])];
    const under = (kind: string): PeerTalk[] =>
      keys.flatMap((key) => {
        const held = key.startsWith(kind) ? records?.get(key) : undefined;
        return held === undefined ? [] : [{ connId: key.slice(kind.length), held }];
      });
    this.#tellTalks(now, under(TALK), under(ENDED));
  }

  /** PH3: what is known there of a number; undefined while it is not known for certain. */
  whoIsOn(dn: string): { readonly isInService: boolean; readonly person: string | undefined } | undefined {
    return this.#health === 'up' ? this.#logins.on(dn) : undefined;
  }

  /** What is held of it; undefined while a part has not come yet. */
  records(): PeerRecords | undefined {
    return this.#following.store.records();
  }

  /** For checks: how much is held. */
  get sizes() {
    return { peerAsked: this.#asked.size, peerLogins: this.#logins.size };
  }

  configure(now: Millis, application: string, peer: PeerConfiguration | undefined): void {
    const { secret, random, hashes } = this.#ports;
    const isWanted = peer !== undefined && secret !== undefined;
    if (this.#follower !== undefined && isWanted && peer.site === this.#site)
      return this.#follower.configure(now, peer.settings);
    this.#follower?.stop(now, 'the configuration names another site, or none');
    this.#attempt = this.attempt;
    this.#follower = undefined;
    this.#became(now, peer?.site);
    if (!isWanted) return;
    this.#follower = new SipServerFollower(
      {
        ...{ application, secret, random, hashes, what: 'SIP Server of the other site' },
        // Who is logged in is what counts, not what happened meanwhile.
        ...{ session: 'peer', events: 'anew' },
        emit: (effect) => this.#ports.emit({ type: 'peer', effect }),
        log: (line) => this.#ports.log(line),
        snapshot: (at, reply) => this.#found(at, this.#logins.snapshot(reply.dns)),
        event: (event, at) => this.#found(at, this.#logins.event(event)),
        current: (at) => this.#followed(at),
        lost: (at) => this.#lost(at),
        answered: (at, reply) => this.#answered(at, reply),
        pong: (at, n) => this.#pong(at, n),
        records: this.#following,
        recorded: (at, message) => this.#recorded(at, message),
        pool: (_at, reply) => this.#ports.pool(reply),
      },
      peer.settings,
      now,
      this.#attempt,
    );
  }

  /** What is held of one site says nothing about another. */
  #became(now: Millis, site: string | undefined): void {
    if (site === this.#site) return;
    this.#ports.alarm(now, {
      name: PEER_ALARM,
      isRaised: false,
      because: 'SS70: another site is followed, or none.',
    });
    const held = this.#site === undefined && this.#held?.site === site ? this.#held : undefined;
    this.#site = site;
    this.#following = held?.following ?? new Following();
    this.#upAt = undefined;
    this.#unknownSince = held?.heardAt === undefined ? undefined : now;
  }

  /** What it answers comes back by `answered`; where nothing is followed, nothing comes. */
  endLogin(now: Millis, person: string, epoch: LoginEpoch): void {
    if (this.#follower === undefined) return;
    const ReferenceID = this.#references++;
    if (!this.#follower.ask({ type: 'EndLogin', ReferenceID, person, epoch })) return;
    this.#asked.set(ReferenceID, { person, epoch });
    // Only of a server that answers nothing at all; the oldest waits for nothing any more.
    const [oldest] = this.#asked.keys();
    if (this.#asked.size > PEER_ASKS_MAX && oldest !== undefined) this.#asked.delete(oldest);
    if (!this.#probe.isOpen) this.#ask(now);
  }

  /** PQ1: of callers who wait here; where nothing is followed, it is for nobody. */
  say(request: PoolRequest): void {
    this.#follower?.ask(request);
  }

  /** For figures: whether the other site answers, and what of its log was not taken as it came. */
  get standing(): { readonly answers: boolean; readonly following: Following } {
    return { answers: this.#health === 'up', following: this.#following };
  }

  handle(now: Millis, { input }: PeerInput): void {
    this.#follower?.handle(now, input);
  }

  nextDeadline(): Millis | undefined {
    const round = this.#follower?.nextDeadline();
    if (this.#health === 'down') return round;
    return Math.min(round ?? Number.POSITIVE_INFINITY, this.#probeAt());
  }

  expire(now: Millis): void {
    this.#follower?.expire(now);
    if (this.#health === 'down' || now < this.#probeAt()) return;
    if (this.#probe.isOpen) {
      this.#probe = { ...this.#probe, isOpen: false };
      this.#noAnswer();
      this.#become(now, 'silent', `It has not answered within ${PEER_ANSWER_MAX_MS} ms.`);
    }
    if (now >= this.#probe.sentAt + PEER_PROBE_EVERY_MS) this.#ask(now);
  }

  /** When the answer is late, or the next question is due. */
  #probeAt(): Millis {
    const { sentAt, isOpen } = this.#probe;
    return sentAt + (isOpen ? PEER_ANSWER_MAX_MS : PEER_PROBE_EVERY_MS);
  }

  #ask(now: Millis): void {
    const n = this.#probe.n - 1;
    this.#probe = { n, sentAt: now, isOpen: true };
    this.#follower?.ask({ type: 'Ping', n });
  }

  #followed(now: Millis): void {
    if (this.#health !== 'down') return;
    this.#become(now, 'silent', undefined);
    this.#ask(now);
  }

  #pong(now: Millis, n: number): void {
    const { sentAt, isOpen } = this.#probe;
    if (!isOpen || n !== this.#probe.n) return;
    this.#probe = { ...this.#probe, isOpen: false };
    this.#unknownSince = undefined;
    this.#upAt = now;
    if (now < sentAt + PEER_ANSWER_MAX_MS) this.#become(now, 'up', undefined);
    else this.#become(now, 'silent', `It has answered after ${Math.round(now - sentAt)} ms.`);
  }

  #recorded(now: Millis, message: LogMessage): void {
    if (message.type === 'digest') return;
    const under = (kind: string): PeerTalk[] =>
      message.put
        .filter(([key]) => key.startsWith(kind))
        .map(([key, value]) => ({
          connId: key.slice(kind.length),
          held: { value: value as Plain, heldAt: now },
        }));
    this.#tellTalks(now, under(TALK), under(ENDED));
  }

  #tellTalks(now: Millis, talks: readonly PeerTalk[], ended: readonly PeerTalk[]): void {
    if (talks.length > 0) this.#ports.stands(now, talks);
    if (ended.length > 0) this.#ports.ended(now, ended);
  }

  #lost(now: Millis): void {
    this.#asked.clear();
    this.#logins.forget();
    this.#probe = { ...this.#probe, isOpen: false };
    this.#noAnswer();
    const wasDown = this.#health === 'down';
    this.#become(now, 'down', wasDown ? 'It cannot be reached.' : 'The connection is lost.');
    if (!wasDown) this.#ports.lost(now);
  }

  #noAnswer(): void {
    this.#upAt ??= this.#unknownSince;
    this.#unknownSince = undefined;
  }

  #answered(now: Millis, reply: Extract<DeskReply, { type: 'Done' | 'Error' }>): boolean {
    const { ReferenceID = 0 } = reply;
    const asked = this.#asked.get(ReferenceID);
    if (asked === undefined) return ReferenceID >= REFERENCE_FIRST;
    this.#asked.delete(ReferenceID);
    this.#ports.answered(now, asked.person, asked.epoch, outcomeOf(reply));
    return true;
  }

  #found(now: Millis, logins: readonly PeerLogin[]): void {
    for (const login of logins) this.#ports.found(now, login);
  }

  #alarm(now: Millis, why: string | undefined): void {
    const [isRaised, because] = why === undefined ? [false, 'SS70: it answers.'] : [true, `SS70: ${why}`];
    this.#ports.alarm(now, { name: PEER_ALARM, isRaised, because });
  }

  /** A line at each change, in words. */
  #become(now: Millis, health: Health, why: string | undefined): void {
    // Also where it has not answered from the beginning: another server may have lost it.
    if (why !== undefined || health === 'up') this.#alarm(now, why);
    if (health === this.#health) return;
    const before = this.#health;
    this.#health = health;
    this.#ports.changed();
    // From the connection to its first answer is no news.
    if (health === 'silent' && before === 'down') return;
    const detail = { peer: this.#site ?? '' };
    if (health === 'up') return this.#ports.log({ level: 'info', what: 'other site answers', detail });
    const because = `${why} Log-ins go on without its word (LL8).`;
    const what = health === 'silent' ? 'other site silent' : 'other site lost';
    this.#ports.log({ level: 'warn', what, because, detail });
  }
}

function outcomeOf(reply: Extract<DeskReply, { type: 'Done' | 'Error' }>): PeerOutcome {
  if (reply.type === 'Done') return { name: 'ended' };
  const { code, epoch } = reply;
  if (epoch === undefined) return { name: 'none' };
  return { name: 'higher', epoch, isLive: code === 'agent-elsewhere' };
}

/** Keys of calls that a B2BUA holds. */
const TALK = 'talk/';
/** Keys of calls of the reader's that were ended at the writer (AD9). */
const ENDED = 'ended/';
/** Below zero, so that they are none of those by which the connection itself is watched. */
const NO_PROBE = { n: 0, sentAt: Number.NEGATIVE_INFINITY, isOpen: false };
