/**
 * Where an edit goes at this Configuration Server: into its store, on to the one that a proxy follows, or nowhere, because it serves
 * files. Who asks is a person that has logged in here, or has been let in by the Configuration Server that passes it on.
 */
import { type Changes, type Configuration, movePlaces, placesOfDNs } from '@holdfast/centre';
import type { LogLine, Millis } from '@holdfast/kernel';
import type { Author, ConfigReply, ConfigRequest, Entry, Person, Revision } from '@holdfast/protocol';
import { type BranchFileAnswer, BranchLine } from './branch-line.ts';
import { BranchMerger } from './branch-merger.ts';
import { ConfigEditor, type EditRequest, type HistoryRequest } from './config-editor.ts';
import type { ConfigServerEffect, ConfigServerOptions } from './config-server-types.ts';
import { listConflicts } from './list-conflicts.ts';
import { type StoreAnswer, StoreSession } from './store-session.ts';
import { type HandBackRequest, takeBack } from './take-back.ts';
import type { Viewer } from './visible-objects.ts';

type ConflictsRequest = Extract<ConfigRequest, { type: 'Conflicts' }>;
export type EditingRequest = EditRequest | HistoryRequest | ConflictsRequest | HandBackRequest;
/** Its ReferenceID is that of the request to which it is the answer. */
export type EditingReply = Extract<
  ConfigReply,
  { type: 'Edited' | 'NotEdited' | 'Entries' | 'ConflictList' | 'HandedBack' | 'Error' }
>;

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

/** What there is where a Configuration Server has a store. */
interface Lines {
  readonly session: StoreSession;
  readonly branch: BranchLine;
  readonly merger: BranchMerger;
  readonly editor: ConfigEditor;
}

interface PassedOn {
  readonly connection: string;
  readonly request: EditingRequest;
}

export class Editing {
  readonly #options: Pick<ConfigServerOptions, 'application' | 'passesOn'>;
  readonly #ports: EditingPorts;
  readonly #lines: Lines | undefined;
  /** As the store has it; what is served may be a branch on top of it. */
  #main: Configuration;
  /** In which Place each DN is, for what follows from an edit. */
  #places: Map<string, string>;
  readonly #passedOn = new Map<number, PassedOn>();
  #count = 0;

  constructor(options: ConfigServerOptions, ports: EditingPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#main = options.configuration;
    this.#lines = options.stored && this.#begin(options, options.stored);
    this.#places = placesOfDNs(this.#lines === undefined ? [] : this.served.all('Place'));
  }

