/**
 * The other end: how a server gets its configuration and stays at it. It goes round the Configuration Servers
 * that it was told of (its own site's first), opens (both ends show that they hold the server secret, LK1), reads everything, subscribes, and when the connection is
 * lost goes round again, with a pause after each round. What it has read stays good in the meantime: a lost
 * Configuration Server never stops a service (C66).
 */
import { type Changes, type Configuration, levelOf, makeConfiguration, optionValue } from '@holdfast/centre';
import { type LogLine, type Millis, type Node, type Random, unreachable } from '@holdfast/kernel';
import {
  ADDP_TIMEOUT_S,
  type ConfigObject,
  type ConfigReply,
  type ConfigRequest,
  type Connection,
  configObject,
  type Entry,
  type ObjectOf,
  OPTIONS,
  PROTOCOL_VERSION,
} from '@holdfast/protocol';
import type { Hashes } from '@holdfast/sip';
import { OwnProof, SHOWS_NO_SECRET } from '../own-proof.ts';
import type { ServerAddress } from '../server-address.ts';
import type { ServerSecret } from '../server-proof.ts';
import { ServerRound } from '../server-round.ts';
import type { EditingReply, EditingRequest } from './editing.ts';
import { HandBack, type HeldLines } from './hand-back.ts';
import { isSameConfiguration } from './revision-of.ts';

/** `attempt` names one connection; what is heard of a former one is ignored. */
export type ConfigFollowerInput =
  | { readonly type: 'opened'; readonly attempt: number }
  | { readonly type: 'message'; readonly attempt: number; readonly message: ConfigReply }
  | { readonly type: 'closed'; readonly attempt: number; readonly why: string }
  /** Of a proxy: an edit, for whoever is followed. */
  | { readonly type: 'pass'; readonly id: number; readonly request: EditingRequest };

export type ConfigFollowerEffect =
  | { readonly type: 'connect'; readonly attempt: number; readonly server: ServerAddress }
  | { readonly type: 'send'; readonly attempt: number; readonly message: ConfigRequest }
  | { readonly type: 'close'; readonly attempt: number; readonly why: string }
  /** As it is now. The revision is the server's; what may not be seen here is left out. */
  | {
      readonly type: 'configuration';
      readonly configuration: Configuration;
      /** From the one before, unless everything was read anew; and the entries that they came from. */
      readonly changes?: Changes;
      readonly entries?: readonly Entry[];
    }
  /** To `pass`. */
  | { readonly type: 'passedOn'; readonly id: number; readonly reply: EditingReply }
  /** There was nobody to pass it to, or the connection was lost before the answer. */
  | {
      readonly type: 'notPassedOn';
      readonly id: number;
      readonly wasSent: boolean;
      readonly ageMs: Millis;
      readonly why: string;
    }
  /** What is to be kept beside the configuration is another (CW4). */
  | { readonly type: 'handedBack' }
  /** A server will not serve this application, and says why; the next is tried. */
  | { readonly type: 'refused'; readonly server: ServerAddress; readonly code: string; readonly text: string }
  | { readonly type: 'log'; readonly line: LogLine };

export interface ConfigFollowerOptions {
  readonly application: string;
  /** What servers show that they hold (LK1); without it a Configuration Server refuses. */
  readonly secret?: ServerSecret;
  readonly hashes: Pick<Hashes, 'hmacSha256' | 'sha256'>;
  /** In the order in which they are tried; at least one. */
  readonly servers: readonly ServerAddress[];
  /** From a copy: what came after it is asked for first. */
  readonly held?: Configuration | undefined;
  /** It reads nothing, and is there for edits alone: they wait for the connection. */
  readonly onlyPasses?: boolean;
  readonly now: Millis;
  readonly random: Random;
  /** Of a proxy, which hands back what the main line has lost (CW4): what it has kept. */
  readonly kept?: HeldLines | undefined;
}

/** ADDP until its own Application has been read, which says it for the connection (S0). */
export const FOLLOWER_ADDP_MS = 1_000 * ADDP_TIMEOUT_S.default;
export const FOLLOWER_PAUSE_MS = 1_000;

/** Of Applications that answer for the configuration. */
const SERVING_TYPES: readonly string[] = ['ConfigurationServer', 'ConfigurationServerProxy'];

/** 1 to 9 are the follower's own. */
const OWN_REFERENCES = 9;
const HAND_BACK_REFERENCE = 3;

