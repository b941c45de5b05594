/**
 * One Configuration Server after the other on the same database, each killed in the midst of edits. Each editor has persons of its own,
 * and names them by the edit: so whatever is served, or stands in the log, tells which edit has made it.
 */
import { openConfigStore } from '@holdfast/server';
import type { ConfigOperator } from '../lab/live/config-operator.ts';
import { type ConfigProcesses, ready } from '../lab/live/config-processes.ts';
import type { PostgresServer } from '../lab/live/peers/postgres.ts';
import type { Program } from '../lab/live/peers/processes.ts';
import { percentiles } from '../lab/src/ledger.ts';
import { round } from './bench-run.ts';
import { pause } from './echo-load.ts';
import { EditLedger } from './edit-ledger.ts';

const EDITORS = 3;
/** Of one editor: as many as one of its large edits changes, so that some are killed in the midst of it. */
const PERSONS_EACH = 40;
export const AGENTS = EDITORS * PERSONS_EACH;
const LARGE_EVERY = 5;
/** A server is killed within so long after its first acknowledgement. */
const LIFE_MAX_MS = 400;
/** The database, where it is a process, in every so many lives. */
const DATABASE_EVERY = 4;
/** On a machine that is busy. */
const START_MAX_MS = 120_000;
const ACKNOWLEDGED_MAX_MS = 60_000;
const REFUSED_PAUSE_MS = 20;

export interface KillStormOptions {
  readonly world: ConfigProcesses;
  readonly store: string;
  readonly kills: number;
  /** Killed too. */
  readonly database?: PostgresServer;
}

export type StormFigures = Awaited<ReturnType<typeof killStorm>>;

export async function killStorm({ world, store, kills, database }: KillStormOptions) {
  const ledger = new EditLedger();
  const backAfter: number[] = [];
  let servedWrong = 0;
  let databaseKills = 0;
  for (let life = 0; life < kills; life++) {
    const begunAt = performance.now();
    const server = await ready(world.beginServer(store), START_MAX_MS);
    const editors = await Promise.all(
      Array.from({ length: EDITORS }, () => world.administrator(world.ports.config)),
    );
    servedWrong += await wrongNames(world, editors, ledger);
    const editing = editors.map((operator, editor) =>
      editUntilGone(operator, { ledger, name: `${life}.${editor}`, own: ownOf(world, editor) }),
    );
    await nextAcknowledgement(server, ledger);
    backAfter.push(performance.now() - begunAt);
    if (database !== undefined && life % DATABASE_EVERY === DATABASE_EVERY - 1) {
      await pause(LIFE_MAX_MS * Math.random());
      await database.kill();
      await database.begin();
      databaseKills += 1;
      await nextAcknowledgement(server, ledger);
    }
    await pause(LIFE_MAX_MS * Math.random());
    server.kill();
    await server.ended;
    await Promise.all(editing);
    for (const operator of editors) operator.close();
  }
  const times = percentiles(backAfter.slice(1));
  return {
    ...{ kills, database_kills: databaseKills, editors: EDITORS },
    ...(await compared(store, ledger)),
    served_wrong: servedWrong,
    /** From the start of a process until its first acknowledgement; without the first, which fills the database. */
    back_ms: times && { p50: round(times.p50), max: round(times.max) },
  };
}

function ownOf({ agents }: ConfigProcesses, editor: number): readonly string[] {
  return agents.slice(editor * PERSONS_EACH, (editor + 1) * PERSONS_EACH).map(({ user }) => user);
}

/** Of the first person of each editor, what is served after the death of the former server. */
async function wrongNames(
  world: ConfigProcesses,
  editors: readonly ConfigOperator[],
  ledger: EditLedger,
): Promise<number> {
  let wrong = 0;
  for (const [editor, operator] of editors.entries()) {
    const [user = ''] = ownOf(world, editor);
    const read = await operator.read('Person', user);
    const { displayName } = (read?.object ?? {}) as { readonly displayName?: string };
    if (read !== undefined && !ledger.mayBe(user, displayName)) wrong += 1;
  }
  return wrong;
}

interface Editing {
  readonly ledger: EditLedger;
  readonly name: string;
  readonly own: readonly string[];
}

async function editUntilGone(operator: ConfigOperator, { ledger, name, own }: Editing): Promise<void> {
  for (let n = 1; ; n++) {
    const note = `${name}.${n}`;
    const users = n % LARGE_EVERY === 0 ? own : own.slice(0, 1);
    ledger.asked(note, users);
    const edits = users.map((user) => ({ key: `Person/${user}`, patch: { displayName: note } }));
    const answer = await operator.edit(edits, note);
    ledger.answered(note, answer);
    if (answer.type === 'NoAnswer') return;
    // It has not asked its database yet, or that is dead.
    if (answer.type !== 'Edited') await pause(REFUSED_PAUSE_MS);
  }
}

async function nextAcknowledgement(server: Program, ledger: EditLedger): Promise<void> {
  const before = ledger.acknowledged;
  await server.until('an edit is acknowledged', ACKNOWLEDGED_MAX_MS, () => ledger.acknowledged > before);
}

/** What is in the database, beside what the editors were told. */
async function compared(address: string, ledger: EditLedger) {
  const store = await openConfigStore(address);
  try {
    const found = await ledger.compare(store);
    const verified = await store.verify();
    return { ...found, verdict: verified.type };
  } finally {
    await store.close();
  }
}
