import { logFault } from "../platform/log.ts";
import { ok, type Result, refuse } from "../platform/results.ts";

/** The announced size and hash of the bytes. */
export interface Expected {
  size: number;
  type: string;
  /** Hex; null if nobody has announced it. */
  sha256: string | null;
}

/** Bytes that differ from the announced ones; `why` is the message for the sender. */
function mismatch(why: string) {
  return refuse("content_mismatch", { detail: why });
}

/** The body is longer or shorter than announced. */
class WrongLength extends Error {}

/**
 * Passes a body on chunk by chunk while counting and hashing it, so it is never in memory as a whole. Fails as soon as
 * the body is longer than announced, or ends early.
 */
class Meter {
  readonly stream: TransformStream<Uint8Array, Uint8Array>;
  readonly #digest = new crypto.DigestStream("SHA-256");

  constructor(size: number) {
    const hash = this.#digest.getWriter();
    let seen = 0;
    this.stream = new TransformStream<Uint8Array, Uint8Array>({
      async transform(chunk, controller) {
        seen += chunk.byteLength;
        if (seen > size) throw new WrongLength(`The body is longer than ${size} bytes.`);
        await hash.write(chunk);
        controller.enqueue(chunk);
      },
      async flush() {
        if (seen < size) throw new WrongLength(`The body ended after ${seen} of ${size} bytes.`);
        await hash.close();
      },
    });
    // A hash that is never finished must not keep its caller waiting.
    this.#digest.digest.catch(() => undefined);
  }

  /** Hex. Resolves once the whole body has passed; await it only then. */
  async sha256(): Promise<string> {
    return new Uint8Array(await this.#digest.digest).toHex();
  }
}

/** A body without bytes arrives as null. */
function bodyOrEmpty(body: ReadableStream<Uint8Array> | null): ReadableStream<Uint8Array> {
  return body ?? new Blob([]).stream();
}

/** The outcome of passing on a body. */
interface Passed<T> {
  stored: T | null;
  /** The reason why the body ended early; null: it did not. */
  broken: unknown;
  /** The reason why nothing is stored, if the receiver gives one. */
  fault: unknown;
  meter: Meter;
}

/** Passes a body of known length on to the code that stores it, and measures it on the way. */
async function pass<T>(
  body: ReadableStream<Uint8Array> | null,
  size: number,
  keep: (bytes: ReadableStream<Uint8Array>) => Promise<T | null>,
): Promise<Passed<T>> {
  const meter = new Meter(size);
  // R2 accepts only streams of known length; this stream checks the length a second time.
  const fixed = new FixedLengthStream(size);
  const stop = new AbortController();
  const flow = bodyOrEmpty(body)
    .pipeThrough(meter.stream)
    .pipeTo(fixed.writable, { signal: stop.signal })
    .then(
      () => null,
      (fault: unknown) => fault ?? new Error("the body broke off"),
    );
  const { stored, fault } = await keep(fixed.readable).then(
    (kept) => ({ stored: kept, fault: null }),
    (reason: unknown) => ({ stored: null, fault: reason }),
  );
  // A bucket that refuses leaves the rest of the body unread, and its writer would wait.
  if (stored === null) stop.abort();
  return { stored, fault, broken: await flow, meter };
}

/**
 * Streams a body into the bucket under a key that must be free. If a body is refused because it is longer than
 * announced, its first bytes may have been stored: the row of the caller still says that they are not a file.
 * @returns the SHA-256 of what is stored, in hex.
 */
export async function receive(
  bucket: R2Bucket,
  key: string,
  body: ReadableStream<Uint8Array> | null,
  { size, type, sha256 }: Expected,
): Promise<Result<string>> {
  const { stored, fault, broken, meter } = await pass(body, size, (bytes) =>
    bucket.put(key, bytes, {
      onlyIf: new Headers({ "if-none-match": "*" }),
      httpMetadata: { contentType: type },
      ...(sha256 === null ? {} : { sha256 }),
    }),
  );
  if (stored !== null && broken === null) return ok(await meter.sha256());
  if (broken instanceof WrongLength) return mismatch(broken.message);
  if (stored === null && fault === null) {
    return refuse("concurrent_change", { detail: "The bytes of this file are there already." });
  }
  if (broken === null && sha256 !== null && (await meter.sha256()) !== sha256) {
    return mismatch("The body does not have the announced SHA-256.");
  }
  logFault("file_not_stored", fault ?? broken);
  return refuse("unavailable", { detail: "The file could not be stored.", retry_after: 1 });
}

/**
 * Streams a body into one part of an upload.
 * @returns the tag that the bucket gives the part, and its SHA-256 in hex.
 */
export async function receivePart(
  upload: R2MultipartUpload,
  part: number,
  body: ReadableStream<Uint8Array> | null,
  size: number,
): Promise<Result<{ etag: string; sha256: string }>> {
  const { stored, fault, broken, meter } = await pass(body, size, (bytes) => upload.uploadPart(part, bytes));
  if (stored !== null && broken === null) return ok({ etag: stored.etag, sha256: await meter.sha256() });
  if (broken instanceof WrongLength) return mismatch(broken.message);
  logFault("part_not_stored", fault ?? broken);
  return refuse("unavailable", { detail: "The part could not be stored.", retry_after: 1 });
}

/** The SHA-256 in hex of a body that is not stored; refused if it has another size. */
export async function hashOf(body: ReadableStream<Uint8Array> | null, size: number): Promise<Result<string>> {
  const meter = new Meter(size);
  try {
    await bodyOrEmpty(body).pipeThrough(meter.stream).pipeTo(new WritableStream());
    return ok(await meter.sha256());
  } catch (fault) {
    if (fault instanceof WrongLength) return mismatch(fault.message);
    throw fault;
  }
}

/**
 * Compares the stored bytes with the announced ones, by the checksum in the bucket, or by reading the bytes if it has
 * none.
 * @returns the SHA-256 in hex, null when nothing is stored, or `content_mismatch`.
 */
export async function inspect(bucket: R2Bucket, key: string, expected: Expected): Promise<Result<string | null>> {
  const object = await bucket.head(key);
  if (object === null) return ok(null);
  const { size, sha256 } = expected;
  if (object.size !== size) return mismatch(`The stored file has ${object.size} bytes instead of ${size}.`);
  const kept = object.checksums.sha256;
  const actual = kept === undefined ? await hashStored(bucket, key, size) : ok(new Uint8Array(kept).toHex());
  if (actual.ok && actual.value !== null && sha256 !== null && actual.value !== sha256) {
    return mismatch("The stored file does not have the announced SHA-256.");
  }
  return actual;
}

async function hashStored(bucket: R2Bucket, key: string, size: number): Promise<Result<string | null>> {
  const object = await bucket.get(key);
  return object === null ? ok(null) : hashOf(object.body, size);
}
