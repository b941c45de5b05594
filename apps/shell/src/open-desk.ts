/**
 * A desk for a program: user, password, where the bootstrap file is, and a folder for what has to outlive the
 * process. What a person has to mend comes back as sentences, before anything runs.
 */
import { hostname } from 'node:os';
import { type Bootstrap, chooseBootstrap, isPlaceMissing, type SeatToday } from '@holdfast/desk';
import type { LogLine } from '@holdfast/kernel';
import type { LoginEpoch } from '@holdfast/protocol';
import { readDelivery, SOURCE_MAX_MS } from './bootstrap-source.ts';
import { ProcessClock } from './clock.ts';
import { DeskFolder } from './desk-folder.ts';
import { startDesk } from './desk-session.ts';
import type { DeskListeners, DeskMemory, DeskSession } from './desk-session-types.ts';
import { cryptoRandom } from './random.ts';

export interface OpenDeskOptions {
  readonly user: string;
  readonly password: string;
  /**
   * Where the agent sits: one Place, or one for each site (DS21). Needed where seats are hot; else the bootstrap file or
   * the Person's default place counts.
   */
  readonly place?: SeatToday;
  /** Path, or http or https URL, of the bootstrap file. */
  readonly bootstrap: string;
  /** Kept from one start to the next; one for all agents of a machine is enough. */
  readonly dataFolder: string;
  readonly listeners?: DeskListeners;
  /** LL8: `nothingBefore` only if you know that no desk of this agent lived within one login lease. */
  readonly firstLogin?: 'wait' | 'nothingBefore';
  /** Silence on the link to configuration after which it is asked for a sign of life, until the configuration tells its own. */
  readonly addpTimeoutMs?: number;
  /** How long the bootstrap file may take to come. */
  readonly bootstrapMaxMs?: number;
}

export type DeskOpening =
  | {
      readonly ok: true;
      readonly desk: DeskSession;
      /** What is not as it should be, and does not keep the desk from its work. */
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly string[] };

/** S3: 20 to 30 s. Shorter, because the desk only waits for a first answer then. */
const ADDP_TIMEOUT_MS = 10_000;

export async function openDesk(options: OpenDeskOptions): Promise<DeskOpening> {
  const { user, password, place, listeners = {} } = options;
  const opening = DeskFolder.open(options.dataFolder, user);
  if (!opening.ok) return { ok: false, problems: [opening.text] };
  const { folder } = opening;
  const delivery = await readDelivery(options.bootstrap, options.bootstrapMaxMs ?? SOURCE_MAX_MS);
  const choice = chooseBootstrap(delivery, folder.copy);
  const problems = choice.ok ? seatProblems(options, choice.bootstrap) : choice.problems;
  if (!choice.ok || problems.length > 0) {
    folder.release();
    return { ok: false, problems: [...opening.warnings, ...problems] };
  }
  const random = cryptoRandom();
  const desk = startDesk({
    ...{ user, password, bootstrap: choice.bootstrap, listeners, random },
    ...(place === undefined ? {} : { place }),
    ...(choice.delivered === undefined ? {} : { delivered: choice.delivered }),
    desk: `${hostname().slice(0, 32)}-${process.pid}-${Math.floor(random() * 1e9)}`,
    firstLogin: options.firstLogin ?? 'wait',
    addpTimeoutMs: options.addpTimeoutMs ?? ADDP_TIMEOUT_MS,
    memory: memoryIn(folder, choice.madeOf, (line) => listeners.log?.({ ...line, agent: user })),
    clock: new ProcessClock(),
  });
  return { ok: true, desk: releasing(desk, folder), warnings: [...opening.warnings, ...choice.warnings] };
}

/** DS20: a desk without a place would run, and ask nobody who could answer. */
function seatProblems({ bootstrap: name, place }: OpenDeskOptions, bootstrap: Bootstrap): string[] {
  if (!isPlaceMissing(bootstrap, place)) return [];
  return [
    `${name}: hotSeating is true, so that the place is asked for at each start, and none was given. Ask the agent where they sit and give it: openDesk({ place: "…" }), or one Place for each site where the sites name it differently.`,
  ];
}

function releasing(desk: DeskSession, folder: DeskFolder): DeskSession {
  return {
    get view() {
      return desk.view;
    },
    command: (command) => desk.command(command),
    async stop() {
      await desk.stop();
      folder.release();
    },
    cut() {
      desk.cut();
      folder.release();
    },
  };
}

/**
 * A disk that is full must not keep an agent from the phone: the safety of a log-in rests on the wait of a desk that
 * has just started (LL8) and on epochs that are never below the wall clock (LL7), so that the desk goes on and says so.
 */
function memoryIn(folder: DeskFolder, madeOf: string, log: (line: LogLine) => void): DeskMemory {
  const attempt = (what: string, store: () => void) => {
    try {
      store();
    } catch (error) {
      const because = `${(error as Error).message}. Make room, or see to the rights of that folder.`;
      log({ level: 'error', what: `${what} could not be stored`, because });
    }
  };
  return {
    epochStored: folder.epochStored,
    storeLogin: (site: string, epoch: LoginEpoch) =>
      attempt('the login epoch', () => folder.storeLogin(site, epoch)),
    storeBootstrap: (bootstrap: Bootstrap) =>
      attempt('the copy of the bootstrap file', () => folder.storeCopy({ bootstrap, madeOf })),
  };
}
