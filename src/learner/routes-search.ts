import { z } from "@hono/zod-openapi";
import { MAX_WORDS, searchContents } from "../courses/index.ts";
import { loadAgenda } from "../enrollment/index.ts";
import { directory } from "../platform/database/shards.ts";
import { respond } from "../platform/http/answers.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { languageOf, languageQuery } from "../platform/http/language.ts";
import { logFault } from "../platform/log.ts";
import { refuse } from "../platform/results.ts";
import { PEOPLE } from "../platform/roles.ts";
import { inLanguage } from "../platform/text.ts";
import { courseParam, json, OWN_REFUSALS, TAGS } from "./common.ts";
import { excerptOf, hasAll, wordsOf } from "./search.ts";

/** The limit of results. */
const MAX_FOUND = 30;

const searchRoute = defineRoute(
  {
    roles: PEOPLE,
    rule: "Titles of what the caller sees, and texts of what is open to the caller now.",
    refuses: OWN_REFUSALS,
  },
  {
    method: "get",
    path: "/courses/{course}/search",
    operationId: "searchCourse",
    tags: TAGS,
    summary: `Items of a course by the words of their titles and texts, the first ${MAX_FOUND}`,
    request: {
      params: courseParam,
      query: z.object({
        q: z
          .string()
          .trim()
          .min(1)
          .max(100)
          .openapi({ description: `What is looked for: up to ${MAX_WORDS} words, all of which have to be there.` }),
        lang: languageQuery,
      }),
    },
    responses: {
      200: {
        description: "Titles first, each in course order. `has_more`: there may be more than these.",
        content: json(
          z
            .object({
              results: z.array(
                z
                  .object({
                    item_id: z.string(),
                    title: z.string(),
                    kind: z.string(),
                    is_locked: z.boolean(),
                    excerpt: z.string().nullable().openapi({ description: "Null where the title was found." }),
                  })
                  .openapi("Found"),
              ),
              has_more: z.boolean(),
            })
            .openapi("FoundItems"),
        ),
      },
    },
  },
);

/** Search in a course. */
export function searchRoutes() {
  return newRouter().openapi(searchRoute, async (c) => {
    const { course } = c.req.valid("param");
    const { readSearchable } = await loadAgenda();
    const read = await readSearchable(c, course);
    if (!read.ok) return respond(c, read.refusal);
    const { permit, agenda } = read.value;
    const words = wordsOf(c.req.valid("query").q, MAX_WORDS);
    const language = languageOf(c);
    const open = new Set(permit.items);
    const found = (item: (typeof agenda.items)[number], excerpt: string | null) => ({
      item_id: item.id,
      title: item.title,
      kind: item.kind,
      is_locked: !open.has(item.id),
      excerpt,
    });
    const byTitle = agenda.items.filter(({ title }) => hasAll(title, words));
    const titled = new Set(byTitle.map(({ id }) => id));
    let texts: Awaited<ReturnType<typeof searchContents>>;
    try {
      texts = await searchContents(directory(c.env), permit, words);
    } catch (fault) {
      logFault("search_failed", fault, { course_id: course });
      return respond(c, refuse("unavailable", { detail: "The texts cannot be read now.", retry_after: 1 }).refusal);
    }
    const excerpts = new Map(texts.map(({ item, text }) => [item, excerptOf(inLanguage(text, language), words)]));
    const byText = agenda.items.flatMap((item) => {
      const excerpt = titled.has(item.id) ? null : (excerpts.get(item.id) ?? null);
      return excerpt === null ? [] : [found(item, excerpt)];
    });
    const all = [...byTitle.map((item) => found(item, null)), ...byText];
    const has_more = all.length > MAX_FOUND || texts.length >= MAX_FOUND;
    return c.json({ results: all.slice(0, MAX_FOUND), has_more }, 200, { "cache-control": "private, no-store" });
  });
}
