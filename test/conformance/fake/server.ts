import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { z } from "zod";
import { verifyAccessToken } from "../../../src/identity/tokens.ts";
import { Journal } from "./journal.ts";
import { breaks } from "./mutations.ts";
import { formatId, HEARTBEAT_MS, Streams } from "./streams.ts";

// The smallest server that speaks docs/developers/events.md, so that the kit can be developed and, with FAKE_MUTATION, be shown to
// notice what is wrong. `node server.ts PORT SECRET JOURNAL_FILE`. It is no model of how to do it: one process, memory.

const [port, secret = "", file = ""] = process.argv.slice(2);
const TYPES =
  /^(task\.progress-(started|updated|completed|failed)|system\.(notification|error)|content\.novel-created)$/;
const KEY = breaks("raw-key") ? /^/ : /^[\x21-\x7e]{1,200}$/;
const eventSchema = z.object({
  key: z.string().regex(KEY).optional(),
  to: z.union([
    z.strictObject({ user: z.string().regex(/^[\w-]{1,64}$/) }),
    z.strictObject({ users: z.array(z.string().regex(/^[\w-]{1,64}$/)).max(100) }),
    z.strictObject({ everyone: z.literal(true), roles: z.array(z.string()).optional() }),
  ]),
  type: z.string().regex(TYPES),
  data: z.record(z.string(), z.unknown()),
  level: z.enum(["info", "warning", "error"]).default("info"),
  priority: z.enum(["low", "normal", "high"]).default("normal"),
});
const publishSchema = z.object({
  events: z
    .array(eventSchema.refine(({ key, type }) => key !== undefined || type === "task.progress-updated"))
    .max(500),
});

const earlier = existsSync(file) && !breaks("amnesia") ? readFileSync(file, "utf8") : "";
const journal = new Journal(earlier, (line) => appendFileSync(file, line));
const streams = new Streams(journal);
const tokens = new Map<string, { user: string; role: string; at: number }>();
const preferences = new Map<string, string[]>();

createServer((request, response) => {
  handle(request, response).catch((fault: unknown) => answer(response, 500, { detail: String(fault) }));
}).listen(Number(port), "127.0.0.1");

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://fake");
  const route = `${request.method} ${url.pathname}`;
  if (route === "GET /api/v1/events/stream") {
    await openStream(request, response, url);
    return;
  }
  const bearer = request.headers.authorization?.replace(/^Bearer /, "") ?? "";
  const verified = await verifyAccessToken(secret, bearer);
  if (!verified.ok) return answer(response, 401, { code: "unauthenticated" });
  const { sub, role } = verified.value;
  if (route === "POST /api/v1/auth/sse-token") {
    const token = crypto.randomUUID() + crypto.randomUUID();
    tokens.set(token, { user: sub, role, at: Date.now() });
    return answer(response, 200, { sse_token: token, expires_in: 60, stream_url: "/api/v1/events/stream" });
  }
  if (route === "GET /api/v1/events/history") return history(request, response, url, sub);
  if (route === "PUT /api/v1/events/preferences") {
    const wish = z.looseObject({ muted_types: z.array(z.string()) }).parse(JSON.parse(await bodyOf(request)));
    preferences.set(sub, wish.muted_types);
    return answer(response, 200, wish);
  }
  if (role !== "service" && role !== "admin") return answer(response, 403, { code: "forbidden" });
  if (route === "GET /api/v1/events/health") return answer(response, 200, { streams: { open: streams.count } });
  if (route !== "POST /api/v1/events/publish") return answer(response, 404, { code: "not_found" });
  const body = publishSchema.safeParse(JSON.parse(await bodyOf(request)));
  if (!body.success) return answer(response, 400, { code: "bad_request" });
  const results = body.data.events.flatMap((event) => {
    const { to } = event;
    const receivers = "everyone" in to ? [null] : "user" in to ? [to.user] : to.users;
    const roles = "everyone" in to ? (to.roles ?? null) : null;
    return receivers.map((user) => ({ key: event.key ?? null, user, ...streams.publish(user, { ...event, roles }) }));
  });
  answer(response, 200, { results });
}

const OPENING = new Set(["sse_token", "last_event_id", "client", "if_room"]);

async function openStream(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  if ([...url.searchParams.keys()].some((name) => !OPENING.has(name))) {
    return answer(response, 400, { code: "bad_request" });
  }
  const token = url.searchParams.get("sse_token") ?? "";
  const found = tokens.get(token);
  if (found === undefined || Date.now() - found.at > 60_000) {
    return answer(response, 401, { code: breaks("chatty") && token.length > 60 ? "token_used" : "unauthenticated" });
  }
  if (!breaks("reuse")) tokens.delete(token);
  const query = url.searchParams.get("last_event_id") ?? "";
  const header = request.headers["last-event-id"];
  const inHeader = typeof header === "string" ? header : "";
  const cursor = breaks("query-wins") ? query || inHeader : inHeader || query;
  await streams.open(found.user, found.role, cursor, response, () => preferences.get(found.user) ?? []);
}

function history(request: IncomingMessage, response: ServerResponse, url: URL, user: string): void {
  const limit = z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000)
    .safeParse(url.searchParams.get("limit") ?? "100");
  if (!limit.success) {
    answer(response, 400, { code: "bad_request" });
    return;
  }
  const since = url.searchParams.get("since_id") ?? "";
  const start = since === "" ? { position: journal.floor(user), gap: null } : journal.resolve(user, since);
  const muted = preferences.get(user) ?? [];
  const all = journal.after(user, start.position);
  const page = all.slice(0, limit.data);
  const last = page.at(-1);
  const at = last === undefined ? start.position : last.position;
  const position = breaks("history-skips") && last !== undefined ? { ...at, user: at.user + 1 } : at;
  const cursor = formatId(journal, user, position);
  const etag = `"${cursor}"`;
  if (request.headers["if-none-match"] === etag) {
    response.writeHead(304, { etag }).end();
    return;
  }
  const results = page
    .filter(({ event }) => event.priority === "high" || !muted.includes(event.type))
    .map(({ event, position: own }) => ({ ...event.envelope, id: formatId(journal, user, own) }));
  const next_cursor = all.length > page.length ? cursor : null;
  const told = { recovered: start.gap === null, reset_reason: start.gap };
  answer(response, 200, { results, cursor, next_cursor, ...told }, { etag });
}

function answer(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  return text;
}

setInterval(() => streams.beat(), HEARTBEAT_MS);
