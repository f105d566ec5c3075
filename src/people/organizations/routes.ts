import { z } from "@hono/zod-openapi";
import { addAuditEntryStatement, nudgeAudit, type OwnEntry } from "../../audit/index.ts";
import { fetchCourse } from "../../courses/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { respond } from "../../platform/http/answers.ts";
import { type AppContext, actorOf, databaseOf } from "../../platform/http/context.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../../platform/http/idempotency.ts";
import { pageSchema } from "../../platform/http/pagination.ts";
import { userIdSchema } from "../../platform/ids.ts";
import { refuse } from "../../platform/results.ts";
import { PEOPLE } from "../../platform/roles.ts";
import { courseParam, json, TAGS } from "../common.ts";
import {
  entryOfOrganization,
  moveCourse,
  organizationById,
  organizations,
  setManages,
  setOrganization,
} from "../statements.ts";
import { ADMIN_RULE, MANAGER_RULE, managedBy, organizationFor, organizationNamed } from "./access.ts";
import { organizationBatchRoutes } from "./routes-batch.ts";
import { organizationPeopleRoutes } from "./routes-people.ts";
import {
  MAX_ORGANIZATIONS,
  newOrganization,
  type OrganizationRow,
  organizationIdSchema,
  organizationParam,
  organizationView,
  viewOf,
} from "./shapes.ts";
import { standingOf } from "./standing.ts";

const listRoute = defineRoute(
  { roles: PEOPLE, rule: "Admins see all; managers the one whose people they manage; everybody else none." },
  {
    method: "get",
    path: "/organizations",
    operationId: "listOrganizations",
    tags: TAGS,
    summary: "The organisations that the caller manages",
    responses: { 200: { description: "All of them, by id.", content: json(pageSchema(organizationView)) } },
  },
);
const readRoute = defineRoute(
  { roles: PEOPLE, rule: MANAGER_RULE, refuses: ["not_found"] },
  {
    method: "get",
    path: "/organizations/{organization}",
    operationId: "getOrganization",
    tags: TAGS,
    summary: "Read an organisation",
    request: { params: organizationParam },
    responses: { 200: { description: "The organisation.", content: json(organizationView) } },
  },
);
const setRoute = defineRoute(
  { roles: ["admin"], rule: ADMIN_RULE, rate: "write", refuses: ["people_limit"] },
  {
    method: "put",
    path: "/organizations/{organization}",
    operationId: "setOrganization",
    tags: TAGS,
    summary: "Make an organisation, or give it another name",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: organizationParam,
      body: { required: true, content: json(newOrganization) },
    },
    responses: { 200: { description: "It is so now.", content: json(organizationView) } },
  },
);
const changedView = z.object({ changed: z.boolean() }).openapi("OrganizationChanged");
const managerParams = z.object({ organization: organizationIdSchema, user: userIdSchema });
const nameManagerRoute = defineRoute(
  { roles: ["admin"], rule: ADMIN_RULE, rate: "write", refuses: ["not_found", "user_not_found"] },
  {
    method: "put",
    path: "/organizations/{organization}/managers/{user}",
    operationId: "nameManager",
    tags: TAGS,
    summary: "Let somebody of an organisation manage its people",
    middleware: [idempotent("harmless")],
    request: { headers: idempotencyHeader, params: managerParams },
    responses: { 200: { description: "It counts at once.", content: json(changedView) } },
  },
);
const endManagerRoute = defineRoute(
  { roles: ["admin"], rule: ADMIN_RULE, rate: "write", refuses: ["not_found"] },
  {
    method: "delete",
    path: "/organizations/{organization}/managers/{user}",
    operationId: "endManager",
    tags: TAGS,
    summary: "End that somebody manages the people of an organisation",
    middleware: [idempotent("harmless")],
    request: { headers: idempotencyHeader, params: managerParams },
    responses: { 200: { description: "It counts at once.", content: json(changedView) } },
  },
);
const moveCourseRoute = defineRoute(
  { roles: ["admin"], rule: ADMIN_RULE, rate: "write", refuses: ["not_found"] },
  {
    method: "put",
    path: "/courses/{course}/organization",
    operationId: "moveCourseToOrganization",
    tags: TAGS,
    summary: "Put a course into an organisation, or into none; who is in it stays in it",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: courseParam,
      body: {
        required: true,
        content: json(
          z.strictObject({ organization_id: organizationIdSchema.nullable() }).openapi("CourseOrganizationRequest"),
        ),
      },
    },
    responses: {
      200: {
        description: "Writes see it at once, reads within 5 seconds.",
        content: json(
          z
            .object({ course: z.string(), organization_id: z.string().nullable(), changed: z.boolean() })
            .openapi("CourseOrganization"),
        ),
      },
    },
  },
);

