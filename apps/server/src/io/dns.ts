/// <reference path="./dns-packet.d.ts" />
/**
 * Performs the `lookup` effects of an endpoint: a stub resolver that asks the configured servers in turn. Node's own
 * resolver gives no TTL for SRV and NAPTR records, and without it an answer could only be kept for ever or not at
 * all (C24).
 *
 * Every look-up is answered, within `tries × servers × tryMs` at the latest. Names of the hosts file are answered
 * from it, for A and AAAA.
 */
import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { getServers } from 'node:dns';
import { readFileSync } from 'node:fs';
import { createConnection, isIP, isIPv4, isIPv6 } from 'node:net';
import type { LookupAnswer, NaptrRecord, RecordType, SrvRecord } from '@holdfast/sip';
import { type Answer, decode, encode, type Packet, RECURSION_DESIRED } from 'dns-packet';

export interface DnsServer {
  readonly host: string;
  readonly port: number;
}

export interface DnsOptions {
  /** Those of the system when absent. */
  readonly servers?: readonly DnsServer[];
  /** One try of one server, ms. */
  readonly tryMs?: number;
  /** How often the list of servers is gone through. */
  readonly tries?: number;
  /** The text of a hosts file; that of the system when absent. */
  readonly hosts?: string;
}

/** Look-ups under way at once; a further one fails at once. */
const PENDING_MAX = 1_000;

/** How long a name of the hosts file is believed, s. */
const HOSTS_TTL_S = 60;

/** A negative answer without SOA says nothing about how long it holds (RFC 2308 §5): not at all. */
const NEGATIVE_TTL_S = 0;

/** The longest answer that is read over TCP: that of the DNS. */
const ANSWER_BYTES_MAX = 65_535;

const CNAMES_MAX = 8;

interface Attempt {
  readonly id: number;
  readonly record: RecordType;
  readonly name: string;
  readonly done: (answer: LookupAnswer) => void;
  /** How many tries have begun. */
  tried: number;
  timer: NodeJS.Timeout | undefined;
  socket: Socket | undefined;
}

export class DnsClient {
  readonly #servers: readonly DnsServer[];
  readonly #tryMs: number;
  readonly #tries: number;
  readonly #hosts: ReadonlyMap<string, readonly string[]>;
  readonly #pending = new Set<Attempt>();

  constructor(options: DnsOptions = {}) {
    this.#servers = options.servers ?? getServers().map(serverOf);
    this.#tryMs = options.tryMs ?? 1_500;
    this.#tries = options.tries ?? 2;
    this.#hosts = parseHosts(options.hosts ?? systemHosts());
  }

