/**
 * Somebody on the network who means no good, or whose phone is broken: guesses passwords, poses as a server, writes
 * REGISTERs as they should not be, calls phones directly. It harms nobody; what the sites and phones answer is counted.
 */
import { GUEST } from '@holdfast/centre';
import type { Millis, Random } from '@holdfast/kernel';
import { randomToken } from '@holdfast/kernel';
import { type ConfigReply, type ConfigRequest, PROTOCOL_VERSION } from '@holdfast/protocol';
import {
  answerAgain,
  answerChallenge,
  createRequest,
  cseqOf,
  type DigestMemory,
  headerValue,
  headerValues,
  type SipMessage,
  type SipResponse,
} from '@holdfast/sip';
import { SIP_PORT } from './node-program.ts';
import type { Address, Process, Program } from './process.ts';
import type { RuleCensus } from './rule-census.ts';
import type { StreamEnd } from './stream.ts';
import { CONFIG_PORT, nodeHashes, PASSWORD } from './whole-servers.ts';

export interface StrangerOptions {
  /** Addresses of the sites, and of some phones. */
  readonly sites: readonly string[];
  /** Of the Configuration Server of each, in that order. */
  readonly configServers: readonly string[];
  readonly phones: readonly string[];
  readonly realm: string;
  readonly until: Millis;
  readonly census: RuleCensus;
}

/** Mean pause between two tricks. */
const PAUSE_MS = 15_000;
/** One more than lock a name out (CS5). */
const GUESSES = 6;

type Trick = (site: string) => void;

/** What is written into a REGISTER beside what every one has, and the rule that the answer is due to. */
interface Register {
  readonly headers: readonly (readonly [string, string])[];
  readonly rule: string;
  readonly status: number;
  /** Instead of the next number. */
  readonly cseq?: number;
}

export class StrangerProgram implements Program {
  readonly #process: Process;
  readonly #options: StrangerOptions;
  readonly #random: Random;
  readonly #tricks: readonly Trick[];
  #dueAt: Millis;
  #turn = 0;
  #end: StreamEnd | undefined;
  #application = '';
  #guesses = 0;
  #registers: Register[] = [];
  #sent: Register | undefined;
  #site = '';
  #callId = '';
  #cseq = 0;
  #memory: DigestMemory | undefined;

