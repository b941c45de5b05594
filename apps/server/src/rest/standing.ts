/** What a Configuration Server can do for editors now, and how old what it serves may be. */
import { type Configuration, siteOf } from '@holdfast/centre';
import type { EditorStanding } from '@holdfast/servers';
import type { z } from 'zod';
import type { revisionAnswer } from './schemas.ts';

/** Of a proxy: whom it follows, and when it last heard of it; monotonic, ms. */
export interface Followed {
  readonly server: { readonly host: string; readonly port: number } | undefined;
  readonly heardAt: number;
}

export type Standing = Pick<
  z.infer<typeof revisionAnswer>,
  'standing' | 'writer' | 'follows' | 'ageMs' | 'because'
>;

/** For how long nothing newer could have been heard of: 0 while somebody is followed, whom ADDP watches. */
export function ageOf({ server, heardAt }: Followed, now: number): number {
  return server === undefined ? age(heardAt, now) : 0;
}

export function standingOf(editor: EditorStanding, followed: Followed | undefined, now: number): Standing {
  switch (editor.name) {
    case 'writing':
      return { standing: 'writing', ageMs: 0 };
    case 'following':
      return {
        ...{ standing: 'following', ageMs: 0 },
        ...(editor.holder === undefined ? {} : { writer: editor.holder }),
      };
    case 'cutOff':
      return { standing: 'cutOff', ageMs: age(editor.since, now), because: editor.because };
    case 'files':
      return { standing: 'files', ageMs: 0 };
    case 'passesOn': {
      const { server } = followed ?? {};
      const ageMs = followed === undefined ? 0 : ageOf(followed, now);
      if (server === undefined)
        return {
          ...{ standing: 'proxy', ageMs },
          because: 'No Configuration Server can be reached.',
        };
      const host = server.host.includes(':') ? `[${server.host}]` : server.host;
      return { standing: 'proxy', follows: `${host}:${server.port}`, ageMs };
    }
  }
}

/** Where the REST of that Application is; undefined where it has none. */
export function restAddressOf(configuration: Configuration, application: string): string | undefined {
  const own = configuration.get('Application', application);
  const address = configuration.get('Host', own?.host ?? '')?.address;
  const port = own?.ports.rest;
  if (address === undefined || port === undefined || own?.enabled !== true) return undefined;
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
}

export function siteNamed(configuration: Configuration, application: string): string {
  const own = configuration.get('Application', application);
  return (own && siteOf(own)) ?? '';
}

function age(since: number, now: number): number {
  return Math.max(0, Math.round(now - since));
}
