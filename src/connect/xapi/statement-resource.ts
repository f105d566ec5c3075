import { directory } from "../../platform/database/shards.ts";
import { type AppContext, actorOf } from "../../platform/http/context.ts";
import { toInstant } from "../../platform/instants.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { findStatements, showStatements, withAttachments } from "./find.ts";
import { agentsNamed } from "./form/agents-of.ts";
import type { Statement } from "./form/statement.ts";
import { instantOf, uuid } from "./form/values.ts";
import { homePagesOf, whoAre } from "./people.ts";
import { readSent, type Sent } from "./read-body.ts";
import { checkParameters, originOf, THROUGH_HEADER, type XapiRequest } from "./request.ts";
import { type Complete, saveStatements } from "./save.ts";
import { readAsked, STATEMENT_PARAMETERS } from "./sought.ts";
import { KNOWN } from "./statements.ts";
import type { Store } from "./store.ts";
import { tellFactsNow, toldRow } from "./told.ts";

// The Statement Resource: 1.0.3 part 3, section 2.1; 2.0 section 4.1.6.1.

export async function getStatements(c: AppContext, store: Store, request: XapiRequest): Promise<Result<Response>> {
  const known = checkParameters(request, STATEMENT_PARAMETERS);
  if (!known.ok) return known;
  const asked = readAsked(request);
  if (!asked.ok) return asked;
  const { rows, next, through } = await findStatements(c.env, store.course, asked.value);
  c.header(THROUGH_HEADER, through);
  const languages = request.headers.get("accept-language") ?? "";
  const shown = await showStatements(c.env, store.course, rows, asked.value, languages);
  const [first] = shown;
  if (asked.value.one !== null && first === undefined) return refuse("not_found");
  const headers = new Headers({ "content-type": "application/json", [THROUGH_HEADER]: through });
  const modified = rows.map(({ stored }) => stored).reduce((latest, one) => Math.max(latest, one), 0);
  if (modified > 0) headers.set("last-modified", new Date(modified).toUTCString());
  const answer = asked.value.one === null ? { statements: shown, more: moreOf(c, request, next) } : first;
  const json = JSON.stringify(answer);
  if (!asked.value.withAttachments) return ok(new Response(json, { headers }));
  const { body, contentType } = await withAttachments(c.env, store.course, rows, json);
  headers.set("content-type", contentType);
  return ok(new Response(body, { headers }));
}

/** The address of the next page, relative to the host; empty where there is none. */
function moreOf(c: AppContext, { query }: XapiRequest, next: number | null): string {
  if (next === null) return "";
  const url = new URL(c.req.url);
  const parameters = new URLSearchParams([...query]);
  parameters.set("cursor", String(next));
  return `${url.pathname}?${parameters}`;
}

export async function putStatement(c: AppContext, store: Store, request: XapiRequest): Promise<Result<Response>> {
  const known = checkParameters(request, ["statementId"], ["statementId"]);
  if (!known.ok) return known;
  const id = request.query.get("statementId") ?? "";
  if (!uuid.safeParse(id).success) return wrong("query.statementId", "uuid", "a UUID");
  const sent = await readRequest(request);
  if (!sent.ok) return sent;
  const { statements, isOne, bytes } = sent.value;
  const [statement] = statements;
  if (!isOne || statement === undefined) return wrong("", "one", "a PUT has one statement");
  if (statement.id !== undefined && statement.id.toLowerCase() !== id.toLowerCase()) {
    return wrong("id", "same_id", "another id than statementId");
  }
  const saved = await save(c, store, request, { isOne, bytes, statements: [{ ...statement, id }] });
  return saved.ok ? ok(new Response(null, { status: 204 })) : saved;
}

export async function postStatements(c: AppContext, store: Store, request: XapiRequest): Promise<Result<Response>> {
  const known = checkParameters(request, []);
  if (!known.ok) return known;
  const sent = await readRequest(request);
  if (!sent.ok) return sent;
  const saved = await save(c, store, request, sent.value);
  return saved.ok ? ok(Response.json(saved.value)) : saved;
}

async function readRequest(request: XapiRequest): Promise<Result<Sent>> {
  return readSent(await request.body(), request.headers.get("content-type") ?? "", request.major);
}

/** @returns the ids of the statements, in their order. */
async function save(c: AppContext, store: Store, { major }: XapiRequest, sent: Sent): Promise<Result<string[]>> {
  const statements = sent.statements.map((one) => complete(c, one, major));
  const pages = homePagesOf(originOf(c), store.settings.home_pages);
  const whoIs = await whoAre(c.env, statements.flatMap(agentsNamed), pages);
  const saved = await saveStatements(c.env, store, statements, sent.bytes, whoIs);
  if (!saved.ok) return saved;
  // Those that were there before, too: they may be sent again because nobody had an answer.
  const ids = statements.map(({ id }) => id);
  const waiting = await KNOWN.find<{ due: number | null }>(directory(c.env), ids, store.course);
  const rows = waiting.filter(({ due }) => due !== null).map((row) => toldRow.parse(row));
  await tellFactsNow(c.env, store, rows, Date.now());
  return ok(ids);
}

/** A statement with what the store sets: its id, by whose key it came, its version; with 2.0, its time in UTC. */
function complete(c: AppContext, statement: Statement, major: 1 | 2): Complete {
  const { stored: _stored, ...sent } = statement;
  const at = sent.timestamp === undefined ? null : instantOf(sent.timestamp);
  return {
    ...sent,
    ...(major === 2 && at !== null ? { timestamp: toInstant(at) } : {}),
    id: (sent.id ?? crypto.randomUUID()).toLowerCase(),
    authority: { objectType: "Agent", account: { homePage: originOf(c), name: actorOf(c).id } },
    version: sent.version ?? (major === 1 ? "1.0.0" : "2.0.0"),
  };
}

function wrong(path: string, rule: string, message: string) {
  return refuse("invalid_input", { errors: [{ path, rule, message }] });
}