  constructor(process: Process, options: StrangerOptions, now: Millis) {
    this.#process = process;
    this.#options = options;
    this.#random = process.world.fork(process.index * 1_000 + process.life);
    this.#dueAt = now + PAUSE_MS * this.#random();
    process.listenDatagrams(SIP_PORT);
    this.#tricks = [
      (site) => this.#register(site),
      (site) => this.#connect(site, 'workspace'),
      (site) => this.#connect(site, 'sip-north'),
      () => this.#callPhone(),
      (site) => this.#probe(site),
    ];
  }

  nextDeadline(): Millis {
    return this.#dueAt;
  }

  expire(now: Millis): void {
    if (now < this.#dueAt) return;
    this.#dueAt = now + PAUSE_MS * (0.5 + this.#random());
    if (this.#process.world.at > this.#options.until) return;
    const { sites } = this.#options;
    const site = sites[Math.floor(this.#random() * sites.length)] ?? '';
    this.#tricks[this.#turn++ % this.#tricks.length]?.(site);
  }

  #connect(site: string, application: string): void {
    this.#end?.close();
    this.#application = application;
    const { sites, configServers } = this.#options;
    const host = configServers[sites.indexOf(site)] ?? '';
    this.#guesses = 0;
    this.#end = this.#process.connect({ host, port: CONFIG_PORT });
  }

  opened(_now: Millis, end: StreamEnd): void {
    if (end !== this.#end) return end.close();
    const open = { type: 'Open', ReferenceID: 1, application: this.#application } as const;
    const nonce = this.#application === 'workspace' ? {} : { nonce: randomToken(this.#random, 32) };
    this.#send({ ...open, version: PROTOCOL_VERSION, addpTimeoutMs: 60_000, ...nonce });
  }

  message(_now: Millis, end: StreamEnd, message: unknown): void {
    if (end !== this.#end) return;
    const { census } = this.#options;
    const reply = message as ConfigReply;
    if (reply.type === 'Opened') return this.#guess();
    if (reply.type === 'Challenge')
      return this.#send({ type: 'Proof', ReferenceID: 1, proof: randomToken(this.#random, 64) });
    if (reply.type !== 'Error') return;
    if (reply.code === 'not-allowed') for (const rule of ['CS2', 'LK1']) census.count(rule);
    if (reply.code === 'wrong-password') census.count('CS4');
    if (reply.code === 'too-many-failures') census.count('CS5');
    if (reply.code === 'wrong-password' && this.#guesses < GUESSES) return this.#guess();
    end.close();
    this.#end = undefined;
  }

  /** A name that exists or one that does not: both get the same answer. */
  #guess(): void {
    const user = this.#turn % 8 < 4 ? GUEST.user : 'nobody';
    this.#guesses++;
    this.#send({ type: 'LogIn', ReferenceID: 1 + this.#guesses, user, password: `guess-${this.#guesses}` });
  }

  #send(message: ConfigRequest): void {
    this.#end?.send(message);
  }

  closed(_now: Millis, end: StreamEnd): void {
    if (end === this.#end) this.#end = undefined;
  }

  /** A phone with the guest's account, which registers and then gets one thing after another wrong. */
  #register(site: string): void {
    const contact = `<sip:${GUEST.dn}@${this.#process.host.name}:${SIP_PORT}>`;
    this.#site = site;
    this.#callId = randomToken(this.#random, 20);
    this.#cseq = 10;
    this.#memory = undefined;
    this.#registers = [
      { headers: [['Contact', `${contact};expires=60`]], rule: 'RG1', status: 200 },
      { headers: [['Contact', `${contact};expires=60`]], rule: 'RG3', status: 500, cseq: 5 },
      { headers: [['Require', 'levitation']], rule: 'RG7', status: 420 },
      { headers: [['Contact', '<mailto:guest@example.com>']], rule: 'RG7', status: 400 },
      { headers: allContacts('60'), rule: 'RG2', status: 400 },
      { headers: allContacts('0'), rule: 'RG2', status: 200 },
    ];
    this.#nextRegister();
  }

  #nextRegister(): void {
    this.#sent = this.#registers.shift();
    if (this.#sent !== undefined) this.#transmitRegister(this.#sent, undefined);
  }

  #transmitRegister(register: Register, challenged: SipResponse | undefined): void {
    const { realm } = this.#options;
    const aor = `sip:${GUEST.dn}@${realm}`;
    const account = {
      user: GUEST.dn,
      password: PASSWORD,
      hashes: nodeHashes,
      cnonce: randomToken(this.#random, 16),
      method: 'REGISTER',
      uri: `sip:${realm}`,
    };
    const values = challenged === undefined ? [] : headerValues(challenged, 'www-authenticate');
    const answer =
      challenged === undefined
        ? this.#memory && answerAgain(this.#memory, account)
        : answerChallenge(values, { ...account, answered: 0 });
    if (answer !== undefined && !('memory' in answer)) return;
    if (answer !== undefined) this.#memory = answer.memory;
    const request = createRequest({
      method: 'REGISTER',
      uri: `sip:${realm}`,
      headers: [
        this.#via(),
        ['Max-Forwards', '70'],
        ['From', `<${aor}>;tag=stranger`],
        ['To', `<${aor}>`],
        ['Call-ID', this.#callId],
        ['CSeq', `${register.cseq ?? ++this.#cseq} REGISTER`],
        ...register.headers,
        ...(answer === undefined ? [] : [['Authorization', answer.value] as const]),
      ],
    });
    this.#process.sendDatagram(request, { host: this.#site, port: SIP_PORT }, SIP_PORT);
  }

  #via(): readonly [string, string] {
    const branch = `z9hG4bK${randomToken(this.#random, 12)}`;
    return ['Via', `SIP/2.0/UDP ${this.#process.host.name}:${SIP_PORT};branch=${branch};rport`];
  }

  datagram(_now: Millis, message: unknown, source: Address): void {
    const response = message as SipMessage;
    if (response.kind !== 'response' || response.status < 200) return;
    const method = cseqOf(response)?.method;
    if (method === 'INVITE') return this.#callRefused(response, source);
    const sent = this.#sent;
    if (sent === undefined || headerValue(response, 'call-id') !== this.#callId) return;
    if (response.status === 401) return this.#transmitRegister(sent, response);
    if (response.status === sent.status) this.#options.census.count(sent.rule);
    this.#nextRegister();
  }

  /** Whether anybody is there (SS43); the answer is counted where it is sent. */
  #probe(site: string): void {
    const { realm } = this.#options;
    const request = createRequest({
      method: 'OPTIONS',
      uri: `sip:${realm}`,
      headers: [
        this.#via(),
        ['Max-Forwards', '70'],
        ['From', `<sip:${GUEST.dn}@${realm}>;tag=${randomToken(this.#random, 8)}`],
        ['To', `<sip:${realm}>`],
        ['Call-ID', randomToken(this.#random, 20)],
        ['CSeq', '1 OPTIONS'],
      ],
    });
    this.#process.sendDatagram(request, { host: site, port: SIP_PORT }, SIP_PORT);
  }

  /** Straight to a phone, and for nobody there. */
  #callPhone(): void {
    const { phones, realm } = this.#options;
    const phone = phones[Math.floor(this.#random() * phones.length)];
    if (phone === undefined) return;
    const request = createRequest({
      method: 'INVITE',
      uri: `sip:100@${phone}:${SIP_PORT}`,
      headers: [
        this.#via(),
        ['Max-Forwards', '70'],
        ['From', `<sip:${GUEST.dn}@${realm}>;tag=${randomToken(this.#random, 8)}`],
        ['To', `<sip:100@${phone}>`],
        ['Call-ID', randomToken(this.#random, 20)],
        ['CSeq', '1 INVITE'],
        ['Contact', `<sip:${this.#process.host.name}:${SIP_PORT}>`],
      ],
    });
    this.#process.sendDatagram(request, { host: phone, port: SIP_PORT }, SIP_PORT);
  }

  #callRefused(response: SipResponse, to: Address): void {
    if (response.status === 404) this.#options.census.count('PH10');
    const kept = response.headers.filter(({ key }) => ['via', 'from', 'to', 'call-id'].includes(key));
    const request = createRequest({
      method: 'ACK',
      uri: `sip:100@${to.host}:${SIP_PORT}`,
      headers: [
        ...kept.map(({ name, value }) => [name, value] as const),
        ['CSeq', '1 ACK'],
        ['Max-Forwards', '70'],
      ],
    });
    this.#process.sendDatagram(request, to, SIP_PORT);
  }

  accepted(): void {}
  lookedUp(): void {}
  clockJumped(): void {}
}

function allContacts(expires: string): Register['headers'] {
  return [
    ['Contact', '*'],
    ['Expires', expires],
  ];
}
