/** Packed bytes given to the decompressor at a time. Unpacked they are at most 1,032 times as many. */
const STEP = 32_768;

/**
 * The content of a gzip, unpacked no faster than it is read. The `DecompressionStream` of a Worker accepts all its
 * input at once, even if little of its output was read, and keeps the rest in memory. So it gets the next piece only
 * when a reader waits for more.
 */
export function gunzip(packed: ReadableStream<Uint8Array<ArrayBuffer>>): ReadableStream<Uint8Array> {
  const source = packed.getReader();
  const { readable, writable } = new DecompressionStream("gzip");
  const [writer, reader] = [writable.getWriter(), readable.getReader()];
  let rest: Uint8Array<ArrayBuffer> = new Uint8Array();
  let isClosed = false;
  /** The write in progress; a decompressor may finish it only when its output is read. */
  let feeding: Promise<void> | null = null;

  const feed = async (): Promise<void> => {
    if (rest.length === 0) {
      const next = await source.read();
      if (next.done) {
        isClosed = true;
        return writer.close();
      }
      rest = next.value;
    }
    const piece = rest.subarray(0, STEP);
    rest = rest.subarray(STEP);
    return writer.write(piece);
  };

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        let isThere = false;
        const part = reader.read().then((read) => {
          isThere = true;
          return read;
        });
        while (!isThere && (feeding !== null || !isClosed)) {
          // Output of earlier pieces comes first, and needs a turn of the event loop to arrive.
          await Promise.race([part, new Promise((resolve) => setTimeout(resolve, 0))]);
          if (isThere) break;
          feeding ??= feed().finally(() => {
            feeding = null;
          });
          await Promise.race([part, feeding]);
        }
        const { done, value } = await part;
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel(reason) {
        await Promise.allSettled([source.cancel(reason), writer.abort(reason), reader.cancel(reason)]);
      },
    },
    { highWaterMark: 0 },
  );
}
