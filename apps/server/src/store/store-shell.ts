/** Between the node of a Configuration Server and its store: what it asks is asked there, and what it holds by then is copied. */
import {
  type ConfigServerEffect,
  type ConfigServerInput,
  type ConfigServerNode,
  revisionOf,
  type StoreAnswer,
  type StoreRequest,
  storePromise,
} from '@holdfast/servers';
import type { Log } from '../log.ts';
import type { ConfigStore } from './config-store.ts';
import { CopyKeeper } from './copy-keeper.ts';

interface Serving {
  readonly node: Pick<ConfigServerNode, 'main'>;
  input(input: ConfigServerInput): void;
}

export class StoreShell {
  readonly #store: ConfigStore;
  readonly #keeper: CopyKeeper | undefined;
  readonly #serving: Serving;
  readonly #log: Log;
  #kept = '';
  #promised = '';

  /** `copy`: the file of the copy, where one is kept. */
  constructor(store: ConfigStore, copy: string | undefined, log: Log, serving: Serving) {
    this.#store = store;
    this.#keeper = copy === undefined ? undefined : new CopyKeeper(copy, log);
    this.#serving = serving;
    this.#log = log;
    this.#keep();
    void this.#tellPromise();
  }

  ask({ id, request }: Extract<ConfigServerEffect, { type: 'store' }>): void {
    void answerOf(this.#store, request).then((answer) => {
      this.#serving.input({ type: 'stored', id, answer });
      // It may be another database by now: the standby that was promoted.
      if (answer.type === 'claimed') void this.#tellPromise();
      this.#keep();
    });
  }

  async stop(): Promise<void> {
    await this.#keeper?.settled();
    await this.#store.close();
  }

  /** CW5, when it is another than was said last; of a database that is away it is said when this server writes. */
  async #tellPromise(): Promise<void> {
    const kind = await this.#store.kind();
    if (kind.type === 'unavailable') return;
    const { level, text } = storePromise(kind);
    if (text === this.#promised) return;
    this.#promised = text;
    this.#log({ level, what: 'what the configuration store promises', because: `CW5: ${text}` });
  }

  #keep(): void {
    // A branch stands in its own file, on top of this.
    const { configuration, recent } = this.#serving.node.main;
    const { revision, objects } = configuration;
    if (revision === this.#kept) return;
    this.#kept = revision;
    const held = { revision: revisionOf(revision), entries: recent };
    this.#keeper?.keep({ revision, objects, lines: { held, owed: [] } });
  }
}

function answerOf(store: ConfigStore, request: StoreRequest): Promise<StoreAnswer> {
  switch (request.type) {
    case 'claim':
      return store.claim(request.holder, request.staleMs);
    case 'beat':
      return store.beat(request.epoch);
    case 'commit':
      return store.commit(request.request);
    case 'entriesAfter':
      return store.entriesAfter(request.revision, request.limit);
    case 'history':
      return store.history(request.query);
    case 'objectsAt':
      return store.objectsAt(request.when);
    case 'read':
      return store.read();
    case 'verify':
      return store.verify();
    case 'handIn':
      return store.handIn(request.branch);
    case 'unmerged':
      return store.unmerged();
    case 'conflicts':
      return store.conflicts(request.query);
  }
}
