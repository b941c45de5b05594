/**
 * What a supervisor and its servers say while their site starts: enough to know at once that it will not come up,
 * and to say why. A process that dies at every start is started again for minutes; nobody should wait for that.
 */

/** So many ends of one process before the site is up mean that it will not come up by itself. */
const DEATHS_MAX = 3;
/** The reason comes on another pipe than the supervisor's word, perhaps a little later. */
const REASON_MS = 100;
/** Lines that an error repeats, and that are remembered for that. */
const TAIL_LINES = 8;
const LINES_MAX = 50;
const LINE_MAX = 2_000;

export interface StartLogOptions {
  /** Whether the supervisor starts again what has died: if not, one end is for good. */
  readonly restarts: boolean;
}

export class StartLog {
  /** Rejects when a process has ended for good, or keeps dying. */
  readonly failed: Promise<never>;
  readonly #options: StartLogOptions;
  readonly #deaths = new Map<string, number>();
  readonly #lines: string[] = [];
  #fail: (error: Error) => void = () => {};
  #rest = '';

  constructor(options: StartLogOptions) {
    this.#options = options;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    // Most sites start, and nobody asks any more.
    this.failed.catch(() => {});
  }

  /** Output of the processes, as it comes. */
  read(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = (lines.pop() ?? '').slice(-LINE_MAX);
    for (const line of lines) this.#take(line);
  }

  #take(line: string): void {
    const entry = readEntry(line);
    // Where in the program it happened is for the log; what happened is for the error.
    if (line.trim() !== '' && !/^\s+at /.test(line)) this.#lines.push(entry?.text ?? line.slice(0, LINE_MAX));
    if (this.#lines.length > LINES_MAX) this.#lines.shift();
    if (entry?.concerns === undefined) return;
    const { what, concerns, because } = entry;
    if (what === 'process given up') this.#failWith(`${concerns} was given up: ${because}`);
    if (what !== 'process ended') return;
    const deaths = (this.#deaths.get(concerns) ?? 0) + 1;
    this.#deaths.set(concerns, deaths);
    if (!this.#options.restarts) this.#failWith(`${concerns} ended: ${because}`);
    else if (deaths >= DEATHS_MAX) this.#failWith(`${concerns} ended ${deaths} times: ${because}`);
  }

  #failWith(text: string): void {
    setTimeout(() => this.#fail(new Error(`${text}${this.tail()}`)), REASON_MS);
  }

  /** The last lines, for the end of a sentence. */
  tail(): string {
    const lines = this.#lines.slice(-TAIL_LINES).map((line) => `\n    ${line}`);
    return lines.length === 0 ? '; it logged nothing' : `. It logged last:${lines.join('')}`;
  }
}

interface Entry {
  readonly what: string;
  readonly because: string;
  /** The process that the supervisor speaks of. */
  readonly concerns: string | undefined;
  readonly text: string;
}

/** Undefined for lines that are no log entry, as the reasons on stderr. */
function readEntry(line: string): Entry | undefined {
  let entry: { application?: unknown; what?: unknown; because?: unknown; detail?: { application?: unknown } };
  try {
    entry = JSON.parse(line);
  } catch {
    // Words for people, or cut off.
    return undefined;
  }
  const { application, what, because = '', detail } = entry ?? {};
  if (typeof what !== 'string') return undefined;
  const concerns = typeof detail?.application === 'string' ? detail.application : undefined;
  const more = [concerns, because].filter((part) => part !== undefined && part !== '').join(', ');
  return {
    what,
    because: String(because),
    concerns,
    text: `${application}: ${what}${more === '' ? '' : ` (${more})`}`.slice(0, LINE_MAX),
  };
}
