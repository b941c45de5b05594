/**
 * Who may open a connection to a Configuration Server (CS1, CS2): an Application that exists, in a version that is
 * served; one that is a server shows the secret that all servers share.
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
import { isSameSecret } from '../server-secret.ts';
import type { Viewer } from './visible-objects.ts';

export type Opening =
  | { readonly ok: true; readonly application: Application; readonly viewer: Viewer }
  | { readonly ok: false; readonly code: ErrorCode; readonly text: string; readonly field?: string };

export function openingOf(
  configuration: Configuration,
  { application: name, version, secret }: Extract<ConfigRequest, { type: 'Open' }>,
): Opening {
  if (version < PROTOCOL_VERSION_OLDEST || version > PROTOCOL_VERSION) {
    const text = `Version ${version} is not served; ${PROTOCOL_VERSION_OLDEST} to ${PROTOCOL_VERSION} are.`;
    return { ok: false, code: 'bad-message', text, field: 'version' };
  }
  const application = configuration.get('Application', name);
  if (application === undefined || !application.enabled) {
    const text = `There is no Application "${name}", or it is disabled.`;
    const known = isSameSecret(secretOf(configuration), secret) ? ` ${knownServers(configuration)}` : '';
    return { ok: false, code: 'unknown-application', text: `${text}${known}` };
  }
  const viewer = viewerOf(application);
  if (viewer !== 'person' && !isSameSecret(secretOf(configuration), secret)) {
    const text = `"${name}" is a server: it must show the server secret of the Keys object.`;
    return { ok: false, code: 'not-allowed', text };
  }
  return { ok: true, application, viewer };
}

function secretOf(configuration: Configuration): string | undefined {
  return configuration.all('Keys')[0]?.serverSecret;
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
