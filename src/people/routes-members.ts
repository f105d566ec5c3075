import { z } from "@hono/zod-openapi";
import { type CourseEntry, MEMBER_ROLES } from "../courses/index.ts";
import {
  type BatchRow,
  readRows,
  refusedRows,
  refuseTwice,
  rowErrorsSchema,
  rowsSchema,
} from "../platform/database/batch-rows.ts";
import { directory } from "../platform/database/shards.ts";
import { respond } from "../platform/http/answers.ts";
import { rowFault } from "../platform/http/body.ts";
import { type AppContext, actorOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { broken } from "../platform/http/field-errors.ts";
import { idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { pageSchema } from "../platform/http/pagination.ts";
import { courseSlugSchema, userIdSchema } from "../platform/ids.ts";
import { toInstant } from "../platform/instants.ts";
import type { Result } from "../platform/results.ts";
import { PEOPLE } from "../platform/roles.ts";
import {
  accountsByEmail,
  accountsById,
  courseFor,
  courseParam,
  emailSchema,
  json,
  MANAGE_RULE,
  OWNER_RULE,
  READ_RULE,
  TAGS,
} from "./common.ts";
import { changeMember, transfer } from "./members.ts";
import { membersOf } from "./statements.ts";

/** Rows of one batch: as many as a course may have. */
const MAX_BATCH = 100;
const roleSchema = z.enum(MEMBER_ROLES).openapi({
  description: "`co_author`: all that an owner may, but giving the course away. `grader`: reads people, judges.",
});
const memberView = z
  .object({
    user_id: z.string(),
    name: z.string().nullable(),
    email: z.string().nullable(),
    role: z.enum(["owner", ...MEMBER_ROLES]),
    added_at: z.string().nullable().openapi({ description: "Null of the owner." }),
  })
  .openapi("CourseMember");
const outcome = z.enum(["added", "changed", "removed", "unchanged"]);
const changedView = z.object({ user_id: z.string(), outcome }).openapi("MemberChange");
const memberParams = z.object({ course: courseSlugSchema, user: userIdSchema });

const listRoute = defineRoute(
  { roles: PEOPLE, rule: READ_RULE },
  {
    method: "get",
    path: "/courses/{course}/members",
    operationId: "listMembers",
    tags: TAGS,
    summary: "Who has rights in a course: its owner, co-authors and graders",
    request: { params: courseParam },
    responses: { 200: { description: "All of them, the owner first.", content: json(pageSchema(memberView)) } },
  },
);
const setRoute = defineRoute(
  { roles: PEOPLE, rule: MANAGE_RULE, rate: "write", refuses: ["user_not_found", "people_limit"] },
  {
    method: "put",
    path: "/courses/{course}/members/{user}",
    operationId: "setMember",
    tags: TAGS,
    summary: "Make somebody a co-author or a grader of a course, or change which",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: memberParams,
      body: { required: true, content: json(z.strictObject({ role: roleSchema }).openapi("MemberRoleRequest")) },
    },
    responses: { 200: { description: "Done; it counts at once.", content: json(changedView) } },
  },
);
const removeRoute = defineRoute(
  { roles: PEOPLE, rule: `${MANAGE_RULE} Everybody removes themselves.`, rate: "write" },
  {
    method: "delete",
    path: "/courses/{course}/members/{user}",
    operationId: "removeMember",
    tags: TAGS,
    summary: "Take somebody's rights in a course away",
    middleware: [idempotent("harmless")],
    request: { headers: idempotencyHeader, params: memberParams },
    responses: { 200: { description: "Done; it counts at once.", content: json(changedView) } },
  },
);
const row = z
  .strictObject({
    user_id: userIdSchema.optional(),
    email: emailSchema.optional(),
    role: roleSchema.nullable().describe("Null removes."),
  })
  .refine((body) => (body.user_id === undefined) !== (body.email === undefined), {
    path: ["user_id"],
    ...broken("one_of", "name either user_id or email"),
  });
const batchRoute = defineRoute(
  { roles: PEOPLE, rule: MANAGE_RULE, rate: "write", rows: "members" },
  {
    method: "post",
    path: "/courses/{course}/members/batch",
    operationId: "setMembers",
    tags: TAGS,
    summary: "Add, change and remove members, by e-mail address or id; each row is judged by itself",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: courseParam,
      body: {
        required: true,
        content: json(z.strictObject({ members: rowsSchema("MemberRow", row, MAX_BATCH) }).openapi("MembersRequest")),
      },
    },
    responses: {
      200: {
        description: "A result for each row, in order.",
        content: json(
          z
            .object({
              results: z.array(
                z.object({
                  index: z.int(),
                  user_id: z.string().nullable(),
                  outcome: z.enum([...outcome.options, "invalid", "user_not_found", "refused"]),
                  errors: rowErrorsSchema,
                }),
              ),
            })
            .openapi("MembersAnswer"),
        ),
      },
    },
  },
);
const ownerRoute = defineRoute(
  { roles: PEOPLE, rule: OWNER_RULE, rate: "write", refuses: ["concurrent_change"] },
  {
    method: "put",
    path: "/courses/{course}/owner",
    operationId: "transferCourse",
    tags: TAGS,
    summary: "Give a course to one of its co-authors; who owned it stays as a co-author",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: courseParam,
      body: { required: true, content: json(z.strictObject({ user_id: userIdSchema }).openapi("OwnerRequest")) },
    },
    responses: {
      200: { description: "Done.", content: json(z.object({ owner_id: z.string() }).openapi("CourseOwner")) },
    },
  },
);

