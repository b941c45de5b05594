/**
 * Where an edit goes at this Configuration Server: into its store, on to the one that writes there, on to the one that a proxy follows, or
 * nowhere, because it serves files. Who asks is a person that has logged in here, or has been let in by the Configuration Server that passes it on.
 */
import { type Changes, type Configuration, movePlaces, placesOfDNs } from '@holdfast/centre';
import type { LogLine, Millis } from '@holdfast/kernel';
import { type Author, type ConfigReply, type Entry, type Revision, revisionText } from '@holdfast/protocol';
import { ConfigEditor, type EditRequest, type HistoryRequest } from './config-editor.ts';
import type { ConfigServerEffect, ConfigServerOptions } from './config-server-types.ts';
import { type StoreAnswer, StoreSession } from './store-session.ts';
import type { Viewer } from './visible-objects.ts';

export type EditingRequest = EditRequest | HistoryRequest;
/** Its ReferenceID is that of the request to which it is the answer. */
export type EditingReply = Extract<ConfigReply, { type: 'Edited' | 'NotEdited' | 'Entries' | 'Error' }>;

/** Of those that were passed on and have no answer yet. */
export const PASSED_ON_MAX = 1_000;

export interface EditingPorts {
  configuration(): Configuration;
  /** Other entries have made it another; without any it was read anew. */
  took(now: Millis, next: Configuration, changes: Changes, entries: readonly Entry[]): void;
  wall(now: Millis): Millis;
  emit(effect: ConfigServerEffect): void;
  reply(connection: string, message: ConfigReply): void;
  log(line: LogLine): void;
}

/** Whoever sends a request: a client, the person who has logged in there, and the Application that it runs as. */
export interface EditingClient {
  readonly connection: string;
  readonly viewer: Viewer;
  readonly application: string;
  readonly person: string | undefined;
}

interface PassedOn {
  readonly connection: string;
  readonly request: EditingRequest;
}

export class Editing {
  readonly #options: Pick<ConfigServerOptions, 'application' | 'passesOn'>;
  readonly #ports: EditingPorts;
  readonly #session: StoreSession | undefined;
  readonly #editor: ConfigEditor | undefined;
  /** In which Place each DN is, for what follows from an edit. */
  #places: Map<string, string>;
  readonly #passedOn = new Map<number, PassedOn>();
  #count = 0;

  constructor(options: ConfigServerOptions, ports: EditingPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#places = new Map();
    const { stored, application, random, hashes, now } = options;
    if (stored === undefined) return;
    this.#places = placesOfDNs(options.configuration.all('Place'));
    const { configuration, log, emit, reply, wall } = ports;
    this.#session = new StoreSession(
      {
        ...{ application, random, hashes, configuration, log },
        request: (id, request) => emit({ type: 'store', id, request }),
        took: (at, next, changes, entries) => {
          for (const entry of entries) movePlaces(this.#places, entry.changes);
          if (entries.length === 0) this.#places = placesOfDNs(next.all('Place'));
          ports.took(at, next, changes, entries);
        },
      },
      now,
      stored,
    );
    const placeOf = (dn: string) => this.#places.get(dn);
    this.#editor = new ConfigEditor({ session: this.#session, configuration, placeOf, wall, reply, log });
  }

  /** As the store numbers it; none without a store. */
  get revision(): Revision | undefined {
    return this.#session?.revision;
  }

