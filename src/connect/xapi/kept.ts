import { z } from "@hono/zod-openapi";
import { toInstant } from "../../platform/instants.ts";
import type { Statement } from "./form/statement.ts";

export const keptRow = z.object({ seq: z.int(), id: z.string(), stored: z.int(), body: z.string() });
export type KeptRow = z.output<typeof keptRow>;

/** It was validated before it was written, so only its shape is checked. */
const bodyShape = z.custom<Statement>((value) => typeof value === "object" && value !== null && "verb" in value);

/** A statement as it is shown: with when it was stored, which is its own time where it has none. */
export function statementIn({ body, stored }: Pick<KeptRow, "body" | "stored">): Statement {
  const statement = bodyShape.parse(JSON.parse(body));
  const at = toInstant(stored);
  return { ...statement, timestamp: statement.timestamp ?? at, stored: at };
}
