/**
 * The configuration of a simulated centre, which somebody edits while it works: both Configuration Servers are given
 * the same new revision, at about the same time, and a SIP Server follows whichever it can reach (CS9, CS12).
 */
import { type Configuration, makeConfiguration } from '@holdfast/centre';
import type { Millis, Random } from '@holdfast/kernel';
import type { ConfigObject, ConfigReply } from '@holdfast/protocol';
import { type ConfigFollowerEffect, ConfigFollowerNode, type ServerAddress } from '@holdfast/servers';
import type { Address, CloseReason, Process } from './process.ts';
import type { RuleCensus } from './rule-census.ts';
import type { StreamEnd } from './stream.ts';
import { type ConfigServerProgram, nodeHashes } from './whole-servers.ts';
import type { World } from './world.ts';

/** A server that is stopped is told when it goes on. */
const TELL_AGAIN_MS = 1_000;
const EDITS = 6;

export type Edit = (objects: readonly ConfigObject[], random: Random) => readonly ConfigObject[];

export class EditedConfiguration {
  #current: Configuration;
  readonly #world: World;
  readonly #servers: Process[] = [];

  constructor(world: World, objects: readonly ConfigObject[]) {
    this.#world = world;
    this.#current = makeConfiguration(objects, nodeHashes.sha256);
  }

  get current(): Configuration {
    return this.#current;
  }

  serve(server: Process): void {
    this.#servers.push(server);
  }

  /** Some changes before `until`, in the order of `edits`. */
  editUntil(until: number, edits: readonly Edit[], random: Random): void {
    const times = Array.from({ length: EDITS }, () => until * random()).sort((a, b) => a - b);
    for (const [n, at] of times.entries()) {
      const edit = edits[n % edits.length];
      if (edit !== undefined) this.#world.plan(at, () => this.#edit(edit(this.#current.objects, random)));
    }
  }

  #edit(objects: readonly ConfigObject[]): void {
    this.#current = makeConfiguration(objects, nodeHashes.sha256);
    for (const server of this.#servers) this.#tell(server, this.#current);
  }

  #tell(server: Process, configuration: Configuration): void {
    // One that starts anew reads the files as they are then; what has been overtaken needs no telling.
    if (server.state === 'dead' || configuration !== this.#current) return;
    const { life } = server;
    const isTold = this.#world.act(server, () => {
      (server.program as ConfigServerProgram).tell(server.now(), { type: 'configuration', configuration });
    });
    if (isTold) return;
    this.#world.plan(this.#world.at + TELL_AGAIN_MS, () => {
      if (server.life === life) this.#tell(server, configuration);
    });
  }
}

export interface FollowerOptions {
  readonly application: string;
  readonly secret: string;
  readonly servers: readonly ServerAddress[];
  readonly now: Millis;
  readonly random: Random;
  readonly census: RuleCensus;
  took(now: Millis, configuration: Configuration): void;
}

/** How a simulated SIP Server is at its configuration: `apps/server/src/config-client.ts` over the world's streams. */
export class FollowedConfiguration {
  readonly #process: Process;
  readonly #options: FollowerOptions;
  readonly #node: ConfigFollowerNode;
  #link: { readonly attempt: number; readonly end: StreamEnd } | undefined;
  #hasStood = false;
  #hasTaken = false;

  constructor(process: Process, options: FollowerOptions) {
    this.#process = process;
    this.#options = options;
    const { application, secret, servers, now, random } = options;
    this.#node = new ConfigFollowerNode({
      ...{ application, secret, servers, now, random },
      hashes: nodeHashes,
    });
  }

  owns(end: StreamEnd): boolean {
    return end === this.#link?.end || end.tag === TAG;
  }

  nextDeadline(): Millis | undefined {
    return this.#node.nextDeadline();
  }

  expire(now: Millis): void {
    const at = this.#node.nextDeadline();
    if (at !== undefined && now >= at) this.#perform(now, this.#node.expire(now));
  }

  opened(now: Millis, end: StreamEnd): void {
    const attempt = this.#attemptOf(end);
    if (attempt === undefined) end.close();
    else this.#perform(now, this.#node.handle(now, { type: 'opened', attempt }));
  }

  message(now: Millis, end: StreamEnd, message: unknown): void {
    const attempt = this.#attemptOf(end);
    if (attempt === undefined) return;
    this.#watch(message as ConfigReply);
    this.#perform(now, this.#node.handle(now, { type: 'message', attempt, message: message as ConfigReply }));
  }

  closed(now: Millis, end: StreamEnd, why: CloseReason): void {
    const attempt = this.#attemptOf(end);
    if (attempt === undefined) return;
    this.#link = undefined;
    this.#perform(now, this.#node.handle(now, { type: 'closed', attempt, why }));
  }

  #attemptOf(end: StreamEnd): number | undefined {
    return this.#link?.end === end ? this.#link.attempt : undefined;
  }

  #watch(message: ConfigReply): void {
    const { census } = this.#options;
    if (message.type === 'Opened') {
      census.count('CS2');
      // Some configuration server again, own or other, after one was lost.
      if (this.#hasStood) census.count('CS13');
      this.#hasStood = true;
    }
    if (message.type === 'Changed') census.count('CS9');
    if (message.type === 'Objects' && message.objects.every((one) => !('passwordHash' in (one as object))))
      census.count('CS8');
  }

  #perform(now: Millis, effects: readonly ConfigFollowerEffect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'connect': {
          const end = this.#process.connect(effect.server as Address);
          end.tag = TAG;
          this.#link = { attempt: effect.attempt, end };
          break;
        }
        case 'send':
          if (effect.attempt === this.#link?.attempt) this.#link.end.send(effect.message);
          break;
        case 'close':
          if (effect.attempt === this.#link?.attempt) this.#link.end.close();
          this.#link = undefined;
          break;
        case 'configuration':
          if (this.#hasTaken) this.#options.census.count('CS12');
          this.#hasTaken = true;
          this.#options.took(now, effect.configuration);
          break;
        case 'log':
          if (effect.line.what.startsWith('configuration server')) this.#options.census.count('CS14');
          break;
        default:
          this.#process.world.note(this.#process.name, `configuration: ${effect.type}`, effect);
      }
    }
  }
}

const TAG = 'configuration';
