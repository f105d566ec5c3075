import { ok, type Result, refuse } from "../../platform/results.ts";
import { type Actor, identifierOf } from "./form/actors.ts";
import { instantOf, iri, uuid } from "./form/values.ts";
import { checkParameters, type XapiRequest } from "./request.ts";
import { readActor } from "./sought.ts";

/** Which documents a request is about. */
export interface Place {
  kind: "state" | "activity" | "agent";
  activity: string;
  agent: string;
  actor: Actor | null;
  /** Null: of any registration. */
  registration: string | null;
  /** Null: all of them. */
  id: string | null;
  since: number;
}

interface Resource {
  kind: Place["kind"];
  required: readonly string[];
  optional: readonly string[];
  id: string;
}

export const RESOURCES = {
  state: { kind: "state", required: ["activityId", "agent"], optional: ["registration"], id: "stateId" },
  activity: { kind: "activity", required: ["activityId"], optional: [], id: "profileId" },
  agent: { kind: "agent", required: ["agent"], optional: [], id: "profileId" },
} as const satisfies Record<string, Resource>;

const bad = (name: string, rule: string, message: string) =>
  refuse("invalid_input", { errors: [{ path: `query.${name}`, rule, message }] });

/** @param many whether the request may leave the document's id out. */
export function placeOf(request: XapiRequest, resource: Resource, many: boolean): Result<Place> {
  const { query, method } = request;
  const since = many && method === "GET" && !query.has(resource.id) ? ["since"] : [];
  const known = [...resource.required, ...resource.optional, resource.id, ...since];
  const checked = checkParameters(request, known, [...resource.required, ...(many ? [] : [resource.id])]);
  if (!checked.ok) return checked;
  const activity = query.get("activityId") ?? "";
  if (query.has("activityId") && !iri.safeParse(activity).success) return bad("activityId", "iri", "an IRI");
  const registration = query.get("registration") ?? null;
  if (registration !== null && !uuid.safeParse(registration).success) return bad("registration", "uuid", "a UUID");
  const actor = query.has("agent") ? readActor("agent", query.get("agent") ?? "") : null;
  if (actor?.ok === false) return actor;
  const from = query.has("since") ? instantOf(query.get("since") ?? "") : -1;
  if (from === null) return bad("since", "timestamp", "an ISO 8601 instant");
  const id = query.get(resource.id) ?? null;
  if (id !== null && (id === "" || id.length > 500)) return bad(resource.id, "length", "1 to 500 characters");
  return ok({
    kind: resource.kind,
    activity,
    agent: actor === null ? "" : (identifierOf(actor.value) ?? ""),
    actor: actor?.value ?? null,
    registration: registration?.toLowerCase() ?? null,
    id,
    since: from,
  });
}
