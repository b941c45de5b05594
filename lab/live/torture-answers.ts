/**
 * What a server of ours owes to each message of RFC 4475, by what that RFC says of it: written down from there, not
 * asked of our parser. Where it leaves a choice, or where a stranger is asked who he is before anybody looks at what he
 * wants (RFC 3261 §8.2: 401), `because` says so. What is sound is answered as any other message of its kind.
 */

/** The final response, or null for none. */
type Answer = number | null;

export interface TortureAnswer {
  readonly section: string;
  readonly udp: Answer;
  /** One for each message that a stream holds; absent where they are those of a datagram. */
  readonly tcp?: readonly number[];
  /** The stream cannot be told apart into messages any more: it is closed. */
  readonly closes?: true;
  readonly because: string;
}

const CHALLENGED = 'valid; a stranger is asked who he is';
const OURS = 'valid, and for us: OPTIONS to whatever name of ours';
const MALFORMED = 'malformed: 400';
const NO_REQUEST = 'a response that belongs to no request of ours is dropped';

/** By the name of the message in the RFC. */
export const TORTURE_ANSWERS: Readonly<Record<string, TortureAnswer>> = {
  wsinv: { section: '3.1.1.1', udp: 481, because: 'valid; its To has the tag of a dialog that nobody knows' },
  intmeth: { section: '3.1.1.2', udp: 405, because: 'valid; a method that nobody knows' },
  esc01: { section: '3.1.1.3', udp: 401, because: CHALLENGED },
  escnull: { section: '3.1.1.4', udp: 401, because: CHALLENGED },
  esc02: { section: '3.1.1.5', udp: 405, because: 'valid; an escaped REGISTER is no REGISTER' },
  lwsdisp: { section: '3.1.1.6', udp: 200, because: OURS },
  longreq: { section: '3.1.1.7', udp: 401, because: CHALLENGED },
  dblreq: {
    section: '3.1.1.8',
    udp: 401,
    tcp: [401, 401],
    because: 'a datagram is one message, a stream holds both',
  },
  semiuri: { section: '3.1.1.9', udp: 200, because: OURS },
  transports: { section: '3.1.1.10', udp: 200, because: OURS },
  mpart01: { section: '3.1.1.11', udp: 405, because: 'valid; MESSAGE is not for us' },
  unreason: { section: '3.1.1.12', udp: null, because: NO_REQUEST },
  noreason: { section: '3.1.1.13', udp: null, because: NO_REQUEST },

  badinv01: {
    section: '3.1.2.1',
    udp: null,
    because: 'should be 400, but what cannot be read is the Via, which says where an answer goes and to what',
  },
  clerr: {
    section: '3.1.2.2',
    udp: 400,
    tcp: [],
    because: 'shorter than it says: 400; a stream still waits for the rest',
  },
  ncl: { section: '3.1.2.3', udp: 400, closes: true, because: 'a negative length: 400' },
  scalar02: { section: '3.1.2.4', udp: 400, because: 'a CSeq beyond its range: 400' },
  scalarlg: {
    section: '3.1.2.5',
    udp: null,
    because: 'a response with numbers beyond their range is dropped',
  },
  quotbal: { section: '3.1.2.6', udp: 400, because: MALFORMED },
  ltgtruri: { section: '3.1.2.7', udp: 400, because: MALFORMED },
  lwsruri: { section: '3.1.2.8', udp: 400, because: MALFORMED },
  lwsstart: { section: '3.1.2.9', udp: 400, because: MALFORMED },
  trws: { section: '3.1.2.10', udp: 400, because: MALFORMED },
  escruri: { section: '3.1.2.11', udp: 400, because: MALFORMED },
  baddate: { section: '3.1.2.12', udp: 401, because: 'a Date that nobody needs may be passed over' },
  regbadct: { section: '3.1.2.13', udp: 400, because: MALFORMED },
  badaspec: { section: '3.1.2.14', udp: 400, because: MALFORMED },
  baddn: { section: '3.1.2.15', udp: 400, because: MALFORMED },
  badvers: { section: '3.1.2.16', udp: 505, because: 'another version: 505' },
  mismatch01: { section: '3.1.2.17', udp: 400, because: 'two methods in one request: 400' },
  mismatch02: { section: '3.1.2.18', udp: 400, because: 'the same with an unknown one: 501, or 400 as well' },
  bigcode: {
    section: '3.1.2.19',
    udp: null,
    because: 'a response with a status beyond its range is dropped',
  },

  badbranch: { section: '3.2.1', udp: 200, because: 'an empty branch is one of RFC 2543: answered as usual' },

  insuf: {
    section: '3.3.1',
    udp: null,
    because: '400 at best: without From, To and Call-ID there is no response',
  },
  unkscm: { section: '3.3.2', udp: 416, because: 'a Request-URI of an unknown scheme: 416' },
  novelsc: { section: '3.3.3', udp: 416, because: 'a Request-URI of a scheme that is not SIP: 416' },
  unksm2: {
    section: '3.3.4',
    udp: 401,
    because: 'a To that is no SIP URI: 400 by a registrar that knows who asks',
  },
  bext01: { section: '3.3.5', udp: 420, because: 'extensions that nobody supports are required: 420' },
  invut: { section: '3.3.6', udp: 401, because: 'a body of an unknown kind: 415 to whoever is known (UA7)' },
  regaut01: { section: '3.3.7', udp: 401, because: 'an unknown scheme of credentials is as none' },
  multi01: { section: '3.3.8', udp: 400, because: 'two of what there is one of: 400' },
  mcl01: { section: '3.3.9', udp: 400, closes: true, because: 'two lengths: 400' },
  bcast: { section: '3.3.10', udp: null, because: 'a response that names two senders is dropped' },
  zeromf: { section: '3.3.11', udp: 200, because: 'no hop is left, and none is needed' },
  cparam01: { section: '3.3.12', udp: 401, because: CHALLENGED },
  cparam02: { section: '3.3.13', udp: 401, because: CHALLENGED },
  regescrt: { section: '3.3.14', udp: 401, because: CHALLENGED },
  sdp01: {
    section: '3.3.15',
    udp: 401,
    because: 'a kind of answer that nobody knows: 406 to whoever is known',
  },

  inv2543: {
    section: '3.4.1',
    udp: 401,
    tcp: [400],
    closes: true,
    because: 'sound for RFC 2543; on a stream Content-Length is mandatory (RFC 3261 §18.3)',
  },
};
