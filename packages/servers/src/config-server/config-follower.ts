/**
 * The other end: how a server gets its configuration and stays at it. It goes round the Configuration Servers
 * that it was told of (its own site's first), opens, reads everything, subscribes, and when the connection is
 * lost goes round again, with a pause after each round. What it has read stays good in the meantime: a lost
 * Configuration Server never stops a service (C66).
 */
import {
  freshLink,
  type LinkHealth,
  type LinkHealthEvent,
  linkDeadline,
  stepLink,
} from '@holdfast/continuity';
import { type LogLine, type Millis, type Node, type Random, unreachable } from '@holdfast/kernel';
import {
  type ConfigObject,
  type ConfigReply,
  type ConfigRequest,
  configObject,
  objectKey,
  PROTOCOL_VERSION,
} from '@holdfast/protocol';
import { OutageLog } from '../outage-log.ts';
import type { ServerAddress } from '../server-address.ts';

/** `attempt` names one connection; what is heard of a former one is ignored. */
export type ConfigFollowerInput =
  | { readonly type: 'opened'; readonly attempt: number }
  | { readonly type: 'message'; readonly attempt: number; readonly message: ConfigReply }
  | { readonly type: 'closed'; readonly attempt: number; readonly why: string };

export type ConfigFollowerEffect =
  | { readonly type: 'connect'; readonly attempt: number; readonly server: ServerAddress }
  | { readonly type: 'send'; readonly attempt: number; readonly message: ConfigRequest }
  | { readonly type: 'close'; readonly attempt: number; readonly why: string }
  /** All objects, as they are now. */
  | { readonly type: 'configuration'; readonly objects: readonly ConfigObject[]; readonly revision: string }
  /** A server will not serve this application, and says why; the next is tried. */
  | { readonly type: 'refused'; readonly server: ServerAddress; readonly code: string; readonly text: string }
  | { readonly type: 'log'; readonly line: LogLine };

export interface ConfigFollowerOptions {
  readonly application: string;
  readonly secret?: string;
  /** In the order in which they are tried; at least one. */
  readonly servers: readonly ServerAddress[];
  readonly now: Millis;
  readonly random: Random;
  readonly addpTimeoutMs?: Millis;
  /** Between two rounds; half of it at random is added, so that a site's servers do not come all at once (D42). */
  readonly pauseMs?: Millis;
}

export const FOLLOWER_ADDP_MS = 10_000;
export const FOLLOWER_PAUSE_MS = 1_000;
type State =
  | { readonly name: 'pausing'; readonly until: Millis }
  /** The shell limits the time of connecting and ends it with `closed`. */
  | { readonly name: 'connecting' }
  | { readonly name: 'opening'; readonly health: LinkHealth }
  | { readonly name: 'reading'; readonly health: LinkHealth }
  | { readonly name: 'following'; readonly health: LinkHealth };

export class ConfigFollowerNode implements Node<ConfigFollowerInput, ConfigFollowerEffect> {
  readonly #options: ConfigFollowerOptions;
  #state: State;
  #attempt = 0;
  /** Index of the next server of the round. */
  #next = 0;
  #objects = new Map<string, ConfigObject>();
  #revision: string | undefined;
  readonly #outage: OutageLog;
  #effects: ConfigFollowerEffect[] = [];

  constructor(options: ConfigFollowerOptions) {
    this.#options = options;
    this.#outage = new OutageLog('configuration server', (line) => this.#effects.push({ type: 'log', line }));
    this.#state = { name: 'pausing', until: options.now };
  }

  handle(now: Millis, input: ConfigFollowerInput): ConfigFollowerEffect[] {
    if (input.attempt === this.#attempt) {
      switch (input.type) {
        case 'opened':
          this.#opened(now);
          break;
        case 'message':
          this.#message(now, input.message);
          break;
        case 'closed':
          this.#lost(now, input.why);
          break;
        default:
          unreachable(input);
      }
    }
    return this.#takeEffects();
  }

  nextDeadline(): Millis | undefined {
    const state = this.#state;
    if (state.name === 'pausing') return state.until;
    return state.name === 'connecting' ? undefined : linkDeadline(state.health, this.#healthOptions());
  }

  expire(now: Millis): ConfigFollowerEffect[] {
    const state = this.#state;
    if (state.name === 'pausing') {
      if (now >= state.until) this.#connect();
    } else if (state.name !== 'connecting') this.#stepHealth(now, { type: 'expire' });
    return this.#takeEffects();
  }

  #takeEffects(): ConfigFollowerEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #connect(): void {
    this.#attempt += 1;
    this.#state = { name: 'connecting' };
    this.#effects.push({ type: 'connect', attempt: this.#attempt, server: this.#server() });
  }

