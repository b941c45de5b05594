/** A desk of the core simulation: two links with their health, and the decision where to be logged in. */
import {
  type DeskSite,
  type DeskSiteEffect,
  type DeskSiteEvent,
  type DeskSiteStart,
  deskSiteDeadline,
  freshLink,
  type LinkHealth,
  type LinkHealthEvent,
  type LinkHealthOptions,
  linkDeadline,
  startDeskSite,
  stepDeskSite,
  stepLink,
} from '@holdfast/continuity';
import { type Millis, unreachable } from '@holdfast/kernel';
import { CoreDeskCensus } from './core-census.ts';
import { type CoreDefect, type CoreDown, type CoreUp, DESK_PORT, LEASE_MS } from './core-messages.ts';
import type { CloseReason, Process, Program } from './process.ts';
import type { StreamEnd } from './stream.ts';

interface Link {
  readonly site: string;
  end: StreamEnd | undefined;
  /** Once the connection stands. */
  health: LinkHealth | undefined;
  retryAt: Millis | undefined;
}

export interface CoreDeskOptions {
  readonly agent: string;
  readonly sites: readonly string[];
  readonly start: DeskSiteStart;
  readonly link: LinkHealthOptions;
  readonly retryPauseMs: Millis;
  readonly defect: CoreDefect | undefined;
  /** LL7: written before each log-in. */
  persist(epochNumber: number): void;
  decided(rule: string): void;
}

export class CoreDesk implements Program {
  readonly #process: Process;
  readonly #options: CoreDeskOptions;
  readonly #links = new Map<string, Link>();
  readonly #census: CoreDeskCensus;
  #desk: DeskSite;
  #deskDeadline: Millis | undefined;

  constructor(process: Process, options: CoreDeskOptions, now: Millis) {
    this.#process = process;
    this.#options = options;
    this.#census = new CoreDeskCensus(options.decided);
    this.#desk = startDeskSite(options.start, now);
    for (const site of options.sites)
      this.#links.set(site, { site, end: undefined, health: undefined, retryAt: now });
    this.step(now, { type: 'logIn' });
    this.#connectDue(now);
  }

  get desk(): DeskSite {
    return this.#desk;
  }

  /** What the agent asks for, too. */
  step(now: Millis, event: DeskSiteEvent): void {
    const before = this.#desk;
    const { state, effects } = stepDeskSite(before, event, now);
    this.#desk = state;
    this.#census.stepped(before, state);
    for (const effect of effects) this.#perform(now, effect);
    this.#deskDeadline = deskSiteDeadline(this.#desk);
  }

  opened(now: Millis, end: StreamEnd): void {
    const link = this.#links.get(end.tag);
    if (link?.end !== end) return;
    link.health = freshLink(now);
    this.#census.opened(link.site);
    this.#send(link, { type: 'hello', agent: this.#options.agent });
  }

  message(now: Millis, end: StreamEnd, message: unknown): void {
    const link = this.#links.get(end.tag);
    if (link?.end !== end) return;
    this.#stepHealth(now, link, { type: 'heard' });
    this.#handle(now, link, message as CoreDown);
  }

  closed(now: Millis, end: StreamEnd, reason: CloseReason): void {
    const link = this.#links.get(end.tag);
    if (link?.end === end) this.#lost(now, link, { why: reason, byTransport: true });
  }

