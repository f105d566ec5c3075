import { directory } from "../../platform/database/shards.ts";
import { DAY_MS } from "../../platform/instants.ts";
import { gauge } from "../../platform/metrics/family.ts";
import type { Section } from "../../platform/metrics/section.ts";
import { contextsFailing } from "./statements/contexts.ts";
import { resultsFailing } from "./statements/results.ts";
import { scoresFailing, scoresWaiting } from "./statements/scores.ts";

/** Scores counted at most: beyond, their number says nothing more. */
const COUNTED = 10_000;

/** What waits to be told to other platforms, and what could not be read of them. */
export const ltiSection: Section = {
  name: "lti",
  async read(env) {
    const db = directory(env);
    const waiting = await scoresWaiting(db, Date.now() + DAY_MS, COUNTED).first<{ waiting: number }>();
    const refused = await scoresFailing(db, COUNTED).first<{ failing: number }>();
    const failing = await contextsFailing(db).first<{ failing: number }>();
    const unread = await resultsFailing(db).first<{ failing: number }>();
    return [
      gauge("lti_scores_waiting", "Scores for platforms of LTI that were not taken yet.", waiting?.waiting ?? 0),
      gauge("lti_scores_failing", "Those of them that failed the last time.", refused?.failing ?? 0),
      gauge(
        "lti_members_failing",
        "Courses of platforms of LTI whose members could not be read the last time.",
        failing?.failing ?? 0,
      ),
      gauge(
        "lti_results_failing",
        "Courses of platforms of LTI whose gradebook could not be read the last time.",
        unread?.failing ?? 0,
      ),
    ];
  },
};
