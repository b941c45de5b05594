/**
 * ITU-T G.711: 16-bit linear samples to the eight bits of PCMU and PCMA and back, by tables made once.
 */
const MU_BIAS = 0x84;
const MU_CLIP = 32635;

function encodeMu(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(MU_CLIP, Math.abs(sample)) + MU_BIAS;
  const exponent = Math.max(0, 31 - Math.clz32(magnitude) - 7);
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
}

function decodeMu(code: number): number {
  const bits = ~code & 0xff;
  const magnitude = ((((bits & 0x0f) << 3) + MU_BIAS) << ((bits >> 4) & 7)) - MU_BIAS;
  return (bits & 0x80) !== 0 ? -magnitude : magnitude;
}

function encodeA(sample: number): number {
  const sign = sample >= 0 ? 0x80 : 0;
  const magnitude = Math.min(32767, sample >= 0 ? sample : -sample - 1);
  const exponent = magnitude < 256 ? 0 : 31 - Math.clz32(magnitude) - 7;
  const mantissa = exponent === 0 ? magnitude >> 4 : (magnitude >> (exponent + 3)) & 0x0f;
  return (sign | (exponent << 4) | mantissa) ^ 0x55;
}

function decodeA(code: number): number {
  const bits = code ^ 0x55;
  const exponent = (bits >> 4) & 7;
  const mantissa = bits & 0x0f;
  const magnitude = exponent === 0 ? (mantissa << 4) + 8 : ((mantissa << 4) + 0x108) << (exponent - 1);
  return (bits & 0x80) !== 0 ? magnitude : -magnitude;
}

function tabulate(encode: (sample: number) => number, decode: (code: number) => number) {
  const toCode = new Uint8Array(65536);
  const toSample = new Int16Array(256);
  for (let sample = -32768; sample < 32768; sample++) toCode[sample & 0xffff] = encode(sample);
  for (let code = 0; code < 256; code++) toSample[code] = decode(code);
  return { toCode, toSample };
}

const TABLES = { PCMU: tabulate(encodeMu, decodeMu), PCMA: tabulate(encodeA, decodeA) } as const;

export type G711Name = keyof typeof TABLES;

/** RFC 3551 table 4. */
export const PAYLOAD_TYPE: Readonly<Record<G711Name, number>> = { PCMU: 0, PCMA: 8 };

export function encodeG711(name: G711Name, samples: Int16Array): Uint8Array {
  const { toCode } = TABLES[name];
  return Uint8Array.from(samples, (sample) => toCode[sample & 0xffff] as number);
}

export function decodeG711(name: G711Name, codes: Uint8Array): Int16Array {
  const { toSample } = TABLES[name];
  return Int16Array.from(codes, (code) => toSample[code] as number);
}
