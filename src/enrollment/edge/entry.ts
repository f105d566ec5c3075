import type { Content, ReadAnswer, ReadRequest, SnapshotInfo } from "../../mirror/index.ts";
import { toInstant } from "../../platform/instants.ts";

// Answers of an enrollment object that are shown again for some seconds to callers who allow it. Nothing here does I/O
// or reads a clock.

/** The longest staleness that a caller may allow, seconds. No list is shown for longer than this. */
export const MAX_STALE_SECONDS = 60;

/** An answer of the object, ready to be shown again. */
export interface EdgeEntry {
  /** When the object was asked, epoch ms. This is before it answered, so that an age is never too low. */
  readonly asOf: number;
  readonly etag: string;
  /** With the source `edge`. */
  readonly snapshot: SnapshotInfo;
  /** From this instant on the answer is not true any more, epoch ms. */
  readonly validUntil: number;
  readonly content: Content;
  readonly bytes: number;
}

/** How old an answer may be, and which write it must include. */
export interface Demand {
  maxAgeMs: number;
  /** The progress_seq that the caller has seen; null if none. */
  minSeq: number | null;
}

/** Memory that an entry needs besides its body, bytes: its key, its snapshot, its places in two maps. */
const ENTRY_BYTES = 1_000;

const encoder = new TextEncoder();

/**
 * The name of an answer among those of one enrollment: the whole question. The version is part of it, so a publish that
 * this isolate knows of takes effect at once.
 * @returns null if the answer may not be kept: it is for another instant, or the version is not known.
 */
export function edgeKey({ pointer, want, language, zone, at }: ReadRequest, engine: number): string | null {
  if (pointer === null || at !== null) return null;
  return JSON.stringify([engine, pointer.activation, pointer.version, language, zone ?? "", want]);
}

/**
 * Makes an entry from an answer of the object.
 * @param asOf when it was asked, epoch ms.
 * @returns null if the answer may not be shown again: it did not come from the object, it is known to be behind, or it
 * has a form that this release does not know.
 */
export function edgeEntry(answer: ReadAnswer, asOf: number): EdgeEntry | null {
  const { etag, snapshot } = answer;
  const isOwn = snapshot.source === "snapshot" || snapshot.source === "recomputed";
  if (answer.unchanged || !isOwn || snapshot.stale_since !== undefined) return null;
  const shown: SnapshotInfo = { ...snapshot, source: "edge", as_of: toInstant(asOf) };
  const content = shownAgain(answer.content, snapshot, shown);
  if (content === null) return null;
  const validUntil = snapshot.valid_until === null ? Number.POSITIVE_INFINITY : Date.parse(snapshot.valid_until);
  return { asOf, etag, snapshot: shown, validUntil, content, bytes: ENTRY_BYTES + sizeOf(content) };
}

/**
 * Whether an entry may be shown now: it is young enough, before the next date of the course, and after the caller's
 * write.
 */
export function mayShow(entry: EdgeEntry, { maxAgeMs, minSeq }: Demand, now: number): boolean {
  const age = now - entry.asOf;
  if (age < 0 || age > maxAgeMs || now >= entry.validUntil) return false;
  return minSeq === null || minSeq <= entry.snapshot.progress_seq;
}

/** The same answer with another snapshot at its end. The body names its snapshot last, see `listBody`. */
function shownAgain(content: Content, from: SnapshotInfo, to: SnapshotInfo): Content | null {
  if (content.kind === "why") return content;
  // An earlier answer never decides about the content of an item.
  if (content.kind === "item") return null;
  const { body } = content;
  const tail = encoder.encode(`${JSON.stringify(from)}}`);
  const start = body.byteLength - tail.byteLength;
  if (start < 0 || tail.some((byte, at) => body[start + at] !== byte)) return null;
  const other = encoder.encode(`${JSON.stringify(to)}}`);
  const shown = new Uint8Array(start + other.byteLength);
  shown.set(body.subarray(0, start));
  shown.set(other, start);
  return { kind: "body", body: shown };
}

function sizeOf(content: Content): number {
  return content.kind === "body" ? content.body.byteLength : JSON.stringify(content).length;
}
