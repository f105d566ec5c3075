import { z } from "@hono/zod-openapi";
import { orderAudit } from "../../audit/index.ts";
import { respond } from "../../platform/http/answers.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { pageQuery, pageSchema, paginate } from "../../platform/http/pagination.ts";
import { toInstant } from "../../platform/instants.ts";
import { inParallel } from "../../platform/parallel.ts";
import { type Result, refuse } from "../../platform/results.ts";
import { acceptedSecrets } from "../../platform/secrets.ts";
import type { ParkedItem } from "../journal/contract.ts";
import { callJournal, JOURNALS, journalOf } from "../stubs.ts";
import { MAX_BATCH, ownerOf } from "./schemas.ts";
import { KINDS } from "./types.ts";

const TAGS = ["translation"];
const policy = { roles: ["service", "admin"], scope: "records", rule: "Services and admins." } as const;
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const positionSchema = z.object({ parked_at: z.number(), id: z.string() });

const parkedView = z
  .object({
    id: z.string(),
    kind: z.enum(KINDS),
    error: z.string().nullable().openapi({ description: "The error of the backend." }),
    attempts: z.int(),
    accepted_at: z.string(),
    parked_at: z.string(),
  })
  .openapi("ParkedItem");

const listRoute = defineRoute(policy, {
  method: "get",
  path: "/translation/parked",
  operationId: "listParkedItems",
  tags: TAGS,
  summary: "Items that a backend refuses to store, the longest parked first",
  request: { query: z.object(pageQuery) },
  responses: { 200: { description: "A page of items.", content: json(pageSchema(parkedView)) } },
});

const replayRoute = defineRoute(
  { ...policy, rate: "write" },
  {
    method: "post",
    path: "/translation/parked/replay",
    operationId: "replayParkedItems",
    tags: TAGS,
    summary: "Try parked items again",
    request: {
      body: {
        required: true,
        content: json(
          z.strictObject({
            ids: z
              .array(z.string().max(200))
              .min(1)
              .max(MAX_BATCH)
              .optional()
              .openapi({ description: "Default: all." }),
          }),
        ),
      },
    },
    responses: {
      200: {
        description: "How many wait again; they are stored in the background.",
        content: json(z.object({ items: z.int() })),
      },
    },
  },
);

/** Parked items: to read them, and to try them again once their cause is gone. Mounted at /api/v1. */
export function parkedRoutes() {
  return newRouter()
    .openapi(listRoute, async (c) => {
      const failures: Result<never>[] = [];
      const found = await paginate(
        acceptedSecrets(c.env),
        "translation-parked",
        c.req.valid("query"),
        async (position, take) => {
          const after = position === null ? null : positionSchema.parse(JSON.parse(position));
          const rows: ParkedItem[] = [];
          await inParallel(everyJournal(), JOURNALS, async (journal) => {
            const parked = await callJournal(c.env, journal, (stub) => stub.parked(after, take));
            if (parked.ok) rows.push(...parked.value);
            else failures.push(parked);
          });
          return rows.sort((a, b) => a.parked_at - b.parked_at || (a.id < b.id ? -1 : 1)).slice(0, take);
        },
        ({ parked_at, id }) => JSON.stringify({ parked_at, id }),
      );
      if (!found.ok) return respond(c, found.refusal);
      // A page without one journal's items would look complete.
      const [failure] = failures;
      if (failure !== undefined && !failure.ok) return respond(c, failure.refusal);
      return c.json({ results: found.value.page.map(view), next_cursor: found.value.next }, 200);
    })
    .openapi(replayRoute, async (c) => {
      const { ids } = c.req.valid("json");
      const target = { type: "parked_records", id: ids === undefined ? "all" : "some" };
      const details = ids === undefined ? {} : { entries: ids.length };
      const ordered = await orderAudit(c, { action: "record.unparked", target, details });
      if (!ordered.ok) return respond(c, ordered.refusal);
      const byJournal =
        ids === undefined
          ? new Map(everyJournal().map((journal) => [journal, null]))
          : Map.groupBy(ids, (id) => journalOf(ownerOf(id) ?? ""));
      let items = 0;
      let isUnreached = false;
      await inParallel([...byJournal], JOURNALS, async ([journal, own]) => {
        const taken = await callJournal(c.env, journal, (stub) => stub.unpark(own));
        if (taken.ok) items += taken.value.items;
        else isUnreached = true;
      });
      if (isUnreached) return respond(c, refuse("unavailable", { retry_after: 1 }).refusal);
      return c.json({ items }, 200);
    });
}

function everyJournal(): number[] {
  return Array.from({ length: JOURNALS }, (_, journal) => journal);
}

function view({ id, kind, error, attempts, since, parked_at }: ParkedItem): z.output<typeof parkedView> {
  return { id, kind, error, attempts, accepted_at: toInstant(since), parked_at: toInstant(parked_at) };
}