  /** What has come after that revision, where it is at hand and is all that is served beyond it. */
  entriesSince(revision: string): readonly Entry[] | undefined {
    const recent = this.#session?.recent ?? [];
    const newest = recent.at(-1);
    if (newest === undefined || revisionText(newest.revision) !== this.#ports.configuration().revision)
      return undefined;
    const held = recent.findLastIndex((entry) => revisionText(entry.revision) === revision);
    return held < 0 ? undefined : recent.slice(held + 1);
  }

  ageMs(now: Millis): Millis {
    const role = this.#session?.role;
    return role?.name === 'cutOff' ? now - role.since : 0;
  }

  nextDeadline(): Millis | undefined {
    return this.#session?.nextDeadline();
  }

  expire(now: Millis): void {
    this.#session?.expire(now);
    this.#editor?.goOn(now);
  }

  stored(now: Millis, id: number, answer: StoreAnswer): void {
    this.#session?.answered(now, id, answer);
    this.#editor?.goOn(now);
  }

  asked(now: Millis, client: EditingClient, request: EditingRequest): void {
    const { connection, viewer } = client;
    const isServer = viewer === 'config';
    const author: Author | undefined = isServer
      ? request.author
      : client.person === undefined
        ? undefined
        : { who: client.person, from: client.application };
    const person = author && this.#ports.configuration().get('Person', author.who);
    if (author === undefined || person === undefined) {
      const text = isServer ? 'It does not say for which person.' : 'Log in first.';
      return this.#refuse(connection, request, 'not-allowed', text);
    }
    const writer = request.type === 'History' ? undefined : this.#otherWriter(client);
    if (this.#editor === undefined || writer !== undefined)
      return this.#passOn(connection, { ...request, author }, writer);
    const asker = { connection, person, from: author.from };
    if (request.type === 'History') this.#editor.history(asker, request);
    else this.#editor.edit(now, asker, request);
  }

  /** CX5: unless it comes from another Configuration Server, so that two who both believe in the other send nothing round and round. */
  #otherWriter({ application }: EditingClient): string | undefined {
    const role = this.#session?.role;
    const asker = this.#ports.configuration().get('Application', application);
    if (role?.name !== 'following' || asker?.type === 'ConfigurationServer') return undefined;
    return role.holder === this.#options.application ? undefined : role.holder;
  }

  #passOn(connection: string, request: EditingRequest, to?: string): void {
    const { application, passesOn = false } = this.#options;
    if (!passesOn && to === undefined) {
      const text = `"${application}" serves files: edit them, or give it a database.`;
      return this.#refuse(connection, request, 'wrong-state', text);
    }
    if (this.#passedOn.size >= PASSED_ON_MAX)
      return this.#refuse(
        connection,
        request,
        'overloaded',
        'Too many edits at once. Try again in a second.',
      );
    this.#count += 1;
    this.#passedOn.set(this.#count, { connection, request });
    this.#ports.emit({ type: 'passOn', id: this.#count, request, ...(to === undefined ? {} : { to }) });
  }

  passedOn(id: number, reply: EditingReply): void {
    const passed = this.#passedOn.get(id);
    this.#passedOn.delete(id);
    if (passed === undefined) return;
    this.#ports.reply(passed.connection, { ...reply, ReferenceID: passed.request.ReferenceID });
  }

  /** CX4: there was nobody to pass it on to, or the answer did not come. `ageMs`: for how long nothing new has been heard. */
  notPassedOn(id: number, { wasSent, ageMs, why }: { wasSent: boolean; ageMs: Millis; why: string }): void {
    const passed = this.#passedOn.get(id);
    this.#passedOn.delete(id);
    if (passed === undefined) return;
    const { connection, request } = passed;
    const { revision } = this.#ports.configuration();
    const seconds = Math.round(ageMs / 1_000);
    const served = `Revision ${revision} is served here, ${seconds} s after the last sign of a Configuration Server that writes.`;
    const fate = wasSent
      ? 'It is not known whether it was written: look into the history before you try again.'
      : 'It was not written.';
    const text = `${fate} ${why} ${served}`;
    if (request.type === 'History') return this.#refuse(connection, request, 'not-ready', text);
    const { ReferenceID } = request;
    const code = 'not-stored';
    this.#ports.reply(connection, {
      type: 'NotEdited',
      ReferenceID,
      code,
      text,
      findings: [],
      revision,
      ageMs,
    });
  }

  #refuse(
    connection: string,
    { ReferenceID }: EditingRequest,
    code: Extract<ConfigReply, { type: 'Error' }>['code'],
    text: string,
  ): void {
    this.#ports.reply(connection, { type: 'Error', ReferenceID, code, text });
  }
}
