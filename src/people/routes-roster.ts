import { z } from "@hono/zod-openapi";
import type { CoursePointer } from "../courses/index.ts";
import { loadEnrolling } from "../enrollment/index.ts";
import { foreignAmong } from "../identity/index.ts";
import { respond } from "../platform/http/answers.ts";
import { type AppContext, actorOf, databasesOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { enrollmentId } from "../platform/ids.ts";
import { inParallel } from "../platform/parallel.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { PEOPLE } from "../platform/roles.ts";
import { accountsByEmail, accountsById, courseFor, courseParam, json, MANAGE_RULE, TAGS } from "./common.ts";
import { enrolledNow } from "./roll.ts";
import { isMassRemoval, planRoster, type RosterPlan, readRoster } from "./roster.ts";
import { applicantOf, MAX_ENDED, PARALLEL } from "./routes-people.ts";

/** Characters of a file. */
const MAX_CSV = 1_500_000;
const MAX_BODY = 2_000_000;
/** A class that is compared with a file as a whole, at most. */
const MAX_CLASS = 100_000;
/** People listed of each kind in a preview; their numbers are exact. */
const MAX_LISTED = 200;

const personView = z.object({ user_id: z.string(), name: z.string().nullable() });
const answerView = z
  .object({
    dry_run: z.boolean(),
    comes: z.int(),
    changes: z.int(),
    goes: z.int(),
    unchanged: z.int(),
    failed: z.int().openapi({ description: "Could not be done right now: send the file again." }),
    enrolled: z.int().openapi({
      description: "How many were enrolled before: of the class with `remove_missing`, else of those in the file.",
    }),
    needs_confirmation: z
      .boolean()
      .openapi({ description: "So many would go that `confirm_removed` must say how many." }),
    unknown: z.array(z.object({ line: z.int(), email: z.string() })).openapi({
      description: "Addresses without an account: they are left out; invite them by a link.",
    }),
    coming: z.array(personView.extend({ cohorts: z.array(z.string()) })),
    changing: z.array(personView.extend({ from: z.array(z.string()), to: z.array(z.string()) })),
    going: z.array(personView),
  })
  .openapi("RosterAnswer");
const rosterRoute = defineRoute(
  {
    roles: PEOPLE,
    rule: MANAGE_RULE,
    rate: "write",
    maxBody: MAX_BODY,
    refuses: ["course_unpublished", "removal_unconfirmed", "people_limit", "shards_full"],
  },
  {
    method: "put",
    path: "/courses/{course}/roster",
    operationId: "applyRoster",
    tags: TAGS,
    summary: "Bring a class in line with a CSV file, or see what that would change",
    description:
      "The header names `user_id` or `email`, and perhaps `cohorts` (separated by semicolons). The first 200 people of each kind are listed, the numbers are of all. Sent again, the same file changes nothing.",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: courseParam,
      query: z.object({ dry_run: z.enum(["true", "false"]).optional() }),
      body: {
        required: true,
        content: json(
          z
            .strictObject({
              csv: z.string().min(1).max(MAX_CSV),
              remove_missing: z.boolean().default(false).describe("Who is not in the file is withdrawn."),
              confirm_removed: z.int().min(0).nullable().default(null).describe("How many are meant to go."),
            })
            .openapi("RosterRequest"),
        ),
      },
    },
    responses: { 200: { description: "What changes, or has changed.", content: json(answerView) } },
  },
);

