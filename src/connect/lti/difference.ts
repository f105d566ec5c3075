import type { Member } from "./member-list.ts";
import { placeOf } from "./roles.ts";

// What a list of members changes. Pure.

type MemberPlace = "learner" | "teacher";
export interface KnownMember {
  subject: string;
  user: string;
  place: MemberPlace;
}
export interface Difference {
  /** New, or with another place than before. */
  comes: { subject: string; name: string | null; place: MemberPlace; before: MemberPlace | null }[];
  goes: KnownMember[];
}

/** So many may go without anybody having said so: a platform that lists nobody for a moment empties no course. */
const FEW = 10;
const SMALL_PART = 0.25;

/**
 * @param isWhole whether who is not in the list has gone; else the list has changes alone.
 */
export function differenceOf(
  list: readonly Member[],
  known: ReadonlyMap<string, KnownMember>,
  isWhole: boolean,
): Difference {
  const difference: Difference = { comes: [], goes: [] };
  // Somebody may stand in it twice, with a role each.
  const places = new Map<string, { place: MemberPlace | null; name: string | null }>();
  for (const { subject, isActive, roles, name } of list) {
    const found = isActive ? placeOf(roles) : "none";
    const place = found === "learner" || found === "teacher" ? found : null;
    const before = places.get(subject)?.place ?? null;
    places.set(subject, { place: before === "teacher" ? before : (place ?? before), name });
  }
  for (const [subject, { place, name }] of places) {
    const before = known.get(subject);
    if (place !== null && before?.place !== place) {
      difference.comes.push({ subject, name, place, before: before?.place ?? null });
    }
    if (place === null && before !== undefined) difference.goes.push(before);
  }
  if (isWhole) for (const [subject, member] of known) if (!places.has(subject)) difference.goes.push(member);
  return difference;
}

/** Whether so many may go. @param allowed how many an operator has said; null: nobody has said anything. */
export function mayGo(going: number, known: number, allowed: number | null): boolean {
  return going <= Math.max(FEW, known * SMALL_PART) || (allowed !== null && going <= allowed);
}
