import { createExecutionContext, runInDurableObject, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { z } from "zod";
import worker from "../../../src/back.ts";
import { channelStub } from "../../../src/events/stubs.ts";
import type { UserGate } from "../../../src/identity/revocations.ts";
import { journalOf, journalStub } from "../../../src/records/stubs.ts";
import { enroll, freshSlug, objectOf, project, publish } from "../../support/worker/courses.ts";
import { type Call, call, read, request, tokenOf } from "../../support/worker/http.ts";
import { completed, ladder, override, service, submit } from "../../support/worker/learners.ts";
import { spread } from "../../support/worker/shards.ts";
import { chain, settle } from "../audit/support.ts";
import { signUp } from "../identity/support.ts";

export const admin = () => tokenOf("privacy-admin", "admin");

/** A user with something everywhere, and a text that is in whatever they wrote. */
export interface Person {
  id: string;
  email: string;
  marker: string;
  token: string;
  slug: string;
}

export async function makePerson(slug: string): Promise<Person> {
  const { user, access_token: token } = await signUp();
  const { id, email } = user;
  const marker = `marker-${crypto.randomUUID()}`;
  await enroll(slug, id);
  await completed(slug, id, "one");
  expectStatus(await submit(slug, id, "p2", marker), 202, 201, 200);
  await override(slug, id, `${slug}.four`.split(".")[1] ?? "", { kind: "unlock", reason: marker });
  await project(slug, id);
  const event = { key: marker, to: { user: id }, type: "system.notification", data: { title: marker } };
  expectStatus(await call("POST", "/events/publish", { token: await service(), body: { events: [event] } }), 200);
  const preferences = { min_level: "info", min_priority: "low", muted_types: ["system.error"] };
  expectStatus(await call("PUT", "/events/preferences", { token, body: preferences, headers: key(marker) }), 200);
  await writeSession(id, marker, await service());
  expectStatus(await call("POST", "/translation/flush", { token, headers: key(marker) }), 200);
  await writeSession(id, marker, token, "waiting");
  await archive(id, marker);
  await spread.batch([
    spread
      .prepare("INSERT INTO dead_letters (id, queue, body, attempts, failed_at) VALUES (?, 'q', ?, 4, 1)")
      .bind(crypto.randomUUID(), JSON.stringify({ user_id: id, text: marker })),
    spread
      .prepare("INSERT INTO divergences VALUES (?, ?, '{}', ?, 1)")
      .bind(crypto.randomUUID(), `${slug}:${id}`, JSON.stringify([marker])),
    spread.prepare("INSERT INTO verifications VALUES (?, ?, ?, 9e12, 1, 1)").bind(crypto.randomUUID(), email, marker),
  ]);
  await upload(token, marker);
  await settle();
  return { id, email, marker, token, slug };
}

/** A file whose name and bytes say the text. */
async function upload(token: string, text: string): Promise<void> {
  const path = `/storage/files/upload?name=${text}`;
  const headers = { "content-type": "text/plain", "content-length": String(text.length), "idempotency-key": text };
  const plain = request("POST", path, { token, headers });
  const context = createExecutionContext();
  const answer = await worker.fetch(new Request(plain, { body: text }), env, context);
  expectStatus(answer, 201);
  await answer.body?.cancel();
  await waitOnExecutionContext(context);
}

export async function makeCourse(): Promise<string> {
  const slug = freshSlug("privacy");
  await publish(ladder(slug));
  return slug;
}

const key = (marker: string) => ({ "idempotency-key": marker });

/** Writes a translation session with one task. */
export async function writeSession(owner: string, text: string, token: string, name = "novel"): Promise<Response> {
  const session_id = `${owner}:${name}`;
  const session = {
    session_id,
    version: 1,
    status: "processing",
    title: text,
    source_language: "en",
    target_language: "zh",
  };
  const headers = key(`${text}-${name}`);
  const answer = await call("POST", "/translation/sessions/batch", { token, body: { sessions: [session] }, headers });
  const task = { task_id: `${session_id}:1`, session_id, version: 1, status: "pending", source_text: text };
  if (answer.ok) await call("POST", "/translation/tasks/batch", { token, body: { tasks: [task] }, headers });
  return answer;
}

/** The message by which an event reaches D1. */
export function archiveMessage(user: string, text: string) {
  const data = JSON.stringify({ title: text });
  const event = {
    id: `${text}-0`,
    at: 1,
    type: "system.notification",
    level: "info",
    priority: "normal",
    roles: null,
    data,
  };
  return { user_id: user, events: [event] };
}

async function archive(user: string, text: string) {
  const { consumeEvents } = await import("../../../src/events/archive.ts");
  const message = {
    id: text,
    timestamp: new Date(),
    attempts: 1,
    body: archiveMessage(user, text),
    ack() {},
    retry() {},
  };
  // SAFETY: the consumer reads the messages and acknowledges each.
  await consumeEvents({ queue: "latchkey-events", messages: [message] } as unknown as MessageBatch<unknown>, env);
}

export function revocationsOf(user: string): DurableObjectStub<UserGate> {
  // SAFETY: wrangler.toml binds GATES to this class.
  const namespace = env.GATES as DurableObjectNamespace<UserGate>;
  return namespace.get(namespace.idFromName(user));
}

function expectStatus(answer: Response, ...allowed: number[]): void {
  if (!allowed.includes(answer.status)) throw new Error(`unexpected ${answer.status}`);
}

/** Every table of D1 as text. */
async function databaseText(): Promise<Map<string, string>> {
  const { results } = await spread
    .prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
    )
    .all<{ name: string }>();
  const texts = new Map<string, string>();
  for (const { name } of results) {
    texts.set(`D1 ${name}`, JSON.stringify((await spread.prepare(`SELECT * FROM "${name}"`).all()).results));
  }
  return texts;
}

