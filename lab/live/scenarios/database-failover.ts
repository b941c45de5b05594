import type { Entry } from '@holdfast/protocol';
import type { ConfigOperator, EditAnswer } from '../config-operator.ts';
import type { LiveLab } from '../live-lab.ts';
import { SITES } from '../live-lab.ts';
import {
  administratorAt,
  allAlike,
  epochOf,
  proxiesOf,
  renaming,
  serverOf,
  WRITER_MAX_MS,
} from './configuration-entries.ts';
import { allWorkAt, callsAreAnswered, home, stayed } from './scenario.ts';

/** Between two edits of one editor. */
const EDIT_EVERY_MS = 100;
/** So many before the fault, and so many after it. */
const EDITS_MIN = 10;
/** Of an operator, or of a third voice. */
const PROMOTED_AFTER_MS = 1_000;
/** From the promotion to the first edit that is acknowledged. */
const WRITES_AGAIN_MAX_MS = 15_000;

interface Acknowledged {
  readonly at: number;
  readonly displayName: string;
  readonly revision: string;
}

/**
 * The primary of the database dies (SIGKILL) while somebody at each site edits without a break, and its standby, which has confirmed every entry,
 * is promoted: edits go on under a higher epoch, nothing that was acknowledged is lost (CW5), and no agent notices anything.
 */
export async function databaseFailover(lab: LiveLab): Promise<void> {
  const since = lab.now();
  const editors = await Promise.all(
    SITES.map(async (site, i) => {
      const door = proxiesOf(lab, site)[0];
      if (door === undefined) throw new Error(`no proxy at ${site}`);
      return new Editor(lab, await administratorAt(lab, door), lab.robots[i]?.name ?? '');
    }),
  );
  const areEditing = () => editors.every(({ acknowledged }) => acknowledged.length >= EDITS_MIN);
  const running = editors.map((editor) => editor.run());
  await lab.until(WRITER_MAX_MS, areEditing);
  const failedAt = lab.now();
  lab.calls.fault();
  await lab.database.killPrimary();
  await lab.until(PROMOTED_AFTER_MS, () => false);
  await lab.database.promoteStandby();
  const promotedAt = lab.now();
  const after = (editor: Editor) => editor.acknowledged.filter(({ at }) => at > promotedAt);
  await lab.until(WRITES_AGAIN_MAX_MS, () => editors.every((editor) => after(editor).length >= EDITS_MIN));
  for (const editor of editors) editor.stop();
  await Promise.all(running);

  const before = editors.flatMap((editor) => editor.acknowledged.filter(({ at }) => at <= failedAt));
  const later = editors.flatMap(after);
  const firstAfter = Math.round(Math.min(...later.map(({ at }) => at)) - promotedAt);
  lab.check(
    'edits-go-on',
    before.length >= 2 * EDITS_MIN && editors.every((editor) => after(editor).length >= EDITS_MIN),
    `${before.length} acknowledged before, ${later.length} after, the first ${firstAfter} ms after the promotion; refused meanwhile: ${editors.map(({ refusals }) => refusals).join(' and ')}`,
  );
  const epochs = [before, later].map((all) => new Set(all.map(({ revision }) => epochOf(revision))));
  const [formerEpochs, newEpochs] = epochs.map((all) => [...all]) as [number[], number[]];
  lab.check(
    'epoch-is-higher',
    newEpochs.length > 0 && Math.min(...newEpochs) > Math.max(...formerEpochs),
    `from ${formerEpochs.join(', ')} to ${newEpochs.join(', ')}`,
  );
  await nothingIsLost(lab, editors);
  const everywhere = SITES.flatMap((site) => [serverOf(lab, site), ...proxiesOf(lab, site)]);
  await allAlike(lab, 'all-alike-afterwards', everywhere);
  await callsAreAnswered(lab, 4);
  await allWorkAt(lab, 'all-at-home', home);
  stayed(lab, 'nobody-moved', { robots: lab.robots, since });
  nobodyNoticed(lab, since);
  for (const editor of editors) editor.close();
}

/** Each entry is in the log of the promoted one, under its revision, and the last of each editor is what is served. */
async function nothingIsLost(lab: LiveLab, editors: readonly Editor[]): Promise<void> {
  const operator = await administratorAt(lab, serverOf(lab, 'north'));
  const lost: string[] = [];
  let looked = 0;
  for (const { agent, acknowledged } of editors) {
    const history = await operator.ask({ type: 'History', key: `Person/${agent}`, limit: 500 });
    const entries = history.type === 'Entries' ? history.entries : [];
    const held = new Set(entries.map(named));
    for (const one of acknowledged) {
      looked += 1;
      if (!held.has(`${one.revision} ${one.displayName}`)) lost.push(`${one.revision} "${one.displayName}"`);
    }
  }
  operator.close();
  lab.check(
    'nothing-acknowledged-is-lost',
    looked >= 4 * EDITS_MIN && lost.length === 0,
    lost.length === 0 ? `${looked} edits are in the log` : `lost: ${lost.join(', ')}`,
  );
}

function named({ revision, changes }: Entry): string {
  const [change] = changes;
  const name = change?.after?.objectType === 'Person' ? change.after.displayName : '';
  return `${revision.epoch}.${revision.number} ${name}`;
}

/** No log-in, no alarm, no warning: to them nothing has happened. */
function nobodyNoticed(lab: LiveLab, since: number): void {
  const anew = lab.watch.logins.filter(({ at }) => at >= since);
  const alarms = lab.watch.alarms.filter(({ at, isRaised }) => at >= since && isRaised);
  const decisions = lab.watch.decisions.filter(({ at }) => at >= since);
  const noticed = [
    ...anew.map(({ agent }) => `${agent} logged in anew`),
    ...alarms.map(({ agent, name }) => `${agent}: ${name}`),
    ...decisions.map(({ agent, what }) => `${agent}: ${what}`),
  ];
  lab.check(
    'agents-notice-nothing',
    lab.robots.length > 0 && noticed.length === 0,
    noticed.slice(0, 5).join('; ') || `${lab.robots.length} desks had nothing to decide`,
  );
}

/** Gives one person another name again and again, and keeps what was acknowledged. */
class Editor {
  readonly agent: string;
  readonly acknowledged: Acknowledged[] = [];
  refusals = 0;
  readonly #lab: LiveLab;
  readonly #operator: ConfigOperator;
  #isRunning = true;

  constructor(lab: LiveLab, operator: ConfigOperator, agent: string) {
    this.#lab = lab;
    this.#operator = operator;
    this.agent = agent;
  }

  async run(): Promise<void> {
    for (let count = 1; this.#isRunning; count++) {
      const displayName = `Kim ${count}`;
      this.#took(displayName, await this.#operator.edit(renaming(this.agent, displayName)));
      await this.#lab.until(EDIT_EVERY_MS, () => false);
    }
  }

  #took(displayName: string, answer: EditAnswer): void {
    if (answer.type !== 'Edited') this.refusals += 1;
    else this.acknowledged.push({ at: this.#lab.now(), displayName, revision: answer.revision });
  }

  stop(): void {
    this.#isRunning = false;
  }

  close(): void {
    this.#operator.close();
  }
}
