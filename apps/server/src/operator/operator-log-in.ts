/** From an operator's password to a token, and to where the SIP Servers are, as a Configuration Server says. */
import { siteOf } from '@holdfast/centre';
import {
  type Application,
  type ConfigObject,
  type ConfigReply,
  type ConfigRequest,
  configObject,
  configReply,
  PROTOCOL_VERSION,
} from '@holdfast/protocol';
import { connectLink } from '@holdfast/shell';
import { CannotRun } from '../role.ts';
import type { Credentials } from './ask-credentials.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface OperatorAccess {
  readonly token: string;
  /** Every Application and Host. */
  readonly objects: readonly ConfigObject[];
}

export interface LogInOptions {
  /** Of Configuration Servers, tried in this order. */
  readonly servers: readonly Address[];
  /** A desktop Application of the configuration, by which persons log in. */
  readonly application: string;
  readonly credentials: Credentials;
}

const ANSWER_MAX_MS = 5_000;
const ADDP_TIMEOUT_MS = 5_000;

/** Rejects with CannotRun. */
export async function logInAsOperator(options: LogInOptions): Promise<OperatorAccess> {
  const failures: string[] = [];
  for (const server of options.servers) {
    const read = await readFrom(server, options);
    // A server that answers says for all others whether the password is right.
    if ('refused' in read) throw new CannotRun(read.refused);
    if ('token' in read) return read;
    failures.push(`${server.host}:${server.port} ${read.failed}`);
  }
  throw new CannotRun(`No Configuration Server answers: ${failures.join('; ')}.`);
}

type Read = OperatorAccess | { readonly refused: string } | { readonly failed: string };

function readFrom(server: Address, { application, credentials }: LogInOptions): Promise<Read> {
  return new Promise((resolve) => {
    let token: string | undefined;
    const objects: ConfigObject[] = [];
    const end = (read: Read) => {
      clearTimeout(timer);
      resolve(read);
      link.close();
    };
    const timer = setTimeout(() => end({ failed: `is silent for ${ANSWER_MAX_MS} ms` }), ANSWER_MAX_MS);
    const link = connectLink<ConfigRequest, ConfigReply>({
      ...server,
      schema: configReply,
      handlers: {
        opened: () => {
          const opening = { application, version: PROTOCOL_VERSION, addpTimeoutMs: ADDP_TIMEOUT_MS };
          link.send({ type: 'Open', ReferenceID: 1, ...opening });
          link.send({ type: 'LogIn', ReferenceID: 2, ...credentials });
        },
        message: (reply) => {
          if (reply.type === 'Error') return end({ refused: `${reply.code}: ${reply.text}` });
          if (reply.type === 'LoggedIn') {
            token = reply.token;
            link.send({ type: 'Read', ReferenceID: 3, objectType: 'Application', subscribe: false });
            link.send({ type: 'Read', ReferenceID: 4, objectType: 'Host', subscribe: false });
          }
          if (reply.type !== 'Objects' || token === undefined) return;
          objects.push(...reply.objects.map((object) => configObject.parse(object)));
          if (reply.ReferenceID !== 4) return;
          // CP8: agents read no servers.
          const mayOperate = objects.some((one) => one.objectType === 'Application');
          const refused = `"${credentials.user}" may not read where servers are: this is for administrators.`;
          end(mayOperate ? { token, objects } : { refused });
        },
        closed: ({ text }) => end({ failed: `cannot be reached: ${text}` }),
      },
    });
  });
}

/** Where clients of the SIP Server of that site connect; both members of a pair. */
export function sipServersOf(objects: readonly ConfigObject[], site: string): Address[] {
  const servers = objects.flatMap((one) =>
    one.objectType === 'Application' && one.type === 'SIPServer' && one.enabled ? [one] : [],
  );
  const addresses = servers.filter((one) => siteOf(one) === site).map((one) => addressOf(objects, one));
  if (addresses.length > 0) return addresses;
  const sites = [...new Set(servers.flatMap((one) => siteOf(one) ?? []))].map((name) => `"${name}"`);
  throw new CannotRun(
    `There is no SIP Server of site "${site}". The sites are ${sites.join(', ') || 'not named anywhere'}.`,
  );
}

/** Where its clients connect. */
export function addressOf(objects: readonly ConfigObject[], { name, host, ports }: Application): Address {
  const found = objects.find((object) => object.objectType === 'Host' && object.name === host);
  if (found?.objectType !== 'Host' || ports.default === undefined)
    throw new CannotRun(`Application/${name} has no Host or no port "default"; set both.`);
  return { host: found.address, port: ports.default };
}
