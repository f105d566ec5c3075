import { z } from "@hono/zod-openapi";
import type { Imported } from "../courses/index.ts";
import { ok, type Result, refuse } from "../platform/results.ts";

/** The limits of learners and facts in one archive that the API imports. */
const MAX_LEARNERS = 10_000;
const MAX_FACTS = 100_000;

const learner = z.object({
  name: z.string(),
  /** Lower case; null if the source has none. */
  email: z.string().nullable(),
  cohorts: z.array(z.string()),
  profile: z.record(z.string(), z.string()),
  enrolled_at: z.string().nullable(),
});
const fact = z.looseObject({ name: z.string(), item: z.string(), at: z.string() });

/** What is stored about the people of an archive between reading them and importing them. */
export const peoplePlanSchema = z.object({ learners: z.array(learner), facts: z.array(fact) });
export type PeoplePlan = z.infer<typeof peoplePlanSchema>;
export type PlannedLearner = PeoplePlan["learners"][number];

/** The plan for the people of an archive. Facts without a meaning here are left out. */
export function planOf(people: Imported["people"], slug: string): Result<PeoplePlan> {
  if (people === null || people.learners.length === 0) return ok({ learners: [], facts: [] });
  const { learners, facts } = people;
  if (learners.length > MAX_LEARNERS || facts.length > MAX_FACTS) {
    const detail = `${learners.length} learners and ${facts.length} facts; at most ${MAX_LEARNERS} and ${MAX_FACTS} here. The command line takes more.`;
    return refuse("invalid_input", { errors: [{ path: slug, rule: "too_many_people", message: detail }] });
  }
  return ok({
    learners: learners.map(({ user: name, email, cohorts, profile, enrolled_at }) => ({
      name,
      email: email === null || email.trim() === "" ? null : email.trim().toLowerCase(),
      cohorts,
      profile,
      enrolled_at,
    })),
    facts: facts.flatMap(({ user: name, item, at, state, viewed, score }) => {
      const told = {
        ...(state === "complete" ? { completed: true } : {}),
        ...(state === "passed" || state === "failed" ? { outcome: state } : {}),
        ...(viewed === true ? { viewed: true } : {}),
        ...(score === undefined ? {} : { points: score }),
      };
      return Object.keys(told).length === 0 ? [] : [{ name, item, at, ...told }];
    }),
  });
}

const PLACES = ["enrolls", "enrolled", "changes", "no_account", "unverified", "no_address", "same_address"] as const;
export type Place = (typeof PLACES)[number];

/** Learners of an archive, and what importing them would do. */
export const rosterSchema = z
  .object({
    learners: z.array(
      z.object({
        name: z.string().openapi({ description: "What the source calls the learner." }),
        email: z.string().nullable(),
        facts: z.int(),
        outcome: z.enum(PLACES).openapi({
          description:
            "`enrolls`: an account has this verified address. `enrolled`: and is in the course already, as the source says. `changes`: the same, and cohorts, profile or day of enrollment become those of the source. `no_account`, `unverified`, `no_address`, `same_address` (two learners have it): stays behind.",
        }),
      }),
    ),
  })
  .openapi("ImportRoster");
export type Roster = z.infer<typeof rosterSchema>;

/** Addresses that exactly one learner has. */
export function ownAddresses(learners: readonly PlannedLearner[]): Set<string> {
  const counts = new Map<string, number>();
  for (const { email } of learners) if (email !== null) counts.set(email, (counts.get(email) ?? 0) + 1);
  return new Set([...counts].flatMap(([email, count]) => (count === 1 ? [email] : [])));
}
