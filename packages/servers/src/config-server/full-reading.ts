/**
 * How servers read everything (CS12): what came after the revision that they hold, where that is at hand, else the whole. After an outage all come
 * back in one moment: as many as `proxy-load-max` are sent the whole, the others wait in the order in which they came (CX6).
 */
import { asChanges, type Configuration, levelOf, optionValue } from '@holdfast/centre';
import type { Millis } from '@holdfast/kernel';
import { type ConfigReply, type ConfigRequest, type Entry, OPTIONS } from '@holdfast/protocol';
import { type FullRead, ReadingLine } from './reading-line.ts';
import { isOfBranch } from './revision-of.ts';
import { allVisibleTo, type Viewer } from './visible-objects.ts';

export type ReadAllMessage = Extract<ConfigRequest, { type: 'ReadAll' }>;

export interface FullReadingPorts {
  /** Name of the own Application. */
  readonly application: string;
  configuration(): Configuration;
  /** Undefined where it is not known what came after it. */
  entriesSince(revision: string): readonly Entry[] | undefined;
  /** Undefined when the connection is gone. */
  viewerOf(connection: string): Viewer | undefined;
  /** To all that changes from now on; false when it may not, and has been told so. */
  subscribe(connection: string, message: ReadAllMessage): boolean;
  send(connection: string, message: ConfigReply): void;
}

export class FullReading {
  readonly #ports: FullReadingPorts;
  readonly #line = new ReadingLine();

  constructor(ports: FullReadingPorts) {
    this.#ports = ports;
  }

  asked(now: Millis, connection: string, message: ReadAllMessage): void {
    const { viewerOf, subscribe, send } = this.#ports;
    const { since, orRefuse, ReferenceID } = message;
    const refuse = (code: 'not-allowed' | 'not-found' | 'wrong-state', text: string) =>
      send(connection, { type: 'Error', ReferenceID, code, text });
    const viewer = viewerOf(connection);
    if (viewer === undefined || viewer === 'person')
      return refuse('not-allowed', 'Only servers read everything. Ask with Read for what you need.');
    const news = since === undefined ? undefined : this.#newsSince(since, viewer);
    if (news !== undefined) {
      if (!message.subscribe || subscribe(connection, message)) send(connection, news);
      return;
    }
    if (orRefuse === true) return refuse('not-found', `What came after ${since} is not at hand.`);
    if (!this.#line.add({ connection, message }))
      return refuse('wrong-state', 'Everything is on its way to it already.');
    this.#goOn(now);
  }

  #newsSince(since: string, viewer: Viewer): Extract<ConfigReply, { type: 'Changed' }> | undefined {
    const { configuration, entriesSince } = this.#ports;
    const { revision } = configuration();
    // Two sites that are cut off name what they serve alike.
    if (isOfBranch(since)) return undefined;
    const entries = since === revision ? [] : entriesSince(since);
    if (entries === undefined) return undefined;
    const last = new Map(entries.flatMap(({ changes }) => changes.map((change) => [change.key, change])));
    const { changed, deleted } = asChanges([...last.values()]);
    return {
      ...{ type: 'Changed', revision, objects: allVisibleTo(viewer, changed), deleted: [...deleted] },
      ...(viewer === 'config' && entries.length > 0 ? { entries: [...entries] } : {}),
    };
  }

  /** What follows the whole is a question, whose answer says that it has been read. */
  #goOn(now: Millis): void {
    const { viewerOf, subscribe, configuration, send } = this.#ports;
    for (let next = this.#takeNext(now); next !== undefined; next = this.#takeNext(now)) {
      const { connection, message } = next;
      const viewer = viewerOf(connection);
      if (viewer === undefined || (message.subscribe && !subscribe(connection, message))) {
        this.#line.hasRead(connection);
        continue;
      }
      const { ReferenceID } = message;
      const { revision, objects } = configuration();
      send(connection, { type: 'Objects', ReferenceID, revision, objects: allVisibleTo(viewer, objects) });
      if (this.#line.isReading(connection)) send(connection, { type: 'Ping', n: 0 });
    }
  }

  #takeNext(now: Millis): FullRead | undefined {
    const { application, configuration } = this.#ports;
    const own = configuration().get('Application', application);
    const levels = own === undefined ? [] : [levelOf(`Application/${own.name}`, own)];
    return this.#line.takeNext(now, optionValue(OPTIONS.system['proxy-load-max'], levels));
  }

  /** It has answered a question: whatever was sent before that has been read. */
  answered(now: Millis, connection: string): void {
    if (!this.#line.isReading(connection)) return;
    this.#line.hasRead(connection);
    this.#goOn(now);
  }

  gone(now: Millis, connection: string): void {
    this.#line.gone(connection);
    this.#goOn(now);
  }

  nextDeadline(): Millis | undefined {
    return this.#line.nextDeadline();
  }

  expire(now: Millis): void {
    this.#line.expire(now);
    this.#goOn(now);
  }
}
