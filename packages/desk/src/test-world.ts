/**
 * One desk between two sites in virtual time: every message takes 1 ms, every deadline is met, and at each
 * instant it is checked that no two sites may route calls to the agent.
 */
import { type Random, seededRandom } from '@holdfast/kernel';
import type { Bootstrap } from './bootstrap/bootstrap.ts';
import { DeskNode } from './desk-node.ts';
import type { DeskEffect, DeskInput, DeskLocalData, LinkKind, LinkReply, LinkRequest } from './desk-types.ts';
import type { DeskView } from './desk-view.ts';
import type { SeatToday } from './local-data.ts';
import { bootstrapOf, type ConfigurationOptions, deskConfiguration, PORTS } from './test-configuration.ts';
import { PERSON, STAMP_EVERY_MS, TestSite } from './test-site.ts';

export type SiteName = 'north' | 'south';
/** The processes of a site; of a cluster one node. */
export type Part = 'sip' | 'config' | 'stat' | `config-${number}` | `stat-${number}`;
type SiteState = 'up' | 'down' | 'hung';

const LATENCY_MS = 1;

export interface WorldOptions extends ConfigurationOptions {
  readonly firstLogin?: DeskLocalData['firstLogin'];
  readonly password?: string;
  readonly seed?: number;
  readonly place?: SeatToday;
  readonly bootstrap?: Partial<Bootstrap>;
  readonly delivered?: Bootstrap;
  /** Dead before the desk starts. */
  readonly dead?: readonly SiteName[];
}

/** What a connection leads to. */
interface Peer {
  readonly name: SiteName;
  readonly host: string;
  readonly kind: LinkKind;
}

interface Delivery {
  readonly at: number;
  readonly run: () => void;
}

