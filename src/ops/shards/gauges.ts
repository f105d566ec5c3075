import { movesUnderWay } from "../../platform/database/moves.ts";
import { fillOfShards, shardBound } from "../../platform/database/room.ts";
import { gauge, gaugeBy } from "../../platform/metrics/family.ts";
import type { Section } from "../../platform/metrics/section.ts";

/** How full the databases are, and which courses are moving between them. */
export const movesSection: Section = {
  name: "shards",
  async read(env, now) {
    const [moves, fills] = await Promise.all([movesUnderWay(env), fillOfShards(env)]);
    const bound = shardBound(env);
    const waited = moves.map(({ progressed_at }) => Math.max(now - progressed_at, 0) / 1_000);
    return [
      gaugeBy(
        "database_shard_fill_ratio",
        "Enrollments of a database, as a share of its limit.",
        "shard",
        fills.map(({ name, learners }) => [name, learners / bound]),
      ),
      gauge("course_moves", "Courses that are moving to another database.", moves.length),
      gauge(
        "course_move_idle_seconds",
        "How long ago the slowest move last made progress; 0 if there is no move.",
        Math.max(0, ...waited),
      ),
    ];
  },
};
