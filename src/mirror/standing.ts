import type { CoursePointer } from "../courses/index.ts";
import { ENGINE, type Program } from "../unlock/index.ts";
import type { MirroredEnrollment } from "./mirrored.ts";
import { mirroredView } from "./mirrored.ts";

/** What must still be noted about a snapshot that stays the same. */
export interface Standing {
  /** Until when, epoch ms; null: without end. */
  valid_until: number | null;
  /** What the learner sees, by item number. */
  visible: Uint8Array;
}

/**
 * Whether an enrollment whose object is not woken would answer now, on another course version or at a later instant,
 * exactly as its object answered last. Then the object need not be woken. The mirror in D1 decides, with the same
 * evaluator; if it is not enough to be sure, the object is called. An object that slept during a version moves from the
 * one before to the one after. So nothing may differ that it would have taken along: items kept open, items that the
 * rules opened, and the list of items.
 * @param from the version of the mirror's snapshot.
 * @returns null when something differs, or may.
 */
export function standingOf(
  mirror: MirroredEnrollment,
  from: Program,
  to: { pointer: CoursePointer; program: Program },
  now: number,
): Standing | null {
  const { pointer, program } = to;
  if (mirror.version === 0 || mirror.computed_at === null || mirror.engine !== ENGINE) return null;
  if (pointer.activation < mirror.activation || pointer.last_relock > mirror.activation) return null;
  // Facts of a delivery that is not complete yet.
  if (mirror.facts.some(({ seq }) => seq > mirror.progress_seq)) return null;
  if (!hasSameItems(from, program)) return null;
  const own = { version: mirror.course_version, activation: mirror.activation, last_relock: 0 };
  const before = mirroredView(mirror, own, from, mirror.computed_at).evaluation;
  const after = mirroredView(mirror, pointer, program, now).evaluation;
  const isSame =
    isEqual(before.open, after.open) && isEqual(before.earned, after.earned) && isEqual(before.visible, after.visible);
  if (!isSame) return null;
  return { valid_until: Number.isFinite(after.validUntil) ? after.validUntil : null, visible: before.visible };
}

/** The same items in the same places. */
function hasSameItems(from: Program, to: Program): boolean {
  if (from === to) return true;
  if (from.size !== to.size || from.chapterCount !== to.chapterCount) return false;
  return from.ids.every((id, index) => id === to.ids[index]);
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((flag, index) => flag === b[index]);
}
