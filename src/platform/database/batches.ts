import { sql as drizzleSql, type SQL } from "drizzle-orm";
import { PLATFORM } from "../http/limits.ts";

// The one way to pass a set to a statement or to a queue. Platforms limit bytes, so sets are cut by bytes of UTF-8 and
// never by the number of rows: a page of a hundred small rows fits where a hundred large ones do not. A test makes sure
// that no other file makes JSON of sets.

/**
 * Bytes of one batch, with brackets and commas: half of what a bound value may have, so that a statement stays short.
 */
const BATCH_BYTES = 1_000_000;
/** Bytes of one part of a long text. A part is a row with little else in it. */
const PART_BYTES = 1_000_000;

const encoder = new TextEncoder();
// A part may begin with characters that look like a byte order mark.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: false });

/** Bytes of a text in UTF-8. */
export function utf8Bytes(text: string): number {
  return encoder.encode(text).byteLength;
}

/**
 * Rows as one JSON array that is allowed in a statement. Only {@link cutByBytes} makes one, and a statement over a set
 * (set-statement.ts) accepts nothing else.
 */
export class ByteBatch<T> {
  readonly rows: readonly T[];
  // Private, which makes the type nominal: no other value counts as a batch.
  readonly #json: string;

  private constructor(rows: readonly T[], texts: readonly string[]) {
    this.rows = rows;
    this.#json = `[${texts.join(",")}]`;
  }

  /** The rows as JSON. */
  get json(): string {
    return this.#json;
  }

  /** See {@link cutByBytes}. */
  static cut<T>(rows: readonly T[], bytes: number, toJson: (row: T) => string): ByteBatch<T>[] {
    const batches: ByteBatch<T>[] = [];
    let group: T[] = [];
    let texts: string[] = [];
    let room = bytes;
    const close = () => {
      if (group.length > 0) batches.push(new ByteBatch(group, texts));
      group = [];
      texts = [];
      room = bytes - 1;
    };
    close();
    for (const row of rows) {
      const text = toJson(row);
      const size = utf8Bytes(text) + 1;
      if (size + 1 > PLATFORM.value_bytes) {
        throw new RangeError(`a row of ${size} bytes is too large for a statement`);
      }
      if (size > room) close();
      group.push(row);
      texts.push(text);
      room -= size;
    }
    close();
    return batches;
  }

  /** The batch of no rows. */
  static empty<T>(): ByteBatch<T> {
    return new ByteBatch<T>([], []);
  }
}

/**
 * Cuts rows into batches of at most this many bytes, in order. A row that is larger is a batch of its own. A row that
 * is too large for any statement throws: the edge that accepted it must answer for that.
 */
export function cutByBytes<T>(rows: readonly T[], bytes: number = BATCH_BYTES): ByteBatch<T>[] {
  return ByteBatch.cut(rows, bytes, (row) => JSON.stringify(row) ?? "null");
}

/** The same for rows that are JSON texts already. */
export function cutJsonByBytes(rows: readonly string[], bytes: number = BATCH_BYTES): ByteBatch<string>[] {
  return ByteBatch.cut(rows, bytes, (row) => row);
}

/**
 * A set that is known to be small, as one batch.
 * @throws RangeError if it does not fit: its size must be limited at its source.
 */
export function oneBatch<T>(rows: readonly T[]): ByteBatch<T> {
  const [batch, ...more] = cutByBytes(rows, PLATFORM.value_bytes);
  if (more.length > 0) throw new RangeError(`${rows.length} rows do not fit into one statement`);
  return batch ?? ByteBatch.empty();
}

/** SQL for the rows of a batch: a table with the column `value`. The batch's JSON is the parameter with this number. */
export function setParameter(number?: number): string {
  return `json_each(?${number ?? ""})`;
}

/** The rows of a batch in a statement of drizzle: a table with the column `value`. */
export function jsonSet(batch: ByteBatch<unknown>): SQL {
  return drizzleSql`json_each(${batch.json})`;
}

/** Cuts a text into parts of at most this many bytes of UTF-8, never inside a character. An empty text has no parts. */
export function cutText(text: string, bytes: number = PART_BYTES): string[] {
  const parts: string[] = [];
  const all = encoder.encode(text);
  for (let start = 0; start < all.byteLength; ) {
    let end = Math.min(start + bytes, all.byteLength);
    // A byte 10xxxxxx belongs to the character before it.
    while (end < all.byteLength && end > start + 1 && ((all[end] ?? 0) & 0xc0) === 0x80) end -= 1;
    parts.push(decoder.decode(all.subarray(start, end)));
    start = end;
  }
  return parts;
}

/**
 * Groups messages so that each group fits one sendBatch. @throws RangeError for a message that is too large for a
 * queue.
 */
export function cutMessages<T>(bodies: readonly T[]): T[][] {
  const groups: T[][] = [];
  let room = 0;
  for (const body of bodies) {
    const size = utf8Bytes(JSON.stringify(body) ?? "null");
    if (size > PLATFORM.message_bytes) throw new RangeError(`a message of ${size} bytes is too large for a queue`);
    const last = groups.at(-1);
    if (last === undefined || last.length >= PLATFORM.batch_messages || size > room) {
      groups.push([body]);
      room = PLATFORM.batch_bytes - size;
    } else {
      last.push(body);
      room -= size;
    }
  }
  return groups;
}

/** The first rows that together have at most this many bytes, as JSON; at least one if there is one. */
export function firstBytes<T>(rows: readonly T[], bytes: number): T[] {
  let room = bytes;
  const end = rows.findIndex((row, index) => {
    room -= utf8Bytes(JSON.stringify(row) ?? "null");
    return room < 0 && index > 0;
  });
  return end < 0 ? [...rows] : rows.slice(0, end);
}
