/** From an operator's password to a token, and to where the servers are, as a Configuration Server says. */
import type { ConfigObject } from '@holdfast/protocol';
import { CannotRun } from '../role.ts';
import { ConfigSession, type LogInOptions } from './config-session.ts';

export interface OperatorAccess {
  readonly token: string;
  /** Every Application and Host. */
  readonly objects: readonly ConfigObject[];
}

/** Of one Configuration Server: the next one may answer sooner, and a site waits for the operator. */
const ANSWER_MAX_MS = 5_000;

/** Rejects with CannotRun. */
export async function logInAsOperator(options: Omit<LogInOptions, 'answerMaxMs'>): Promise<OperatorAccess> {
  const session = await ConfigSession.open({ ...options, answerMaxMs: ANSWER_MAX_MS });
  try {
    const applications = await session.read('Application');
    // CP8: agents read no servers.
    if (applications.objects.length === 0)
      throw new CannotRun(
        `"${options.credentials?.user}" may not read where servers are: this is for administrators.`,
      );
    const hosts = await session.read('Host');
    return { token: session.token, objects: [...applications.objects, ...hosts.objects] };
  } finally {
    session.close();
  }
}
