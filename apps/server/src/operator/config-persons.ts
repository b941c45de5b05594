/** The commands of `holdfast config` about how a person logs in: password, revoke, unlock. Exit status of each as of the others. */
import type { Application, ConfigObject } from '@holdfast/protocol';
import { CannotRun } from '../role.ts';
import { type ConfigArguments, onlyWord } from './config-arguments.ts';
import type { Voices } from './config-reads.ts';
import { type Edited, type NotEdited, Refused } from './config-session.ts';
import type { WritePorts } from './config-writes.ts';
import { readNewPassword } from './new-password.ts';
import { type Address, addressInWords, addressOf } from './server-addresses.ts';

/** `kim`, or `Person/kim` as other commands have it. Throws CannotRun. */
export function personOf(asked: ConfigArguments): string {
  return onlyWord(asked, 'PERSON').replace(/^person\//i, '');
}

/** `present`: of whoever sets the own one. */
export async function setPassword(
  ports: WritePorts,
  asked: ConfigArguments,
  present: string | undefined,
): Promise<number> {
  const { session, progress, tell } = ports;
  const user = personOf(asked);
  const newPassword = await readNewPassword(user);
  if (present !== undefined) {
    const own = { type: 'SetPassword' as const, user, password: present, newPassword };
    return told(ports, await session.write(own, progress), `the password of ${user} is set`);
  }
  const request = { type: 'ResetPassword' as const, user, newPassword, note: asked.note };
  const status = told(ports, await session.write(request, progress), `the password of ${user} is set`);
  if (status === 0) tell(`at the next log-in by password ${user} has to set another`);
  return status;
}

/** `isOwn`: of whoever asks. */
export async function revokeLogIn(
  ports: WritePorts,
  asked: ConfigArguments,
  isOwn: boolean,
): Promise<number> {
  const user = personOf(asked);
  const done = `what ${user} has logged in with until now counts no more`;
  try {
    const request = { type: 'Revoke' as const, user, note: asked.note };
    return told(ports, await ports.session.write(request, ports.progress), done);
  } catch (error) {
    // The own log-in ends with it, before the answer.
    if (!isOwn || !(error instanceof Refused) || error.code !== 'token-revoked') throw error;
    ports.say(done);
    return 0;
  }
}

/** Each Configuration Server and each proxy counts failures for itself (CS5), so that each is asked. */
export async function unlock(ports: WritePorts, asked: ConfigArguments): Promise<number> {
  const { session, say, tell } = ports;
  const user = personOf(asked);
  const { objects: applications } = await session.read('Application');
  const { objects: hosts } = await session.read('Host');
  const unlocked: string[] = [];
  for (const [name, address] of placesOf(asked.servers, applications, hosts)) {
    const failure = await session.moveTo(address);
    if (failure === undefined) {
      await session.ask({ type: 'Unlock', user }, 'Unlocked');
      unlocked.push(name);
    } else tell(`${name} ${failure}; if it lives it still counts the failures of ${user}`);
  }
  if (unlocked.length === 0) throw new CannotRun('Nobody could be asked. Nothing has changed.');
  say(`${user} may try again at once at ${unlocked.join(', ')}`);
  return 0;
}

/** Of all that let people in, with the address of each; those that were named too, as long as no Application has theirs. */
function placesOf(
  named: readonly Address[],
  applications: readonly ConfigObject[],
  hosts: readonly ConfigObject[],
): Map<string, Address> {
  const serving = applications.filter(
    (one): one is Application => one.objectType === 'Application' && one.enabled && letsIn(one),
  );
  const places = new Map(serving.map((one) => [one.name, addressOf(hosts, one)]));
  const known = new Set([...places.values()].map(addressInWords));
  for (const address of named) {
    const words = addressInWords(address);
    if (!known.has(words)) places.set(words, address);
  }
  return places;
}

function letsIn({ type, host, ports }: Application): boolean {
  const isOfType = type === 'ConfigurationServer' || type === 'ConfigurationServerProxy';
  return isOfType && host !== undefined && ports.default !== undefined;
}

function told({ say, tell }: Voices, reply: Edited | NotEdited, done: string): number {
  if (reply.type === 'Edited') {
    say(`${done}, in revision ${reply.revision}`);
    return 0;
  }
  tell(`${reply.code}: ${reply.text}`);
  return reply.code === 'not-stored' ? 2 : 1;
}
