import type { MemberRole } from "../../courses/index.ts";
import { cohortNameSchema } from "../../unlock/index.ts";
import type { Listed } from "./merge.ts";
import { MAX_COHORTS, type Place, type RosterSettings } from "./shapes.ts";

// What a source wants of a course, person by person, by their external ids. Pure.

export interface Wanted {
  /** Cohorts as a learner; null inside: the source says nothing of cohorts. Null: no learner. */
  learner: { cohorts: string[] | null } | null;
  role: MemberRole | null;
  /** External ids of the people whom they observe. */
  observes: string[];
}

/** Longest name of a cohort that is made of an id. */
const MAX_NAME = 64;

/** The name of a class's cohort when none was chosen: its id in the letters a cohort may have. */
export function cohortOf(classId: string): string | null {
  const name = classId
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, MAX_NAME)
    .replace(/^-+|-+$/g, "");
  return cohortNameSchema.safeParse(name).success ? name : null;
}

/** Which classes count, and the cohort of each. */
export class Classes {
  readonly #named: ReadonlyMap<string, string | null> | null;

  constructor({ classes }: RosterSettings) {
    this.#named = classes === null ? null : new Map(classes.map((one) => [one.class, one.cohort]));
  }

  counts(classId: string): boolean {
    return this.#named === null || this.#named.has(classId);
  }

  /** A cohort that was not chosen is made of the id where all classes count, and is none where classes were named. */
  cohort(classId: string): string | null {
    return this.#named === null ? cohortOf(classId) : (this.#named.get(classId) ?? null);
  }
}

function isOn(place: Place, today: string): boolean {
  return (place.begin === null || place.begin <= today) && (place.end === null || place.end >= today);
}

const RANK: Record<MemberRole | "none", number> = { none: 0, grader: 1, co_author: 2 };

/**
 * @param today YYYY-MM-DD, for places that begin or end.
 */
export function wantedOf(
  listed: ReadonlyMap<string, Listed>,
  settings: RosterSettings,
  today: string,
): Map<string, Wanted> {
  const classes = new Classes(settings);
  const wanted = new Map<string, Wanted>();
  for (const [id, { said }] of listed) {
    const cohorts = new Set<string>();
    let isLearner = false;
    let role: MemberRole | "none" = "none";
    for (const place of Object.values(said.places)) {
      // A CSV file is one class without a name.
      if (!isOn(place, today) || (place.class !== "" && !classes.counts(place.class))) continue;
      if (place.role === "student") {
        isLearner = true;
        const cohort = place.class === "" ? null : classes.cohort(place.class);
        if (cohort !== null) cohorts.add(cohort);
      }
      const right = place.role === "teacher" ? settings.teacher : place.role === "aide" ? settings.aide : "none";
      if (RANK[right] > RANK[role]) role = right;
    }
    const isCsv = Object.values(said.places).some((place) => place.class === "");
    const own = isCsv ? said.cohorts : [...cohorts].sort().slice(0, MAX_COHORTS);
    wanted.set(id, { learner: isLearner ? { cohorts: own } : null, role: role === "none" ? null : role, observes: [] });
  }
  if (settings.guardians) observersIn(listed, wanted);
  return wanted;
}

/** Either side may name the other: systems write the children at the guardian, the guardians at the child, or both. */
function observersIn(listed: ReadonlyMap<string, Listed>, wanted: ReadonlyMap<string, Wanted>): void {
  const add = (guardian: string, child: string) => {
    const watcher = wanted.get(guardian);
    const isChild = wanted.get(child)?.learner != null;
    if (watcher === undefined || !isChild || listed.get(guardian)?.said.is_guardian !== true) return;
    if (!watcher.observes.includes(child)) watcher.observes.push(child);
  };
  for (const [id, { said }] of listed) {
    for (const agent of said.agents) {
      if (said.is_guardian) add(id, agent);
      else add(agent, id);
    }
  }
}
