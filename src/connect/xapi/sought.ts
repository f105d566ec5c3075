import { ok, type Result, refuse } from "../../platform/results.ts";
import { type Actor, actor, identifierOf } from "./form/actors.ts";
import { FORMATS, type Format } from "./form/shown.ts";
import { type Sought, termsSought } from "./form/terms.ts";
import { instantOf, iri, uuid } from "./form/values.ts";
import { MAX_PAGE } from "./limits.ts";
import { readJson } from "./read-body.ts";
import type { XapiRequest } from "./request.ts";

// What a GET of statements asks for: 1.0.3 part 3, section 2.1.3.

/** Parameters that go with one statement, too. */
const ALWAYS = ["statementId", "voidedStatementId", "format", "attachments"];
export const STATEMENT_PARAMETERS = [
  ...ALWAYS,
  "agent",
  "verb",
  "activity",
  "registration",
  "related_activities",
  "related_agents",
  "since",
  "until",
  "limit",
  "ascending",
  "cursor",
];

export interface Asked {
  one: { id: string; isVoided: boolean } | null;
  terms: string[];
  since: number;
  until: number;
  limit: number;
  isAscending: boolean;
  position: number;
  format: Format;
  withAttachments: boolean;
}

const bad = (name: string, rule: string, message: string) =>
  refuse("invalid_input", { errors: [{ path: `query.${name}`, rule, message }] });

export function readAsked({ query }: Pick<XapiRequest, "query">): Result<Asked> {
  const ids = ["statementId", "voidedStatementId"].filter((name) => query.has(name));
  const other = [...query.keys()].find((name) => !ALWAYS.includes(name));
  if (ids.length > 1 || (ids.length === 1 && other !== undefined)) {
    return bad(
      other ?? "voidedStatementId",
      "not_with_id",
      "a request for one statement has format and attachments beside",
    );
  }
  const [name] = ids;
  const id = name === undefined ? undefined : query.get(name);
  if (name !== undefined && !uuid.safeParse(id).success) return bad(name, "uuid", "a UUID");
  const flags = new Map<string, boolean>();
  for (const flag of ["related_activities", "related_agents", "ascending", "attachments"]) {
    const value = query.get(flag) ?? "false";
    if (value !== "true" && value !== "false") return bad(flag, "boolean", "true or false");
    flags.set(flag, value === "true");
  }
  const times: number[] = [];
  for (const [at, none] of [
    ["since", -1],
    ["until", Number.MAX_SAFE_INTEGER],
  ] as const) {
    const value = query.get(at);
    const ms = value === undefined ? none : instantOf(value);
    if (ms === null) return bad(at, "timestamp", "an ISO 8601 instant");
    times.push(ms);
  }
  const limit = query.get("limit") ?? "0";
  if (!/^\d{1,9}$/.test(limit)) return bad("limit", "integer", "a whole number, 0 for as many as the server gives");
  const format = FORMATS.find((one) => one === (query.get("format") ?? "exact"));
  if (format === undefined) return bad("format", "invalid_value", `one of ${FORMATS.join(", ")}`);
  const cursor = query.get("cursor");
  if (cursor !== undefined && !/^\d{1,15}$/.test(cursor)) return refuse("invalid_cursor");
  const isAscending = flags.get("ascending") === true;
  const sought = readSought(query, flags);
  if (!sought.ok) return sought;
  return ok({
    one: id === undefined ? null : { id: id.toLowerCase(), isVoided: name === "voidedStatementId" },
    terms: termsSought(sought.value),
    since: times[0] ?? 0,
    until: times[1] ?? 0,
    limit: Math.min(Number(limit) === 0 ? MAX_PAGE : Number(limit), MAX_PAGE),
    isAscending,
    position: cursor === undefined ? (isAscending ? 0 : Number.MAX_SAFE_INTEGER) : Number(cursor),
    format,
    withAttachments: flags.get("attachments") === true,
  });
}

function readSought(query: ReadonlyMap<string, string>, flags: ReadonlyMap<string, boolean>): Result<Sought> {
  for (const name of ["verb", "activity"]) {
    if (query.has(name) && !iri.safeParse(query.get(name)).success) return bad(name, "iri", "an IRI");
  }
  const registration = query.get("registration");
  if (registration !== undefined && !uuid.safeParse(registration).success) return bad("registration", "uuid", "a UUID");
  const who = query.get("agent");
  const agent = who === undefined ? ok(undefined) : readActor("agent", who);
  if (!agent.ok) return agent;
  return ok({
    agent: agent.value,
    verb: query.get("verb"),
    activity: query.get("activity"),
    registration,
    related_agents: flags.get("related_agents") ?? false,
    related_activities: flags.get("related_activities") ?? false,
  });
}

/** An agent, or an identified group, as a parameter has it: JSON. */
export function readActor(name: string, text: string): Result<Actor> {
  const json = readJson(new TextEncoder().encode(text));
  const read = json.ok ? actor.safeParse(json.value) : null;
  if (read?.success !== true || identifierOf(read.data) === null) {
    return bad(name, "agent", "an agent or identified group as JSON");
  }
  return ok(read.data);
}