/** Rosters as files. */
export function rosterFileRoutes() {
  return newRouter().openapi(rosterRoute, async (c) => {
    const course = await courseFor(c, c.req.valid("param").course, "manage");
    if (!course.ok) return respond(c, course.refusal);
    const { slug, pointer, organization } = course.value;
    if (pointer === null) return respond(c, refuse("course_unpublished").refusal);
    const { csv, remove_missing, confirm_removed } = c.req.valid("json");
    const isTrial = c.req.valid("query").dry_run === "true";
    const { rows, errors } = readRoster(csv);
    if (errors.length > 0) return respond(c, refuse("invalid_input", { errors }).refusal);
    const emails = rows.flatMap(({ user_id, email }) => (user_id === null && email !== null ? [email] : []));
    const accounts = await accountsByEmail(c, course.value, emails);
    const named = rows.flatMap(({ user_id }) => (user_id === null ? [] : [user_id]));
    const foreign = await foreignAmong(c.env, actorOf(c), course.value, named);
    const listed = new Map<string, string[] | null>();
    const unknown: { line: number; email: string }[] = [];
    for (const { line, user_id, email, cohorts } of rows) {
      const user = user_id ?? accounts.get(email ?? "")?.id;
      if (user === undefined || foreign.has(user)) unknown.push({ line, email: email ?? "" });
      else listed.set(user, cohorts);
    }
    const among = remove_missing ? null : [...listed.keys()];
    const enrolled = await enrolledNow(databasesOf(c), slug, among, MAX_CLASS + 1);
    if (enrolled.size > MAX_CLASS) {
      const detail = `A class of over ${MAX_CLASS} learners is not compared with a file as a whole.`;
      return respond(c, refuse("people_limit", { detail }).refusal);
    }
    const people = [...listed].map(([user, cohorts]) => ({ user, cohorts }));
    const plan = planRoster(people, enrolled, remove_missing);
    const needsConfirmation = isMassRemoval(plan.goes.length, enrolled.size);
    const answer = await answerOf(c, plan, { unknown, enrolled: enrolled.size, needsConfirmation });
    if (isTrial) return c.json({ ...answer, dry_run: true, failed: 0 }, 200);
    if (needsConfirmation && confirm_removed !== plan.goes.length) {
      const detail = `${plan.goes.length} of ${enrolled.size} learners would be withdrawn.`;
      return respond(c, refuse("removal_unconfirmed", { detail, extra: { goes: plan.goes.length } }).refusal);
    }
    const applied = await apply(c, { slug, pointer, organization }, plan);
    if (!applied.ok) return respond(c, applied.refusal);
    if (applied.value > 0) c.header("retry-after", "1");
    return c.json({ ...answer, dry_run: false, failed: applied.value }, 200);
  });
}

/** Carries a plan out. @returns how many could not be done right now. */
async function apply(
  c: AppContext,
  course: { slug: string; pointer: CoursePointer; organization: string | null },
  plan: RosterPlan,
): Promise<Result<number>> {
  const { enrollAll, withdraw } = await loadEnrolling();
  const actor = { ...actorOf(c), request_id: c.get("requestId") };
  const applicants = [
    ...plan.comes.map(({ user, cohorts }) => applicantOf(user, cohorts)),
    ...plan.changes.map(({ user, to }) => applicantOf(user, to)),
  ];
  let failed = 0;
  if (applicants.length > 0) {
    const done = await enrollAll(c.env, c.get("queries"), course, applicants, actor);
    if (!done.ok) return done;
    failed += done.value.filter((result) => !result.ok).length;
  }
  failed += Math.max(0, plan.goes.length - MAX_ENDED);
  await inParallel(plan.goes.slice(0, MAX_ENDED), PARALLEL, async (user) => {
    const ended = await withdraw(c.env, enrollmentId(course.slug, user), actor, "hand");
    if (!ended.ok && ended.refusal.code !== "not_enrolled") failed += 1;
  });
  return ok(failed);
}

async function answerOf(
  c: AppContext,
  plan: RosterPlan,
  about: { unknown: { line: number; email: string }[]; enrolled: number; needsConfirmation: boolean },
) {
  const comes = plan.comes.slice(0, MAX_LISTED);
  const changes = plan.changes.slice(0, MAX_LISTED);
  const goes = plan.goes.slice(0, MAX_LISTED);
  const users = [...comes.map(({ user }) => user), ...changes.map(({ user }) => user), ...goes];
  const accounts = await accountsById(c.env, users);
  const person = (user: string) => ({ user_id: user, name: accounts.get(user)?.name ?? null });
  return {
    comes: plan.comes.length,
    changes: plan.changes.length,
    goes: plan.goes.length,
    unchanged: plan.unchanged,
    enrolled: about.enrolled,
    needs_confirmation: about.needsConfirmation,
    unknown: about.unknown.slice(0, MAX_LISTED),
    coming: comes.map(({ user, cohorts }) => ({ ...person(user), cohorts: cohorts ?? [] })),
    changing: changes.map(({ user, from, to }) => ({ ...person(user), from, to })),
    going: goes.map(person),
  };
}
