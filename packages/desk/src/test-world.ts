/**
 * One desk between two sites in virtual time: every message takes 1 ms, every deadline is met, and at each
 * instant it is checked that no two sites may route calls to the agent.
 */
import { type Random, seededRandom } from '@holdfast/kernel';
import type { DeskConfiguration, LinkServers } from '@holdfast/protocol';
import type { Bootstrap, BootstrapSite } from './bootstrap/bootstrap.ts';
import { DeskNode } from './desk-node.ts';
import type { DeskEffect, DeskInput, DeskLocalData, LinkReply, LinkRequest } from './desk-types.ts';
import type { DeskView } from './desk-view.ts';
import { DN, PERSON, STAMP_EVERY_MS, TestSite } from './test-site.ts';

export type SiteName = 'north' | 'south';
type SiteState = 'up' | 'down' | 'hung';

const LATENCY_MS = 1;
const PORTS = { north: 1, south: 2 } as const;

export interface WorldOptions {
  readonly options?: Readonly<Record<string, string>>;
  readonly firstLogin?: DeskLocalData['firstLogin'];
  readonly password?: string;
  readonly seed?: number;
}

interface Delivery {
  readonly at: number;
  readonly run: () => void;
}

export class World {
  now = 0;
  readonly desk: DeskNode;
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
  /** Desk's connection → site; the entry goes with the connection. */
  readonly #connections = new Map<string, SiteName>();
  #queue: Delivery[] = [];
  view: DeskView | undefined;

  constructor(options: WorldOptions = {}) {
    this.random = seededRandom(options.seed ?? 1);
    this.desk = new DeskNode({ random: this.random });
    const configuration = deskConfiguration(options.options ?? {});
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
      place: 'P1',
      localData: {
        bootstrap: bootstrapOf('Workspace', {}),
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

  /** All processes of the site die: connections are reset. */
  kill(name: SiteName): this {
    this.#state[name] = 'down';
    this.#backlog[name] = [];
    this[name].restart();
    for (const [connection, site] of this.#connections) if (site === name) this.#reset(connection);
    return this;
  }

  start(name: SiteName): this {
    this.#state[name] = 'up';
    return this;
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
      if (effect.type === 'connect')
        this.#connect(effect.connection, effect.port === PORTS.north ? 'north' : 'south');
      if (effect.type === 'close') this.#close(effect.connection);
      if (effect.type === 'send') this.#toSite(effect.connection, effect.message);
      if (effect.type === 'view') this.view = effect.view;
    }
  }

  #connect(connection: string, name: SiteName): void {
    const state = this.#state[name];
    const { up, down } = this.#cut[name];
    if (state === 'hung' || up || down) return;
    this.#later(() => {
      if (this.#state[name] !== 'up') return this.tell({ type: 'failed', connection, how: 'refused' });
      this.#connections.set(connection, name);
      this.tell({ type: 'opened', connection });
    });
  }

  #close(connection: string): void {
    const name = this.#connections.get(connection);
    this.#connections.delete(connection);
    if (name !== undefined) this.#atSite(name, () => this[name].forget(connection));
  }

  #reset(connection: string): void {
    this.#connections.delete(connection);
    this.#later(() => this.tell({ type: 'closed', connection, how: 'reset by peer' }));
  }

  #toSite(connection: string, message: LinkRequest): void {
    const name = this.#connections.get(connection);
    if (name === undefined) return;
    const { pairEpoch } = this[name];
    this.#pass(name, 'up', () => {
      // What was sent to a process that has died since is lost with it.
      if (this[name].pairEpoch !== pairEpoch) return;
      this.#atSite(name, () => this[name].receive(this.now, connection, message));
    });
  }

  #toDesk(connection: string, message: LinkReply): void {
    const name = this.#connections.get(connection);
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

export function deskConfiguration(options: Readonly<Record<string, string>>): DeskConfiguration {
  const set: Record<string, string> = {
    'disaster-recovery.enabled': 'true',
    'disaster-recovery.timeout': '5',
    'disaster-recovery.wait-for-sipphone-timeout': '3',
    'disaster-recovery.auto-restore': 'true',
    'disaster-recovery.restore-agent-state': 'true',
    ...options,
  };
  return {
    person: { name: PERSON, displayName: 'Ada', rank: 'agent' },
    family: 'interaction-workspace',
    options: Object.fromEntries(
      Object.entries(set).map(([name, value]) => [name, { value, source: 'Application Workspace' }]),
    ),
    preferredSite: 'north',
    peerSite: 'south',
    place: 'P1',
    warnings: [],
    sites: (['north', 'south'] as const).map((site) => ({
      site,
      application: 'Workspace',
      options: {},
      telephony: pairOf({ application: `sip-${site}`, host: `${site}-sip`, port: PORTS[site] }),
      configuration: pairOf({ application: `config-${site}`, host: `${site}-config`, port: PORTS[site] }),
      statistics: pairOf(),
      switch: site,
      place: 'P1',
      dn: DN,
      AgentID: 'A1',
      queues: ['6001'],
    })),
  };
}

export function bootstrapOf(application: string, more: Partial<Bootstrap>): Bootstrap {
  const site = (name: SiteName): BootstrapSite => ({
    site: undefined,
    application,
    applicationType: 'Workspace',
    place: undefined,
    form: 'pair',
    nodes: [{ host: `${name}-config`, port: PORTS[name] }],
    timeoutMs: 1_000,
  });
  const sites = { preferred: site('north'), peer: site('south') };
  return { environment: 'Test', hotSeating: false, embeddedEndpoint: false, ...sites, ...more };
}

function pairOf(...members: LinkServers['members']): LinkServers {
  return { form: 'pair', members, addpTimeoutMs: 500, reconnectPauseMs: 1_000 };
}
