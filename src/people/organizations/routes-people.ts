import { z } from "@hono/zod-openapi";
import { nudgeAudit } from "../../audit/index.ts";
import { loadOutside } from "../../identity/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { respond } from "../../platform/http/answers.ts";
import { type AppContext, actorOf, databaseOf } from "../../platform/http/context.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../../platform/http/idempotency.ts";
import { languageOf, languageQuery } from "../../platform/http/language.ts";
import { pageQuery, pageSchema, paginate } from "../../platform/http/pagination.ts";
import { toInstant, toInstantOrNull } from "../../platform/instants.ts";
import { refuse } from "../../platform/results.ts";
import { PEOPLE, ROLES, type Role } from "../../platform/roles.ts";
import { acceptedSecrets } from "../../platform/secrets.ts";
import { inLanguage, nameSchema } from "../../platform/text.ts";
import { emailSchema, json, TAGS } from "../common.ts";
import { coursesOfOrganization } from "../statements.ts";
import { MANAGER_RULE, organizationFor } from "./access.ts";
import { organizationParam } from "./shapes.ts";

const NO_STORE = { "cache-control": "no-store" };
const NO_MAIL = refuse("not_enabled", {
  detail: "This installation sends no links for passwords. Create the user without `invite`.",
});

const personView = z
  .object({
    id: z.string(),
    email: z.string(),
    name: z.string(),
    role: z.enum(ROLES),
    manages: z.boolean().openapi({ description: "They manage the people of the organisation." }),
    ban: z.object({ reason: z.string(), until: z.string().nullable() }).nullable(),
    created_at: z.string(),
  })
  .openapi("OrganizationPerson");
const listRoute = defineRoute(
  { roles: PEOPLE, rule: MANAGER_RULE, refuses: ["not_found"] },
  {
    method: "get",
    path: "/organizations/{organization}/people",
    operationId: "listOrganizationPeople",
    tags: TAGS,
    summary: "The users of an organisation by id",
    request: {
      params: organizationParam,
      query: z.object({
        ...pageQuery,
        search: z.string().trim().max(100).default("").openapi({
          description: "A part of a name, an address or an id.",
        }),
      }),
    },
    responses: { 200: { description: "A page of users.", content: json(pageSchema(personView)) } },
  },
);
const newPerson = z
  .strictObject({
    email: emailSchema,
    name: nameSchema(100),
    role: z.enum(["learner", "author"]).default("learner"),
    invite: z.boolean().default(false).openapi({
      description: "Sends a link by which they choose a password, in the language of the request.",
    }),
  })
  .openapi("NewOrganizationPerson");
const createRoute = defineRoute(
  {
    roles: PEOPLE,
    rule: MANAGER_RULE,
    rate: "write",
    refuses: ["not_found", "user_exists", "not_enabled"],
  },
  {
    method: "post",
    path: "/organizations/{organization}/people",
    operationId: "createOrganizationPerson",
    tags: TAGS,
    summary: "Create a user in an organisation, and send them a link if so asked",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: organizationParam,
      query: z.object({ lang: languageQuery }),
      body: { required: true, content: json(newPerson) },
    },
    responses: { 201: { description: "Created.", content: json(personView) } },
  },
);
const courseView = z
  .object({ slug: z.string(), title: z.string(), owner_id: z.string(), active_version: z.int().nullable() })
  .openapi("OrganizationCourse");
const coursesRoute = defineRoute(
  { roles: PEOPLE, rule: MANAGER_RULE, refuses: ["not_found"] },
  {
    method: "get",
    path: "/organizations/{organization}/courses",
    operationId: "listOrganizationCourses",
    tags: TAGS,
    summary: "The courses of an organisation, published or not",
    request: { params: organizationParam, query: z.object({ ...pageQuery, lang: languageQuery }) },
    responses: { 200: { description: "A page of courses.", content: json(pageSchema(courseView)) } },
  },
);

interface CourseRow {
  slug: string;
  title: string;
  owner_id: string;
  active_version: number | null;
}
/** What is shown of a user. */
interface Person {
  id: string;
  email: string;
  name: string;
  role: Role;
  manages: boolean;
  banReason: string | null;
  banExpires: Date | null;
  createdAt: Date;
}

/** Who is of an organisation, and which courses are its. */
export function organizationPeopleRoutes() {
  return newRouter()
    .openapi(listRoute, async (c) => {
      const found = await organizationFor(c, c.req.valid("param").organization);
      if (!found.ok) return respond(c, found.refusal);
      const { id } = found.value;
      const { search, ...asked } = c.req.valid("query");
      const { findUsersOf, isBanned } = await loadOutside();
      const users = await paginate(
        acceptedSecrets(c.env),
        `organization ${id} ${search}`,
        asked,
        (after, take) => findUsersOf(databaseOf(c), id, search, after ?? "", take),
        (user) => user.id,
      );
      if (!users.ok) return respond(c, users.refusal);
      const now = new Date();
      const results = users.value.page.map((user) => viewPerson(user, isBanned(user, now)));
      return c.json({ results, next_cursor: users.value.next }, 200, NO_STORE);
    })
    .openapi(createRoute, async (c) => {
      const found = await organizationFor(c, c.req.valid("param").organization);
      if (!found.ok) return respond(c, found.refusal);
      const { invite, ...person } = c.req.valid("json");
      const { createUser, askForMail, offers } = await loadOutside();
      if (invite && !offers(c.env, "recovery", c.req.url)) return respond(c, NO_MAIL.refusal);
      const { id, role } = actorOf(c);
      const by = { id, role, request_id: c.get("requestId") };
      const created = await createUser(databaseOf(c), person, new Date(), by, null, found.value.id);
      nudgeAudit(c);
      if (!created.ok) return respond(c, created.refusal);
      // The account is there: where no mail can be asked for now, the person asks for a new password at sign-in.
      if (invite) await askForMail(c, "recover", person.email);
      return c.json(viewPerson(created.value, false), 201, NO_STORE);
    })
    .openapi(coursesRoute, async (c) => {
      const found = await organizationFor(c, c.req.valid("param").organization);
      if (!found.ok) return respond(c, found.refusal);
      const { id } = found.value;
      const courses = await paginate(
        acceptedSecrets(c.env),
        `organization courses ${id}`,
        c.req.valid("query"),
        async (after, take) =>
          (await coursesOfOrganization(directory(c.env), id, after ?? "", take).all<CourseRow>()).results,
        ({ slug }) => slug,
      );
      if (!courses.ok) return respond(c, courses.refusal);
      const results = courses.value.page.map((row) => ({ ...row, title: titleOf(c, row.title) }));
      return c.json({ results, next_cursor: courses.value.next }, 200);
    });
}

function viewPerson(user: Person, isOut: boolean): z.output<typeof personView> {
  const { id, email, name, role, manages, banReason, banExpires, createdAt } = user;
  const ban = isOut ? { reason: banReason ?? "", until: toInstantOrNull(banExpires?.getTime() ?? null) } : null;
  return { id, email, name, role, manages, ban, created_at: toInstant(createdAt.getTime()) };
}

const localized = z.union([
  z.string().transform((en) => ({ en, zh: undefined })),
  z.object({ en: z.string().optional(), zh: z.string().optional() }),
]);

function titleOf(c: AppContext, stored: string): string {
  const { en, zh } = localized.parse(JSON.parse(stored));
  return inLanguage({ en: en ?? zh ?? "", zh }, languageOf(c));
}
