import { z } from "@hono/zod-openapi";
import { addAuditEntryStatement, nudgeAudit } from "../../audit/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { respond } from "../../platform/http/answers.ts";
import { type AppContext, actorOf } from "../../platform/http/context.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../../platform/http/idempotency.ts";
import { toInstant, toInstantOrNull } from "../../platform/instants.ts";
import { type FieldError, refuse } from "../../platform/results.ts";
import { providerByName } from "../sso/statements.ts";
import { readRules } from "./place.ts";
import { type GroupRule, rulesBody, rulesView, sourceSchema } from "./shapes.ts";
import { ADD_RULES, COURSES_AMONG, dropRules, noteOf, setMembersDue, setPlacedDue, waitingOf } from "./statements.ts";

const TAGS = ["identity"];
const MAX_BODY = 1_000_000;
const MAX_LISTED = 100;
/** The source that sends its groups by itself. */
const DIRECTORY = "scim";
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const params = z.object({ source: sourceSchema });
const noteRow = z.object({
  synced_at: z.int().nullable(),
  failed_at: z.int().nullable(),
  failure: z.string().nullable(),
  failures: z.int(),
  ignored: z.string().nullable(),
});
const ignoredSchema = z.record(z.string(), z.int());

const readRoute = defineRoute(
  { roles: ["admin"], refuses: ["not_found"] },
  {
    method: "get",
    path: "/group-rules/{source}",
    operationId: "getGroupRules",
    tags: TAGS,
    summary: "What the groups of a directory or a provider mean in courses, and how the last sync went",
    request: { params },
    responses: { 200: { description: "All rules.", content: json(rulesView) } },
  },
);
const setRoute = defineRoute(
  { roles: ["admin"], rate: "write", maxBody: MAX_BODY, refuses: ["not_found"] },
  {
    method: "put",
    path: "/group-rules/{source}",
    operationId: "setGroupRules",
    tags: TAGS,
    summary:
      "Say what groups mean. People of the directory are placed by it within minutes, others at their next sign-in",
    middleware: [idempotent("harmless")],
    request: { headers: idempotencyHeader, params, body: { required: true, content: json(rulesBody) } },
    responses: { 200: { description: "All rules.", content: json(rulesView) } },
  },
);

/** What groups mean in courses. */
export function groupRuleRoutes() {
  return newRouter()
    .openapi(readRoute, async (c) => {
      const { source } = c.req.valid("param");
      if (!(await isSource(c, source))) return respond(c, NO_SOURCE.refusal);
      return c.json(await viewRules(c, source), 200);
    })
    .openapi(setRoute, async (c) => {
      const { source } = c.req.valid("param");
      const { rules } = c.req.valid("json");
      if (!(await isSource(c, source))) return respond(c, NO_SOURCE.refusal);
      const errors = await faultsOf(c, rules);
      if (errors.length > 0) return respond(c, refuse("invalid_input", { errors }).refusal);
      const db = directory(c.env);
      const now = Date.now();
      const rows = rules.map(({ group, course, role, cohort }) => [group, course, role, cohort]);
      const entry = {
        action: "group_rules.set" as const,
        actor: actorOf(c),
        target: { type: "group_rules", id: source },
        request_id: c.get("requestId"),
        details: { entries: rules.length },
      };
      await db.batch([
        dropRules(db, source),
        ...ADD_RULES.over(db, rows, source),
        // Whoever comes by a provider is placed when they sign in: only then is it known in which groups they are.
        ...(source === DIRECTORY ? [setMembersDue(db, source, now), setPlacedDue(db, source, now)] : []),
        addAuditEntryStatement(db, entry, now),
      ]);
      nudgeAudit(c);
      return c.json(await viewRules(c, source), 200);
    });
}

const NO_SOURCE = refuse("not_found", { detail: "This is neither scim nor the name of an identity provider." });

async function isSource(c: AppContext, source: string): Promise<boolean> {
  return source === DIRECTORY || (await providerByName(directory(c.env), source).first()) !== null;
}

async function faultsOf(c: AppContext, rules: readonly GroupRule[]): Promise<FieldError[]> {
  const slugs = [...new Set(rules.map(({ course }) => course))];
  const found = await COURSES_AMONG.find<{ slug: string }>(directory(c.env), slugs);
  const known = new Set(found.map(({ slug }) => slug));
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  for (const [at, { group, course }] of rules.entries()) {
    const path = `rules[${at}]`;
    if (!known.has(course))
      errors.push({ path: `${path}.course`, rule: "course_not_found", message: "There is no such course." });
    const key = JSON.stringify([group, course]);
    if (seen.has(key))
      errors.push({ path, rule: "duplicate", message: "The group has a rule for this course already." });
    seen.add(key);
  }
  return errors.slice(0, MAX_LISTED);
}

async function viewRules(c: AppContext, source: string) {
  const db = directory(c.env);
  const row = await noteOf(db, source).first();
  const note = row === null ? null : noteRow.parse(row);
  const ignored = ignoredSchema.parse(JSON.parse(note?.ignored ?? "{}"));
  const waiting = await waitingOf(db, source).first<{ waiting: number }>();
  return {
    source,
    rules: await readRules(c.env, source),
    waiting: waiting?.waiting ?? 0,
    last_sync_at: toInstantOrNull(note?.synced_at ?? null),
    last_failure_at: toInstantOrNull(note?.failed_at ?? null),
    last_failure: note?.failure ?? null,
    refused: note?.failures ?? 0,
    not_kept: Object.entries(ignored)
      .map(([attribute, at]) => ({ attribute, last_sent_at: toInstant(at) }))
      .sort((one, other) => (one.attribute < other.attribute ? -1 : 1)),
  };
}
