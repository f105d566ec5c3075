import { z } from "@hono/zod-openapi";
import { and, asc, eq, sql } from "drizzle-orm";
import { submissions } from "../mirror/index.ts";
import { jsonSet, oneBatch } from "../platform/database/batches.ts";
import { countedDatabase } from "../platform/database/counted.ts";
import { notAtHome } from "../platform/database/moves.ts";
import { answersOf, onEveryShard } from "../platform/database/shards.ts";
import { respond } from "../platform/http/answers.ts";
import { keyOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { pageQuery, pageSchema, paginate } from "../platform/http/pagination.ts";
import { toInstant } from "../platform/instants.ts";
import { acceptedSecrets } from "../platform/secrets.ts";

const pendingRoute = defineRoute(
  { roles: ["service", "admin"], scope: "verdicts", keyCourses: "handler", rule: "Services and admins." },
  {
    method: "get",
    path: "/submissions/pending",
    operationId: "listPendingSubmissions",
    tags: ["unlock writes"],
    summary: "Submissions that wait for a verdict, oldest first, from the mirror in D1",
    request: { query: z.object(pageQuery) },
    responses: {
      200: {
        description: "A page of pending submissions.",
        content: {
          "application/json": {
            schema: pageSchema(
              z
                .object({
                  id: z.string(),
                  enrollment_id: z.string(),
                  item: z.string(),
                  answer: z.string(),
                  submitted_at: z.string(),
                })
                .openapi("PendingSubmission"),
            ),
          },
        },
      },
    },
  },
);

/** Ids of enrollments begin with their course. */
const course = sql`substr(${submissions.enrollment_id}, 1, instr(${submissions.enrollment_id}, ':') - 1)`;

/** What graders work from: submissions without an answer key. */
export function submissionRoutes() {
  return newRouter().openapi(pendingRoute, async (c) => {
    const key = keyOf(c);
    const only = key === null || key.courses === null ? null : jsonSet(oneBatch(key.courses));
    const found = await paginate(
      acceptedSecrets(c.env),
      "pending submissions",
      c.req.valid("query"),
      async (after, take) => {
        const [instant = "0", id = ""] = after?.split(" ") ?? [];
        const absent = await notAtHome(c.env);
        const pages = await onEveryShard(c.env, ({ name, db }) =>
          countedDatabase(db, c.get("queries"))
            .select()
            .from(submissions)
            .where(
              and(
                // Written out, so that the partial index of pending submissions is used.
                eq(submissions.status, sql`'pending'`),
                sql`(${submissions.submitted_at}, ${submissions.id}) > (${Number(instant)}, ${id})`,
                sql`${course} NOT IN (SELECT value FROM ${jsonSet(absent(name))})`,
                only === null ? undefined : sql`${course} IN (SELECT value FROM ${only})`,
              ),
            )
            .orderBy(asc(submissions.submitted_at), asc(submissions.id))
            .limit(take)
            .all(),
        );
        // Those of a shard that does not answer come when it is back: a grader starts each walk with the oldest.
        return answersOf(pages)
          .flat()
          .sort((a, b) => a.submitted_at - b.submitted_at || (a.id < b.id ? -1 : 1))
          .slice(0, take);
      },
      (row) => `${row.submitted_at} ${row.id}`,
    );
    if (!found.ok) return respond(c, found.refusal);
    const results = found.value.page.map((row) => ({
      id: row.id,
      enrollment_id: row.enrollment_id,
      item: row.item_id,
      answer: row.answer,
      submitted_at: toInstant(row.submitted_at),
    }));
    return c.json({ results, next_cursor: found.value.next }, 200);
  });
}
