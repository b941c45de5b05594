/** All phones of the simulated centre but the callers': those of the agents, and whoever is behind the Call Processing Port. */
import { type GeneratedAgent, SALES_QUEUE } from '@holdfast/centre';
import type { Random } from '@holdfast/kernel';
import type { PhoneFact } from '@holdfast/sip';
import { SIP_PORT } from './node-program.ts';
import type { Host, Process } from './process.ts';
import { ANNOUNCER, ASKED_S, CALL_PROCESSING_PORT, type RuleCensus } from './rule-census.ts';
import { REALM, SITES, serviceOf } from './whole-centre.ts';
import { PhoneProgram } from './whole-phone.ts';
import { PASSWORD } from './whole-servers.ts';
import type { World } from './world.ts';

export class Phones {
  readonly processes: Process[] = [];
  readonly #world: World;
  readonly #random: Random;
  readonly #census: RuleCensus;

  constructor(world: World, random: Random, census: RuleCensus) {
    this.#world = world;
    this.#random = random;
    this.#census = census;
  }

  /** Whoever is behind the Call Processing Port: it answers, or sends its caller to a queue (CA6, CA15, SS33, SS34). */
  addAnnouncer(): void {
    const options = {
      number: CALL_PROCESSING_PORT,
      domain: REALM,
      password: '',
      scheme: 'none',
      sites: [],
      answerAfterMs: 500,
    } as const;
    const world = this.#world;
    const host = world.addHost(ANNOUNCER);
    const census = this.#census;
    const redirectsTo = `sip:${SALES_QUEUE}@${REALM}`;
    const told = (process: Process, phone: PhoneProgram, fact: PhoneFact) => {
      if (fact.name !== 'ringing' || this.#random() < 0.5) return;
      const command = { name: 'reject', leg: fact.leg } as const;
      world.plan(world.at + 200, () => {
        world.act(process, () => phone.tell(process.now(), { type: 'command', command }));
      });
    };
    this.processes.push(
      world.addProcess('announcer', host, (process, now) => {
        return new PhoneProgram(process, { options, lines: 100, census, redirectsTo, told }, now);
      }),
    );
  }

  /** Its desk starts it again (DS18). What other hands have stopped or killed, they start. */
  restart(phone: Process): void {
    this.#world.plan(this.#world.at, () => {
      if (phone.state !== 'running') return;
      this.#census.count('DS18');
      this.#world.kill(phone);
      this.#world.start(phone);
    });
  }

  /** Of an agent: the first, or one more. */
  add(
    agent: GeneratedAgent,
    at: {
      readonly host: Host;
      readonly transport: 'UDP' | 'TCP';
      readonly lines: number;
      /** Absent: a phone that nobody answers. */
      readonly told?: (fact: PhoneFact) => void;
    },
  ): Process {
    const { host, transport, lines, told } = at;
    const homeFirst = agent.home === 'north' ? SITES : ([SITES[1], SITES[0]] as const);
    const census = this.#census;
    const isFirst = told !== undefined;
    const phone = this.#world.addProcess(
      isFirst ? `phone-${agent.dn}` : `second-phone-${agent.dn}`,
      host,
      (process, now) => {
        const options = {
          number: agent.dn,
          domain: REALM,
          password: PASSWORD,
          scheme: agent.scheme,
          transport,
          sites: homeFirst.slice(0, agent.scheme === 'fixed' ? 1 : 2).map((site) => ({
            site: site.name,
            registrar: `sip:${REALM}`,
            destination: {
              type: 'target',
              target: { transport, host: site.address, port: SIP_PORT },
            } as const,
          })),
          // A phone with one registration at a time finds its site by name (PH1); the others know addresses.
          ...(agent.scheme === 'single' ? { service: serviceOf(agent.home) } : {}),
          expires: ASKED_S,
          instance: `urn:uuid:00000000-0000-4000-8000-${isFirst ? '0000' : '1000'}${agent.dn.padStart(8, '0')}`,
          answerAfterMs: isFirst ? 1_000 + Math.floor(3_000 * this.#random()) : null,
        };
        return new PhoneProgram(
          process,
          { options, lines, census, told: (_, __, fact) => told?.(fact) },
          now,
        );
      },
    );
    this.processes.push(phone);
    return phone;
  }
}
