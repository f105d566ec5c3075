/** Bytes of an archive, wherever they are stored: a file, an upload, an object of a bucket. */
export interface ArchiveSource {
  /** Its name, for messages. */
  name: string;
  /** In bytes. */
  size: number;
  /** The bytes from `start` up to `end` (exclusive). */
  slice(start: number, end: number): Promise<Uint8Array>;
  /** All bytes from the start. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** An archive in a Blob. Node opens files as a Blob (`fs.openAsBlob`) without reading them. */
export function blobSource(blob: Blob, name: string): ArchiveSource {
  return {
    name,
    size: blob.size,
    slice: async (start, end) => new Uint8Array(await blob.slice(start, end).arrayBuffer()),
    stream: () => blob.stream(),
  };
}