  lookup(record: RecordType, name: string, done: (answer: LookupAnswer) => void): void {
    const addresses = record === 'A' || record === 'AAAA' ? this.#hosts.get(name) : undefined;
    if (addresses !== undefined && (record === 'A' || record === 'AAAA')) {
      const own = addresses.filter(record === 'A' ? isIPv4 : isIPv6);
      const ttlS = HOSTS_TTL_S;
      return done(own.length === 0 ? { type: 'none', ttlS } : { type: record, addresses: own, ttlS });
    }
    if (this.#servers.length === 0) return done({ type: 'failed', reason: 'no DNS server is configured' });
    if (this.#pending.size >= PENDING_MAX)
      return done({ type: 'failed', reason: 'too many look-ups under way' });
    const id = randomInt(65_536);
    const attempt: Attempt = { id, record, name, done, tried: 0, timer: undefined, socket: undefined };
    this.#pending.add(attempt);
    this.#try(attempt, 'no DNS server answers');
  }

  /** Open look-ups are answered as failed. */
  close(): void {
    for (const attempt of [...this.#pending]) this.#finish(attempt, { type: 'failed', reason: 'closed' });
  }

  #try(attempt: Attempt, reason: string): void {
    clearTimeout(attempt.timer);
    attempt.socket?.close();
    attempt.socket = undefined;
    if (attempt.tried >= this.#tries * this.#servers.length)
      return this.#finish(attempt, { type: 'failed', reason });
    const server = this.#servers[attempt.tried++ % this.#servers.length] as DnsServer;
    // A socket a try: its random port is half of what protects against forged answers (RFC 5452).
    const socket = createSocket(isIPv6(server.host) ? 'udp6' : 'udp4');
    attempt.socket = socket;
    attempt.timer = setTimeout(() => this.#try(attempt, reason), this.#tryMs);
    socket.on('error', (error) => {
      if (attempt.socket === socket) this.#try(attempt, error.message);
    });
    // Connected, so that the system drops what others send, and reports a port that nobody listens on.
    socket.connect(server.port, server.host, (error?: Error) => {
      if (attempt.socket !== socket) return;
      if (error === undefined) socket.send(queryOf(attempt));
      else this.#unsent(attempt, error.message);
    });
    socket.on('message', (bytes) => {
      if (attempt.socket === socket) this.#received(attempt, server, bytes);
    });
  }

  /** There is no way there in this moment: another server may have one, the first of them not before a while. */
  #unsent(attempt: Attempt, reason: string): void {
    if (attempt.tried % this.#servers.length !== 0) return this.#try(attempt, reason);
    clearTimeout(attempt.timer);
    attempt.timer = setTimeout(() => this.#try(attempt, reason), this.#tryMs);
  }

  #received(attempt: Attempt, server: DnsServer, bytes: Uint8Array): void {
    const packet = packetFor(attempt, bytes);
    // Not the answer to this question: the right one may still come.
    if (packet === undefined) return;
    if (packet.flag_tc === true) return this.#tryTcp(attempt, server);
    this.#answered(attempt, packet);
  }

  #answered(attempt: Attempt, packet: Packet): void {
    if (packet.rcode === 'NOERROR' || packet.rcode === 'NXDOMAIN')
      this.#finish(attempt, answerOf(attempt, packet));
    else this.#try(attempt, `the DNS server answers ${packet.rcode}`);
  }

  /** The answer did not fit a datagram (RFC 7766). Bounded by the time of the try that asked. */
  #tryTcp(attempt: Attempt, server: DnsServer): void {
    const socket = createConnection(server.port, server.host);
    const chunks: Uint8Array[] = [];
    let length = 0;
    const giveUp = setTimeout(() => socket.destroy(), this.#tryMs);
    socket.on('connect', () => {
      const query = queryOf(attempt);
      socket.write(new Uint8Array([query.length >> 8, query.length & 0xff]));
      socket.write(query);
    });
    socket.on('data', (bytes) => {
      chunks.push(bytes);
      length += bytes.length;
      if (length > ANSWER_BYTES_MAX + 2) return socket.destroy();
      const all = Buffer.concat(chunks);
      if (all.length < 2 || all.length < 2 + all.readUInt16BE(0)) return;
      const packet = packetFor(attempt, all.subarray(2));
      socket.destroy();
      if (packet !== undefined && this.#pending.has(attempt)) this.#answered(attempt, packet);
    });
    // After an error or the close the timer of the try goes on to the next server.
    socket.on('error', () => undefined);
    socket.on('close', () => clearTimeout(giveUp));
  }

  #finish(attempt: Attempt, answer: LookupAnswer): void {
    if (!this.#pending.delete(attempt)) return;
    clearTimeout(attempt.timer);
    const { socket } = attempt;
    attempt.socket = undefined;
    socket?.close();
    attempt.done(answer);
  }
}

function queryOf({ id, record, name }: Attempt): Uint8Array {
  return encode({ type: 'query', id, flags: RECURSION_DESIRED, questions: [{ type: record, name }] });
}

function packetFor(attempt: Attempt, bytes: Uint8Array): Packet | undefined {
  let packet: Packet;
  try {
    packet = decode(bytes);
  } catch {
    // Not a DNS message: what comes from outside may be anything.
    return undefined;
  }
  const question = packet.questions?.[0];
  if (packet.type !== 'response' || packet.id !== attempt.id || question === undefined) return undefined;
  return sameName(question.name, attempt.name) && question.type === attempt.record ? packet : undefined;
}

/** Follows the CNAMEs that the server has put before the records. */
function answerOf(attempt: Attempt, packet: Packet): LookupAnswer {
  const answers = packet.answers ?? [];
  let name = attempt.name;
  let ttlS = Number.POSITIVE_INFINITY;
  for (let i = 0; i < CNAMES_MAX; i++) {
    const alias = answers.find((answer) => answer.type === 'CNAME' && sameName(answer.name, name));
    if (alias === undefined || typeof alias.data !== 'string') break;
    ttlS = Math.min(ttlS, alias.ttl ?? 0);
    name = alias.data;
  }
  const own = answers.filter((answer) => answer.type === attempt.record && sameName(answer.name, name));
  for (const answer of own) ttlS = Math.min(ttlS, answer.ttl ?? 0);
  if (own.length === 0) return { type: 'none', ttlS: negativeTtl(packet.authorities ?? []) };
  return recordsOf(attempt.record, own, ttlS);
}

function recordsOf(record: RecordType, answers: readonly Answer[], ttlS: number): LookupAnswer {
  switch (record) {
    case 'A':
    case 'AAAA':
      return { type: record, addresses: answers.map((answer) => String(answer.data)), ttlS };
    case 'SRV':
      return { type: 'SRV', records: answers.map((answer) => answer.data as SrvRecord), ttlS };
    case 'NAPTR':
      return {
        type: 'NAPTR',
        records: answers.map((answer) => naptrOf(answer.data as NaptrData)),
        ttlS,
      };
  }
}

interface NaptrData {
  readonly order: number;
  readonly preference: number;
  readonly flags: Uint8Array | string;
  readonly services: Uint8Array | string;
  readonly replacement: string;
}

function naptrOf(data: NaptrData): NaptrRecord {
  const { order, preference, replacement } = data;
  return { order, preference, replacement, flags: textOf(data.flags), service: textOf(data.services) };
}

function textOf(value: Uint8Array | string): string {
  return typeof value === 'string' ? value : new TextDecoder().decode(value);
}

/** RFC 2308 §5: the lesser of the SOA's own TTL and its minimum field. */
function negativeTtl(authorities: readonly Answer[]): number {
  const soa = authorities.find((authority) => authority.type === 'SOA');
  if (soa === undefined) return NEGATIVE_TTL_S;
  const minimum = (soa.data as { readonly minimum?: number } | undefined)?.minimum ?? 0;
  return Math.min(soa.ttl ?? 0, minimum);
}

function sameName(left: string, right: string): boolean {
  return left.toLowerCase().replace(/\.$/, '') === right.toLowerCase().replace(/\.$/, '');
}

/** "10.0.0.1", "10.0.0.1:5300", "[::1]:5300", as Node gives them. */
function serverOf(text: string): DnsServer {
  if (isIP(text) !== 0) return { host: text, port: 53 };
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}

function systemHosts(): string {
  try {
    return readFileSync('/etc/hosts', 'utf8');
  } catch {
    // A machine without the file has no such names.
    return '';
  }
}

function parseHosts(text: string): Map<string, string[]> {
  const hosts = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address, ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (address === undefined || isIP(address) === 0) continue;
    for (const name of names)
      hosts.set(name.toLowerCase(), [...(hosts.get(name.toLowerCase()) ?? []), address]);
  }
  return hosts;
}
