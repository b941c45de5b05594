/**
 * An etcd of three nodes on loopback or in a network namespace, in a folder of its own, with the times of a site (heartbeat 50 ms, election
 * 500 ms), whose nodes can be killed, stopped and started again.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../free-ports.ts';
import { Program, until } from './processes.ts';

const NODES = 3;
const HEARTBEAT_MS = 50;
const ELECTION_MS = 500;
/** Of a cluster that starts, on a machine that is busy. */
const READY_MAX_MS = 30_000;
const ASK_MAX_MS = 500;

export interface EtcdPlace {
  readonly address: string;
  readonly namespace: string;
}

interface EtcdStatus {
  readonly leader: string;
  readonly header: { readonly member_id: string };
}

export class EtcdCluster {
  readonly #folder: string;
  readonly #clientPorts: readonly number[];
  readonly #peerPorts: readonly number[];
  readonly #nodes: (Program | undefined)[] = [];
  readonly #place: EtcdPlace | undefined;

  private constructor(folder: string, ports: readonly number[], place: EtcdPlace | undefined) {
    this.#folder = folder;
    this.#place = place;
    this.#clientPorts = ports.slice(0, NODES);
    this.#peerPorts = ports.slice(NODES);
  }

  static async start(place?: EtcdPlace): Promise<EtcdCluster> {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-etcd-'));
    const cluster = new EtcdCluster(folder, await freePorts(2 * NODES), place);
    await cluster.startAll();
    return cluster;
  }

  get ports(): readonly number[] {
    return this.#clientPorts;
  }

  get endpoints(): readonly string[] {
    return this.#clientPorts.map((port) => this.#url(port));
  }

  #url(port: number | undefined): string {
    return `http://${this.#place?.address ?? '127.0.0.1'}:${port}`;
  }

  /** Those that do not run; resolves when the cluster has a leader again. */
  async startAll(): Promise<void> {
    for (let index = 0; index < NODES; index++) this.startNode(index);
    // Nobody outside can ask one in a namespace; a node says by itself when it is part of a cluster with a leader.
    if (this.#place !== undefined)
      return until('the etcd cluster serves', READY_MAX_MS, () =>
        this.#nodes.every((node) => node?.lines.some((line) => line.includes('ready to serve client'))),
      );
    await until('the etcd cluster has a leader', READY_MAX_MS, async () => {
      const leaders = await Promise.all(this.#clientPorts.map((_, index) => this.#statusOf(index)));
      return leaders.every((status) => status !== undefined && Number(status.leader ?? 0) !== 0);
    });
  }

  startNode(index: number): void {
    if (this.#nodes[index]?.hasEnded === false) return;
    const client = this.#url(this.#clientPorts[index]);
    const peers = this.#peerPorts.map((port) => this.#url(port));
    const peer = peers[index] ?? '';
    this.#nodes[index] = Program.start({
      command: 'etcd',
      ...{ folder: this.#folder, namespace: this.#place?.namespace },
      args: Object.entries({
        name: `n${index}`,
        'data-dir': join(this.#folder, `n${index}`),
        'listen-client-urls': client,
        'advertise-client-urls': client,
        'listen-peer-urls': peer,
        'initial-advertise-peer-urls': peer,
        'initial-cluster': peers.map((url, n) => `n${n}=${url}`).join(','),
        'initial-cluster-state': 'new',
        'heartbeat-interval': HEARTBEAT_MS,
        'election-timeout': ELECTION_MS,
        // Each renewal is a revision: without this the space is full after some weeks.
        'auto-compaction-mode': 'revision',
        'auto-compaction-retention': 1_000,
      }).map(([option, value]) => `--${option}=${value}`),
    });
  }

  /** Index of the node that leads now. */
  async leader(): Promise<number> {
    let found = -1;
    await until('an etcd node leads', READY_MAX_MS, async () => {
      const all = await Promise.all(this.#clientPorts.map((_, index) => this.#statusOf(index)));
      found = all.findIndex((status) => status !== undefined && status.leader === status.header.member_id);
      return found >= 0;
    });
    return found;
  }

  signal(index: number, signal: NodeJS.Signals): void {
    this.#nodes[index]?.signal(signal);
  }

  async kill(...indices: readonly number[]): Promise<void> {
    for (const index of indices) this.#nodes[index]?.kill();
    for (const index of indices) await this.#nodes[index]?.ended;
  }

  async killAll(): Promise<void> {
    await this.kill(...this.#nodes.keys());
  }

  async stop(): Promise<void> {
    await this.killAll();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #statusOf(index: number): Promise<EtcdStatus | undefined> {
    try {
      const url = `${this.endpoints[index]}/v3/maintenance/status`;
      const response = await fetch(url, {
        method: 'POST',
        body: '{}',
        signal: AbortSignal.timeout(ASK_MAX_MS),
      });
      return (await response.json()) as EtcdStatus;
    } catch {
      // It does not run, or does not answer yet.
      return undefined;
    }
  }
}
