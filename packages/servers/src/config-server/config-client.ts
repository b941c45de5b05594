/** Whoever speaks over one connection to a Configuration Server: a desk, a program of a person, or another server. */
import { freshLink, type LinkHealth, type LinkHealthOptions } from '@holdfast/continuity';
import type { Millis } from '@holdfast/kernel';
import type { Application } from '@holdfast/protocol';
import type { Session } from './log-in.ts';
import { Subscriptions } from './subscriptions.ts';
import type { Viewer } from './visible-objects.ts';

/** A connection that has not said what it is by then is closed. */
export const OPEN_MAX_MS = 10_000;

/** Of the name of an origin, as the history takes it. */
const ORIGIN_MAX = 255;

export interface Client {
  /** CS16: a client within this process, by the address that it speaks for. It has no link that could fall silent. */
  readonly from?: string | undefined;
  /** Of a link: the address of its other end, where that has one. */
  readonly remote?: string | undefined;
  application?: Application;
  viewer?: Viewer;
  session?: Session;
  addp: LinkHealthOptions;
  health: LinkHealth;
  readonly subscriptions: Subscriptions;
}

export function freshClient(now: Millis, { from, remote }: Pick<Client, 'from' | 'remote'>): Client {
  const subscriptions = new Subscriptions();
  return { from, remote, addp: addpOf(OPEN_MAX_MS, ''), health: freshLink(now), subscriptions };
}

/** CS18: where what it edits comes from. A server is known by its name, and says itself for whom it speaks. */
export function originOf(client: Client | undefined): string {
  const { from, remote, application, viewer } = client ?? {};
  const name = application?.name ?? '';
  const origin = viewer === 'person' && remote !== undefined ? `${name} at ${remote}` : name;
  return from ?? origin.slice(0, ORIGIN_MAX);
}

export function addpOf(timeoutMs: Millis, source: string): LinkHealthOptions {
  const option = { name: 'addp timeout', value: `${timeoutMs} ms`, source };
  return { timeoutMs: { value: timeoutMs, option } };
}
