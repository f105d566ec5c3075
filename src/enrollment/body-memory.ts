/** Bytes of bodies remembered per isolate: some 500 lists of usual length, a sixteenth of the isolate's memory. */
const MAX_BYTES = 8_000_000;

/** A body and the validator of exactly these bytes. */
export interface RememberedBody {
  etag: string;
  body: Uint8Array;
}

/**
 * Bodies that this isolate has sent lately, least recently used first. They are never sent without asking: the
 * enrollment object is asked each time, and gets the validator. Only if it answers that nothing has changed, the bytes
 * here are the right ones. So a read is as fresh as ever, but the list is not sent between isolates again.
 */
export class BodyMemory {
  readonly #bodies = new Map<string, RememberedBody>();
  #bytes = 0;

  /** @param key names the enrollment and the whole question. */
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
