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
import { checked } from './checked.ts';
import { type Asker, ConfigEditor, type EditRequest, type HistoryRequest } from './config-editor.ts';
import type { ConfigServerEffect, ConfigServerOptions } from './config-server-types.ts';
import { LogCheck, type LogStanding, type VerifyRequest } from './log-check.ts';
import { BY_SET_PASSWORD, setsOwnPassword } from './secret-changes.ts';
import { type StoreAnswer, StoreSession } from './store-session.ts';
import { type CompareRequest, SwitchComparison } from './switch-comparison.ts';
import { Uploads } from './uploads.ts';
import type { Viewer } from './visible-objects.ts';
import type { WriterRole } from './writer-role.ts';

type EditPart = Extract<ConfigRequest, { type: 'EditPart' }>;
type CheckRequest = Extract<ConfigRequest, { type: 'Check' }>;
type ReadingRequest = HistoryRequest | CheckRequest | CompareRequest | VerifyRequest;
export type EditingRequest = EditRequest | EditPart | ReadingRequest;
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
      | 'Error';
  }
>;

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

interface PassedOn {
  readonly connection: string;
  readonly request: EditingRequest;
}

export class Editing {
  readonly #options: Pick<ConfigServerOptions, 'application' | 'passesOn'>;
  readonly #ports: EditingPorts;
  readonly #session: StoreSession | undefined;
  readonly #editor: ConfigEditor | undefined;
  readonly #comparison: SwitchComparison;
  readonly #logCheck: LogCheck | undefined;
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
    this.#places = new Map();
    this.#comparison = new SwitchComparison({
      ...ports,
      hashes: options.hashes,
      session: () => this.#session,
    });
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
    this.#logCheck = new LogCheck({ session: this.#session, configuration, reply, log });
  }

  get standing(): EditorStanding {
    return this.#session?.role ?? { name: this.#options.passesOn === true ? 'passesOn' : 'files' };
  }

  /** AU1 */
  get logStanding(): LogStanding {
    return this.#logCheck?.standing ?? 'unknown';
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
    const ofCheck = this.#logCheck?.nextDeadline() ?? Number.POSITIVE_INFINITY;
    return this.#session && Math.min(this.#session.nextDeadline(), ofCheck);
  }

  expire(now: Millis): void {
    this.#session?.expire(now);
    this.#editor?.goOn(now);
    this.#logCheck?.look(now);
  }

  stored(now: Millis, id: number, answer: StoreAnswer): void {
    this.#session?.answered(now, id, answer);
    this.#editor?.goOn(now);
    this.#logCheck?.look(now);
  }

  asked(now: Millis, client: EditingClient, request: EditingRequest): void {
    const { connection, viewer } = client;
    const isServer = viewer === 'config';
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
  edit(now: Millis, asker: Asker, request: EditingRequest, wasPassedOn = false): void {
    const { connection, person, from } = asker;
    // It is about what is served here, whoever writes.
    if (request.type === 'Check') return this.#check(connection, person, request);
    if (request.type === 'CompareSwitches')
      // A proxy has no history.
      return this.#options.passesOn === true
        ? this.#passOn(connection, { ...request, author: { who: person.name, from } })
        : this.#comparison.asked(asker, request);
    const editor = this.#editor;
    const isReading = request.type === 'History' || request.type === 'Verify';
    const writer = wasPassedOn || isReading ? undefined : this.#otherWriter();
    if (editor === undefined || writer !== undefined)
      return this.#passOn(connection, { ...request, author: { who: person.name, from } }, writer);
    if (request.type === 'History') editor.history(asker, request);
    else if (request.type === 'Verify') this.#logCheck?.asked(asker, request);
    else if (request.type === 'EditPart') this.#takePart(now, asker, request);
    else if (request.type === 'Edit' && request.upload !== undefined) {
      const { name: upload, parts } = request.upload;
      const uploaded = this.#uploads.finish({ connection, person: person.name, upload }, parts);
      if ('wrong' in uploaded) return this.#refuse(connection, request, 'bad-message', uploaded.wrong);
      editor.edit(now, asker, { ...request, edits: uploaded.edits });
    } else editor.edit(now, asker, request);
  }

  /** Two of which each believes that the other writes would send an edit round and round. */
  #isConfigServer(application: string): boolean {
    return this.#ports.configuration().get('Application', application)?.type === 'ConfigurationServer';
  }

  /** CX5 */
  #otherWriter(): string | undefined {
    const role = this.#session?.role;
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
    if (this.#session?.role.name === 'writing') return true;
    if (this.#session !== undefined && this.#otherWriter() === undefined) return false;
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
    const cannotBeWritten =
      request.type === 'EditPart' ||
      request.type === 'History' ||
      request.type === 'CompareSwitches' ||
      request.type === 'Verify';
    if (cannotBeWritten) return this.#refuse(connection, request, 'not-ready', text);
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
