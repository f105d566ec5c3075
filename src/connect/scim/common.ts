import { z } from "@hono/zod-openapi";
import { loadOutside } from "../../identity/index.ts";
import { type AppContext, actorOf } from "../../platform/http/context.ts";
import type { Result } from "../../platform/results.ts";
import { type Asking, idSchema } from "./users.ts";

export const TAGS = ["directory"];
const RULE = "A key with the scope `scim`.";
/** Who may call: the directory by its key. */
export const BY_DIRECTORY = { roles: ["service"], scope: "scim", rule: RULE } as const;
export const params = z.object({ id: idSchema });

/** Resources of one page. */
const MAX_PAGE = 200;
const DEFAULT_PAGE = 100;
const MAX_START = 1_000_000;

const whole = z.coerce.number().int();
/** Bounds are kept, not refused: RFC 7644, section 3.4.2.4. */
export const listQuery = z.object({
  filter: z.string().min(1).max(1_000).optional(),
  startIndex: whole.transform((value) => Math.min(Math.max(value, 1), MAX_START)).optional(),
  count: whole.transform((value) => Math.min(Math.max(value, 0), MAX_PAGE)).optional(),
  attributes: z.string().max(1_000).optional(),
  excludedAttributes: z.string().max(1_000).optional(),
});
export const wantedQuery = listQuery.pick({ attributes: true, excludedAttributes: true });

export function pageOf({ startIndex = 1, count = DEFAULT_PAGE }: z.output<typeof listQuery>) {
  return { startIndex, count };
}

/** A resource as it was sent. Its attributes are read by their names in any case (RFC 7643, section 2.1). */
const bodySchema = z.record(z.string(), z.unknown()).openapi("ScimRequest");
export const body = { required: true, content: { "application/json": { schema: bodySchema } } };

export async function askingOf(c: AppContext): Promise<Asking> {
  const { depsOf } = await loadOutside();
  const deps = depsOf(c);
  const { id, role } = actorOf(c);
  return { deps, db: deps.db, by: { id, role, request_id: c.get("requestId") } };
}

export const OTHER_VERSION: Result<never> & { ok: false } = {
  ok: false,
  refusal: { code: "concurrent_change", detail: "The resource is of another version than If-Match says." },
};
