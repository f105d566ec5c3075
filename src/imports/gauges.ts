import { directory } from "../platform/database/shards.ts";
import { gauge } from "../platform/metrics/family.ts";
import type { Section } from "../platform/metrics/section.ts";
import { importsUnderWay } from "./statements.ts";

/** At most this many rows are counted: a larger number says nothing more. */
const COUNTED = 10_000;

/** Imports that have not ended, or whose owner was not notified of the end. */
export const importSection: Section = {
  name: "imports",
  async read(env, now) {
    const waiting = await importsUnderWay(directory(env), COUNTED).first<{ n: number; oldest: number | null }>();
    const { n = 0, oldest = null } = waiting ?? {};
    return [
      gauge("course_imports_waiting", "Imports of courses that have not ended.", n),
      gauge(
        "course_imports_oldest_seconds",
        "How long the oldest of them has waited.",
        oldest === null ? 0 : Math.max(0, (now - oldest) / 1_000),
      ),
    ];
  },
};
