import type { Actor } from "../../platform/http/context.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { ownerOf } from "./schemas.ts";

/** Services and admins can read and write everybody's records, others their own. */
export function reachesAll(actor: Actor): boolean {
  return actor.role === "service" || actor.role === "admin";
}

/** The owner of a record, if the caller may read it; records of others get the answer of records that do not exist. */
export function ownerFor(actor: Actor, id: string): Result<string> {
  const owner = ownerOf(id);
  if (owner === null || (owner !== actor.id && !reachesAll(actor))) return refuse("not_found");
  return ok(owner);
}
