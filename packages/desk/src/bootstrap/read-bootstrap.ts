/**
 * From the bytes of a bootstrap file, in either form, to what it says. A mistake is named with its line, its key and
 * what is allowed; whoever reads the file goes on with the last good copy (DS20).
 */
import { decodeUtf8 } from '@holdfast/kernel';
import type { BootstrapReading } from './bootstrap.ts';
import { readBootstrapJson } from './bootstrap-json.ts';
import { readBootstrapXml } from './bootstrap-xml.ts';

/** A real one has some thousand bytes. */
export const BOOTSTRAP_BYTES_MAX = 262_144;

export function readBootstrap(bytes: Uint8Array): BootstrapReading {
  const refuse = (text: string, line = 0): BootstrapReading => ({
    ok: false,
    problems: [{ line, key: '', text }],
  });
  if (bytes.length > BOOTSTRAP_BYTES_MAX)
    return refuse(`The file has ${bytes.length} bytes; at most ${BOOTSTRAP_BYTES_MAX} are allowed.`);
  if (isUtf16(bytes)) return refuse('The file is written in UTF-16. Save it as UTF-8.');
  const text = decodeUtf8(bytes).replace(/^\uFEFF/, '');
  const bad = text.indexOf('\uFFFD');
  if (bad !== -1)
    return refuse(
      'The file holds bytes that are no UTF-8. Save it as UTF-8.',
      text.slice(0, bad).split('\n').length,
    );
  const first = text.trimStart()[0];
  if (first === undefined) return refuse('The file is empty.');
  if (first === '<') {
    const encoding = /^\s*<\?xml[^>]*encoding\s*=\s*["']([\w.:-]+)["']/.exec(text)?.[1];
    if (encoding !== undefined && !/^utf-?8$/i.test(encoding))
      return refuse(`The file says that its encoding is ${encoding}. Save it as UTF-8 and say so.`, 1);
    return readBootstrapXml(text);
  }
  return readBootstrapJson(text);
}

/** By its byte order mark, or without one by the zero byte beside the first sign, which neither form can have. */
function isUtf16([first, second]: Uint8Array): boolean {
  const isMarked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  return isMarked || first === 0 || second === 0;
}
