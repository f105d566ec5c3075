import type { Evaluation } from "../unlock/index.ts";

const ascii = new TextDecoder();
const DIGIT_ZERO = 48;

/** States as they are stored: one digit for each item, see `Meta.states`. */
export function pack({ open, visible, earned }: Evaluation): string {
  const digits = new Uint8Array(open.length);
  for (let item = 0; item < digits.length; item += 1) {
    digits[item] = DIGIT_ZERO + ((open[item] ?? 0) | ((visible[item] ?? 0) << 1) | ((earned[item] ?? 0) << 2));
  }
  return ascii.decode(digits);
}

/** States in the form of {@link pack}; null for those of another outline. */
export function unpack(states: string, size: number, validUntil: number | null): Evaluation | null {
  if (states.length !== size) return null;
  const bits = Uint8Array.from(states, Number);
  return {
    open: bits.map((digit) => digit & 1),
    visible: bits.map((digit) => (digit >> 1) & 1),
    earned: bits.map((digit) => (digit >> 2) & 1),
    validUntil: validUntil ?? Number.POSITIVE_INFINITY,
  };
}
