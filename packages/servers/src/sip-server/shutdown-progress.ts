/**
 * Tells how a graceful shutdown goes (SS47): everybody when it begins, is taken back, passes its deadline or has nothing
 * left to do; supervisors and administrators each second while its figures change, because they are the ones who wait
 * for it. Where nothing is left the process may be asked to end (SS48).
 */
import type { Centre, ShutdownView } from '@holdfast/centre';
import type { LogLine, Millis } from '@holdfast/kernel';
import {
  type DeskReply,
  isSupervisor,
  SHUTDOWN_STAYING_MAX,
  type ShutdownProgress,
} from '@holdfast/protocol';
import type { Client, Clients } from './clients.ts';
import type { SipServerEffect } from './effects.ts';

/** How often figures are looked at. */
export const PROGRESS_EVERY_MS = 1_000;

export interface ShutdownProgressPorts {
  readonly centre: Pick<Centre, 'isShuttingDown' | 'shutdownView' | 'isDrained'>;
  readonly clients: Pick<Clients, 'admitted' | 'send'>;
  readonly calls: { readonly size: number };
  readonly registrations: { readonly size: number };
  site(): string;
  emit(effect: SipServerEffect): void;
}

/** Where it stood when everybody was told; `going` from the beginning on. */
type Stage = 'none' | 'going' | 'past-deadline' | 'drained';

export class ShutdownProgressTeller {
  readonly #ports: ShutdownProgressPorts;
  #stage: Stage = 'none';
  #lookAt: Millis = Number.NEGATIVE_INFINITY;
  #hasEnded = false;
  /** What each of those who wait has been told last; goes with the client. */
  readonly #told = new WeakMap<Client, string>();

  constructor(ports: ShutdownProgressPorts) {
    this.#ports = ports;
  }

  nextDeadline(): Millis | undefined {
    return this.#stage === 'none' ? undefined : this.#lookAt;
  }

  /** After each input. */
  look(now: Millis): void {
    const { centre } = this.#ports;
    if (!centre.isShuttingDown && this.#stage === 'none') return;
    const isNews = centre.isShuttingDown !== (this.#stage !== 'none');
    const isDone = centre.isDrained && this.#isSilent() && this.#stage !== 'drained';
    if (!isNews && !isDone && now < this.#lookAt) return;
    this.#lookAt = now + PROGRESS_EVERY_MS;
    const view = centre.shutdownView();
    const isDrained = view?.isDrained === true && this.#isSilent();
    const stage = isDrained ? 'drained' : stageOf(view);
    const progress = view && progressOf({ ...view, isDrained }, this.#ports.registrations.size, now);
    if (stage !== this.#stage) return this.#tellAll(stage, progress);
    if (progress !== undefined) this.#tellThoseWhoWait(progress);
    // Not in the moment in which everybody is told: the last BYE may have to be repeated.
    if (isDrained && view.endsProcess) this.#end(view);
  }

  /** Legs of a call may outlive it for a moment. */
  #isSilent(): boolean {
    return this.#ports.calls.size === 0;
  }

  #tellAll(stage: Stage, progress: ShutdownProgress | undefined): void {
    const { clients, site, emit } = this.#ports;
    this.#stage = stage;
    // One that goes on again may end the process again.
    if (stage === 'none') this.#hasEnded = false;
    const message = messageOf(progress);
    for (const client of clients.admitted()) {
      this.#told.set(client, figuresOf(progress));
      clients.send(client.connection, message);
    }
    if (stage !== 'drained') return;
    const because = 'neither an agent nor a call is left';
    emit({ type: 'log', line: { level: 'info', what: 'graceful shutdown done', because, site: site() } });
  }

  #tellThoseWhoWait(progress: ShutdownProgress): void {
    const { clients } = this.#ports;
    const figures = figuresOf(progress);
    for (const client of clients.admitted()) {
      if (!isSupervisor(client.person?.rank)) continue;
      if (this.#told.get(client) === figures) continue;
      this.#told.set(client, figures);
      clients.send(client.connection, messageOf(progress));
    }
  }

  #end({ by }: ShutdownView): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const because = `${by} has asked for it, and neither an agent nor a call is left`;
    const line: LogLine = { level: 'warn', what: 'process ends', because, site: this.#ports.site() };
    this.#ports.emit({ type: 'log', line });
    this.#ports.emit({ type: 'end', because });
  }
}

function stageOf(view: ShutdownView | undefined): Stage {
  if (view === undefined) return 'none';
  return view.isPastDeadline ? 'past-deadline' : 'going';
}

function progressOf(view: ShutdownView, phones: number, now: Millis): ShutdownProgress {
  const { deadlineAt, staying, ...figures } = view;
  return {
    ...figures,
    phones,
    staying: staying
      .slice(0, SHUTDOWN_STAYING_MAX)
      .map(({ dn, agentId, because }) => ({ dn, AgentID: agentId, because })),
    stayingCount: staying.length,
    ...(deadlineAt === undefined || view.isPastDeadline
      ? {}
      : { deadlineInMs: Math.max(0, Math.round(deadlineAt - now)) }),
  };
}

function messageOf(progress: ShutdownProgress | undefined): DeskReply {
  return progress === undefined
    ? { type: 'ServerState', isShuttingDown: false }
    : { type: 'ServerState', isShuttingDown: true, shutdown: progress };
}

/** Whoever waits can count the time by themselves. */
function figuresOf(progress: ShutdownProgress | undefined): string {
  return JSON.stringify({ ...progress, deadlineInMs: undefined });
}