  #begin(options: ConfigServerOptions, stored: Revision): Lines {
    const { application, random, hashes, now, recent = [], branchFile } = options;
    const { configuration, log, emit, reply, wall } = this.#ports;
    const main = () => this.#main;
    const session = new StoreSession(
      {
        ...{ application, random, hashes, configuration: main, log },
        request: (id, request) => emit({ type: 'store', id, request }),
        took: (at, next, changes, entries) => this.#mainMoved(at, next, changes, entries),
      },
      now,
      stored,
      recent,
    );
    const branch: BranchLine = new BranchLine(
      {
        ...{ application, random, session, main, wall, log },
        file: (request) => emit({ type: 'branch', request }),
        served: (at, next, changes, entries) => this.#serve(at, next, changes, entries),
        handedIn: (at) => merger.soon(at),
      },
      branchFile,
    );
    const merger = new BranchMerger({
      ...{ application, session, main, wall, log },
      done: (at) => this.#editor?.goOn(at),
    });
    const isHeld = () => branch.view !== undefined || merger.holds;
    const placeOf = (dn: string) => this.#places.get(dn);
    const editor = new ConfigEditor({ session, branch, isHeld, configuration, placeOf, wall, reply, log });
    return { session, branch, merger, editor };
  }

  get #editor(): ConfigEditor | undefined {
    return this.#lines?.editor;
  }

  #mainMoved(now: Millis, next: Configuration, changes: Changes, entries: readonly Entry[]): void {
    this.#main = next;
    if (this.#lines?.branch.mainMoved(now, entries) !== true) this.#serve(now, next, changes, entries);
  }

  #serve(now: Millis, next: Configuration, changes: Changes, entries: readonly Entry[]): void {
    for (const entry of entries) movePlaces(this.#places, entry.changes);
    // Read as a whole, or a branch gives way to the main line.
    if (entries.length === 0 || !isStep(entries)) this.#places = placesOfDNs(next.all('Place'));
    this.#ports.took(now, next, changes, entries);
  }

  /** The main line, or the branch of this site. */
  get served(): Configuration {
    return this.#lines?.branch.view ?? this.#main;
  }

  /** What a copy of the main line is made of. */
  get main(): { readonly configuration: Configuration; readonly recent: readonly Entry[] } {
    return { configuration: this.#main, recent: this.#lines?.session.recent ?? [] };
  }

  /** As the store numbers it; none without a store. */
  get revision(): Revision | undefined {
    return this.#lines?.session.revision;
  }

  nextDeadline(): Millis | undefined {
    if (this.#lines === undefined) return undefined;
    const { session, branch, merger } = this.#lines;
    return Math.min(session.nextDeadline(), branch.nextDeadline(), merger.nextDeadline());
  }

  expire(now: Millis): void {
    this.#lines?.session.expire(now);
    this.#goOn(now);
  }

  stored(now: Millis, id: number, answer: StoreAnswer): void {
    this.#lines?.session.answered(now, id, answer);
    this.#goOn(now);
  }

  /** To the effect `branch` with `keep`. */
  branchKept(now: Millis, answer: BranchFileAnswer): void {
    this.#lines?.branch.kept(now, answer);
    this.#goOn(now);
  }

  /** A branch before the edits: what it has waits longest. */
  #goOn(now: Millis): void {
    if (this.#lines === undefined) return;
    const { branch, merger, editor } = this.#lines;
    branch.goOn(now);
    merger.goOn(now);
    editor.goOn(now);
  }

  asked(now: Millis, client: EditingClient, request: EditingRequest): void {
    const { connection, viewer } = client;
    const isServer = viewer === 'config';
    if (request.type === 'HandBack') return this.#handedBack(now, client, request);
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
    const lines = this.#lines;
    if (lines === undefined) return this.#passOn(connection, { ...request, author });
    const asker = { connection, person, from: author.from };
    const { editor, session } = lines;
    if (request.type === 'History') editor.history(asker, request);
    else if (request.type === 'Conflicts') this.#listConflicts(session, connection, person, request);
    else editor.edit(now, asker, request);
  }

  #listConflicts(session: StoreSession, connection: string, person: Person, request: ConflictsRequest): void {
    listConflicts(session, this.#ports.configuration(), person, request, (reply) =>
      this.#ports.reply(connection, reply),
    );
  }

  /** CW4: of a proxy, which holds what the main line may have lost. */
  #handedBack(
    now: Millis,
    { connection, viewer, application }: EditingClient,
    request: HandBackRequest,
  ): void {
    if (viewer !== 'config')
      return this.#refuse(connection, request, 'not-allowed', 'Only Configuration Servers hand back.');
    if (this.#lines === undefined) return this.#passOn(connection, request);
    const { session, merger } = this.#lines;
    takeBack(session, { request, by: application, at: this.#ports.wall(now) }, (at, reply) => {
      this.#ports.reply(connection, reply);
      merger.soon(at);
    });
  }

  #passOn(connection: string, request: EditingRequest): void {
    const { application, passesOn = false } = this.#options;
    if (!passesOn) {
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
    this.#ports.emit({ type: 'passOn', id: this.#count, request });
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
    if (request.type === 'History' || request.type === 'Conflicts' || request.type === 'HandBack')
      return this.#refuse(connection, request, 'not-ready', text);
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

/** Entries of one line, the main one or the branch: others do not say where each DN was before. */
function isStep(entries: readonly Entry[]): boolean {
  return entries.every(({ merges }) => merges === undefined);
}
