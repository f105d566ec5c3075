import { PLATFORM } from "../../../src/platform/http/limits.ts";

// The local runtime takes four times what the platform documents. This makes its own classes refuse what the platform
// refuses: whatever reaches D1, an object's SQLite or a queue, by whichever way, passes here.

/** What has passed since {@link resetUsage}. */
export interface Usage {
  /** Statements executed by D1, and by objects. */
  d1_statements: number;
  object_statements: number;
  /** Largest single bound value, largest row written and largest message, bytes. */
  largest_value: number;
  largest_row: number;
  largest_message: number;
  /** Statement of the largest value. */
  largest_statement: string;
  refused: number;
}

const NOTHING: Readonly<Usage> = {
  d1_statements: 0,
  object_statements: 0,
  largest_value: 0,
  largest_row: 0,
  largest_message: 0,
  largest_statement: "",
  refused: 0,
};
const usage: Usage = { ...NOTHING };

export function usageSoFar(): Usage {
  return { ...usage };
}

export function resetUsage(): void {
  Object.assign(usage, NOTHING);
}

const ENFORCED = Symbol("enforced");
const encoder = new TextEncoder();
/** A text of fewer UTF-16 units than this is under every limit whatever it holds. */
const SURELY_SMALL = 40_000;

/** Bytes of UTF-8, not counted where they cannot matter. */
function bytesOf(value: unknown): number {
  if (typeof value === "string") return value.length < SURELY_SMALL ? value.length : encoder.encode(value).byteLength;
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return value.byteLength;
  if (Array.isArray(value)) return value.length; // D1 carries a blob as a list of its bytes
  return 8;
}

/** Why the platform would refuse a statement with these values; null when it takes it. */
export function refusalOf(statement: string, values: readonly unknown[]): string | null {
  if (bytesOf(statement) > PLATFORM.statement_bytes) return "statement too long";
  if (values.length > PLATFORM.parameters) return "too many SQL variables";
  const sizes = values.map(bytesOf);
  const largest = Math.max(0, ...sizes);
  if (largest > usage.largest_value) {
    usage.largest_value = largest;
    usage.largest_statement = statement.replace(/\s+/g, " ").trim().slice(0, 100);
  }
  if (largest > PLATFORM.value_bytes) return `string or blob too big: ${largest} bytes`;
  const row = largestRow(statement, sizes);
  usage.largest_row = Math.max(usage.largest_row, row);
  return row > PLATFORM.value_bytes ? `row too big: ${row} bytes` : null;
}

/**
 * Bytes of the largest row that a statement writes from the values bound to it. What an UPDATE leaves in the row is not
 * seen here.
 */
function largestRow(statement: string, sizes: readonly number[]): number {
  const sum = (some: readonly number[]) => some.reduce((total, size) => total + size, 0);
  if (sum(sizes) < SURELY_SMALL || !/^\s*(insert|replace|update|with)\b/i.test(statement)) return 0;
  const tuples = /\bvalues\b/i.test(statement) ? (/\bvalues\b([\s\S]*)/i.exec(statement)?.[1] ?? "") : "";
  const rows = [...tuples.matchAll(/\(([^()]*)\)/g)].map(([, inside = ""]) => inside.split("?").length - 1);
  if (sum(rows) !== sizes.length) return sum(sizes);
  let at = 0;
  return Math.max(
    ...rows.map((count) => {
      at += count;
      return sum(sizes.slice(at - count, at));
    }),
  );
}

function refuseQueue(messages: readonly { body: unknown }[], inBatch: boolean): void {
  const sizes = messages.map(({ body }) => encoder.encode(JSON.stringify(body) ?? "").byteLength);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  usage.largest_message = Math.max(usage.largest_message, ...sizes);
  const says = (reason: string) => {
    usage.refused += 1;
    throw new Error(`Queue send failed: ${reason}`);
  };
  const tooLarge = sizes.find((size) => size > PLATFORM.message_bytes);
  if (tooLarge !== undefined) says(`message of ${tooLarge} bytes`);
  if (inBatch && messages.length > PLATFORM.batch_messages) says(`batch of ${messages.length} messages`);
  if (inBatch && total > PLATFORM.batch_bytes) says(`batch of ${total} bytes`);
}

type Method = (this: object, ...values: unknown[]) => unknown;

/** Puts a method in the place of another one of a class, once. */
function replace(prototype: object, name: string, make: (original: Method) => Method): void {
  const original: unknown = Reflect.get(prototype, name);
  if (typeof original !== "function") throw new Error(`the platform's class has no ${name}`);
  const method = make(function called(this: object, ...values: unknown[]) {
    return Reflect.apply(original, this, values);
  });
  Object.defineProperty(prototype, name, { value: method, writable: true, configurable: true, enumerable: true });
}

/** Whether a class was taken care of before. */
function isEnforced(prototype: object): boolean {
  if (Object.hasOwn(prototype, ENFORCED)) return true;
  Object.defineProperty(prototype, ENFORCED, { value: true });
  return false;
}

/** D1 refuses when a statement is executed, alone or in a batch; then nothing of the batch is done. */
export function enforceOnD1(db: D1Database): void {
  const prototype: object = Object.getPrototypeOf(db);
  if (isEnforced(prototype)) return;
  const check = (statement: object) => {
    usage.d1_statements += 1;
    const values: unknown = Reflect.get(statement, "params");
    const refusal = refusalOf(String(Reflect.get(statement, "statement")), Array.isArray(values) ? values : []);
    if (refusal === null) return;
    usage.refused += 1;
    throw new Error(`D1_ERROR: ${refusal}: SQLITE_TOOBIG`);
  };
  const statements: object = Object.getPrototypeOf(db.prepare("SELECT 1"));
  for (const name of ["all", "first", "run", "raw"]) {
    replace(
      statements,
      name,
      (original) =>
        async function executed(...values) {
          check(this);
          return original.apply(this, values);
        },
    );
  }
  replace(
    prototype,
    "batch",
    (original) =>
      async function batch(given) {
        if (Array.isArray(given)) for (const statement of given) check(statement);
        return original.apply(this, [given]);
      },
  );
}

export function enforceOnSql(sql: SqlStorage): void {
  const prototype: object = Object.getPrototypeOf(sql);
  if (isEnforced(prototype)) return;
  replace(
    prototype,
    "exec",
    (original) =>
      function exec(statement, ...values) {
        usage.object_statements += 1;
        const refusal = refusalOf(String(statement), values);
        if (refusal === null) return original.apply(this, [statement, ...values]);
        usage.refused += 1;
        throw new Error(`${refusal}: SQLITE_TOOBIG`);
      },
  );
}

export function enforceOnQueue(queue: Queue): void {
  const prototype: object = Object.getPrototypeOf(queue);
  if (isEnforced(prototype)) return;
  replace(
    prototype,
    "send",
    (original) =>
      async function send(body, ...rest) {
        refuseQueue([{ body }], false);
        return original.apply(this, [body, ...rest]);
      },
  );
  replace(
    prototype,
    "sendBatch",
    (original) =>
      async function sendBatch(messages, ...rest) {
        // SAFETY: what the platform's own type demands of a caller.
        const all = [...(messages as Iterable<{ body: unknown }>)];
        refuseQueue(all, true);
        return original.apply(this, [all, ...rest]);
      },
  );
}
