/**
 * Where an edit goes at this Configuration Server: into its store, on to the one that writes there, on to the one that a proxy follows, or
 * nowhere, because it serves files. Who asks is a person that has logged in here, or has been let in by the Configuration Server that passes it on.
 */
import { type Changes, type Configuration, movePlaces, placesOfDNs } from '@holdfast/centre';
import type { LogLine, Millis } from '@holdfast/kernel';
import {
  type Author,
  type ConfigReply,
  type ConfigRequest,
  type Entry,
  type Person,
  type Revision,
  revisionText,
} from '@holdfast/protocol';
import { type BranchFileAnswer, BranchLine } from './branch-line.ts';
import { BranchMerger } from './branch-merger.ts';
import { checked } from './checked.ts';
import { type Asker, ConfigEditor, type EditRequest, type HistoryRequest } from './config-editor.ts';
import type { ConfigServerEffect, ConfigServerOptions } from './config-server-types.ts';
import { listConflicts } from './list-conflicts.ts';
import { LogCheck, type LogStanding, type VerifyRequest } from './log-check.ts';
import { BY_SET_PASSWORD, setsOwnPassword } from './secret-changes.ts';
import { type StoreAnswer, StoreSession } from './store-session.ts';
import { type CompareRequest, SwitchComparison } from './switch-comparison.ts';
import { type HandBackRequest, takeBack } from './take-back.ts';
import { Uploads } from './uploads.ts';
import type { Viewer } from './visible-objects.ts';
import type { WriterRole } from './writer-role.ts';

type EditPart = Extract<ConfigRequest, { type: 'EditPart' }>;
type CheckRequest = Extract<ConfigRequest, { type: 'Check' }>;
type ConflictsRequest = Extract<ConfigRequest, { type: 'Conflicts' }>;
export type EditingRequest =
  | EditRequest
  | HistoryRequest
  | EditPart
  | CheckRequest
  | CompareRequest
  | ConflictsRequest
  | VerifyRequest
  | HandBackRequest;
/** Its ReferenceID is that of the request to which it is the answer. */
export type EditingReply = Extract<
  ConfigReply,
  {
    type:
      | 'Edited'
      | 'NotEdited'
      | 'Entries'
      | 'PartTaken'
      | 'Checked'
      | 'SwitchesCompared'
      | 'LogSound'
      | 'LogBroken'
      | 'ConflictList'
      | 'HandedBack'
      | 'Error';
  }
>;

const EDITING_REQUESTS: Readonly<Record<EditingRequest['type'], true>> = {
  ...{ Edit: true, EditPart: true, Fix: true, Restore: true, Resolve: true, SyncSwitches: true },
  ...{ History: true, Check: true, Conflicts: true, HandBack: true, CompareSwitches: true, Verify: true },
};

export function isEditingRequest(message: ConfigRequest): message is EditingRequest {
  return Object.hasOwn(EDITING_REQUESTS, message.type);
}

/** Of those that were passed on and have no answer yet. */
export const PASSED_ON_MAX = 1_000;

/** After an edit that could not be passed on, so long nobody is asked for a new password (ID8). */
export const CUT_OFF_BELIEVED_MS = 60_000;

export interface EditingPorts {
  configuration(): Configuration;
  /** Other entries have made it another; without any it was read anew. */
  took(now: Millis, next: Configuration, changes: Changes, entries: readonly Entry[]): void;
  wall(now: Millis): Millis;
  emit(effect: ConfigServerEffect): void;
  reply(connection: string, message: ConfigReply): void;
  log(line: LogLine): void;
}

/** Whoever sends a request: a client, the person who has logged in there, and where it comes from (an Application, or an address). */
export interface EditingClient {
  readonly connection: string;
  readonly viewer: Viewer;
  readonly from: string;
  readonly person: string | undefined;
}

/** What becomes of edits: written here or by whoever has the role, passed on (a proxy), or nothing (files). */
export type EditorStanding = WriterRole | { readonly name: 'passesOn' } | { readonly name: 'files' };

/** What there is where a Configuration Server has a store. */
interface Lines {
  readonly session: StoreSession;
  readonly branch: BranchLine;
  readonly merger: BranchMerger;
  readonly editor: ConfigEditor;
  readonly logCheck: LogCheck;
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
  readonly #comparison: SwitchComparison;
  /** In which Place each DN is, for what follows from an edit. */
  #places: Map<string, string>;
  readonly #passedOn = new Map<number, PassedOn>();
  readonly #uploads = new Uploads();
  /** Until then it is believed that nothing can be passed on. */
  #cutOffUntil: Millis = Number.NEGATIVE_INFINITY;
  #count = 0;

