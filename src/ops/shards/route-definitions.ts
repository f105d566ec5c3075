import { z } from "@hono/zod-openapi";
import { SHARD_NAME } from "../../platform/database/shards.ts";
import { defineRoute } from "../../platform/http/define-route.ts";
import { pageQuery, pageSchema } from "../../platform/http/pagination.ts";
import { courseSlugSchema } from "../../platform/ids.ts";

const TAGS = ["system"];
const POLICY = { roles: ["admin"], scope: "operate", rule: "Admins." } as const;
const count = z.int().nonnegative();
const shardName = z.string().regex(SHARD_NAME, "a name from the list of databases");

export const moveView = z
  .object({
    course: z.string(),
    from: z.string(),
    to: z.string(),
    state: z.enum(["copying", "closing", "moved", "purging", "done"]).openapi({
      description:
        "copying: rows are copied, and writes go to the old database. closing, moved: for a moment nothing is written to the " +
        "database. purging: writes go to the new database, and the old rows are removed.",
    }),
    enrollments: count.openapi({ description: "Copied objects; an object that changed meanwhile is counted again." }),
    rows: count,
    bytes: count,
    purged_rows: count,
    statements: count.openapi({ description: "Statements of D1 so far." }),
    closed_ms: count.nullable().openapi({ description: "How long the database refused writes of the course." }),
    waits_for: z
      .enum(["backup", "room", "readers", "another_call"])
      .nullable()
      .openapi({
        description:
          "backup: one is under way. room: the target is full now. readers: for some seconds after the move, old rows stay where " +
          "they were. another_call: another call works on this move now.",
      }),
    started_at: z.string(),
    progressed_at: z.string(),
  })
  .openapi("CourseMove");

const shardView = z
  .object({
    shard: z.string(),
    courses: count,
    enrollments: count.openapi({ description: "All enrollments that its courses ever had." }),
    bound: count.openapi({ description: "Enrollments that this database accepts." }),
    share: z.number().openapi({ description: "Of the bound." }),
    bytes: count.nullable().openapi({ description: "Size of the database; null while it does not answer." }),
  })
  .openapi("Shard");

export const statusRoute = defineRoute(POLICY, {
  method: "get",
  path: "/system/shards",
  operationId: "getShards",
  tags: TAGS,
  summary: "How full each database is, and which courses are moving",
  responses: {
    200: {
      description: "As the directory counts it.",
      content: {
        "application/json": { schema: z.object({ shards: z.array(shardView), moves: z.array(moveView) }) },
      },
    },
  },
});

export const coursesRoute = defineRoute(POLICY, {
  method: "get",
  path: "/system/shards/courses",
  operationId: "listCoursesOfShards",
  tags: TAGS,
  summary: "Published courses, the database of each, and how many learners ever enrolled",
  request: { query: z.object(pageQuery) },
  responses: {
    200: {
      description: "A page of courses, by slug.",
      content: {
        "application/json": {
          schema: pageSchema(
            z.object({ course: z.string(), shard: z.string(), enrollments: count }).openapi("PlacedCourse"),
          ),
        },
      },
    },
  },
});

export const beginRoute = defineRoute(
  {
    ...POLICY,
    rate: "write",
    refuses: ["course_not_found", "course_unpublished", "course_moving", "shards_full"],
  },
  {
    method: "post",
    path: "/system/shards/moves",
    operationId: "beginCourseMove",
    tags: TAGS,
    summary: "Begin to move a course to another database, or join the move under way",
    request: {
      body: {
        required: true,
        content: {
          "application/json": {
            schema: z
              .strictObject({
                course: courseSlugSchema,
                to: shardName,
                dry_run: z
                  .boolean()
                  .optional()
                  .openapi({ description: "true: only say how much work the move would be." }),
              })
              .openapi("CourseMoveOrder"),
          },
        },
      },
    },
    responses: {
      200: {
        description: "The move. In a dry run: how much work it would be; nothing has changed.",
        content: {
          "application/json": {
            schema: z.object({
              move: moveView.nullable(),
              estimate: z
                .object({ enrollments: count, rows: count, bytes: count, statements: count })
                .openapi({ description: "From the first enrollments of the course." }),
            }),
          },
        },
      },
    },
  },
);

export const workRoute = defineRoute(
  { ...POLICY, refuses: ["not_found"] },
  {
    method: "post",
    path: "/system/shards/moves/{course}/work",
    operationId: "workOnCourseMove",
    tags: TAGS,
    summary: "Continue a move for some seconds; repeat until it is done",
    request: { params: z.object({ course: courseSlugSchema }) },
    responses: { 200: { description: "The present state.", content: { "application/json": { schema: moveView } } } },
  },
);
