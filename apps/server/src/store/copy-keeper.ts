/** Keeps the copy of the configuration up to date, one write at a time: of what changes meanwhile the newest is written next. */
import type { Log } from '../log.ts';
import { type Copied, writeCopy } from './disk-copy.ts';

export class CopyKeeper {
  readonly #file: string;
  readonly #log: Log;
  #next: Copied | undefined;
  #writing: Promise<void> | undefined;
  #hasFailed = false;

  constructor(file: string, log: Log) {
    this.#file = file;
    this.#log = log;
  }

  keep(copied: Copied): void {
    this.#next = copied;
    this.#writing ??= this.#write();
  }

  /** When all is on the disk that was to be kept. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    for (let next = this.#next; next !== undefined; next = this.#next) {
      this.#next = undefined;
      try {
        await writeCopy(this.#file, next);
        if (this.#hasFailed)
          this.#log({ level: 'info', what: 'the copy of the configuration is written again' });
        this.#hasFailed = false;
      } catch (error) {
        // Full, or not ours to write: what is served is in memory, and the former copy is still there.
        const because = (error as Error).message;
        if (!this.#hasFailed)
          this.#log({ level: 'error', what: 'the copy of the configuration cannot be written', because });
        this.#hasFailed = true;
      }
    }
    this.#writing = undefined;
  }
}
