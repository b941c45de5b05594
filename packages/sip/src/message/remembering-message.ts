/**
 * Messages of ours: plain data to look at, with one private place where the accessors remember what they have
 * read. The place is a private field, so that a copy (`{ ...message, uri }`) starts with an empty memory and
 * never shows the fields of its original, and comparing or printing a message does not see it. Messages made
 * elsewhere as object literals get their memory from a WeakMap, which is slower and otherwise the same.
 */
import type { CSeq, HeaderField, NameAddr, SipMessage, SipRequest, SipResponse, Via } from './message.ts';

/** What has been read of one message: undefined is not yet looked at, null is absent or malformed. */
export class Memory {
  declare vias: readonly Via[] | null | undefined;
  declare topVia: Via | null | undefined;
  declare from: NameAddr | null | undefined;
  declare to: NameAddr | null | undefined;
  declare cseq: CSeq | null | undefined;
  declare callId: string | null | undefined;
  declare contacts: readonly NameAddr[] | '*' | null | undefined;
  declare routes: readonly NameAddr[] | null | undefined;
  declare recordRoutes: readonly NameAddr[] | null | undefined;
  /** Other name-addr lists by key. */
  declare addresses: Map<string, readonly NameAddr[] | null> | undefined;
  /** Values of fields by key, lists split. */
  declare values: Map<string, readonly string[]> | undefined;

  constructor() {
    this.vias = undefined;
    this.topVia = undefined;
    this.from = undefined;
    this.to = undefined;
    this.cseq = undefined;
    this.callId = undefined;
    this.contacts = undefined;
    this.routes = undefined;
    this.recordRoutes = undefined;
    this.addresses = undefined;
    this.values = undefined;
  }
}

/** The request with another top Via in its header fields: what was read of all other fields stays known. */
export function withTopVia(request: SipRequest, headers: readonly HeaderField[], topVia: Via): SipRequest {
  const known = memoryOf(request);
  const memory = new Memory();
  memory.topVia = topVia;
  memory.from = known.from;
  memory.to = known.to;
  memory.cseq = known.cseq;
  memory.callId = known.callId;
  memory.contacts = known.contacts;
  memory.routes = known.routes;
  memory.recordRoutes = known.recordRoutes;
  memory.addresses = known.addresses;
  return makeRequest(request.method, request.uri, headers, request.body, memory);
}

class RememberingMessage {
  #memory: Memory | undefined;

  constructor(memory: Memory | undefined) {
    this.#memory = memory;
  }

  memory(): Memory {
    this.#memory ??= new Memory();
    return this.#memory;
  }
}

class ReadRequest extends RememberingMessage implements SipRequest {
  declare readonly kind: 'request';
  declare readonly method: string;
  declare readonly uri: string;
  declare readonly headers: readonly HeaderField[];
  declare readonly body: Uint8Array;

  constructor(
    method: string,
    uri: string,
    headers: readonly HeaderField[],
    body: Uint8Array,
    memory: Memory | undefined,
  ) {
    super(memory);
    this.kind = 'request';
    this.method = method;
    this.uri = uri;
    this.headers = headers;
    this.body = body;
  }
}

class ReadResponse extends RememberingMessage implements SipResponse {
  declare readonly kind: 'response';
  declare readonly status: number;
  declare readonly reason: string;
  declare readonly headers: readonly HeaderField[];
  declare readonly body: Uint8Array;

  constructor(
    status: number,
    reason: string,
    headers: readonly HeaderField[],
    body: Uint8Array,
    memory: Memory | undefined,
  ) {
    super(memory);
    this.kind = 'response';
    this.status = status;
    this.reason = reason;
    this.headers = headers;
    this.body = body;
  }
}

export function makeRequest(
  method: string,
  uri: string,
  headers: readonly HeaderField[],
  body: Uint8Array,
  memory?: Memory,
): SipRequest {
  return new ReadRequest(method, uri, headers, body, memory);
}

export function makeResponse(
  status: number,
  reason: string,
  headers: readonly HeaderField[],
  body: Uint8Array,
  memory?: Memory,
): SipResponse {
  return new ReadResponse(status, reason, headers, body, memory);
}

const OTHERS = new WeakMap<object, Memory>();

export function memoryOf(message: SipMessage): Memory {
  if (message instanceof RememberingMessage) return message.memory();
  let memory = OTHERS.get(message);
  if (memory === undefined) {
    memory = new Memory();
    OTHERS.set(message, memory);
  }
  return memory;
}
