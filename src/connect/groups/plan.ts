import type { MemberRole } from "../../courses/index.ts";
import type { RosterAct } from "../../people/index.ts";
import { type GroupRule, MAX_COHORTS } from "./shapes.ts";

// Which places somebody should have by their groups, and what has to be done for it. Pure: no I/O, no clock.

/** A place in a course. */
export interface Place {
  /** Cohorts of a learner; null: no learner by these groups. */
  learner: string[] | null;
  member: MemberRole | null;
}

/** A place that was given before. */
export interface Given extends Place {
  /** It was this that enrolled them: only then does it withdraw them. */
  enrolled: boolean;
}

/** The places of somebody in these groups, by course. Of several rights in a course, that of a co-author counts. */
export function placesOf(groups: readonly string[], rules: readonly GroupRule[]): Map<string, Place> {
  const places = new Map<string, Place>();
  const own = new Set(groups);
  for (const { group, course, role, cohort } of rules) {
    if (!own.has(group)) continue;
    const place = places.get(course) ?? { learner: null, member: null };
    if (role === "learner") {
      const cohorts = new Set([...(place.learner ?? []), ...(cohort === null ? [] : [cohort])]);
      place.learner = [...cohorts].sort().slice(0, MAX_COHORTS);
    } else if (place.member !== "co_author") place.member = role;
    places.set(course, place);
  }
  return places;
}

/** What has to be done in one course; nothing where everything is as it should be. */
export function actsFor(user: string, wanted: Place | undefined, given: Given | undefined): RosterAct[] {
  const acts: RosterAct[] = [];
  const { learner = null, member = null } = wanted ?? {};
  if (learner !== null && !isSame(learner, given?.learner ?? null)) {
    // A group without cohorts leaves those that others have given.
    const isBare = learner.length === 0 && (given?.learner ?? []).length === 0;
    acts.push({ do: "learner", user, cohorts: isBare ? null : learner });
  }
  if (learner === null && given?.learner != null && given.enrolled) acts.push({ do: "withdraw", user });
  if (member !== (given?.member ?? null)) acts.push({ do: "member", user, role: member });
  return acts;
}

function isSame(one: readonly string[], other: readonly string[] | null): boolean {
  return other !== null && one.join("\n") === other.join("\n");
}
