/**
 * The bootstrap file as it was delivered: at a path, or at a URL from which all desktops get theirs (S3). Read
 * within a time and up to a size; whatever goes wrong is a sentence.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { BOOTSTRAP_BYTES_MAX, type BootstrapDelivery, readBootstrap } from '@holdfast/desk';

/** The agent waits at the log-in meanwhile; a file that does not come (a dead disk or server) is taken for none. */
export const SOURCE_MAX_MS = 5_000;

type Bytes = { readonly bytes: Uint8Array } | { readonly text: string };

export async function readDelivery(source: string, maxMs = SOURCE_MAX_MS): Promise<BootstrapDelivery> {
  const name = nameOf(source);
  const found = await withinTime(source, maxMs);
  if ('text' in found) return { name, isThere: false, text: found.text };
  const content = createHash('sha256').update(found.bytes).digest('hex');
  return { name, isThere: true, content, reading: readBootstrap(found.bytes) };
}

/** A password in a URL is nothing for a log. */
function nameOf(source: string): string {
  return source.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1');
}

async function withinTime(source: string, maxMs: number): Promise<Bytes> {
  const late = { text: `It did not come within ${maxMs} ms.` };
  const ending = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<Bytes>((resolve) => {
    timer = setTimeout(() => resolve(late), maxMs);
  });
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(source)?.[1]?.toLowerCase();
  try {
    if (scheme === undefined) return await Promise.race([readPath(source), tooLate]);
    if (scheme !== 'http' && scheme !== 'https')
      return { text: `A bootstrap file is read from a path, or by http or https; not by ${scheme}.` };
    if (nameOf(source) !== source)
      return { text: 'A URL with a password in it is not read: name it without.' };
    return await Promise.race([readUrl(source, ending.signal), tooLate]);
  } catch (error) {
    // The file system's or the network's word; what fetch says itself is less than its cause.
    const { cause, message } = error as Error & { readonly cause?: { message?: string; code?: string } };
    return { text: `It cannot be read: ${cause?.message || cause?.code || message}.` };
  } finally {
    clearTimeout(timer);
    ending.abort();
  }
}

async function readPath(path: string): Promise<Bytes> {
  // A named pipe without a writer would not be opened before one comes.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) return { text: 'It is no file.' };
    // One byte more than is allowed tells that there is more.
    const { buffer, bytesRead } = await file.read(Buffer.alloc(BOOTSTRAP_BYTES_MAX + 1), 0);
    return limited(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

async function readUrl(url: string, signal: AbortSignal): Promise<Bytes> {
  const response = await fetch(url, { signal, headers: { 'cache-control': 'no-cache' } });
  if (response.status !== 200)
    return { text: `The server answers ${response.status} ${response.statusText}.` };
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    parts.push(part);
    length += part.length;
    if (length > BOOTSTRAP_BYTES_MAX) break;
  }
  return limited(Buffer.concat(parts));
}

function limited(bytes: Uint8Array): Bytes {
  if (bytes.length <= BOOTSTRAP_BYTES_MAX) return { bytes };
  return { text: `It is larger than ${BOOTSTRAP_BYTES_MAX} bytes, which no bootstrap file is.` };
}
