/**
 * What leaves the desk's node in one turn, in the order in which it is to be performed: orders to the shell, and what
 * is told of decisions, each with its because.
 */
import type { Because, LogLine } from '@holdfast/kernel';
import type { DeskEffect, DeskFact } from './desk-types.ts';

export class DeskOutput {
  #effects: DeskEffect[] = [];
  /** Who sits at the desk, for the log; empty before the start. */
  user = '';

  emit(effect: DeskEffect): void {
    this.#effects.push(effect);
  }

  /** For the ledger (ME1). */
  fact(fact: DeskFact, site: string, because?: Because): void {
    const governedBy = because?.option?.name ?? because?.rule ?? null;
    this.emit({ type: 'fact', fact, site, governedBy, because: because?.text ?? null });
  }

  decide(what: string, site: string, because: Because): void {
    this.emit({ type: 'decision', because, what, site });
    this.log('info', `desk: ${what}`, { site, because: because.text });
  }

  log(level: LogLine['level'], what: string, more: { site?: string; because?: string }): void {
    this.emit({ type: 'log', line: { level, what, agent: this.user, ...more } });
  }

  take(): DeskEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
