/** A simulated desk: the real node in its shell, with the local storage that outlives it. */
import {
  type Bootstrap,
  type DeskEffect,
  type DeskInput,
  type DeskLocalData,
  DeskNode,
  type DeskView,
  type LinkReply,
} from '@holdfast/desk';
import { type Millis, unreachable } from '@holdfast/kernel';
import { DeskWatch } from './desk-watch.ts';
import { NodeProgram } from './node-program.ts';
import type { CloseReason, Process } from './process.ts';
import type { RuleCensus } from './rule-census.ts';
import { asHeard } from './scripted-defects.ts';
import type { StreamEnd } from './stream.ts';
import { isNeverTried, misled, type WholeDefect } from './whole-defects.ts';
import type { LinkWatch } from './whole-links.ts';
import { PASSWORD } from './whole-servers.ts';

/** What outlives a run of the desk: the browser's local storage (LL7). */
export interface DeskStorage {
  epoch: number;
  runs: number;
  /** The bootstrap file as it was renewed last (DS20). */
  bootstrap: Bootstrap | undefined;
}

export interface DeskPorts {
  readonly user: string;
  /** Where the agent sits today; undefined where the bootstrap file names it. */
  place(): string | undefined;
  readonly localData: Omit<DeskLocalData, 'desk' | 'epochStored' | 'firstLogin'>;
  readonly storage: DeskStorage;
  readonly defect: WholeDefect | undefined;
  readonly census: RuleCensus;
  readonly links: LinkWatch;
  /** What the lab's ledger is told (ME1). */
  fact(effect: Extract<DeskEffect, { type: 'fact' }>): void;
  stampAnswered(): void;
  /** The phone is part of the desktop (DS18). */
  restartPhone(): void;
  /** The person looks at the screen whenever it changes. */
  seen(process: Process, view: DeskView): void;
}

export class DeskProgram extends NodeProgram<DeskInput, DeskEffect> {
  readonly node: DeskNode;
  readonly #ports: DeskPorts;
  readonly #watch: DeskWatch;
  readonly #established = new Set<string>();
  view: DeskView | undefined;
  #hasWorked = false;

  constructor(process: Process, ports: DeskPorts, now: Millis) {
    super(process);
    this.#ports = ports;
    this.#watch = new DeskWatch(ports.census);
    this.node = new DeskNode({ random: process.world.fork(process.index * 1_000 + process.life) });
    const { user, localData, storage, defect } = ports;
    const place = ports.place();
    storage.runs++;
    const bootstrap = storage.bootstrap ?? localData.bootstrap;
    this.tell(now, {
      type: 'start',
      user,
      password: PASSWORD,
      ...(place === undefined ? {} : { place }),
      localData: {
        ...localData,
        bootstrap,
        desk: `${user}-${storage.runs}`,
        epochStored: storage.epoch,
        firstLogin: storage.runs === 1 || defect === 'no-wait-at-start' ? 'nothingBefore' : 'wait',
      },
      wallOffset: process.wallOffsetMs(),
    });
  }

  /** The copy of the bootstrap file that the next start begins with. */
  get bootstrapStored(): Bootstrap | undefined {
    return this.#ports.storage.bootstrap;
  }

  /** A person's hand on the desk. */
  press(now: Millis, input: DeskInput): void {
    this.#watch.isHandOn = true;
    this.#ports.links.isAsked = input.type === 'move';
    this.tell(now, input);
    this.#watch.isHandOn = false;
    this.#ports.links.isAsked = false;
  }

  override closed(now: Millis, end: StreamEnd, reason: CloseReason): void {
    const siteBefore = this.view?.site ?? null;
    const hasStood = this.#established.delete(end.tag);
    super.closed(now, end, reason);
    const away = misled(this.#ports.defect, end.tag, this.view);
    if (away !== undefined) this.tell(now, away);
    this.#watch.lost(end.tag, { byDesk: false, hasStood, siteBefore });
  }

  override clockJumped(now: Millis, wallOffsetMs: Millis): void {
    this.#watch.isShaken = true;
    super.clockJumped(now, wallOffsetMs);
    this.#watch.isShaken = false;
  }

  override message(now: Millis, end: StreamEnd, message: unknown): void {
    this.#ports.links.isAsked = (message as LinkReply).type === 'MoveAsked';
    super.message(now, end, message);
    this.#ports.links.isAsked = false;
  }

  protected sip(): DeskInput {
    throw new Error('a desk hears no SIP');
  }

  protected connectionOpened(connection: string): DeskInput {
    return { type: 'opened', connection };
  }

  protected connectionClosed(connection: string, reason: CloseReason): DeskInput {
    const hasStood = reason === 'closed' || reason === 'reset';
    return { type: hasStood ? 'closed' : 'failed', connection, how: reason };
  }

  protected connectionMessage(connection: string, message: unknown): DeskInput {
    const read = asHeard(this.#ports.defect, message as LinkReply, this.#hasWorked);
    if (read.type !== 'Stamp') {
      this.#watch.hears(connection, read);
      const isStatistics = connection.startsWith('statistics');
      if (read.type === 'Registered' || read.type === 'LoggedIn' || (isStatistics && read.type === 'Opened'))
        this.#established.add(connection);
    }
    return { type: 'message', connection, message: read };
  }

  protected answered(): DeskInput {
    throw new Error('a desk asks no DNS');
  }

  protected jumped(wallOffset: Millis): DeskInput {
    return { type: 'clockJumped', wallOffset };
  }

  protected perform(now: Millis, effect: DeskEffect): void {
    switch (effect.type) {
      case 'connect':
        if (isNeverTried(this.#ports.defect, effect.connection)) return;
        return this.connect(effect.connection, effect);
      case 'close': {
        const hasStood = this.#established.delete(effect.connection);
        this.#watch.lost(effect.connection, { byDesk: true, hasStood, siteBefore: this.view?.site ?? null });
        return this.close(effect.connection);
      }
      case 'send':
        if (effect.message.type === 'StampAnswer') this.#ports.stampAnswered();
        this.#watch.sends(effect.connection, effect.message);
        return this.send(effect.connection, effect.message);
      case 'bootstrap':
        this.#ports.census.count('DS20');
        this.#ports.storage.bootstrap = effect.bootstrap;
        return;
      case 'persist':
        this.#ports.storage.epoch = effect.epoch.number;
        return;
      case 'view':
        this.view = effect.view;
        if (effect.view.site !== null) this.#hasWorked = true;
        this.#watch.sees(effect.view);
        this.#ports.links.sees(effect.view);
        return this.#ports.seen(this.process, effect.view);
      case 'decision':
        this.#ports.links.decides(now, effect.what, effect.site, effect.because);
        this.#watch.decides(effect.what, effect.because.rule);
        return this.process.world.note(
          this.process.name,
          `decides: ${effect.what} ${effect.site}`,
          effect.because,
        );
      case 'fact':
        return this.#ports.fact(effect);
      case 'restartPhone':
        return this.#ports.restartPhone();
      case 'answerPhone':
      case 'link':
      case 'session':
      case 'calls':
      case 'dn':
      case 'alarm':
      case 'phoneSettings':
      case 'log':
        return;
      default:
        unreachable(effect);
    }
  }
}
