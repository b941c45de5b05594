/**
 * How soon a change of the configuration has come to the last of hundreds who follow a proxy: edits are made at the Configuration
 * Server, one after the other, each when all have heard of the one before. Of one person everybody is told that there is
 * a new revision; of an option of all desks each is told what its desk is now.
 */
import { DESK_APPLICATION } from '@holdfast/centre';
import type { ConfigReply, Edit } from '@holdfast/protocol';
import type { ConfigOperator, EditAnswer } from '../lab/live/config-operator.ts';
import type { ConfigProcesses } from '../lab/live/config-processes.ts';
import { openLeanConfigDesks } from '../lab/live/lean-config-desk.ts';
import { until } from '../lab/live/peers/processes.ts';
import { percentiles } from '../lab/src/ledger.ts';
import { round } from './bench-run.ts';
import { pause } from './echo-load.ts';

/** Between two edits. */
const EDIT_PAUSE_MS = 50;
/** Whoever has not heard by then does not hear of it, however busy the machine is. */
const HEARD_MAX_MS = 120_000;
/** Until it has asked its database for the first time. */
const WRITER_MAX_MS = 20_000;
const REFUSED_PAUSE_MS = 50;
const SITE_TIMEOUTS_S = ['61', '60'];

interface Told {
  /** From the question to `Edited`. */
  readonly acknowledgedMs: number;
  /** From the question until the last has heard. */
  readonly lastMs: number;
}

export async function changesToAll(
  world: ConfigProcesses,
  { desks, edits }: { readonly desks: number; readonly edits: number },
) {
  const operator = await world.administrator(world.ports.config);
  const audience = new Audience();
  const users = world.agents.slice(0, desks).map((agent) => agent.user);
  const all = await openLeanConfigDesks(
    users.map((one) => ({ ...{ port: world.ports.proxy, user: one }, heard: audience.listener() })),
  );
  try {
    await Promise.all(all.map((desk) => desk.logIn({ token: world.tokenOf(desk.user) })));
    for (const desk of all) desk.subscribe();
    let revision = await firstEdit(operator, [named(users[0] ?? '', 'The first')]);
    let missed = 0;
    const tellAll = async (wanted: ConfigReply['type'], editOf: (n: number) => Edit) => {
      const told: Told[] = [];
      for (let n = 0; n < edits; n++) {
        await pause(EDIT_PAUSE_MS);
        const one = await tell(operator, audience, { wanted, edit: editOf(n) });
        revision = one.revision;
        if (one.told === undefined) missed += 1;
        else told.push(one.told);
      }
      return figuresOf(told);
    };
    const ofPersons = await tellAll('Changed', (n) => named(users[n % users.length] ?? '', `Name ${n}`));
    const ofAllDesks = await tellAll('DeskConfiguration', (n) => siteTimeout(SITE_TIMEOUTS_S[n % 2] ?? ''));
    return { revision, missed, figures: { one_person: ofPersons, all_desks: ofAllDesks } };
  } finally {
    operator.close();
    for (const desk of all) desk.close();
  }
}

function named(user: string, displayName: string): Edit {
  return { key: `Person/${user}`, patch: { displayName } };
}

function siteTimeout(seconds: string): Edit {
  const options = { 'interaction-workspace': { 'disaster-recovery.timeout': seconds } };
  return { key: `Application/${DESK_APPLICATION}`, patch: { options } };
}

/** Which is refused until the server writes; the revision. */
async function firstEdit(operator: ConfigOperator, edits: readonly Edit[]): Promise<string> {
  for (const giveUpAt = performance.now() + WRITER_MAX_MS; ; await pause(REFUSED_PAUSE_MS)) {
    const answer = await operator.edit(edits);
    if (answer.type === 'Edited') return answer.revision;
    if (performance.now() > giveUpAt) throw notEdited(answer);
  }
}

/** `told` undefined: not all have heard. */
async function tell(
  operator: ConfigOperator,
  audience: Audience,
  { wanted, edit }: { readonly wanted: ConfigReply['type']; readonly edit: Edit },
): Promise<{ readonly revision: string; readonly told: Told | undefined }> {
  audience.listenTo(wanted);
  const from = performance.now();
  const answer = await operator.edit([edit]);
  const acknowledgedMs = performance.now() - from;
  if (answer.type !== 'Edited') throw notEdited(answer);
  const { revision } = answer;
  await until('all have heard', HEARD_MAX_MS, () => audience.lastAt(revision) !== undefined).catch(
    () => undefined,
  );
  const lastAt = audience.lastAt(revision);
  return { revision, told: lastAt === undefined ? undefined : { acknowledgedMs, lastMs: lastAt - from } };
}

function notEdited(answer: EditAnswer): Error {
  return new Error(`it was not edited: ${'text' in answer ? answer.text : answer.type}`);
}

/** Who has heard what. */
class Audience {
  #wanted: ConfigReply['type'] | undefined;
  /** Of each, the last revision of which it has heard in that way, and when. */
  readonly #heard: { revision: string; at: number }[] = [];

  /** For the next one. */
  listener(): (reply: ConfigReply) => void {
    const heard = { revision: '', at: 0 };
    this.#heard.push(heard);
    return (reply) => {
      if (reply.type !== this.#wanted || !('revision' in reply)) return;
      heard.revision = reply.revision;
      heard.at = performance.now();
    };
  }

  listenTo(wanted: ConfigReply['type']): void {
    this.#wanted = wanted;
  }

  /** When the last of them heard of it; undefined while somebody has not. */
  lastAt(revision: string): number | undefined {
    if (!this.#heard.every((one) => one.revision === revision)) return undefined;
    return Math.max(...this.#heard.map(({ at }) => at));
  }
}

function figuresOf(told: readonly Told[]) {
  const of = (what: keyof Told) => {
    const values = percentiles(told.map((one) => one[what]));
    if (values === null) return null;
    return { p50: round(values.p50, 1), p99: round(values.p99, 1), max: round(values.max, 1) };
  };
  return { edits: told.length, acknowledged_ms: of('acknowledgedMs'), last_ms: of('lastMs') };
}