interface MemberRow {
  user_id: string;
  role: (typeof MEMBER_ROLES)[number];
  added_at: number;
  name: string | null;
  email: string | null;
}

/** Who has rights in a course. */
export function memberRoutes() {
  return newRouter()
    .openapi(listRoute, async (c) => {
      const course = await courseFor(c, c.req.valid("param").course, "read");
      if (!course.ok) return respond(c, course.refusal);
      const { slug, owner_id } = course.value;
      const [{ results }, owners] = await Promise.all([
        membersOf(directory(c.env), slug).all<MemberRow>(),
        accountsById(c.env, [owner_id]),
      ]);
      const { name = null, email = null } = owners.get(owner_id) ?? {};
      const owner = { user_id: owner_id, name, email, role: "owner" as const, added_at: null };
      const rest = results.map((member) => ({ ...member, added_at: toInstant(member.added_at) }));
      return c.json({ results: [owner, ...rest], next_cursor: null }, 200);
    })
    .openapi(setRoute, async (c) => {
      const { course: slug, user } = c.req.valid("param");
      const course = await courseFor(c, slug, "manage");
      if (!course.ok) return respond(c, course.refusal);
      const changed = await changeMember(c, course.value, user, c.req.valid("json").role);
      return changed.ok ? c.json({ user_id: user, outcome: changed.value }, 200) : respond(c, changed.refusal);
    })
    .openapi(removeRoute, async (c) => {
      const { course: slug, user } = c.req.valid("param");
      const course = await courseFor(c, slug, user === actorOf(c).id ? "read" : "manage");
      if (!course.ok) return respond(c, course.refusal);
      const changed = await changeMember(c, course.value, user, null);
      return changed.ok ? c.json({ user_id: user, outcome: changed.value }, 200) : respond(c, changed.refusal);
    })
    .openapi(batchRoute, async (c) => {
      const { course: slug } = c.req.valid("param");
      const course = await courseFor(c, slug, "manage");
      if (!course.ok) return respond(c, course.refusal);
      const { members } = c.req.valid("json");
      const rows = readRows("members", row, members, (index) => rowFault(c, index));
      refuseTwice("members", rows, ({ user_id, email }) => user_id ?? email ?? "");
      const refusal = refusedRows(rows);
      if (refusal !== null) return respond(c, refusal);
      return c.json({ results: await changeAll(c, course.value, rows) }, 200);
    })
    .openapi(ownerRoute, async (c) => {
      const { course: slug } = c.req.valid("param");
      const { user_id } = c.req.valid("json");
      const course = await courseFor(c, slug, "transfer");
      if (!course.ok) return respond(c, course.refusal);
      const given = await transfer(c, course.value, user_id);
      return given.ok ? c.json({ owner_id: user_id }, 200) : respond(c, given.refusal);
    });
}

/** One after the other, each with the rights as they stand then: a row may take those of the caller. */
async function changeAll(c: AppContext, entry: CourseEntry, rows: readonly BatchRow<z.output<typeof row>>[]) {
  const emails = rows.flatMap((one) => (one.ok && one.value.email !== undefined ? [one.value.email] : []));
  const accounts = await accountsByEmail(c, entry, emails);
  const results = [];
  for (const [index, one] of rows.entries()) {
    if (!one.ok) {
      results.push({ index, user_id: null, outcome: "invalid" as const, errors: one.errors });
      continue;
    }
    const user_id = one.value.user_id ?? accounts.get(one.value.email ?? "")?.id ?? null;
    if (user_id === null) {
      results.push({ index, user_id, outcome: "user_not_found" as const });
      continue;
    }
    const course: Result<CourseEntry> = await courseFor(c, entry.slug, "manage");
    const changed = course.ok ? await changeMember(c, course.value, user_id, one.value.role) : course;
    if (changed.ok) results.push({ index, user_id, outcome: changed.value });
    else {
      const { code, detail = code } = changed.refusal;
      const errors = [{ path: `members[${index}]`, rule: code, message: detail }];
      results.push({ index, user_id, outcome: "refused" as const, errors });
    }
  }
  return results;
}