  clockJumped(now: Millis, wallOffsetMs: Millis): void {
    this.step(now, { type: 'clock', wallOffsetMs });
    for (const link of this.#links.values()) this.#stepHealth(now, link, { type: 'doubt' });
  }

  nextDeadline(): Millis | undefined {
    let next = this.#deskDeadline ?? Number.POSITIVE_INFINITY;
    for (const link of this.#links.values()) {
      if (link.retryAt !== undefined && link.retryAt < next) next = link.retryAt;
      const health = link.health === undefined ? undefined : linkDeadline(link.health, this.#options.link);
      if (health !== undefined && health < next) next = health;
    }
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  expire(now: Millis): void {
    for (const link of this.#links.values()) this.#stepHealth(now, link, { type: 'expire' });
    if (this.#deskDeadline !== undefined && now >= this.#deskDeadline) this.step(now, { type: 'expire' });
    this.#connectDue(now);
  }

  datagram(): void {}
  accepted(): void {}
  lookedUp(): void {}

  #handle(now: Millis, link: Link, message: CoreDown): void {
    const { site } = link;
    switch (message.type) {
      case 'welcome': {
        const { pairEpoch, phoneInService, login } = message;
        const leaseLengthMs = this.#leaseLengthMs();
        return this.step(now, {
          type: 'telephonyOn',
          ...{ site, pairEpoch, leaseLengthMs, leaseSource: 'default', phoneInService, login },
          // A site of this size says so by its refusals alone.
          isClosing: false,
          peerAsked: message.peerAsked,
          returnSlotMs: 0,
        });
      }
      case 'stamp':
        return this.step(now, { type: 'stamp', site, stamp: message.stamp });
      case 'phone':
        return this.step(now, { type: 'phone', site, inService: message.inService });
      case 'loggedIn':
        return this.step(now, { ...message, site });
      case 'refused':
        return this.step(now, { type: 'loginRefused', site, epoch: message.epoch, refusal: message.refusal });
      case 'loggedOut': {
        const { pairEpoch, reason } = message;
        return this.step(now, { type: 'loggedOut', site, pairEpoch, reason, text: '' });
      }
      case 'notLoggedIn':
        return this.step(now, { ...message, site });
      case 'ping':
        return this.#send(link, { type: 'pong' });
      case 'pong':
        return;
      default:
        unreachable(message);
    }
  }

  /** As the site said, unless a defect makes the desk wait less than that. */
  #leaseLengthMs(): Millis {
    if (this.#options.defect === 'no-wait') return 0;
    // The machine adds its margin of 5 %: what it then waits is the bare length.
    if (this.#options.defect === 'no-margin') return LEASE_MS / 1.05;
    return LEASE_MS;
  }

  #perform(now: Millis, effect: DeskSiteEffect): void {
    const { agent } = this.#options;
    const link = this.#links.get(effect.site);
    if (link === undefined) return;
    switch (effect.type) {
      case 'logIn':
        this.#options.persist(effect.epoch.number);
        this.#census.logsIn(effect.epoch.number, now + this.#desk.wallOffsetMs);
        return this.#send(link, {
          type: 'login',
          agent,
          epoch: effect.epoch,
          stamp: effect.stamp,
          needsPeer: effect.needsPeer,
        });
      case 'logOut':
        return this.#send(link, { type: 'logout', agent, epoch: effect.epoch });
      case 'answerStamp':
        return this.#send(link, { type: 'answer', agent, epoch: effect.epoch, stamp: effect.stamp });
      case 'distrust':
        this.#options.decided(effect.because.rule);
        this.#note(effect);
        link.end?.close();
        return this.#off(now, link);
      case 'decide':
        this.#options.decided(effect.because.rule);
        this.#census.decides(effect.what);
        return this.#note(effect);
      default:
        unreachable(effect);
    }
  }

  #note(effect: Extract<DeskSiteEffect, { type: 'decide' | 'distrust' }>): void {
    const what = effect.type === 'decide' ? effect.what : 'distrust';
    this.#process.world.note(this.#process.name, `decides: ${what} ${effect.site}`, effect.because);
  }

  #stepHealth(now: Millis, link: Link, event: LinkHealthEvent): void {
    if (link.health === undefined) return;
    const before = link.health;
    const { state, effects } = stepLink(before, event, this.#options.link, now);
    link.health = state;
    for (const effect of effects) {
      if (effect.type === 'sendPing') {
        this.#census.pings(event.type === 'doubt' || before.name === 'yellow');
        this.#send(link, { type: 'ping' });
      } else {
        this.#options.decided(effect.because.rule);
        link.end?.close();
        this.#lost(now, link, { why: effect.because.text, byTransport: false });
      }
    }
  }

  #lost(now: Millis, link: Link, { why, byTransport }: { why: string; byTransport: boolean }): void {
    this.#process.world.note(this.#process.name, `loses ${link.site}`, why);
    this.#census.lost(link.site, { byTransport, desk: this.#desk });
    this.#off(now, link);
    this.step(now, { type: 'telephonyOff', site: link.site, since: now });
  }

  #off(now: Millis, link: Link): void {
    link.end = undefined;
    link.health = undefined;
    link.retryAt =
      this.#options.defect === 'desk-never-retries' ? undefined : now + this.#options.retryPauseMs;
  }

  #connectDue(now: Millis): void {
    for (const link of this.#links.values()) {
      if (link.retryAt === undefined || now < link.retryAt) continue;
      link.retryAt = undefined;
      link.end = this.#process.connect({ host: link.site, port: DESK_PORT });
      link.end.tag = link.site;
    }
  }

  #send(link: Link, message: CoreUp): void {
    link.end?.send(message);
  }
}
