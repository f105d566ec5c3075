import type { ImportedFact, ImportedPeople } from "./format.ts";

/** A fact in the form of the progress import, see `POST /progress/import`. */
interface ProgressFact {
  user_id: string;
  item: string;
  at: string;
  completed?: true;
  outcome?: "passed" | "failed";
  viewed?: true;
  points?: { points: number; min: number; max: number };
}

/** A row of a roster, see `POST /courses/{course}/enrollments/batch`. */
export interface RosterRow {
  user_id: string;
  cohorts: string[];
  profile: Record<string, string>;
  enrolled_at: string | null;
}

export interface MappedPeople {
  roster: RosterRow[];
  facts: ProgressFact[];
  /** Learners of the source that are missing in the mapping. */
  unnamed: number;
  /** Names in the mapping that no learner of the source has. */
  unknown: string[];
}

/**
 * The learners of a source whom an author has named, as users of this server. Nobody else is imported, and nothing that
 * is not in the source: an item that is not complete there is simply no fact here.
 *
 * @param users this server's user ids, by the source's name for the learner (user name or e-mail address, in any case).
 */
export function mapPeopleTo(people: ImportedPeople, users: ReadonlyMap<string, string>): MappedPeople {
  const wanted = new Map([...users].map(([name, user]) => [name.toLowerCase(), user]));
  const seen = new Set<string>();
  const userOf = new Map<string, string>();
  const roster: RosterRow[] = [];
  for (const { user: own, email, cohorts, profile, enrolled_at } of people.learners) {
    const name = [own, email ?? ""].map((one) => one.toLowerCase()).find((one) => one !== "" && wanted.has(one));
    const user_id = name === undefined ? undefined : wanted.get(name);
    if (name === undefined || user_id === undefined) continue;
    seen.add(name);
    userOf.set(own, user_id);
    roster.push({ user_id, cohorts, profile, enrolled_at });
  }
  const facts = people.facts.flatMap((fact) => {
    const user_id = userOf.get(fact.user);
    const sent = user_id === undefined ? null : factOf(fact, user_id);
    return sent === null ? [] : [sent];
  });
  return {
    roster,
    facts,
    unnamed: people.learners.length - roster.length,
    unknown: [...users.keys()].filter((name) => !seen.has(name.toLowerCase())),
  };
}

/** @returns null for a fact without meaning here: that something is not complete. */
function factOf({ item, at, state, viewed, score }: ImportedFact, user_id: string): ProgressFact | null {
  const fact: ProgressFact = {
    user_id,
    item,
    at,
    ...(state === "complete" ? { completed: true as const } : {}),
    ...(state === "passed" || state === "failed" ? { outcome: state } : {}),
    ...(viewed === true ? { viewed: true as const } : {}),
    ...(score === undefined ? {} : { points: score }),
  };
  return Object.keys(fact).length > 3 ? fact : null;
}
