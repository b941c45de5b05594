/**
 * Who may open a connection to a Configuration Server (CS1, CS2): an Application that exists, in a version that is
 * served; one that is a server shows that it holds the secret that all servers share (LK1).
 */
import type { Configuration } from '@holdfast/centre';
import { unreachable } from '@holdfast/kernel';
import {
  type Application,
  type ConfigRequest,
  type ErrorCode,
  PROTOCOL_VERSION,
  PROTOCOL_VERSION_OLDEST,
} from '@holdfast/protocol';
import { saysSecret, WRONG_SECRET } from '../server-clients.ts';
import type { Viewer } from './visible-objects.ts';

export type Open = Extract<ConfigRequest, { type: 'Open' }>;
/** What has been shown on the connection: `wrong` is a proof under another secret. */
export type Shown = 'nothing' | 'wrong' | 'secret';

export type Opening =
  | { readonly name: 'opened'; readonly application: Application; readonly viewer: Viewer }
  /** It has to show first that it holds the secret. */
  | { readonly name: 'challenged'; readonly request: Open & { readonly nonce: string } }
  | ({ readonly name: 'refused' } & Refusal);

interface Refusal {
  readonly code: ErrorCode;
  readonly text: string;
  readonly field?: string;
  /** LK1: no server, whatever it says it is; it has no second guess on this connection. */
  readonly isFinal?: boolean;
}

export function openingOf(configuration: Configuration, request: Open, shown: Shown): Opening {
  const { application: name, version, nonce, secret } = request;
  // Before the version, of which it says more.
  if (secret !== undefined)
    return { name: 'refused', code: 'not-allowed', text: saysSecret(version), isFinal: true };
  if (version < PROTOCOL_VERSION_OLDEST || version > PROTOCOL_VERSION) {
    const text = `Version ${version} is not served here; ${PROTOCOL_VERSION_OLDEST} to ${PROTOCOL_VERSION} are. Update whichever is older.`;
    return { name: 'refused', code: 'bad-message', text, field: 'version' };
  }
  if (nonce !== undefined && shown === 'nothing')
    return { name: 'challenged', request: { ...request, nonce } };
  const isFinal = shown === 'wrong';
  const application = configuration.get('Application', name);
  if (application === undefined || !application.enabled) {
    const text = `There is no Application "${name}", or it is disabled.`;
    const known = shown === 'secret' ? ` ${knownServers(configuration)}` : '';
    return { name: 'refused', code: 'unknown-application', text: `${text}${known}`, isFinal };
  }
  const viewer = viewerOf(application);
  if (shown === 'wrong') {
    return { name: 'refused', code: 'not-allowed', text: WRONG_SECRET, isFinal };
  }
  if (viewer !== 'person' && shown !== 'secret') {
    const text = `"${name}" is a server: it must show the server secret of the Keys object.`;
    return { name: 'refused', code: 'not-allowed', text };
  }
  return { name: 'opened', application, viewer };
}

/** A person who has mistyped a name needs these few; a message stays short however many there are. */
const NAMED_MAX = 20;

function knownServers(configuration: Configuration): string {
  const servers = configuration
    .all('Application')
    .filter(({ enabled, type }) => enabled && (type === 'SIPServer' || type === 'StatServer'));
  const named = servers.slice(0, NAMED_MAX).map(({ name, type }) => `"${name}" (${type})`);
  const more = servers.length > NAMED_MAX ? ` and ${servers.length - NAMED_MAX} more` : '';
  return servers.length === 0
    ? 'There is no SIP Server and no Stat Server.'
    : `There are ${named.join(', ')}${more}.`;
}

function viewerOf(application: Application): Viewer {
  switch (application.type) {
    case 'ConfigurationServer':
    case 'ConfigurationServerProxy':
      return 'config';
    case 'SIPServer':
      return 'sip';
    case 'StatServer':
      return 'stat';
    case 'ApplicationCluster':
    case 'Supervisor':
      return 'server';
    case 'Workspace':
    case 'ThirdPartyApplication':
      return 'person';
    default:
      return unreachable(application.type);
  }
}
