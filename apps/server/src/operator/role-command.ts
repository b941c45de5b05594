/**
 * `holdfast promote` and `holdfast demote`: asks the primary of a pair to let its mate have the role, and waits until that one
 * serves. Promote first, demote second (PR11): the primary gives nothing up before its mate has been granted the role,
 * and does not even ask where the mate is not ready. Ends with 0 when the wanted member serves, 1 when it does not in
 * time, 2 when it could not be asked, or was refused; then nothing has changed.
 */
import { parseArgs } from 'node:util';
import {
  type Application,
  type ConfigObject,
  type DeskReply,
  type DeskRequest,
  deskReply,
  PROTOCOL_VERSION,
} from '@holdfast/protocol';
import { connectLink } from '@holdfast/shell';
import { CannotRun } from '../role.ts';
import { askCredentials } from './ask-credentials.ts';
import { logInAsOperator } from './operator-log-in.ts';
import { type Address, addressOf } from './server-addresses.ts';

const USAGE = (word: string) =>
  `usage: ${word} APPLICATION --config HOST:PORT[,HOST:PORT…] [--application NAME]`;

/** A change of roles takes less than a second; both members are given time to be asked twice. */
const CHANGE_MAX_MS = 15_000;
/** For whoever serves to be found. */
const FIND_MAX_MS = 5_000;
const PAUSE_MS = 200;
const ANSWER_MAX_MS = 2_000;
const ADDP_TIMEOUT_MS = 5_000;

export type RoleWord = 'promote' | 'demote';

interface Member {
  readonly name: string;
  readonly address: Address;
}

/** Exit status. */
export async function changeRole(
  word: RoleWord,
  args: readonly string[],
  readAddress: (text: string) => Address,
  say: (line: string) => void,
): Promise<number> {
  const { name, config, application } = readArguments(word, args);
  const servers = config.split(',').map(readAddress);
  const credentials = await askCredentials();
  const { token, objects } = await logInAsOperator({ servers, application, credentials });
  const { member, mate } = pairOf(objects, name);
  const [wanted, other] = word === 'promote' ? [member, mate] : [mate, member];
  const serving = await whoServes([wanted, other], token, Date.now() + FIND_MAX_MS);
  if (serving === undefined)
    throw new CannotRun(
      `Neither ${wanted.name} nor ${other.name} serves. See whether both run, and what their ports "health" answer (/ready, /ready/standby).`,
    );
  if (serving.name === wanted.name) {
    say(`${wanted.name} is primary already; nothing has changed`);
    return 0;
  }
  const asked = await speak(serving, token, { type: 'OfferRole', ReferenceID: 2 });
  if (asked.name === 'refused') throw new CannotRun(asked.text);
  if (asked.name === 'lost')
    throw new CannotRun(`${serving.name} was lost before it had answered. Ask again.`);
  say(`${serving.name} offers its role to ${wanted.name}`);
  return await awaitChange({ wanted, other }, token, say);
}

async function awaitChange(
  { wanted, other }: { readonly wanted: Member; readonly other: Member },
  token: string,
  say: (line: string) => void,
): Promise<number> {
  const from = Date.now();
  while (Date.now() < from + CHANGE_MAX_MS) {
    const serving = await whoServes([wanted, other], token, from + CHANGE_MAX_MS);
    if (serving?.name === wanted.name) {
      say(`${wanted.name} is primary, and ${other.name} stands by, after ${Date.now() - from} ms`);
      return 0;
    }
    await pause();
  }
  say(`${other.name} has stayed primary; its log says why`);
  return 1;
}

function readArguments(word: RoleWord, args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { config: { type: 'string' }, application: { type: 'string', default: 'workspace' } },
    });
    const [name] = positionals;
    const { config, application } = values;
    if (name === undefined || positionals.length > 1 || config === undefined)
      throw new CannotRun(USAGE(word));
    return { name, config, application };
  } catch (error) {
    // An unknown or incomplete option.
    if (error instanceof CannotRun) throw error;
    throw new CannotRun(`${(error as Error).message}\n${USAGE(word)}`);
  }
}

function pairOf(objects: readonly ConfigObject[], name: string): { member: Member; mate: Member } {
  const servers = objects.flatMap((one) =>
    one.objectType === 'Application' && one.type === 'SIPServer' && one.enabled ? [one] : [],
  );
  const own = servers.find((one) => one.name === name);
  if (own === undefined)
    throw new CannotRun(
      `There is no SIP Server "${name}". There are ${servers.map((one) => `"${one.name}"`).join(', ') || 'none'}.`,
    );
  const mate = servers.find((one) => one.name === own.backup || one.backup === name);
  if (mate === undefined)
    throw new CannotRun(`Application/${name} has no mate: name a backup in it, and start the site anew.`);
  const memberOf = (one: Application): Member => ({ name: one.name, address: addressOf(objects, one) });
  return { member: memberOf(own), mate: memberOf(mate) };
}

/** Only a primary has its port for clients open; undefined when nobody has until then. */
async function whoServes(
  members: readonly Member[],
  token: string,
  giveUpAt: number,
): Promise<Member | undefined> {
  for (;;) {
    for (const member of members) {
      const answer = await speak(member, token);
      if (answer.name === 'refused') throw new CannotRun(answer.text);
      // Members of a pair on one Host differ in their ports; who answers says which it is.
      if (answer.name === 'done') return members.find(({ name }) => name === answer.server);
    }
    if (Date.now() > giveUpAt) return undefined;
    await pause();
  }
}

type Answer =
  | { readonly name: 'done'; readonly server: string }
  | { readonly name: 'refused'; readonly text: string }
  | { readonly name: 'lost' };

/** One connection: who it is, and what it answers to the request, if there is one. */
function speak({ address }: Member, token: string, request?: DeskRequest): Promise<Answer> {
  return new Promise((resolve) => {
    let server = '';
    const end = (answer: Answer) => {
      clearTimeout(timer);
      resolve(answer);
      link.close();
    };
    const timer = setTimeout(() => end({ name: 'lost' }), ANSWER_MAX_MS);
    const link = connectLink<DeskRequest, DeskReply>({
      ...{ ...address, schema: deskReply, connectMaxMs: ANSWER_MAX_MS },
      handlers: {
        opened: () => {
          const session = `operator-${process.pid}-${Date.now()}`;
          const opening = { application: 'operator', session, version: PROTOCOL_VERSION, token };
          link.send({ type: 'RegisterClient', ReferenceID: 1, ...opening, addpTimeoutMs: ADDP_TIMEOUT_MS });
        },
        message: (reply) => {
          if (reply.type === 'Error') return end({ name: 'refused', text: `${reply.code}: ${reply.text}` });
          if (reply.type === 'Done') return end({ name: 'done', server });
          if (reply.type !== 'ServerInfo') return;
          server = reply.application;
          if (request === undefined) end({ name: 'done', server });
          else link.send(request);
        },
        closed: () => end({ name: 'lost' }),
      },
    });
  });
}

const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