const NOBODY = 'No Configuration Server can be reached.';

/** What is waited for over the present connection. */
type Phase = 'opening' | 'reading' | 'following';

export class ConfigFollowerNode implements Node<ConfigFollowerInput, ConfigFollowerEffect> {
  readonly #options: ConfigFollowerOptions;
  readonly #round: ServerRound;
  readonly #proof: OwnProof;
  #phase: Phase = 'opening';
  #configuration: Configuration;
  #hasRead: boolean;
  /** CX7: everything is read then. */
  #readAt: Millis | undefined;
  /** When whoever is followed last gave a sign. */
  #heardAt: Millis;
  /** Edits that wait for the connection; no more than the server has passed on and not had answered. */
  readonly #held: Extract<ConfigFollowerInput, { type: 'pass' }>[] = [];
  /** ReferenceID → what was passed on under it. */
  readonly #open = new Map<number, number>();
  #passed = OWN_REFERENCES;
  readonly #handBack: HandBack | undefined;
  #effects: ConfigFollowerEffect[] = [];

  constructor(options: ConfigFollowerOptions) {
    this.#options = options;
    this.#hasRead = options.held !== undefined;
    this.#configuration = options.held ?? makeConfiguration([], options.hashes.sha256, '');
    this.#heardAt = options.now;
    const { application, random, hashes, secret, servers: members } = options;
    this.#proof = new OwnProof({ link: 'configuration', application, secret, hashes, random });
    const emit = (effect: ConfigFollowerEffect) => void this.#effects.push(effect);
    const { kept } = options;
    this.#handBack = kept && new HandBack((line) => emit({ type: 'log', line }), kept);
    this.#round = new ServerRound(
      {
        ...{ what: 'configuration server', application, random },
        log: (line) => emit({ type: 'log', line }),
        connect: (attempt, server) => emit({ type: 'connect', attempt, server }),
        close: (attempt, why) => emit({ type: 'close', attempt, why }),
        ping: (n) => this.#send({ type: 'Ping', n }),
        // What has been read stays good (CS13).
        lost: (now) => this.#lost(now),
      },
      { members, addpTimeoutMs: FOLLOWER_ADDP_MS, pauseMs: FOLLOWER_PAUSE_MS },
      options.now,
    );
  }

  /** Whom it follows now, and when a Configuration Server last gave a sign. */
  get followed(): { readonly server: ServerAddress | undefined; readonly heardAt: Millis } {
    const isFollowing = this.#phase === 'following' && this.#round.isOpen;
    return { server: isFollowing ? this.#round.server : undefined, heardAt: this.#heardAt };
  }

  /** For how long nobody has answered for what is held here; 0 while somebody is followed, whom ADDP watches. */
  ageMs(now: Millis): Millis {
    return this.#phase === 'following' && this.#round.isOpen ? 0 : now - this.#heardAt;
  }

  /** What is to be kept beside the configuration: of a proxy. */
  get kept(): HeldLines | undefined {
    return this.#handBack?.lines;
  }

  handle(now: Millis, input: ConfigFollowerInput): ConfigFollowerEffect[] {
    if (input.type === 'pass') this.#pass(now, input);
    else if (input.attempt === this.#round.attempt) {
      switch (input.type) {
        case 'opened':
          this.#opened(now);
          break;
        case 'message':
          this.#message(now, input.message);
          break;
        case 'closed':
          this.#round.lost(now, input.why);
          break;
        default:
          unreachable(input);
      }
    }
    return this.#takeEffects();
  }

  nextDeadline(): Millis | undefined {
    const ofHandBack = this.#phase === 'following' ? this.#handBack?.nextDeadline() : undefined;
    const all = [this.#round.nextDeadline(), this.#readAt, ofHandBack];
    const known = all.filter((at) => at !== undefined && at < Number.POSITIVE_INFINITY) as Millis[];
    return known.length === 0 ? undefined : Math.min(...known);
  }

  expire(now: Millis): ConfigFollowerEffect[] {
    this.#round.expire(now);
    if (this.#readAt !== undefined && now >= this.#readAt) {
      this.#readAt = undefined;
      this.#send({ type: 'ReadAll', ReferenceID: 2, subscribe: true });
    }
    this.#giveBack(now);
    return this.#takeEffects();
  }

  #takeEffects(): ConfigFollowerEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #opened(now: Millis): void {
    if (!this.#round.opened(now)) return;
    const { application } = this.#options;
    this.#phase = 'opening';
    this.#send({
      type: 'Open',
      ReferenceID: 1,
      application,
      version: PROTOCOL_VERSION,
      addpTimeoutMs: this.#round.toldTimeoutMs,
      ...this.#proof.open(),
    });
  }

  #message(now: Millis, message: ConfigReply): void {
    if (!this.#round.isOpen) return;
    this.#round.heard(now);
    if (this.#phase === 'following') this.#heardAt = now;
    if (this.#isPassed(message) || this.#isHandedBack(now, message)) return;
    switch (message.type) {
      case 'Ping':
        return this.#send({ type: 'Pong', n: message.n });
      case 'Challenge': {
        const proof = this.#phase === 'opening' ? this.#proof.answer(message) : undefined;
        return proof === undefined ? undefined : this.#send({ type: 'Proof', ReferenceID: 1, proof });
      }
      case 'Opened':
        if (this.#phase !== 'opening') return;
        if (!this.#proof.isMet(message.proof)) return this.#round.leave(now, SHOWS_NO_SECRET);
        if (this.#options.onlyPasses === true) return this.#passHeld(now);
        this.#phase = 'reading';
        return this.#goOn();
      case 'Objects':
        if (this.#phase !== 'reading') return;
        return this.#read(now, message.revision, message.objects, undefined);
      case 'Changed':
        // While it is reading: what came after what it holds.
        if (this.#phase === 'opening') return;
        return this.#read(now, message.revision, message.objects, message);
      case 'Error': {
        const { code, text } = message;
        if (this.#phase === 'reading' && code === 'not-found') {
          this.#readAt = now + this.#reloadDelayMs();
          return;
        }
        this.#effects.push({ type: 'refused', server: this.#round.server, code, text });
        return this.#round.leave(now, `refused: ${text}`);
      }
      case 'Pong':
      case 'LoggedIn':
      case 'DeskConfiguration':
      case 'Unlocked':
      case 'Edited':
      case 'NotEdited':
      case 'Entries':
      case 'PartTaken':
      case 'Checked':
      case 'SwitchesCompared':
      case 'LogSound':
      case 'LogBroken':
      case 'ConflictList':
      case 'HandedBack':
        return;
      default:
        return unreachable(message);
    }
  }

  /** Where it has read before it asks for what came since, and reads everything only where nobody knows that. */
  #goOn(): void {
    const { revision } = this.#configuration;
    const since = this.#hasRead ? { since: revision, orRefuse: this.#reloadDelayMs() > 0 } : {};
    this.#send({ type: 'ReadAll', ReferenceID: 2, subscribe: true, ...since });
  }

  /** CX7. */
  #reloadDelayMs(): Millis {
    const { application } = this.#options;
    const own = this.#application(application);
    if (own?.type !== 'ConfigurationServerProxy') return 0;
    const isBackup = this.#configuration.all('Application').some(({ backup }) => backup === application);
    const option = OPTIONS.csproxy[isBackup ? 'delay-reload-backup' : 'delay-reload'];
    return 1_000 * optionValue(option, [levelOf(`Application/${application}`, own)]);
  }

  /** `delta` undefined: `objects` are all. */
  #read(
    now: Millis,
    revision: string,
    objects: readonly unknown[],
    delta: Pick<Extract<ConfigReply, { type: 'Changed' }>, 'deleted' | 'entries'> | undefined,
  ): void {
    const changed: ConfigObject[] = [];
    for (const one of objects) {
      const parsed = configObject.safeParse(one);
      // A server of another release with objects that this one cannot read: another server may do better.
      if (!parsed.success) return this.#round.leave(now, 'it sent an object that cannot be read');
      changed.push(parsed.data);
    }
    this.#phase = 'following';
    this.#heardAt = now;
    this.#round.stands(now);
    const former = this.#configuration;
    const changes = delta && { changed, deleted: delta.deleted };
    this.#configuration =
      changes === undefined
        ? makeConfiguration(changed, this.#options.hashes.sha256, revision)
        : former.with(changes, revision);
    this.#takeAddp(now);
    if (this.#hasRead && isSameConfiguration(this.#configuration, former)) return this.#giveBack(now);
    this.#hasRead = true;
    const entries = delta?.entries;
    this.#handBack?.took(revision, entries);
    const more = { ...(changes && { changes }), ...(entries && { entries }) };
    this.#effects.push({ type: 'configuration', configuration: this.#configuration, ...more });
    this.#giveBack(now);
  }

  #giveBack(now: Millis): void {
    if (this.#phase !== 'following' || !this.#round.isOpen) return;
    const message = this.#handBack?.next(now);
    if (message !== undefined) this.#send({ ...message, ReferenceID: HAND_BACK_REFERENCE });
  }

  #isHandedBack(now: Millis, message: ConfigReply): boolean {
    const isAnswer = message.type === 'HandedBack' || message.type === 'Error';
    if (!isAnswer || message.ReferenceID !== HAND_BACK_REFERENCE || this.#handBack === undefined)
      return false;
    if (this.#handBack.answered(now, message)) this.#effects.push({ type: 'handedBack' });
    this.#giveBack(now);
    return true;
  }

  #passHeld(now: Millis): void {
    this.#phase = 'following';
    this.#heardAt = now;
    this.#round.stands(now);
    for (const held of this.#held.splice(0)) this.#pass(now, held);
  }

  #pass(now: Millis, pass: Extract<ConfigFollowerInput, { type: 'pass' }>): void {
    const { id, request } = pass;
    if (this.#phase !== 'following' || !this.#round.isOpen) {
      if (this.#options.onlyPasses === true) this.#held.push(pass);
      else this.#notPassed(now, id, false, NOBODY);
      return;
    }
    this.#passed += 1;
    this.#open.set(this.#passed, id);
    this.#send({ ...request, ReferenceID: this.#passed });
  }

  #isPassed(message: ConfigReply): boolean {
    switch (message.type) {
      case 'Edited':
      case 'NotEdited':
      case 'Entries':
      case 'PartTaken':
      case 'Checked':
      case 'SwitchesCompared':
      case 'LogSound':
      case 'LogBroken':
      case 'ConflictList':
      case 'HandedBack':
      case 'Error': {
        const id = this.#open.get(message.ReferenceID ?? 0);
        if (id === undefined) return false;
        this.#open.delete(message.ReferenceID ?? 0);
        this.#effects.push({ type: 'passedOn', id, reply: message });
        return true;
      }
      default:
        return false;
    }
  }

  #lost(now: Millis): void {
    this.#phase = 'opening';
    this.#readAt = undefined;
    this.#handBack?.lost();
    const lost = [...this.#open.values()];
    this.#open.clear();
    for (const { id } of this.#held.splice(0)) this.#notPassed(now, id, false, NOBODY);
    for (const id of lost)
      this.#notPassed(now, id, true, 'The connection to the Configuration Server was lost.');
  }

  #notPassed(now: Millis, id: number, wasSent: boolean, why: string): void {
    const ageMs = this.ageMs(now);
    this.#effects.push({ type: 'notPassedOn', id, wasSent, ageMs, why });
  }

  /** S0: the time-outs of the connection that the own Application has to this server, else to any of its kind. */
  #takeAddp(now: Millis): void {
    const { application: name, servers: members } = this.#options;
    const own = this.#application(name);
    const toServers = (own?.connections ?? []).filter(({ server }) =>
      SERVING_TYPES.includes(this.#application(server)?.type ?? ''),
    );
    const connection = toServers.find((each) => this.#isPresent(each)) ?? toServers[0];
    const { timeout, remoteTimeout } = connection?.addp ?? { timeout: ADDP_TIMEOUT_S.default };
    this.#round.configure(now, {
      members,
      addpTimeoutMs: Math.round(1000 * timeout),
      ...(remoteTimeout === undefined ? {} : { addpRemoteTimeoutMs: Math.round(1000 * remoteTimeout) }),
      pauseMs: FOLLOWER_PAUSE_MS,
    });
  }

  #isPresent({ server, port }: Connection): boolean {
    const application = this.#application(server);
    const host = this.#configuration.get('Host', application?.host ?? '');
    const present = this.#round.server;
    return host?.address === present.host && application?.ports[port] === present.port;
  }

  #application(name: string): ObjectOf<'Application'> | undefined {
    return this.#configuration.get('Application', name);
  }

  #send(message: ConfigRequest): void {
    this.#effects.push({ type: 'send', attempt: this.#round.attempt, message });
  }
}
