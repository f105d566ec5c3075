import type { ArchiveSource } from "../courses/index.ts";

/** Bytes requested at a time: few calls for a large archive, and little memory. */
const CHUNK = 1_048_576;

/** An archive in a bucket. */
export interface BucketSource extends ArchiveSource {
  /** A fault of the bucket or of the progress receiver; null: none. Readers would report it as a damaged archive. */
  readonly fault: { readonly reason: unknown } | null;
}

/**
 * Reads an archive range by range, each when the reader asks for it. So only this much is in memory at a time, however
 * slow the reader is, and no connection must last as long as the reading.
 *
 * @param onRead called after each chunk with the number of bytes read so far; a fault in it ends the reading.
 */
export function bucketSource(
  bucket: R2Bucket,
  { key, name, size }: { key: string; name: string; size: number },
  onRead: (bytes: number) => Promise<void>,
): BucketSource {
  let fault: BucketSource["fault"] = null;
  const noting = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (reason) {
      fault ??= { reason };
      throw reason;
    }
  };
  const slice = (start: number, end: number) =>
    noting(async () => {
      if (end <= start) return new Uint8Array();
      const object = await bucket.get(key, { range: { offset: start, length: end - start } });
      if (object === null) throw new Error("the archive is gone");
      return new Uint8Array(await object.arrayBuffer());
    });
  return {
    name,
    size,
    slice,
    get fault() {
      return fault;
    },
    stream() {
      let at = 0;
      return new ReadableStream<Uint8Array<ArrayBuffer>>(
        {
          async pull(controller) {
            if (at >= size) return controller.close();
            const end = Math.min(at + CHUNK, size);
            controller.enqueue(await slice(at, end));
            at = end;
            await noting(() => onRead(end));
          },
        },
        { highWaterMark: 0 },
      );
    },
  };
}
