/** One request to the JSON gateway of an etcd, and what became of it. */

/** An answer holds one key of a few hundred bytes; a larger one is not read. */
const BODY_BYTES_MAX = 64 * 1024;
/** Of what an endpoint says, for the log. */
const QUOTE_MAX = 200;

export type EtcdReply =
  | { readonly name: 'answered'; readonly value: unknown }
  /** Nothing of it has reached the endpoint. */
  | { readonly name: 'notSent'; readonly because: string }
  /** The endpoint may have performed it. */
  | { readonly name: 'perhaps'; readonly because: string };

/** What the system says when a connection could not be made, so that no request went over it. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Without its slash at the end. Throws a sentence when it is none. */
export function endpointUrl(text: string): string {
  const isUrl = URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
  if (!isUrl) throw new Error(`"${text}" is no URL of an etcd endpoint; write it as http://HOST:2379.`);
  return text.replace(/\/+$/, '');
}

export async function post(url: string, body: object, signal: AbortSignal): Promise<EtcdReply> {
  try {
    const response = await request(url, body, signal);
    const text = await bodyOf(response);
    if (text === undefined)
      return { name: 'perhaps', because: `its answer has more than ${BODY_BYTES_MAX} bytes` };
    if (!response.ok)
      return { name: 'perhaps', because: `HTTP ${response.status}: ${text.slice(0, QUOTE_MAX).trim()}` };
    return { name: 'answered', value: JSON.parse(text) };
  } catch (error) {
    // No connection, a connection that ended, the end of our patience, or an answer that is no JSON.
    if (error instanceof SyntaxError) return { name: 'perhaps', because: 'its answer is no JSON' };
    const { code, text } = failureOf(error);
    return { name: NOT_CONNECTED.has(code) ? 'notSent' : 'perhaps', because: text };
  }
}

/** An etcd sends nobody elsewhere: whoever redirects is none. */
export function request(url: string, body: object, signal: AbortSignal): Promise<Response> {
  const headers = { 'Content-Type': 'application/json' };
  return fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal, redirect: 'error' });
}

/** Undefined when it is too long. */
async function bodyOf(response: Response): Promise<string | undefined> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.byteLength;
    if (bytes > BODY_BYTES_MAX) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

/** `fetch` says "fetch failed"; why stands below, and where several addresses were tried in the first of them. */
function failureOf(error: unknown): { readonly code: string; readonly text: string } {
  const { cause, name, message } = error as Error & {
    cause?: NodeJS.ErrnoException & { errors?: unknown[] };
  };
  if (name === 'AbortError') return { code: name, text: 'no answer in time' };
  const why = (cause?.errors?.[0] as NodeJS.ErrnoException | undefined) ?? cause;
  return { code: why?.code ?? '', text: why?.message ?? message };
}
