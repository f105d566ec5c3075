import { z } from "@hono/zod-openapi";
import { directory } from "../../platform/database/shards.ts";
import { toInstant, toInstantOrNull } from "../../platform/instants.ts";
import type { passkeyView } from "./schemas.ts";
import { passkeysOf } from "./statements.ts";

const row = z.object({
  id: z.string(),
  name: z.string(),
  created_at: z.int(),
  last_used_at: z.int().nullable(),
  backed_up: z.int(),
});

/** The passkeys of a user as they are shown, the oldest first. Apart from what checks them, which is large. */
export async function listPasskeys(env: Env, user: string): Promise<z.infer<typeof passkeyView>[]> {
  const { results } = await passkeysOf(directory(env), user).all();
  return results.map((found) => {
    const { id, name, created_at, last_used_at, backed_up } = row.parse(found);
    const synced = backed_up === 1;
    return { id, name, created_at: toInstant(created_at), last_used_at: toInstantOrNull(last_used_at), synced };
  });
}
