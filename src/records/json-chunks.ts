const encoder = new TextEncoder();

/**
 * Rows as JSON arrays of so many bytes at most, to be bound to statements; a larger row stands alone. Bytes, because that
 * is what databases limit: a Chinese character has three.
 */
export function jsonChunks(rows: readonly object[], bytes: number): string[] {
  const chunks: string[] = [];
  let chunk: string[] = [];
  let room = bytes;
  for (const row of rows) {
    const text = JSON.stringify(row);
    const size = encoder.encode(text).byteLength + 1;
    if (size > room && chunk.length > 0) {
      chunks.push(`[${chunk.join(",")}]`);
      chunk = [];
      room = bytes;
    }
    chunk.push(text);
    room -= size;
  }
  if (chunk.length > 0) chunks.push(`[${chunk.join(",")}]`);
  return chunks;
}
