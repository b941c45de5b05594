/**
 * Messages of ours: plain data to look at, with one private place where the accessors remember what they have
 * read. The place is a private field, so that a copy (`{ ...message, uri }`) starts with an empty memory and
 * never shows the fields of its original, and comparing or printing a message does not see it. Messages made
 * elsewhere as object literals get their memory from a WeakMap, which is slower and otherwise the same.
 */
import type { CSeq, HeaderField, NameAddr, SipMessage, SipRequest, SipResponse, Via } from './message.ts';

/** What has been read of one message: undefined is not yet looked at, null is absent or malformed. */
export class Memory {
  vias: readonly Via[] | null | undefined = undefined;
  topVia: Via | null | undefined = undefined;
  from: NameAddr | null | undefined = undefined;
  to: NameAddr | null | undefined = undefined;
  cseq: CSeq | null | undefined = undefined;
  callId: string | null | undefined = undefined;
  contacts: readonly NameAddr[] | '*' | null | undefined = undefined;
  /** Other name-addr lists by key. */
  addresses: Map<string, readonly NameAddr[] | null> | undefined = undefined;
  /** Values of fields by key, lists split. */
  values: Map<string, readonly string[]> | undefined = undefined;
}

class RememberingMessage {
  #memory: Memory | undefined = undefined;

  static memoryOf(message: object): Memory | undefined {
    if (!(#memory in message)) return undefined;
    message.#memory ??= new Memory();
    return message.#memory;
  }
}

class ReadRequest extends RememberingMessage implements SipRequest {
  declare readonly kind: 'request';
  declare readonly method: string;
  declare readonly uri: string;
  declare readonly headers: readonly HeaderField[];
  declare readonly body: Uint8Array;

  constructor(method: string, uri: string, headers: readonly HeaderField[], body: Uint8Array) {
    super();
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

  constructor(status: number, reason: string, headers: readonly HeaderField[], body: Uint8Array) {
    super();
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
): SipRequest {
  return new ReadRequest(method, uri, headers, body);
}

export function makeResponse(
  status: number,
  reason: string,
  headers: readonly HeaderField[],
  body: Uint8Array,
): SipResponse {
  return new ReadResponse(status, reason, headers, body);
}

const OTHERS = new WeakMap<object, Memory>();

export function memoryOf(message: SipMessage): Memory {
  const own = RememberingMessage.memoryOf(message);
  if (own !== undefined) return own;
  let memory = OTHERS.get(message);
  if (memory === undefined) {
    memory = new Memory();
    OTHERS.set(message, memory);
  }
  return memory;
}
