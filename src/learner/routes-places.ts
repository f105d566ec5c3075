import { z } from "@hono/zod-openapi";
import { loadPermits } from "../enrollment/index.ts";
import { erasedAmong } from "../identity/index.ts";
import { directory } from "../platform/database/shards.ts";
import { respond } from "../platform/http/answers.ts";
import { actorOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { courseOfItem, courseSlugSchema, itemIdSchema } from "../platform/ids.ts";
import { toInstant } from "../platform/instants.ts";
import { refuse } from "../platform/results.ts";
import { PEOPLE } from "../platform/roles.ts";
import { courseParam, json, OWN_REFUSALS, OWN_RULE, TAGS } from "./common.ts";
import { dropOldPlaces, placesOfCourse, setPlace } from "./statements.ts";

/** The limit of stored places of one learner in one course: the latest ones. */
const MAX_PLACES = 100;

const placeView = z
  .object({
    item_id: z.string(),
    place: z.int().openapi({ description: "Thousandths of the text that were above the top of the screen." }),
    read_at: z.string(),
  })
  .openapi("ReadingPlace");
const listRoute = defineRoute(
  { roles: PEOPLE, rule: OWN_RULE },
  {
    method: "get",
    path: "/courses/{course}/places",
    operationId: "listPlaces",
    tags: TAGS,
    summary: `Where you stopped reading in a course, on any device: the latest ${MAX_PLACES} items`,
    request: { params: courseParam },
    responses: {
      200: {
        description: "The latest first.",
        content: json(z.object({ results: z.array(placeView) }).openapi("Places")),
      },
    },
  },
);
const setRoute = defineRoute(
  {
    roles: PEOPLE,
    rule: `${OWN_RULE} The item is open.`,
    rate: "write",
    refuses: [...OWN_REFUSALS, "item_not_found", "locked"],
  },
  {
    method: "put",
    path: "/courses/{course}/places/{item}",
    operationId: "setPlace",
    tags: TAGS,
    summary: "Note where you stopped reading an item: when you leave it, not while you scroll",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: z.object({ course: courseSlugSchema, item: itemIdSchema }),
      body: { required: true, content: json(z.strictObject({ place: z.int().min(0).max(1_000) }).openapi("NewPlace")) },
    },
    responses: { 200: { description: "Noted.", content: json(placeView) } },
  },
);

/** Where learners stopped reading. */
export function placeRoutes() {
  return newRouter()
    .openapi(listRoute, async (c) => {
      const { course } = c.req.valid("param");
      const rows = await placesOfCourse(directory(c.env), actorOf(c).id, course).all<{
        item_id: string;
        place: number;
        read_at: number;
      }>();
      const results = rows.results
        .sort((a, b) => b.read_at - a.read_at)
        .map((row) => ({ ...row, read_at: toInstant(row.read_at) }));
      return c.json({ results }, 200, { "cache-control": "private, no-store" });
    })
    .openapi(setRoute, async (c) => {
      const { course, item } = c.req.valid("param");
      const { place } = c.req.valid("json");
      if (courseOfItem(item) !== course) return respond(c, refuse("item_not_found").refusal);
      const { permitItem } = await loadPermits();
      const permit = await permitItem(c, course, item);
      if (!permit.ok) return respond(c, permit.refusal);
      const { id } = actorOf(c);
      const db = directory(c.env);
      if ((await erasedAmong(db, [id])).size > 0) return respond(c, refuse("not_enrolled").refusal);
      const now = Date.now();
      await db.batch([setPlace(db, id, course, item, place, now), dropOldPlaces(db, id, course, MAX_PLACES)]);
      return c.json({ item_id: item, place, read_at: toInstant(now) }, 200);
    });
}