  #server(): ServerAddress {
    const { servers } = this.#options;
    return servers[this.#next % servers.length] as ServerAddress;
  }

  #opened(now: Millis): void {
    if (this.#state.name !== 'connecting') return;
    const { application, secret } = this.#options;
    this.#state = { name: 'opening', health: freshLink(now) };
    this.#send({
      type: 'Open',
      ReferenceID: 1,
      application,
      version: PROTOCOL_VERSION,
      addpTimeoutMs: this.#options.addpTimeoutMs ?? FOLLOWER_ADDP_MS,
      ...(secret === undefined ? {} : { secret }),
    });
  }

  #message(now: Millis, message: ConfigReply): void {
    this.#stepHealth(now, { type: 'heard' });
    const state = this.#state;
    if (state.name === 'pausing' || state.name === 'connecting') return;
    switch (message.type) {
      case 'Ping':
        return this.#send({ type: 'Pong', n: message.n });
      case 'Opened':
        if (state.name !== 'opening') return;
        this.#state = { name: 'reading', health: state.health };
        return this.#send({ type: 'ReadAll', ReferenceID: 2, subscribe: true });
      case 'Objects':
        if (state.name !== 'reading') return;
        return this.#read(now, message.revision, message.objects, undefined);
      case 'Changed':
        if (state.name !== 'following') return;
        return this.#read(now, message.revision, message.objects, message.deleted);
      case 'Error': {
        const { code, text } = message;
        this.#effects.push({ type: 'refused', server: this.#server(), code, text });
        return this.#leave(now, `refused: ${text}`);
      }
      case 'Pong':
      case 'LoggedIn':
        return;
      default:
        return unreachable(message);
    }
  }

  /** `deleted` undefined: `objects` are all. */
  #read(
    now: Millis,
    revision: string,
    objects: readonly unknown[],
    deleted: readonly string[] | undefined,
  ): void {
    const all = deleted === undefined ? new Map<string, ConfigObject>() : new Map(this.#objects);
    for (const one of objects) {
      const parsed = configObject.safeParse(one);
      // A server of another release with objects that this one cannot read: another server may do better.
      if (!parsed.success) return this.#leave(now, 'it sent an object that cannot be read');
      all.set(objectKey(parsed.data), parsed.data);
    }
    for (const key of deleted ?? []) all.delete(key);
    if (this.#state.name === 'reading') {
      this.#state = { name: 'following', health: this.#state.health };
      this.#outage.back(now);
    }
    this.#objects = all;
    if (revision === this.#revision) return;
    this.#revision = revision;
    this.#effects.push({ type: 'configuration', objects: [...all.values()], revision });
  }

  #stepHealth(now: Millis, event: LinkHealthEvent): void {
    const before = this.#state;
    if (before.name === 'pausing' || before.name === 'connecting') return;
    const { state, effects } = stepLink(before.health, event, this.#healthOptions(), now);
    this.#state = { ...before, health: state };
    for (const effect of effects) {
      if (effect.type === 'sendPing') this.#send({ type: 'Ping', n: effect.n });
      else this.#leave(now, effect.because.text);
    }
  }

  #healthOptions() {
    const value = this.#options.addpTimeoutMs ?? FOLLOWER_ADDP_MS;
    return {
      timeoutMs: {
        value,
        option: { name: 'addp timeout', value: `${value} ms`, source: this.#options.application },
      },
    };
  }

  #leave(now: Millis, why: string): void {
    this.#effects.push({ type: 'close', attempt: this.#attempt, why });
    this.#lost(now, why);
  }

  #lost(now: Millis, why: string): void {
    const { servers, random, pauseMs = FOLLOWER_PAUSE_MS } = this.#options;
    if (this.#state.name === 'pausing') return;
    const stood = this.#state.name === 'following';
    this.#outage.lost(now, this.#server(), why, stood);
    // The attempt is over: nothing more is heard of it.
    this.#attempt += 1;
    // After a connection that stood the round starts at the first server, the own site's.
    this.#next = stood ? 0 : (this.#next + 1) % servers.length;
    const isRoundOver = this.#next === 0;
    this.#state = { name: 'pausing', until: isRoundOver ? now + pauseMs * (1 + random() / 2) : now };
  }

  #send(message: ConfigRequest): void {
    this.#effects.push({ type: 'send', attempt: this.#attempt, message });
  }
}
