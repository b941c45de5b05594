/** Lists of values in one header field (RFC 3261 §7.3.1). */
const QUOTE = 34;
const COMMA = 44;
const LESS = 60;
const GREATER = 62;
const BACKSLASH = 92;

/**
 * The elements, trimmed; commas in quotes and between angle brackets separate nothing. Undefined when a quote or
 * bracket stays open or there are more than `most`.
 */
export function splitList(text: string, most: number): string[] | undefined {
  if (!text.includes(',')) return [text];
  const parts: string[] = [];
  let start = 0;
  let isBracketed = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === QUOTE && !isBracketed) {
      index = closingQuote(text, index);
      if (index === -1) return undefined;
    } else if (code === LESS) isBracketed = true;
    else if (code === GREATER) isBracketed = false;
    else if (code === COMMA && !isBracketed) {
      if (parts.length === most - 1) return undefined;
      parts.push(text.substring(start, index).trim());
      start = index + 1;
    }
  }
  if (isBracketed) return undefined;
  parts.push(text.substring(start).trim());
  return parts;
}

/** The index of the quote that closes the one at `open`; -1 when none does. */
export function closingQuote(text: string, open: number): number {
  for (let index = open + 1; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) return index;
    if (code === BACKSLASH) index++;
  }
  return -1;
}
