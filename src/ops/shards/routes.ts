import type { z } from "@hono/zod-openapi";
import { orderAudit } from "../../audit/index.ts";
import { type CourseMove, movesUnderWay } from "../../platform/database/moves.ts";
import { fillOfShards, shardBound } from "../../platform/database/room.ts";
import { directory, onEveryShard } from "../../platform/database/shards.ts";
import { respond } from "../../platform/http/answers.ts";
import { newRouter } from "../../platform/http/define-route.ts";
import { paginate } from "../../platform/http/pagination.ts";
import { toInstant } from "../../platform/instants.ts";
import { refuse } from "../../platform/results.ts";
import { acceptedSecrets } from "../../platform/secrets.ts";
import { alive } from "../../platform/statements.ts";
import { placedCourses } from "../statements.ts";
import { beginMove, estimateMove, planMove } from "./begin.ts";
import { beginRoute, coursesRoute, type moveView, statusRoute, workRoute } from "./route-definitions.ts";
import { workOnMove } from "./work.ts";

/** How long one call works: its client waits for it. */
const WORK_MS = 4_000;
/** A database that takes longer to give its size is shown without one. */
const SIZE_WAIT_MS = 2_000;

type MoveView = z.output<typeof moveView>;
type WaitsFor = MoveView["waits_for"];
const WAITS: readonly WaitsFor[] = ["backup", "room", "readers"];

/** Databases and the courses that move between them, for operators. */
export function shardRoutes() {
  return newRouter()
    .openapi(statusRoute, async (c) => {
      const bound = shardBound(c.env);
      const [fills, moves, sizes] = await Promise.all([
        fillOfShards(c.env),
        movesUnderWay(c.env),
        onEveryShard(c.env, async ({ db }) => (await alive(db).run()).meta.size_after, SIZE_WAIT_MS),
      ]);
      const shards = fills.map(({ name, learners, courses }) => {
        const size = sizes.find((answer) => answer.name === name);
        return {
          shard: name,
          courses,
          enrollments: learners,
          bound,
          share: learners / bound,
          bytes: size?.ok === true ? size.value : null,
        };
      });
      return c.json({ shards, moves: moves.map((move) => viewOf(move)) }, 200);
    })
    .openapi(coursesRoute, async (c) => {
      const found = await paginate(
        acceptedSecrets(c.env),
        "courses of shards",
        c.req.valid("query"),
        async (after, take) => {
          const { results } = await placedCourses(directory(c.env), after ?? "", take).all<{
            course: string;
            shard: string;
            enrollments: number;
          }>();
          return results;
        },
        ({ course }) => course,
      );
      if (!found.ok) return respond(c, found.refusal);
      return c.json({ results: found.value.page, next_cursor: found.value.next }, 200);
    })
    .openapi(beginRoute, async (c) => {
      const { course, to, dry_run = false } = c.req.valid("json");
      const plan = await planMove(c.env, course, to);
      if (!plan.ok) return respond(c, plan.refusal);
      const estimate = await estimateMove(c.env, plan.value);
      if (dry_run) return c.json({ move: null, estimate }, 200);
      const { source, target, generation, move } = plan.value;
      if (move !== null) return c.json({ move: viewOf(move), estimate }, 200);
      const ordered = await orderAudit(c, {
        action: "course.moved",
        target: { type: "course", id: course },
        details: { note: `from ${source} to ${target}` },
        unique: `${course}:${generation}:${target}`,
      });
      if (!ordered.ok) return respond(c, ordered.refusal);
      const begun = await beginMove(c.env, plan.value, Date.now());
      if (begun.target !== to) {
        return respond(c, refuse("course_moving", { detail: `It is moving to ${begun.target}.` }).refusal);
      }
      return c.json({ move: viewOf(begun), estimate }, 200);
    })
    .openapi(workRoute, async (c) => {
      const { course } = c.req.valid("param");
      const worked = await workOnMove(c.env, course, Date.now() + WORK_MS);
      if (worked !== null) return c.json(viewOf(worked.move, worked.done ? "done" : undefined), 200);
      const move = (await movesUnderWay(c.env)).find(({ course_slug }) => course_slug === course);
      if (move === undefined) return respond(c, refuse("not_found", { detail: "This course is not moving." }).refusal);
      return c.json({ ...viewOf(move), waits_for: "another_call" as const }, 200);
    });
}

function viewOf(move: CourseMove, state: MoveView["state"] = move.state): MoveView {
  return {
    course: move.course_slug,
    from: move.source,
    to: move.target,
    state,
    enrollments: move.enrollments,
    rows: move.copied_rows,
    bytes: move.copied_bytes,
    purged_rows: move.purged_rows,
    statements: move.statements,
    closed_ms: move.closed_ms,
    waits_for: WAITS.find((known) => known === move.waits_for) ?? null,
    started_at: toInstant(move.started_at),
    progressed_at: toInstant(move.progressed_at),
  };
}
