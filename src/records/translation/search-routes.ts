import { z } from "@hono/zod-openapi";
import { respond } from "../../platform/http/answers.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { broken } from "../../platform/http/field-errors.ts";
import { pageQuery, pageSchema } from "../../platform/http/pagination.ts";
import { userIdSchema } from "../../platform/ids.ts";
import { refuse } from "../../platform/results.ts";
import { ROLES } from "../../platform/roles.ts";
import { isSearchable } from "../../platform/words.ts";
import { registryOf } from "../backends/index.ts";
import { query } from "../query.ts";
import { list, ownerAsked, viewPage, viewSession, viewTask } from "./reading.ts";
import { sessionView, taskView } from "./schemas.ts";
import { SESSION, TASK } from "./types.ts";

const MAX_WORDS = 200;

const words = z
  .string()
  .min(1)
  .max(MAX_WORDS)
  .refine(isSearchable, broken("not_searchable", "letters or digits, and not too many words"))
  .openapi({
    description: "All these words must occur. In Chinese, Japanese and Korean, one character is enough.",
    example: "第二章",
  });
const own = { ...pageQuery, q: words, owner: userIdSchema.optional() };
const policy = {
  roles: ROLES,
  scope: "records",
  rule: "Own records. Services and admins: all records. Only where RECORD_SEARCH is on.",
} as const;
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });

const searchRoute = defineRoute(
  { ...policy, refuses: ["not_enabled"] },
  {
    method: "get",
    path: "/translation/search",
    operationId: "searchTranslation",
    tags: ["translation"],
    summary: "Tasks or sessions whose texts contain words, the last changed first",
    description: "Tasks by their source and translation, sessions by their title, as last stored.",
    request: { query: z.object({ ...own, kind: z.enum(["task", "session"]).default("task") }) },
    responses: {
      200: { description: "A page of results.", content: json(pageSchema(z.union([taskView, sessionView]))) },
    },
  },
);

/** Finding records by their words. Mounted at /api/v1. */
export function searchRoutes() {
  return newRouter().openapi(searchRoute, async (c) => {
    const { q, kind, owner, ...page } = c.req.valid("query");
    const whose = ownerAsked(c, owner);
    if (!whose.ok) return respond(c, whose.refusal);
    const type = kind === "task" ? TASK : SESSION;
    if (!registryOf(c.env).primary(type).can.text) {
      return respond(c, refuse("not_enabled", { detail: "Words are not indexed here (RECORD_SEARCH)." }).refusal);
    }
    const build = () => query(type).whereGiven("owner", "=", whose.value).text(q).sortBy("updated_at", true);
    const found = await list(c, type, "updated_at", page, build, [whose.value, q, "search"]);
    if (!found.ok) return respond(c, found.refusal);
    const view = kind === "task" ? viewTask : viewSession;
    return c.json(
      viewPage(found.value, (record): z.output<typeof taskView> | z.output<typeof sessionView> => view(record)),
      200,
    );
  });
}
