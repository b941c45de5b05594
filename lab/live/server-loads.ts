/**
 * What the servers of a site say of themselves when they are asked how busy they are: picked out of the lines that
 * they log.
 */
import { LOAD_LINE } from '@holdfast/server';

export interface ServerLoad {
  readonly application: string;
  /** Since it was asked before. */
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  readonly rssKB: number;
  readonly heapKB: number;
}

/** A line longer than this is none of ours. */
const LINE_MAX = 64 * 1024;

export class ServerLoads {
  #rest = '';
  /** By process id; taken out when asked for. */
  readonly #loads = new Map<number, ServerLoad>();

  /** Output of the servers, as it comes. */
  read(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = (lines.pop() ?? '').slice(-LINE_MAX);
    for (const line of lines) if (line.includes(LOAD_LINE)) this.#take(line);
  }

  #take(line: string): void {
    let entry: { pid: number; application: string; what: string; detail: ServerLoad };
    try {
      entry = JSON.parse(line);
    } catch {
      // Cut off, or two processes wrote at once: it counts as not said.
      return;
    }
    if (entry.what !== LOAD_LINE) return;
    const { application, pid, detail } = entry;
    const { loopDelayP99Ms, loopDelayMaxMs, rssKB, heapKB } = detail;
    this.#loads.set(pid, { application, loopDelayP99Ms, loopDelayMaxMs, rssKB, heapKB });
  }

  /** Of those processes that have answered since the last time. */
  take(pids: readonly number[]): ServerLoad[] {
    const loads = pids.flatMap((pid) => this.#loads.get(pid) ?? []);
    this.#loads.clear();
    return loads;
  }

  hasAll(pids: readonly number[]): boolean {
    return pids.every((pid) => this.#loads.has(pid));
  }
}
