/**
 * Follows one key of an etcd by its watch, which is an answer that never ends: one line of JSON for each change.
 * Whoever is connected reads the key once, because what happened before the watch stood is not told. A watch that
 * says nothing for a while is held against a reading: where that has news, the endpoint lags or is cut off, and the
 * next one is watched.
 */
import type { KeySeen } from '@holdfast/continuity';
import { request } from './etcd-gateway.ts';
import { objectOf, readPair } from './etcd-messages.ts';

export interface EtcdWatchOptions {
  readonly endpoints: readonly string[];
  /** As base64. */
  readonly key: string;
  seen(seen: KeySeen): void;
  /** Reads the key, and whether that was news. */
  read(signal: AbortSignal): Promise<boolean>;
}

/** Between two attempts, so that a cluster that is down is not asked in a circle. */
const PAUSE_MS = 200;
/** A primary renews far more often: so much silence is looked into. */
const SILENCE_MS = 1_000;
/** A change is a few hundred bytes; a longer line ends the attempt. */
const LINE_CHARACTERS_MAX = 64 * 1024;

export function watchEtcd(options: EtcdWatchOptions): { close(): void } {
  const whole = new AbortController();
  void follow(options, whole.signal);
  return { close: () => whole.abort() };
}

async function follow(options: EtcdWatchOptions, signal: AbortSignal): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    const endpoint = options.endpoints[attempt % options.endpoints.length] as string;
    await watchOnce(endpoint, options, signal);
    await pause(PAUSE_MS, signal);
  }
}

/** Until it ends, fails or is found to lag. */
async function watchOnce(endpoint: string, options: EtcdWatchOptions, whole: AbortSignal): Promise<void> {
  const attempt = new AbortController();
  const end = () => attempt.abort();
  whole.addEventListener('abort', end);
  let heardAt = performance.now();
  let isReading = false;
  const read = () => options.read(AbortSignal.any([whole, AbortSignal.timeout(SILENCE_MS)]));
  const look = setInterval(async () => {
    if (isReading || performance.now() - heardAt < SILENCE_MS) return;
    isReading = true;
    const lags = await read();
    isReading = false;
    if (lags) end();
  }, SILENCE_MS);
  look.unref();
  try {
    const body = { create_request: { key: options.key } };
    const response = await request(`${endpoint}/v3/watch`, body, attempt.signal);
    for await (const line of linesOf(response)) {
      heardAt = performance.now();
      const result = objectOf(objectOf(JSON.parse(line))?.result);
      if (result === undefined || result.canceled === true) return;
      if (result.created === true) await read();
      for (const event of Array.isArray(result.events) ? result.events : []) tell(event, options);
    }
  } catch {
    // No connection, or one that ended, or lines that are no JSON: the next endpoint is tried.
  } finally {
    clearInterval(look);
    whole.removeEventListener('abort', end);
    end();
  }
}

/** A deletion has no value, and is no change of who holds the role. */
function tell(event: unknown, { seen }: EtcdWatchOptions): void {
  const pair = readPair(objectOf(event)?.kv);
  if (pair.seen !== undefined) seen(pair.seen);
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const part of response.body ?? []) {
    rest += decoder.decode(part, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_CHARACTERS_MAX) return;
    yield* lines.filter((line) => line !== '');
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
