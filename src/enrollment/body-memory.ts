/** Bytes of bodies remembered per isolate: some 500 lists of usual length, a sixteenth of the isolate's memory. */
const MAX_BYTES = 8_000_000;

/** A body and the validator that names its very bytes. */
export interface RememberedBody {
  etag: string;
  body: Uint8Array;
}

/**
 * Bodies this isolate has sent lately, least recently used first. They are never served by themselves: the enrollment
 * object is asked each time, and gets the validator; only when it answers that nothing has changed are the bytes here
 * the bytes it would send. So a read is as fresh as ever, and the list does not cross between isolates again.
 */
export class BodyMemory {
  readonly #bodies = new Map<string, RememberedBody>();
  #bytes = 0;

  /** @param key names the enrollment and everything that was asked. */
  get(key: string): RememberedBody | undefined {
    const known = this.#bodies.get(key);
    if (known === undefined) return undefined;
    this.#bodies.delete(key);
    this.#bodies.set(key, known);
    return known;
  }

  set(key: string, body: RememberedBody): void {
    this.#forget(key);
    if (body.body.byteLength > MAX_BYTES) return;
    this.#bodies.set(key, body);
    this.#bytes += body.body.byteLength;
    for (const oldest of this.#bodies.keys()) {
      if (this.#bytes <= MAX_BYTES) break;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    const known = this.#bodies.get(key);
    if (known === undefined) return;
    this.#bodies.delete(key);
    this.#bytes -= known.body.byteLength;
  }
}
