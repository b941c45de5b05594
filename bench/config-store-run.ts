/**
 * One store of the configuration, measured in a process of its own, so that memory is its alone: started by config-store.ts.
 *
 *     node --expose-gc --import tsx bench/config-store-run.ts --address ADDRESS --agents N --seconds S
 */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type Change, type ConfigObject, objectKey, type Person } from '@holdfast/protocol';
import { makeWorld, openConfigStore } from '@holdfast/server';

const { values } = parseArgs({
  options: {
    address: { type: 'string', default: '' },
    agents: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '3' },
  },
});
const AUTHOR = { who: 'bench', from: 'bench' };
const STALE_MS = 1_000;
const PAGE = 50;
const MEGABYTE = 1_048_576;

/** Answers are unions: all but the expected one end the run. */
function must<Answer extends { readonly type: string }, Type extends Answer['type']>(
  answer: Answer,
  type: Type,
): Extract<Answer, { type: Type }> {
  if (answer.type !== type) throw new Error(`expected ${type}: ${JSON.stringify(answer).slice(0, 500)}`);
  return answer as Extract<Answer, { type: Type }>;
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly ms: number; readonly result: T }> {
  const from = performance.now();
  const result = await work();
  return { ms: Math.round(performance.now() - from), result };
}

const residentMB = () => {
  (globalThis as { gc?: () => void }).gc?.();
  return Math.round(process.memoryUsage().rss / MEGABYTE);
};

const site = (name: string, base: number) => ({
  ...{ name, address: '127.0.0.1', gateway: '127.0.0.1:5060' },
  ...{ configPort: base, clientPort: base + 1, statPort: base + 2, sipPort: base + 60 },
});
const { objects } = await makeWorld({
  agents: Number(values.agents),
  sites: [site('north', 5_110), site('south', 5_210)],
  password: 'fake-password',
  phonePassword: 'fake-phone-password',
});
const persons = objects.filter((one): one is Person => one.objectType === 'Person');
const created = objects.map((after): Change => ({ key: objectKey(after), before: null, after }));

const before = residentMB();
const first = await timed(() => openConfigStore(values.address));
const store = first.result;
const opened = residentMB();
const { epoch } = must(await store.claim('bench', STALE_MS), 'claimed');
const commit = async (changes: readonly Change[]) =>
  must(await store.commit({ epoch, id: randomUUID(), at: Date.now(), author: AUTHOR, changes }), 'committed');
const imported = await timed(() => commit(created));

/** One person's one field, one entry after the other. */
const tookMs: number[] = [];
const giveUpAt = performance.now() + 1_000 * Number(values.seconds);
const now = new Map<number, ConfigObject>();
for (let n = 0; performance.now() < giveUpAt; n++) {
  const which = (n * 7_919) % persons.length;
  const former = now.get(which) ?? (persons[which] as Person);
  const after = { ...former, enabled: !former.enabled };
  now.set(which, after);
  const from = performance.now();
  await commit([{ key: objectKey(former), before: former, after }]);
  tookMs.push(performance.now() - from);
}
tookMs.sort((a, b) => a - b);
const quantile = (share: number) => Number((tookMs[Math.floor(share * tookMs.length)] ?? 0).toFixed(2));

const read = await timed(() => store.read());
const past = await timed(() => store.objectsAt({ epoch, number: 1 }));
const history = await timed(() => store.history({ who: 'bench', limit: PAGE }));
const verified = await timed(() => store.verify());
const full = residentMB();
await store.close();
const again = await timed(() => openConfigStore(values.address));
await again.result.close();

console.log(
  JSON.stringify({
    objects: objects.length,
    first_start_ms: first.ms,
    start_ms: again.ms,
    import_ms: imported.ms,
    entries: tookMs.length,
    entries_per_second: Math.round(tookMs.length / Number(values.seconds)),
    entry_p50_ms: quantile(0.5),
    entry_p99_ms: quantile(0.99),
    read_ms: read.ms,
    objects_read: must(read.result, 'configuration').objects.length,
    past_ms: past.ms,
    objects_past: must(past.result, 'past').objects.length,
    history_page_ms: history.ms,
    verify_ms: verified.ms,
    verified: verified.result.type,
    process_before_mb: before,
    process_opened_mb: opened,
    process_full_mb: full,
    process_most_mb: Math.round(process.resourceUsage().maxRSS / 1_024),
  }),
);
