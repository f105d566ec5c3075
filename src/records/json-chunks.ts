/** Bytes of UTF-8 that one UTF-16 unit of a text has at most; Chinese characters have as many. */
const MAX_BYTES_PER_UNIT = 3;

/**
 * Rows as JSON arrays that have so many bytes at most, to be bound to statements; a larger row stands alone. Databases
 * limit bytes. They are not counted, which would cost as much as writing the JSON, but bounded from above.
 */
export function jsonChunks(rows: readonly object[], bytes: number): string[] {
  const most = Math.floor(bytes / MAX_BYTES_PER_UNIT);
  const chunks: string[] = [];
  let chunk: string[] = [];
  let room = most;
  for (const row of rows) {
    const text = JSON.stringify(row);
    // With the comma or bracket before it, and room for the last bracket.
    const size = text.length + 2;
    if (size > room && chunk.length > 0) {
      chunks.push(`[${chunk.join(",")}]`);
      chunk = [];
      room = most;
    }
    chunk.push(text);
    room -= size;
  }
  if (chunk.length > 0) chunks.push(`[${chunk.join(",")}]`);
  return chunks;
}
