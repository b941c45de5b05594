/** Whoever speaks over one connection to a Configuration Server: a desk, a program of a person, or another server. */
import type { Application } from '@holdfast/protocol';
import type { Session } from './log-in.ts';
import { Subscriptions } from './subscriptions.ts';
import type { Viewer } from './visible-objects.ts';

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
  readonly subscriptions: Subscriptions;
}

export function freshClient({ from, remote }: Pick<Client, 'from' | 'remote'>): Client {
  return { from, remote, subscriptions: new Subscriptions() };
}

/** CS18: where what it edits comes from. A server is known by its name, and says itself for whom it speaks. */
export function originOf(client: Client | undefined): string {
  const { from, remote, application, viewer } = client ?? {};
  const name = application?.name ?? '';
  const origin = viewer === 'person' && remote !== undefined ? `${name} at ${remote}` : name;
  return from ?? origin.slice(0, ORIGIN_MAX);
}