interface Inside {
  storage: DurableObjectStorage;
}

function objectText(_instance: unknown, { storage }: Inside): string {
  const tables = storage.sql
    .exec<{ name: string }>(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
    )
    .toArray();
  const rows = tables.map(({ name }) => [name, storage.sql.exec(`SELECT * FROM "${name}"`).toArray()]);
  return JSON.stringify([rows, [...storage.kv.list()]]);
}

/** Where one of these texts stands: tables of D1, and the objects that could hold something of this person. */
export async function traces({ id, email, marker, slug }: Person): Promise<string[]> {
  const texts = await databaseText();
  texts.set("enrollment object", await runInDurableObject(objectOf(slug, id), objectText));
  texts.set("channel object", await runInDurableObject(channelStub(env, id), objectText));
  texts.set("revocations object", await runInDurableObject(revocationsOf(id), objectText));
  texts.set("audit chain object", await runInDurableObject(chain(), objectText));
  const kept = await env.FILES.list({ prefix: `u/${id}/` });
  texts.set("R2 files", kept.objects.map(({ key }) => key).join(" "));
  texts.set("journal object", await runInDurableObject(journalStub(env, journalOf(id)), objectText));
  return [...texts]
    .filter(([, text]) => [id, email, marker].some((word) => text.includes(word)))
    .map(([name]) => name)
    .sort();
}

export const erasureSchema = z.looseObject({
  user_id: z.string(),
  state: z.enum(["running", "settling", "done"]),
  steps: z.array(z.object({ name: z.string(), done: z.boolean() })),
  requested_by: z.string().nullable(),
  attempts: z.number(),
  error: z.string().nullable(),
  finished_at: z.string().nullable(),
});

export async function progressOf(user: string) {
  return read(await call("GET", `/erasures/${user}`, { token: await admin() }), 200, erasureSchema);
}

/** Asks for an erasure and waits for what is done beside the answer. */
export async function erase(user: string, options: Call = {}): Promise<Response> {
  const context = createExecutionContext();
  const token = options.token ?? (await admin());
  const answer = await worker.fetch(request("DELETE", `/users/${user}`, { ...options, token }), env, context);
  await waitOnExecutionContext(context);
  return answer;
}