/** Organisations: who makes them, who manages them, and which courses are theirs. */
export function organizationRoutes() {
  return newRouter()
    .openapi(listRoute, async (c) => {
      const results =
        actorOf(c).role === "admin"
          ? (await organizations(directory(c.env), MAX_ORGANIZATIONS).all<OrganizationRow>()).results
          : await ownOnly(c);
      return c.json({ results: results.map(viewOf), next_cursor: null }, 200);
    })
    .openapi(readRoute, async (c) => {
      const found = await organizationFor(c, c.req.valid("param").organization);
      return found.ok ? c.json(viewOf(found.value), 200) : respond(c, found.refusal);
    })
    .openapi(setRoute, async (c) => {
      const { organization: id } = c.req.valid("param");
      const { name } = c.req.valid("json");
      const db = directory(c.env);
      const before = await organizationById(db, id).first<OrganizationRow>();
      if (before?.name === name) return c.json(viewOf(before), 200);
      const action = before === null ? "organization.made" : "organization.renamed";
      const [set] = await db.batch([
        setOrganization(db, id, name, Date.now(), MAX_ORGANIZATIONS),
        entryOf(c, { action, target: { type: "organization", id } }, entryOfOrganization, id),
      ]);
      nudgeAudit(c);
      const row = await organizationById(db, id).first<OrganizationRow>();
      if (row === null || (set?.meta.changes ?? 0) === 0) {
        const detail = `An installation has at most ${MAX_ORGANIZATIONS} organisations.`;
        return respond(c, refuse("people_limit", { detail }).refusal);
      }
      return c.json(viewOf(row), 200);
    })
    .openapi(nameManagerRoute, async (c) => {
      const { organization, user } = c.req.valid("param");
      const found = await organizationNamed(c, organization);
      if (!found.ok) return respond(c, found.refusal);
      const changed = await manage(c, organization, user, true);
      if (changed !== null) return c.json({ changed }, 200);
      const detail = "A manager is somebody of the organisation: put them into it first.";
      return respond(c, refuse("user_not_found", { detail }).refusal);
    })
    .openapi(endManagerRoute, async (c) => {
      const { organization, user } = c.req.valid("param");
      const found = await organizationNamed(c, organization);
      if (!found.ok) return respond(c, found.refusal);
      return c.json({ changed: (await manage(c, organization, user, false)) === true }, 200);
    })
    .openapi(moveCourseRoute, async (c) => {
      const { course } = c.req.valid("param");
      const { organization_id } = c.req.valid("json");
      c.get("facts").course_id = course;
      const entry = await fetchCourse(databaseOf(c), course);
      if (entry === null) return respond(c, refuse("course_not_found").refusal);
      const found = organization_id === null ? null : await organizationNamed(c, organization_id);
      if (found?.ok === false) return respond(c, found.refusal);
      const changed = entry.organization !== organization_id;
      if (changed) {
        const db = directory(c.env);
        const details = organization_id === null ? {} : { details: { kind: organization_id } };
        await db.batch([
          moveCourse(db, course, organization_id, Date.now()),
          entryOf(c, {
            action: "organization.course_moved",
            target: { type: "course", id: course },
            course,
            ...details,
          }),
        ]);
        nudgeAudit(c);
        await fetchCourse(databaseOf(c), course);
      }
      return c.json({ course, organization_id, changed }, 200);
    })
    .route("/", organizationPeopleRoutes())
    .route("/", organizationBatchRoutes());
}

async function ownOnly(c: AppContext): Promise<OrganizationRow[]> {
  const own = await managedBy(c);
  const found = own === null ? null : await organizationNamed(c, own);
  return found?.ok === true ? [found.value] : [];
}

function entryOf(
  c: AppContext,
  entry: Pick<OwnEntry, "action" | "target" | "course" | "details">,
  where?: typeof entryOfOrganization,
  about?: string,
) {
  const full = { ...entry, actor: actorOf(c), request_id: c.get("requestId") };
  return addAuditEntryStatement(directory(c.env), full, Date.now(), where, about);
}

/** Names somebody of the organisation its manager, or ends that they are one. @returns null: they are not of it. */
async function manage(c: AppContext, organization: string, user: string, isManager: boolean): Promise<boolean | null> {
  const standing = (await standingOf(c.env, [user])).get(user);
  if (standing?.organization_id !== organization) return null;
  if (standing.manages === Number(isManager)) return false;
  const db = directory(c.env);
  const action = isManager ? "organization.manager_named" : "organization.manager_ended";
  await db.batch([
    setManages(db, organization, user, Number(isManager), Date.now()),
    entryOf(c, { action, target: { type: "user", id: user }, details: { kind: organization } }),
  ]);
  nudgeAudit(c);
  return true;
}
