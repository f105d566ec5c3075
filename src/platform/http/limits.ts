/**
 * The documented limits of the platform. The local runtime accepts more (8 MB where 2 MB are documented), so the tests
 * run with bindings that refuse anything beyond these.
 */
export const PLATFORM = {
  /** One text or blob that is bound to a statement, and one row of a table, in bytes. */
  value_bytes: 2_000_000,
  /** Parameters of one statement. */
  parameters: 100,
  /** Text of one statement, bytes. */
  statement_bytes: 100_000,
  /** One message of a queue, bytes. */
  message_bytes: 128_000,
  /** Messages of one sendBatch, and their bytes together. */
  batch_messages: 100,
  batch_bytes: 256_000,
  /** Arguments or answer of one call to an object, bytes. */
  call_bytes: 33_554_432,
} as const;

/** Stored answers to Idempotency-Keys are kept this long, in enrollment objects and in D1, milliseconds. */
export const ANSWER_RETENTION_MS = 24 * 3_600_000;
