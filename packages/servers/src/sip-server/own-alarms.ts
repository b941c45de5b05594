/**
 * What a SIP Server reports of itself (SS91): that it does not do its work (GF6), that it does not wait for its mate
 * (LG2), that the other site does not answer (SS70). Who watches is told at each change, and who comes while an alarm
 * stands is told then: a takeover ends every connection, and raises alarms before anybody is back.
 */
import type { Millis } from '@holdfast/kernel';
import type { DeskReply } from '@holdfast/protocol';
import type { Clients } from './clients.ts';

export interface OwnAlarm {
  /** Our own words, of which there are few. */
  readonly name: string;
  readonly isRaised: boolean;
  readonly because: string;
}

export interface OwnAlarmPorts {
  readonly clients: Pick<Clients, 'boards' | 'send'>;
  wall(now: Millis): Millis;
  about(): { readonly application: string };
}

type Told = Extract<DeskReply, { type: 'Alarm' }>;

export class OwnAlarms {
  readonly #ports: OwnAlarmPorts;
  /** By name. */
  readonly #raised = new Map<string, Told>();

  constructor(ports: OwnAlarmPorts) {
    this.#ports = ports;
  }

  tell(now: Millis, { name, isRaised, because }: OwnAlarm): void {
    if (this.#raised.has(name) === isRaised) return;
    const { clients, wall, about } = this.#ports;
    const { application } = about();
    const alarm: Told = { type: 'Alarm', time: wall(now), application, name, isRaised, because };
    if (isRaised) this.#raised.set(name, alarm);
    else this.#raised.delete(name);
    for (const { connection } of clients.boards()) clients.send(connection, alarm);
  }

  /** Of a client that has registered for all DNs: what stands. */
  tellWhatStands(connection: string): void {
    for (const alarm of this.#raised.values()) this.#ports.clients.send(connection, alarm);
  }
}