export class World {
  now = 0;
  readonly desk: DeskNode;
  /** As the desk was given it. */
  readonly bootstrap: Bootstrap;
  readonly random: Random;
  readonly north: TestSite;
  readonly south: TestSite;
  readonly effects: (DeskEffect & { at: number })[] = [];
  readonly #state: Record<SiteName, SiteState> = { north: 'up', south: 'up' };
  /** What a stopped process will read when it goes on, in order. */
  readonly #backlog: Record<SiteName, (() => void)[]> = { north: [], south: [] };
  /** Directions in which nothing passes, and what waits there: bytes that TCP will deliver when it can. */
  readonly #cut: Record<SiteName, { up: boolean; down: boolean }> = {
    north: { up: false, down: false },
    south: { up: false, down: false },
  };
  #held: { readonly name: SiteName; readonly direction: 'up' | 'down'; readonly run: () => void }[] = [];
  /** What a stopped desk will read when it goes on; undefined while it runs. */
  #deskBacklog: DeskInput[] | undefined;
  /** By host, of sites that are up otherwise. */
  readonly #dead = new Set<string>();
  /** Desk's connection → server; the entry goes with the connection. */
  readonly #connections = new Map<string, Peer>();
  #queue: Delivery[] = [];
  view: DeskView | undefined;

  constructor(options: WorldOptions = {}) {
    this.random = seededRandom(options.seed ?? 1);
    this.desk = new DeskNode({ random: this.random });
    this.bootstrap = bootstrapOf(options);
    const configuration = deskConfiguration(options);
    for (const name of options.dead ?? []) this.#state[name] = 'down';
    const send = (connection: string, message: LinkReply) => this.#toDesk(connection, message);
    this.north = new TestSite('north', 1_000, configuration, send);
    this.south = new TestSite('south', 5_000, configuration, send);
    this.#every(STAMP_EVERY_MS, () => {
      for (const name of ['north', 'south'] as const)
        if (this.#state[name] === 'up') this[name].stampAll(this.now);
    });
    this.tell({
      type: 'start',
      user: PERSON,
      password: options.password ?? 'secret',
      ...(options.place === undefined ? {} : { place: options.place }),
      localData: {
        bootstrap: this.bootstrap,
        ...(options.delivered === undefined ? {} : { delivered: options.delivered }),
        addpTimeoutMs: 500,
        desk: 'd1',
        epochStored: 0,
        firstLogin: options.firstLogin ?? 'nothingBefore',
      },
      wallOffset: 1_700_000_000_000,
    });
  }

  tell(input: DeskInput): this {
    if (this.#deskBacklog !== undefined) {
      this.#deskBacklog.push(input);
      return this;
    }
    this.#perform(this.desk.handle(this.now, input));
    return this;
  }

  /** Lets the world go on for so long. */
  run(ms: number): this {
    const until = this.now + ms;
    for (;;) {
      const next = this.#queue[0];
      const isStopped = this.#deskBacklog !== undefined;
      const deskAt = isStopped
        ? Number.POSITIVE_INFINITY
        : (this.desk.nextDeadline() ?? Number.POSITIVE_INFINITY);
      const at = Math.min(next?.at ?? Number.POSITIVE_INFINITY, deskAt);
      if (at > until) break;
      this.now = Math.max(this.now, at);
      if (next !== undefined && next.at <= deskAt) {
        this.#queue.shift();
        next.run();
      } else {
        this.#perform(this.desk.expire(this.now));
      }
      this.#checkOneLogin();
    }
    this.now = until;
    return this;
  }

  /** All processes of the site die, or those named: connections are reset. */
  kill(name: SiteName, ...parts: readonly Part[]): this {
    if (parts.length === 0) {
      this.#state[name] = 'down';
      this.#backlog[name] = [];
    }
    for (const part of parts) this.#dead.add(`${name}-${part}`);
    if (parts.length === 0 || parts.includes('sip')) this[name].restart();
    for (const [connection, peer] of this.#connections)
      if (peer.name === name && !this.#isUp(peer)) this.#reset(connection);
    return this;
  }

  start(name: SiteName, ...parts: readonly Part[]): this {
    if (parts.length === 0) this.#state[name] = 'up';
    for (const part of parts) this.#dead.delete(`${name}-${part}`);
    return this;
  }

  #isUp({ name, host }: Peer): boolean {
    return this.#state[name] !== 'down' && !this.#dead.has(host);
  }

  hang(name: SiteName): this {
    this.#state[name] = 'hung';
    return this;
  }

  /** Timers first, then what lay in the buffers. */
  goOn(name: SiteName): this {
    this.#state[name] = 'up';
    this[name].stampAll(this.now);
    for (const read of this.#backlog[name].splice(0)) read();
    return this;
  }

  cut(name: SiteName, direction: 'up' | 'down'): this {
    this.#cut[name][direction] = true;
    return this;
  }

  heal(name: SiteName): this {
    this.#cut[name] = { up: false, down: false };
    const arrived = this.#held.filter((item) => item.name === name);
    this.#held = this.#held.filter((item) => item.name !== name);
    for (const item of arrived) this.#later(item.run);
    return this;
  }

  stopDesk(): this {
    this.#deskBacklog ??= [];
    return this;
  }

  /** The desk's timers first, then what lay in its buffers. */
  continueDesk(): this {
    const backlog = this.#deskBacklog ?? [];
    this.#deskBacklog = undefined;
    for (
      let due = this.desk.nextDeadline();
      due !== undefined && due <= this.now;
      due = this.desk.nextDeadline()
    ) {
      this.#perform(this.desk.expire(this.now));
    }
    for (const input of backlog) this.tell(input);
    return this;
  }

  /** Somebody has edited the configuration, of which both sites hear. */
  reconfigure(options: ConfigurationOptions): this {
    for (const site of [this.north, this.south]) site.reconfigure(deskConfiguration(options));
    return this.run(2 * LATENCY_MS);
  }

  link(kind: LinkKind) {
    return this.view?.links.find((link) => link.kind === kind);
  }

  effectsOf<Type extends DeskEffect['type']>(type: Type) {
    return this.effects.filter(
      (effect): effect is Extract<DeskEffect, { type: Type }> & { at: number } => effect.type === type,
    );
  }

  facts(fact: string) {
    return this.effects.filter((effect) => effect.type === 'fact' && effect.fact === fact);
  }

  decisions(what?: string) {
    return this.effects
      .filter((effect) => effect.type === 'decision')
      .filter((effect) => what === undefined || effect.what === what);
  }

  #perform(effects: readonly DeskEffect[]): void {
    for (const effect of effects) {
      this.effects.push({ ...effect, at: this.now });
      if (effect.type === 'connect') this.#connect(effect);
      if (effect.type === 'close') this.#close(effect.connection);
      if (effect.type === 'send') this.#toSite(effect.connection, effect.message);
      if (effect.type === 'view') this.view = effect.view;
    }
  }

  #connect({ connection, host, port, kind }: Extract<DeskEffect, { type: 'connect' }>): void {
    const name = port === PORTS.north ? 'north' : 'south';
    const { up, down } = this.#cut[name];
    if (this.#state[name] === 'hung' || up || down) return;
    const peer = { name, host, kind } as const;
    this.#later(() => {
      if (!this.#isUp(peer)) return this.tell({ type: 'failed', connection, how: 'refused' });
      this.#connections.set(connection, peer);
      this.tell({ type: 'opened', connection });
    });
  }

  #close(connection: string): void {
    const name = this.#connections.get(connection)?.name;
    this.#connections.delete(connection);
    if (name !== undefined) this.#atSite(name, () => this[name].forget(connection));
  }

  #reset(connection: string): void {
    this.#connections.delete(connection);
    this.#later(() => this.tell({ type: 'closed', connection, how: 'reset by peer' }));
  }

  #toSite(connection: string, message: LinkRequest): void {
    const peer = this.#connections.get(connection);
    if (peer === undefined) return;
    const { name, kind } = peer;
    const { pairEpoch } = this[name];
    this.#pass(name, 'up', () => {
      // What was sent to a process that has died since is lost with it.
      if (this[name].pairEpoch !== pairEpoch || !this.#isUp(peer)) return;
      this.#atSite(name, () => this[name].receive(this.now, connection, message, kind));
    });
  }

  #toDesk(connection: string, message: LinkReply): void {
    const name = this.#connections.get(connection)?.name;
    if (name === undefined) return;
    this.#pass(name, 'down', () => {
      if (this.#connections.has(connection)) this.tell({ type: 'message', connection, message });
    });
  }

  #pass(name: SiteName, direction: 'up' | 'down', run: () => void): void {
    if (this.#cut[name][direction]) this.#held.push({ name, direction, run });
    else this.#later(run);
  }

  #atSite(name: SiteName, read: () => void): void {
    if (this.#state[name] === 'up') read();
    if (this.#state[name] === 'hung') this.#backlog[name].push(read);
  }

  #later(run: () => void): void {
    this.#enqueue({ at: this.now + LATENCY_MS, run });
  }

  #every(ms: number, run: () => void): void {
    const tick = () => {
      run();
      this.#enqueue({ at: this.now + ms, run: tick });
    };
    this.#enqueue({ at: this.now + ms, run: tick });
  }

  #enqueue(delivery: Delivery): void {
    let index = this.#queue.length;
    while (index > 0 && (this.#queue[index - 1]?.at ?? 0) > delivery.at) index--;
    this.#queue.splice(index, 0, delivery);
  }

  #checkOneLogin(): void {
    if (this.north.isRoutable(this.now) && this.south.isRoutable(this.now)) {
      throw new Error(`both sites may route to the agent at ${this.now}`);
    }
  }
}