  constructor(options: ConfigServerOptions, ports: EditingPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#main = options.configuration;
    this.#lines = options.stored && this.#begin(options, options.stored);
    this.#comparison = new SwitchComparison({
      ...ports,
      hashes: options.hashes,
      session: () => this.#lines?.session,
    });
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
    const logCheck = new LogCheck({ session, configuration, reply, log });
    return { session, branch, merger, editor, logCheck };
  }

  get #editor(): ConfigEditor | undefined {
    return this.#lines?.editor;
  }

  get #role(): WriterRole | undefined {
    return this.#lines?.session.role;
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

  get standing(): EditorStanding {
    return this.#role ?? { name: this.#options.passesOn === true ? 'passesOn' : 'files' };
  }

  /** AU1 */
  get logStanding(): LogStanding {
    return this.#lines?.logCheck.standing ?? 'unknown';
  }

  /** As the store numbers it; none without a store. */
  get revision(): Revision | undefined {
    return this.#lines?.session.revision;
  }

  /** What has come after that revision, where it is at hand and is all that is served beyond it. */
  entriesSince(revision: string): readonly Entry[] | undefined {
    const recent = this.#lines?.branch.recent ?? [];
    const newest = recent.at(-1);
    if (newest === undefined || revisionText(newest.revision) !== this.#ports.configuration().revision)
      return undefined;
    const held = recent.findLastIndex((entry) => revisionText(entry.revision) === revision);
    return held < 0 ? undefined : recent.slice(held + 1);
  }

  ageMs(now: Millis): Millis {
    const role = this.#role;
    return role?.name === 'cutOff' ? now - role.since : 0;
  }

  nextDeadline(): Millis | undefined {
    if (this.#lines === undefined) return undefined;
    const { session, branch, merger, logCheck } = this.#lines;
    const all = [session, branch, merger, logCheck].map((one) => one.nextDeadline());
    return Math.min(...all);
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
    const { branch, merger, editor, logCheck } = this.#lines;
    branch.goOn(now);
    merger.goOn(now);
    editor.goOn(now);
    logCheck.look(now);
  }

  asked(now: Millis, client: EditingClient, request: EditingRequest): void {
    const { connection, viewer } = client;
    const isServer = viewer === 'config';
    if (request.type === 'HandBack') return this.#handedBack(now, client, request);
    const author: Author | undefined = isServer
      ? request.author
      : client.person === undefined
        ? undefined
        : { who: client.person, from: client.from };
    const person = author && this.#ports.configuration().get('Person', author.who);
    if (author === undefined || person === undefined) {
      const text = isServer ? 'It does not say for which person.' : 'Log in first.';
      return this.#refuse(connection, request, 'not-allowed', text);
    }
    if (!isServer && setsOwnPassword(person, request))
      return this.#refuse(connection, request, 'not-allowed', BY_SET_PASSWORD);
    const asker = { connection, person, from: author.from };
    this.edit(now, asker, request, isServer && this.#isConfigServer(client.from));
  }

  /** Of a person who has shown who it is. One that another Configuration Server has passed on goes no further (CX5). */
  edit(
    now: Millis,
    asker: Asker,
    request: Exclude<EditingRequest, HandBackRequest>,
    wasPassedOn = false,
  ): void {
    const { connection, person, from } = asker;
    // It is about what is served here, whoever writes.
    if (request.type === 'Check') return this.#check(connection, person, request);
    if (request.type === 'CompareSwitches')
      // A proxy has no history.
      return this.#options.passesOn === true
        ? this.#passOn(connection, { ...request, author: { who: person.name, from } })
        : this.#comparison.asked(asker, request);
    const lines = this.#lines;
    // Whoever has the store reads it.
    const isRead = request.type === 'History' || request.type === 'Conflicts' || request.type === 'Verify';
    const writer = wasPassedOn || isRead ? undefined : this.#otherWriter();
    if (lines === undefined || writer !== undefined)
      return this.#passOn(connection, { ...request, author: { who: person.name, from } }, writer);
    const { editor } = lines;
    if (request.type === 'History') editor.history(asker, request);
    else if (request.type === 'Verify') lines.logCheck.asked(asker, request);
    else if (request.type === 'Conflicts') this.#listConflicts(lines.session, asker, request);
    else if (request.type === 'EditPart') this.#takePart(now, asker, request);
    else if (request.type === 'Edit' && request.upload !== undefined) {
      const { name: upload, parts } = request.upload;
      const uploaded = this.#uploads.finish({ connection, person: person.name, upload }, parts);
      if ('wrong' in uploaded) return this.#refuse(connection, request, 'bad-message', uploaded.wrong);
      editor.edit(now, asker, { ...request, edits: uploaded.edits });
    } else editor.edit(now, asker, request);
  }

  #listConflicts(session: StoreSession, { connection, person }: Asker, request: ConflictsRequest): void {
    listConflicts(session, this.#ports.configuration(), person, request, (reply) =>
      this.#ports.reply(connection, reply),
    );
  }

  /** CW4: of a proxy, which holds what the main line may have lost. */
  #handedBack(now: Millis, { connection, viewer, from }: EditingClient, request: HandBackRequest): void {
    if (viewer !== 'config')
      return this.#refuse(connection, request, 'not-allowed', 'Only Configuration Servers hand back.');
    if (this.#lines === undefined) return this.#passOn(connection, request);
    const { session, merger } = this.#lines;
    takeBack(session, { request, by: from, at: this.#ports.wall(now) }, (at, reply) => {
      this.#ports.reply(connection, reply);
      merger.soon(at);
    });
  }

  /** Two of which each believes that the other writes would send an edit round and round. */
  #isConfigServer(application: string): boolean {
    return this.#ports.configuration().get('Application', application)?.type === 'ConfigurationServer';
  }

  /** CX5 */
  #otherWriter(): string | undefined {
    const role = this.#role;
    if (role?.name !== 'following' || role.holder === this.#options.application) return undefined;
    return role.holder;
  }

  /** That connection is over. */
  gone(connection: string): void {
    this.#uploads.gone(connection);
  }

  /** CE16. Nobody else has so much to change, nor is so much kept for them. */
  #takePart(now: Millis, { connection, person }: Asker, request: EditPart): void {
    if (person.rank !== 'administrator') {
      const text = `Long edits are for administrators, and ${person.name} is of rank ${person.rank}.`;
      return this.#refuse(connection, request, 'not-allowed', text);
    }
    const { ReferenceID, upload, text } = request;
    const parts = this.#uploads.take(now, { connection, person: person.name, upload }, text);
    if (parts === undefined) {
      const busy = 'Too many long edits at once. Try again in a minute.';
      return this.#refuse(connection, request, 'overloaded', busy);
    }
    this.#ports.reply(connection, { type: 'PartTaken', ReferenceID, parts });
  }

  #check(connection: string, person: Person, request: CheckRequest): void {
    const found = checked(this.#ports.configuration(), person);
    if ('refusal' in found) return this.#refuse(connection, request, 'not-allowed', found.refusal);
    const { ReferenceID } = request;
    const { revision } = this.#ports.configuration();
    this.#ports.reply(connection, { type: 'Checked', ReferenceID, revision, findings: found.findings });
  }

  /** Why nothing is edited here, whatever it is. */
  get readOnly(): string | undefined {
    const { application, passesOn = false } = this.#options;
    if (this.#editor !== undefined || passesOn) return undefined;
    return `"${application}" serves files: edit them, or give it a database.`;
  }

  /** As far as can be told before it is tried. */
  canEdit(now: Millis): boolean {
    if (this.#role?.name === 'writing') return true;
    if (this.#role?.name === 'cutOff') return this.#lines?.branch.closed(now) === undefined;
    if (this.#role !== undefined && this.#otherWriter() === undefined) return false;
    return this.readOnly === undefined && now >= this.#cutOffUntil;
  }

  #passOn(connection: string, request: EditingRequest, to?: string): void {
    const { readOnly } = this;
    if (readOnly !== undefined) return this.#refuse(connection, request, 'wrong-state', readOnly);
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
  notPassedOn(
    now: Millis,
    id: number,
    { wasSent, ageMs, why }: { wasSent: boolean; ageMs: Millis; why: string },
  ): void {
    this.#cutOffUntil = now + CUT_OFF_BELIEVED_MS;
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
    if (!isEdit(request)) return this.#refuse(connection, request, 'not-ready', text);
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

/** What is answered by Edited or NotEdited. */
function isEdit({ type }: EditingRequest): boolean {
  return ['Edit', 'Fix', 'Restore', 'Resolve', 'SyncSwitches'].includes(type);
}

/** Entries of one line, the main one or the branch: others do not say where each DN was before. */
function isStep(entries: readonly Entry[]): boolean {
  return entries.every(({ merges }) => merges === undefined);
}
