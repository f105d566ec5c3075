/** The server's description of an upload in parts. */
interface Upload {
  id: string;
  part_size: number;
  parts: number;
  received: number[];
  state: "receiving" | "received";
}

/** Sends the requests. The caller decides whose rights they have, and what happens to an answer that is no success. */
export interface PartsTransport {
  /** @returns the answer's JSON. @throws for a refusal, and if there is no answer. */
  send(
    method: "POST" | "PUT",
    path: string,
    body: { json: unknown; key: string } | { bytes: Blob } | null,
  ): Promise<unknown>;
  /** Whether the same request may succeed a moment later. */
  isPassing(fault: unknown): boolean;
  /** Called after each part. */
  onProgress?(done: number, size: number): void;
}

/** Larger archives are sent in parts: platforms accept less than 200 MB in one request, and connections break. */
export const PARTS_FROM = 50_000_000;

const UPLOADS = "/courses/imports/uploads";
/** Waits between tries of one request, milliseconds. */
const WAITS = [1_000, 4_000, 15_000];

/**
 * Sends an archive in parts and starts the import of the course. Parts that have arrived are not sent again. So after
 * an interruption, call it again with the same key.
 *
 * @param announced format, course and name, in the form of `POST /courses/imports/uploads`.
 * @param key names this upload among its owner's uploads.
 * @returns the import.
 */
export async function uploadInParts(
  { send, isPassing, onProgress }: PartsTransport,
  archive: Blob,
  announced: { format: string; course: string; name: string },
  key: string,
  waits: readonly number[] = WAITS,
): Promise<unknown> {
  const insistently = async (...request: Parameters<PartsTransport["send"]>): Promise<unknown> => {
    for (const wait of waits) {
      try {
        return await send(...request);
      } catch (fault) {
        if (!isPassing(fault)) throw fault;
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
    return send(...request);
  };
  const { size } = archive;
  // SAFETY: the API validates its answers in its own tests.
  const upload = (await insistently("POST", UPLOADS, { json: { ...announced, size }, key })) as Upload;
  const there = new Set(upload.received);
  if (upload.state === "receiving") {
    for (let part = 1; part <= upload.parts; part += 1) {
      const end = Math.min(part * upload.part_size, size);
      if (!there.has(part)) {
        const bytes = archive.slice((part - 1) * upload.part_size, end);
        await insistently("PUT", `${UPLOADS}/${upload.id}/parts/${part}`, { bytes });
      }
      onProgress?.(end, size);
    }
  }
  return insistently("POST", `${UPLOADS}/${upload.id}/complete`, null);
}
