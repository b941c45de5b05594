/**
 * `holdfast config`: reads and edits the configuration at the Configuration Servers, as the person who logs in. Ends with 0 when it is done or
 * nothing was to be done, 1 when it was refused (or, of diff and sync --drift, differs; of check, has errors; of verify, is broken), and 2 when it
 * could not run.
 */
import { askCredentials } from './ask-credentials.ts';
import { type ConfigArguments, type ConfigWord, readConfigArguments } from './config-arguments.ts';
import { resolveConflict, showConflicts } from './config-conflicts.ts';
import { personOf, revokeLogIn, setPassword, unlock } from './config-persons.ts';
import { Progress } from './config-progress.ts';
import {
  exportFolder,
  getObjects,
  showFindings,
  showHistory,
  showLogStanding,
  type Voices,
} from './config-reads.ts';
import { ConfigSession, Refused } from './config-session.ts';
import { showDrift, syncSwitches } from './config-sync.ts';
import {
  applyFiles,
  fixFindings,
  importFolder,
  restoreObjects,
  setFields,
  showDifference,
} from './config-writes.ts';
import type { Address } from './server-addresses.ts';

/** About the log-in of one person. */
const PERSONAL: readonly ConfigWord[] = ['password', 'revoke', 'unlock'];

/** Exit status. Rejects with CannotRun. */
export async function configure(
  args: readonly string[],
  readAddress: (text: string) => Address,
  voices: Voices,
): Promise<number> {
  const asked = readConfigArguments(args, readAddress, Date.now());
  const { servers, application, word } = asked;
  const person = PERSONAL.includes(word) ? personOf(asked) : undefined;
  const credentials = await askCredentials();
  const own = person === credentials.user ? credentials.password : undefined;
  // Who has to set another password is not let in before that.
  const isLetIn = word !== 'password' || own === undefined;
  const session = await ConfigSession.open({ servers, application, ...(isLetIn && { credentials }) });
  try {
    return await run(session, asked, voices, own);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    voices.tell(error.message);
    return 1;
  } finally {
    session.close();
  }
}

/** `own`: the password of whoever asks about the own log-in. */
function run(
  session: ConfigSession,
  asked: ConfigArguments,
  voices: Voices,
  own: string | undefined,
): Promise<number> {
  const progress = new Progress(voices.tell);
  const ports = { session, progress, ...voices };
  switch (asked.word) {
    case 'get':
      return getObjects(session, asked, voices);
    case 'set':
      return setFields(ports, asked);
    case 'apply':
      return applyFiles(ports, asked);
    case 'diff':
      return showDifference(ports, asked);
    case 'export':
      return exportFolder(session, asked, voices, progress);
    case 'import':
      return importFolder(ports, asked);
    case 'history':
      return showHistory(session, asked, voices);
    case 'restore':
      return restoreObjects(ports, asked);
    case 'sync':
      return asked.isComparing ? showDrift(session, asked, voices) : syncSwitches(ports, asked);
    case 'check':
      return asked.isFixing ? fixFindings(ports, asked) : showFindings(session, asked, voices);
    case 'password':
      return setPassword(ports, asked, own);
    case 'revoke':
      return revokeLogIn(ports, asked, own !== undefined);
    case 'unlock':
      return unlock(ports, asked);
    case 'verify':
      return showLogStanding(session, asked, voices, progress);
    case 'conflicts':
      return showConflicts(session, asked, voices);
    case 'resolve':
      return resolveConflict(ports, asked);
  }
}
