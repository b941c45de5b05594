/**
 * Hosts of their own on this machine: network namespaces, each with one address, joined by a bridge that stands in one
 * more. Nothing of them is seen from outside, so that runs beside each other never meet. Their names hold the process
 * that made them; what a run left behind that was killed is removed by the next.
 */
import { execFile, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { isAlive } from '../process-tree.ts';

const run = promisify(execFile);
const PREFIX = 'holdfast';
/** Of the hosts: `.11` the first, and so on. */
const NETWORK = '10.213.0';
const FIRST = 11;
const COMMAND_MAX_MS = 10_000;
/** Where ip(8) keeps the names. */
const FOLDER = '/run/netns';

const made = new Set<Namespaces>();
process.on('exit', () => {
  for (const one of made) one.remove();
});
let runs = 0;

export class Namespaces {
  readonly #hosts: readonly string[];
  readonly #run: string;

  private constructor(hosts: readonly string[]) {
    this.#hosts = hosts;
    this.#run = `${PREFIX}-${process.pid}-${++runs}`;
    made.add(this);
  }

  /** Rejects with what is missing where this machine allows none. */
  static async make(hosts: readonly string[]): Promise<Namespaces> {
    if (process.getuid?.() !== 0) throw new Error('Network namespaces need root; run these tests as root.');
    removeForgotten();
    const namespaces = new Namespaces(hosts);
    await namespaces.#make();
    return namespaces;
  }

  /** For `ip netns exec`. */
  nameOf(host: string): string {
    return `${this.#run}-${host}`;
  }

  addressOf(host: string): string {
    return addressAt(this.#hosts.indexOf(host));
  }

  /** An address of the network that no host has of its own. */
  static readonly virtual = `${NETWORK}.50`;

  /** What a command says there; rejects when it fails. */
  async run(host: string, command: string, ...args: readonly string[]): Promise<string> {
    const inside = ['netns', 'exec', this.nameOf(host), command, ...args];
    const { stdout } = await run('ip', inside, { timeout: COMMAND_MAX_MS });
    return stdout;
  }

  /** Pulls the cable of a host out of the bridge, or puts it in again. */
  async cable(host: string, state: 'up' | 'down'): Promise<void> {
    await run('ip', ['-n', this.#bridge, 'link', 'set', host, state]);
  }

  /** Drops all that is IP there, in and out; the host goes on answering ARP, as one with a broken filter would. */
  async cutIP(host: string, isCut: boolean): Promise<void> {
    const chain = (hook: string) =>
      `chain ${hook} { type filter hook ${hook} priority 0; oifname lo accept; iifname lo accept; drop; };`;
    const rules = isCut ? `table ip cut { ${chain('input')} ${chain('output')} };` : 'delete table ip cut';
    await this.run(host, 'nft', rules);
  }

  /** What the host sends is dropped on its way, and it hears everybody still; ARP is answered. */
  async cutSending(host: string, isCut: boolean): Promise<void> {
    if (isCut) await this.#onTheWayFrom(host, 'sending', 'drop;');
    else await run('ip', ['netns', 'exec', this.#bridge, 'nft', `delete table netdev sending_${host}`]);
  }

  /** Of what the host sends that share is lost on its way, 0 to 1, drawn for each packet. */
  async lose(host: string, share: number): Promise<void> {
    await this.#onTheWayFrom(
      host,
      'loss',
      `numgen random mod 1000 < ${Math.round(1000 * share)} counter drop;`,
    );
  }

  /** How many packets of the host were lost by that. */
  async lost(host: string): Promise<number> {
    const list = ['netns', 'exec', this.#bridge, 'nft', `list table netdev loss_${host}`];
    const { stdout } = await run('ip', list, { timeout: COMMAND_MAX_MS });
    return Number(/counter packets (\d+)/.exec(stdout)?.[1]);
  }

  /** A rule for the host's IP at the other end of its cable: a filter on the host itself would tell the sender. */
  async #onTheWayFrom(host: string, table: string, rule: string): Promise<void> {
    const chain = `chain way { type filter hook ingress device ${host} priority 0; ether type ip ${rule} };`;
    await run('ip', ['netns', 'exec', this.#bridge, 'nft', `table netdev ${table}_${host} { ${chain} };`], {
      timeout: COMMAND_MAX_MS,
    });
  }

  async hasAddress(host: string, address: string): Promise<boolean> {
    return (await this.run(host, 'ip', '-4', '-o', 'address', 'show')).includes(` ${address}/`);
  }

  /** The hardware address of a host's one interface. */
  async hardwareOf(host: string): Promise<string> {
    return (await this.run(host, 'cat', '/sys/class/net/eth0/address')).trim();
  }

  /** Everybody who answers when a host asks for an address, each once. */
  async answersFor(host: string, address: string): Promise<string[]> {
    try {
      const said = await this.run(host, 'arping', '-r', '-c', '3', '-W', '0.3', '-i', 'eth0', address);
      return [...new Set(said.split('\n').filter((line) => line !== ''))].sort();
    } catch (error) {
      // Nobody: its exit status says so.
      if ((error as { code?: unknown }).code === 1) return [];
      throw error;
    }
  }

  /** Also at the end of the process, where nothing can be waited for. */
  remove(): void {
    made.delete(this);
    for (const name of [...this.#hosts.map((host) => this.nameOf(host)), this.#bridge]) removeNamespace(name);
  }

  get #bridge(): string {
    return `${this.#run}-bridge`;
  }

  async #make(): Promise<void> {
    const bridge = this.#bridge;
    await ip('netns', 'add', bridge);
    await ip('-n', bridge, 'link', 'add', 'bridge', 'type', 'bridge');
    await ip('-n', bridge, 'link', 'set', 'bridge', 'up');
    for (const host of this.#hosts) {
      const name = this.nameOf(host);
      await ip('netns', 'add', name);
      await ip('link', 'add', 'eth0', 'netns', name, 'type', 'veth', 'peer', 'name', host, 'netns', bridge);
      await ip('-n', bridge, 'link', 'set', host, 'master', 'bridge', 'up');
      await ip('-n', name, 'link', 'set', 'lo', 'up');
      await ip('-n', name, 'address', 'add', `${this.addressOf(host)}/24`, 'dev', 'eth0');
      await ip('-n', name, 'link', 'set', 'eth0', 'up');
    }
  }
}

const addressAt = (index: number) => `${NETWORK}.${FIRST + index}`;

async function ip(...args: readonly string[]): Promise<void> {
  await run('ip', args, { timeout: COMMAND_MAX_MS });
}

/** Its interfaces go with it, and so does the other end of each. */
function removeNamespace(name: string): void {
  spawnSync('ip', ['netns', 'delete', name], { stdio: 'ignore' });
}

function removeForgotten(): void {
  for (const name of namespacesNow()) {
    const pid = Number(new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1]);
    if (Number.isInteger(pid) && !isAlive(pid)) removeNamespace(name);
  }
}

function namespacesNow(): string[] {
  try {
    return readdirSync(FOLDER);
  } catch {
    // There was never one.
    return [];
  }
}
