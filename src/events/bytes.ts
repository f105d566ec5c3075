const encoder = new TextEncoder();

/** Bytes of a text in UTF-8, which the platform counts. */
export function utf8Length(text: string): number {
  return encoder.encode(text).byteLength;
}

/** As many items from the start as fit together; an item that is larger than the limit goes alone. */
export function headOf<T>(items: readonly T[], room: number, sizeOf: (item: T) => number): T[] {
  let left = room;
  const end = items.findIndex((item, index) => {
    left -= sizeOf(item);
    return left < 0 && index > 0;
  });
  return items.slice(0, end === -1 ? items.length : end);
}
