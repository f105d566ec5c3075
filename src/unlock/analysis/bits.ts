/** A set of item numbers, as bits. */
export type Bits = Uint32Array;

export function has(bits: Bits | null, item: number): boolean {
  return bits !== null && ((bits[item >>> 5] ?? 0) & (1 << (item & 31))) !== 0;
}

export function withBit(size: number, bits: Bits | null, item: number): Bits {
  const copy = bits === null ? new Uint32Array((size + 31) >>> 5) : bits.slice();
  copy[item >>> 5] = (copy[item >>> 5] ?? 0) | (1 << (item & 31));
  return copy;
}

export function joined(all: readonly (Bits | null)[]): Bits | null {
  const some = all.filter((bits) => bits !== null);
  const [first, ...rest] = some;
  if (first === undefined || rest.length === 0) return first ?? null;
  const sum = first.slice();
  for (const bits of rest)
    bits.forEach((word, place) => {
      sum[place] = (sum[place] ?? 0) | word;
    });
  return sum;
}

export function common(all: readonly (Bits | null)[]): Bits | null {
  const [first, ...rest] = all;
  if (first == null || rest.some((bits) => bits === null)) return null;
  const shared = first.slice();
  for (const bits of rest)
    bits?.forEach((word, place) => {
      shared[place] = (shared[place] ?? 0) & word;
    });
  return shared;
}
