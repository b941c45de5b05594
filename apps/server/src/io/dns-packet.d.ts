/** The part of dns-packet that `dns.ts` uses; the package brings no types. */
declare module 'dns-packet' {
  export interface Question {
    readonly type: string;
    readonly name: string;
  }

  export interface Answer {
    readonly type: string;
    readonly name: string;
    /** Seconds. */
    readonly ttl?: number;
    /** By type: A and AAAA text; CNAME text; SRV, NAPTR and SOA an object. */
    readonly data?: unknown;
  }

  export interface Packet {
    readonly id?: number;
    readonly type?: 'query' | 'response';
    readonly flags?: number;
    readonly rcode?: string;
    readonly flag_tc?: boolean;
    readonly questions?: readonly Question[];
    readonly answers?: readonly Answer[];
    readonly authorities?: readonly Answer[];
  }

  export const RECURSION_DESIRED: number;
  export function encode(packet: Packet): Uint8Array;
  /** Throws on bytes that are no DNS message. */
  export function decode(bytes: Uint8Array): Packet;
}
