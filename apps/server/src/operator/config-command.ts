/**
 * `holdfast config`: reads and edits the configuration at the Configuration Servers, as the person who logs in. Ends with 0 when it is done or
 * nothing was to be done, 1 when it was refused (or, of diff and sync --drift, differs; of check, has errors), and 2 when it could not run.
 */
import { askCredentials } from './ask-credentials.ts';
import { type ConfigArguments, readConfigArguments } from './config-arguments.ts';
import { resolveConflict, showConflicts } from './config-conflicts.ts';
import { Progress } from './config-progress.ts';
import { exportFolder, getObjects, showFindings, showHistory, type Voices } from './config-reads.ts';
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
import type { Address } from './operator-log-in.ts';

/** Exit status. Rejects with CannotRun. */
export async function configure(
  args: readonly string[],
  readAddress: (text: string) => Address,
  voices: Voices,
): Promise<number> {
  const asked = readConfigArguments(args, readAddress, Date.now());
  const { servers, application } = asked;
  const credentials = await askCredentials();
  const session = await ConfigSession.open({ servers, application, credentials });
  try {
    return await run(session, asked, voices);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    voices.tell(error.message);
    return 1;
  } finally {
    session.close();
  }
}

function run(session: ConfigSession, asked: ConfigArguments, voices: Voices): Promise<number> {
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
    case 'conflicts':
      return showConflicts(session, asked, voices);
    case 'resolve':
      return resolveConflict(ports, asked);
  }
}
