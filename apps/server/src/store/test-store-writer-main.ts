/**
 * Writes to a store as fast as it can until it is killed, or the store says three times that it cannot: on
 * standard output a line `ack ID` for each entry that was acknowledged, `no BECAUSE` for each that was not.
 *
 *     node test-store-writer-main.mjs ADDRESS LIFE [KILOBYTES]
 */
import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import type { Change, ConfigObject } from '@holdfast/protocol';
import { openConfigStore } from './open-config-store.ts';
import { changed, created, deleted, object } from './test-objects.ts';

const [address = '', life = '', kilobytes = '1'] = process.argv.slice(2);
/** In every seventh entry: long enough to be killed in the midst of it. */
const LARGE = 100;
const FAILURES_MAX = 3;

/** A kilobyte each, which cannot be compressed. */
const tenant = (name: string, kilobytes: number) => {
  const texts = Array.from({ length: kilobytes }, (_, i) => [`text-${i}`, randomBytes(500).toString('hex')]);
  return object({ objectType: 'Tenant', name, options: { test: Object.fromEntries(texts) } });
};
let last: ConfigObject | undefined;

/** Makes, changes and deletes, by turns. */
function changesOf(n: number): Change[] {
  if (n % 7 === 6)
    return created(
      ...Array.from({ length: LARGE }, (_, i) => tenant(`t${life}-${n}-${i}`, Number(kilobytes))),
    );
  const former = last;
  if (former === undefined) {
    last = tenant(`t${life}-${n}`, 1);
    return created(last);
  }
  last = former.enabled ? { ...former, enabled: false } : undefined;
  return last === undefined ? deleted(former) : [changed(former, last)];
}

const store = await openConfigStore(address);
const claimed = await store.claim('writer', 1_000);
if (claimed.type !== 'claimed') throw new Error(JSON.stringify(claimed));
let failures = 0;
for (let n = 0; failures < FAILURES_MAX; n++) {
  const id = `${life}-${n}`;
  const author = { who: 'test', from: `life ${life}` };
  const answer = await store.commit({ epoch: claimed.epoch, id, at: n, author, changes: changesOf(n) });
  if (answer.type === 'unavailable') failures += 1;
  // Written at once: what stands in a buffer of ours dies with us.
  if (answer.type === 'committed') writeSync(1, `ack ${id}\n`);
  else writeSync(1, `no ${'because' in answer ? answer.because : JSON.stringify(answer)}\n`);
}
await store.close();
