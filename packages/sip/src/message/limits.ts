/**
 * What a message from outside may cost. Everything is measured before it is read further; what is over a limit
 * is refused with a clear reason, and nothing grows with what a stranger sends.
 */

/** A whole message, start line to end of body. UDP cannot carry more; on streams it bounds the buffer. */
export const MESSAGE_BYTES_MAX = 65_536;

/** Start line and header fields. A dozen Vias and long credentials stay far below. */
export const HEAD_BYTES_MAX = 32_768;

/** Header fields of one message. Real ones have 10 to 40. */
export const HEADER_COUNT_MAX = 256;

/** One header field, unfolded. Digest and Identity values reach about 1,500. */
export const HEADER_BYTES_MAX = 8_192;

/** The Request-URI; above it the answer is 414. */
export const URI_BYTES_MAX = 2_048;

/** Elements of one list, or Vias in all: 70 hops (Max-Forwards) and some room. */
export const LIST_COUNT_MAX = 128;

/** Parameters of one element. */
export const PARAM_COUNT_MAX = 64;

/** RFC 3261 §8.1.1.5: below 2^31. */
export const CSEQ_MAX = 2 ** 31 - 1;

/** RFC 3261 §20.22. */
export const MAX_FORWARDS_MAX = 255;

/** RFC 3261 §20.19, §25.1 delta-seconds. */
export const DELTA_SECONDS_MAX = 2 ** 32 - 1;
