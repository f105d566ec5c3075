import { z } from "@hono/zod-openapi";
import { loadAgenda } from "../enrollment/index.ts";
import { snapshotSchema } from "../mirror/index.ts";
import { respond } from "../platform/http/answers.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { languageOf, languageQuery } from "../platform/http/language.ts";
import { userIdSchema } from "../platform/ids.ts";
import { toInstant, toInstantOrNull } from "../platform/instants.ts";
import { ROLES } from "../platform/roles.ts";
import { courseParam, json, OWN_REFUSALS, TAGS } from "./common.ts";
import { deadline, NEXT_REASONS, nextSentence, nextThings, opensNext } from "./next.ts";

/** The limit of items in an answer. */
const MAX_NEXT = 50;

const nextView = z
  .object({
    item_id: z.string(),
    title: z.string(),
    kind: z.string(),
    chapter_id: z.string().nullable(),
    status: z.enum(["unlocked", "started"]),
    why: z.enum(NEXT_REASONS),
    sentence: z.string(),
    due_at: z.string().nullable().openapi({ description: "Its due date, or else its end, as the learner has it." }),
  })
  .openapi("NextThing");
const nextRoute = defineRoute(
  {
    roles: ROLES,
    scope: "read",
    rule: "Own course. Staff of the course, and observers of the learner: ?learner= for those of one learner.",
    refuses: OWN_REFUSALS,
  },
  {
    method: "get",
    path: "/courses/{course}/next",
    operationId: "listNext",
    tags: TAGS,
    summary: "What a learner can do next, the most pressing first: what is due soon, what was begun, what is open",
    request: {
      params: courseParam,
      query: z.object({
        lang: languageQuery,
        limit: z.coerce.number().int().min(1).max(MAX_NEXT).default(5),
        learner: userIdSchema.optional().openapi({ description: "Staff and observers: what this learner can do." }),
      }),
    },
    responses: {
      200: {
        description: "At most `limit` things.",
        content: json(
          z
            .object({
              results: z.array(nextView),
              done: z.int().openapi({ description: "Items of the course that are done." }),
              total: z.int(),
              opens_next: z
                .object({ item_id: z.string(), title: z.string(), opens_at: z.string() })
                .nullable()
                .openapi({ description: "What a date opens next." }),
              paused: z
                .object({ until: z.string().nullable(), reason: z.string() })
                .nullable()
                .openapi({ description: "The pause in force; `until` is null where it lasts until staff end it." }),
              snapshot: snapshotSchema,
            })
            .openapi("Next"),
        ),
      },
    },
  },
);

/** What to do next. */
export function nextRoutes() {
  return newRouter().openapi(nextRoute, async (c) => {
    const { course } = c.req.valid("param");
    const { limit, learner } = c.req.valid("query");
    const { readAgenda } = await loadAgenda();
    const read = await readAgenda(c, course, { learner });
    if (!read.ok) return respond(c, read.refusal);
    const { agenda, snapshot } = read.value;
    const now = Date.now();
    const language = languageOf(c);
    const results = nextThings(agenda.items, now)
      .slice(0, limit)
      .map((thing) => {
        const { id, title, kind, chapter, state } = thing.item;
        const at = deadline(thing.item);
        return {
          item_id: id,
          title,
          kind,
          chapter_id: chapter,
          status: state === "started" ? ("started" as const) : ("unlocked" as const),
          why: thing.why,
          sentence: nextSentence(thing, now, language),
          due_at: toInstantOrNull(Number.isFinite(at) ? at : null),
        };
      });
    const { pause } = agenda;
    const paused = pause === null ? null : { until: toInstantOrNull(pause.until), reason: pause.reason };
    // During a pause no date opens anything.
    const later = pause === null ? opensNext(agenda.items, now) : null;
    const opens_next =
      later?.opens == null ? null : { item_id: later.id, title: later.title, opens_at: toInstant(later.opens) };
    const done = agenda.items.filter(({ is_done }) => is_done).length;
    const body = { results, done, total: agenda.items.length, opens_next, paused, snapshot };
    return c.json(body, 200, { "cache-control": "private, no-store" });
  });
}
