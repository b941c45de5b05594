/**
 * Text and bytes. TextEncoder and TextDecoder exist in every runtime that we run on, but in no library of the
 * language itself, so that they are declared here, once, in the part that is used.
 */
interface Codecs {
  TextEncoder: new () => {
    encode(text: string): Uint8Array;
    encodeInto(text: string, target: Uint8Array): { read: number; written: number };
  };
  TextDecoder: new (label: string, options: { fatal: boolean }) => { decode(bytes: Uint8Array): string };
}
const codecs = globalThis as unknown as Codecs;
const encoder = new codecs.TextEncoder();
const decoder = new codecs.TextDecoder('utf-8', { fatal: false });

export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** How many bytes of `target` the text takes; undefined when it does not fit. */
export function encodeUtf8Into(text: string, target: Uint8Array): number | undefined {
  const { read, written } = encoder.encodeInto(text, target);
  return read === text.length ? written : undefined;
}

/** Malformed sequences become U+FFFD. */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
