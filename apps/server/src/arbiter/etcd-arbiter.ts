/**
 * The arbiter of a pair across hosts: one key in the site's etcd (PR8), by the JSON gateway that every etcd v3
 * serves beside its gRPC.
 *
 *     read   a linearizable range: a member of the cluster without a majority cannot answer it
 *     swap   a transaction: if the key's mod_revision is still this one, put, else say what stands
 *
 * The endpoints are used in the order given, the first for as long as it serves; after a failure or a time-out the
 * next one, from the last again the first. An endpoint that cannot even be connected has done nothing, so that the
 * same request goes on to the next at once. After any other failure of a swap it may have been done: that is
 * answered `unknown`, and the next request begins at the next endpoint (PR4).
 *
 * Each renewal makes a revision: the cluster has to compact by itself, such as with
 * `--auto-compaction-mode=revision --auto-compaction-retention=1000`, or its space is full after some weeks.
 */
import { type ArbiterRequest, compareRevisions, type KeySeen, type Revision } from '@holdfast/continuity';
import type { Arbiter, ArbiterOptions } from './arbiter.ts';
import { endpointUrl, post } from './etcd-gateway.ts';
import { base64, readRange, readTxn } from './etcd-messages.ts';
import { watchEtcd } from './etcd-watch.ts';
import { type OpenRequest, OpenRequests } from './open-requests.ts';

export interface EtcdArbiterOptions extends ArbiterOptions {
  /** URLs, such as `http://10.0.0.1:2379`. */
  readonly endpoints: readonly string[];
  /** Its primary's application name. */
  readonly pair: string;
}

interface Sent {
  readonly endpoint: string;
  /** Highest revision seen before it was sent: what is linearizable answers none below it. */
  readonly sentAt: Revision;
}

/** The one key of a pair. */
export const etcdKeyOf = (pair: string) => `/holdfast/pair/${pair}`;

/** Throws when an endpoint is no URL: that is configuration, and named. */
export function openEtcdArbiter(options: EtcdArbiterOptions): Arbiter {
  return new EtcdArbiter(options);
}

class EtcdArbiter implements Arbiter {
  readonly #endpoints: readonly string[];
  readonly #key: string;
  readonly #requests: OpenRequests;
  readonly #changed: (seen: KeySeen) => void;
  readonly #watch: { close(): void };
  /** Index of the endpoint that serves. */
  #serving = 0;
  /** That was answered; an etcd whose data were lost begins again below it. */
  #highest: Revision = { start: 0, count: 0 };
  #told: Revision | undefined;
  #isClosed = false;

  constructor(options: EtcdArbiterOptions) {
    this.#endpoints = options.endpoints.map(endpointUrl);
    if (this.#endpoints.length === 0) throw new Error('An etcd arbiter needs one endpoint at least.');
    this.#key = base64(etcdKeyOf(options.pair));
    this.#requests = new OpenRequests(options);
    this.#changed = options.handlers.changed.bind(options.handlers);
    this.#watch = watchEtcd({
      endpoints: this.#endpoints,
      key: this.#key,
      seen: (seen) => this.#tell(seen),
      read: (signal) => this.#readForWatch(signal),
    });
  }

  ask(request: ArbiterRequest): void {
    if (this.#isClosed) return;
    const failures: string[] = [];
    const late = () => [...failures, this.#endpoint()].join('; ');
    const open = this.#requests.begin(request.n, late);
    if (open !== undefined) void this.#perform(request, open, failures);
  }

  close(): void {
    this.#isClosed = true;
    this.#requests.close();
    this.#watch.close();
  }

  async #perform(request: ArbiterRequest, open: OpenRequest, failures: string[]): Promise<void> {
    const { path, body } = messageOf(request, this.#key);
    for (let attempt = 0; attempt < this.#endpoints.length && !open.signal.aborted; attempt++) {
      const endpoint = this.#endpoint();
      const sentAt = this.#highest;
      const reply = await post(endpoint + path, body, open.signal);
      if (reply.name === 'answered') return this.#answer(request, reply.value, open, { endpoint, sentAt });
      this.#leave(endpoint);
      failures.push(`${endpoint}: ${reply.because}`);
      // Sent, and perhaps performed: a second try could only hide that.
      if (reply.name === 'perhaps' && request.type === 'swap') break;
    }
    open.unknown(failures.join('; '));
  }

  #answer(request: ArbiterRequest, value: unknown, open: OpenRequest, sent: Sent): void {
    const { n } = request;
    const result = request.type === 'read' ? readRange(value) : readTxn(value, request.key);
    if (result.problem !== undefined) return open.unknown(`${sent.endpoint}: ${result.problem}`);
    const { seen, succeeded } = { succeeded: false, ...result };
    // A revision that goes back could let a grant be given twice: no answer is made of it.
    if (compareRevisions(seen.revision, sent.sentAt) < 0)
      return open.unknown(
        `${sent.endpoint}: the key stands at revision ${seen.revision.count} and stood at ${sent.sentAt.count}: were its data lost? Start the members of the pair anew, one after the other`,
      );
    if (compareRevisions(seen.revision, this.#highest) > 0) this.#highest = seen.revision;
    if (request.type === 'read') open.answer({ type: 'stands', n, seen });
    else open.answer({ type: succeeded ? 'swapped' : 'not-swapped', n, seen });
  }

  /** At whichever endpoint serves, which need not be the one that is watched. */
  async #readForWatch(signal: AbortSignal): Promise<boolean> {
    for (let attempt = 0; attempt < this.#endpoints.length && !signal.aborted; attempt++) {
      const endpoint = this.#endpoint();
      const reply = await post(`${endpoint}/v3/kv/range`, rangeOf(this.#key), signal);
      if (reply.name !== 'answered') {
        this.#leave(endpoint);
        continue;
      }
      const { seen } = readRange(reply.value);
      return seen !== undefined && this.#tell(seen);
    }
    return false;
  }

  /** Whether it was news. */
  #tell(seen: KeySeen): boolean {
    if (this.#isClosed || seen.key === undefined) return false;
    if (this.#told !== undefined && compareRevisions(seen.revision, this.#told) <= 0) return false;
    this.#told = seen.revision;
    this.#changed(seen);
    return true;
  }

  #endpoint(): string {
    return this.#endpoints[this.#serving] as string;
  }

  /** Several requests may fail at one endpoint; it is left once. */
  #leave(endpoint: string): void {
    if (this.#endpoint() === endpoint) this.#serving = (this.#serving + 1) % this.#endpoints.length;
  }
}

const rangeOf = (key: string) => ({ key, serializable: false });

function messageOf(request: ArbiterRequest, key: string): { readonly path: string; readonly body: object } {
  if (request.type === 'read') return { path: '/v3/kv/range', body: rangeOf(key) };
  const modRevision = String(request.ifRevision.count);
  return {
    path: '/v3/kv/txn',
    body: {
      compare: [{ key, target: 'MOD', result: 'EQUAL', mod_revision: modRevision }],
      success: [{ request_put: { key, value: base64(JSON.stringify(request.key)) } }],
      failure: [{ request_range: rangeOf(key) }],
    },
  };
}
