import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import worker from "../../../src/back.ts";
import { COURSE_SWEEP, DEAD_LEASE_MS, LEASE_MS, sweep } from "../../../src/staleness/refresh.ts";
import { deliver, enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { callWith } from "../../support/worker/faults.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { everywhere } from "../../support/worker/shards.ts";
import { all, bindingsWith, brokenDatabase, collectingQueue, pair, publishAndMark, rowOf, run } from "./support.ts";

const letterSchema = z.object({
  id: z.string(),
  queue: z.string(),
  body: z.unknown(),
  attempts: z.int(),
  failed_at: z.iso.datetime(),
});
const listSchema = z.object({ results: z.array(letterSchema), next_cursor: z.string().nullable() });

/** Delivers to a dead-letter queue. @returns the message ids, and whether all were acknowledged. */
async function bury(queue: string, bodies: readonly unknown[], bindings: Env = env, ids: readonly string[] = []) {
  const messages = bodies.map((body, i) => ({
    id: ids[i] ?? crypto.randomUUID(),
    timestamp: new Date(),
    attempts: 4,
    body,
  }));
  const batch = createMessageBatch(queue, messages);
  const context = createExecutionContext();
  await worker.queue(batch, bindings);
  const { explicitAcks, retryMessages } = await getQueueResult(batch, context);
  return { ids: messages.map(({ id }) => id), acked: explicitAcks, retried: retryMessages.map(({ msgId }) => msgId) };
}

/** A letter that an earlier release has written down. */
async function lay(queue: string, body: unknown): Promise<string> {
  const id = crypto.randomUUID();
  await run(
    "INSERT INTO dead_letters (id, queue, body, attempts, failed_at) VALUES (?, ?, ?, 4, ?)",
    id,
    queue,
    JSON.stringify(body),
    Date.now(),
  );
  return id;
}

const adminToken = () => tokenOf("root", "admin");

async function openLetters(): Promise<z.infer<typeof letterSchema>[]> {
  const letters: z.infer<typeof letterSchema>[] = [];
  let cursor: string | null = null;
  do {
    const from: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const answer = await call("GET", `/system/dead-letters?limit=2${from}`, { token: await adminToken() });
    const page = await read(answer, 200, listSchema);
    letters.push(...page.results);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return letters;
}

const replay = async (id: string, headers: Record<string, string> = {}) =>
  call("POST", `/system/dead-letters/${encodeURIComponent(id)}/replay`, { token: await adminToken(), headers });

describe("dead letters", () => {
  it("[I10] of both queues are stored with any body, and listed page by page, oldest first", async () => {
    const bodies = [
      { type: "refresh", enrollment_id: "c:u", stale_mark: "three" },
      "garbage",
      null,
      { nested: { text: "quote ' and \u0000 and 中文" } },
    ];
    const first = await bury("latchkey-refresh-dead", bodies);
    expect(first.acked.toSorted()).toEqual(first.ids.toSorted());
    const second = await bury("latchkey-projection-dead", [{ type: "project", enrollment_id: 7 }]);
    const letters = await openLetters();
    expect(letters).toHaveLength(5);
    const byId = new Map(letters.map((letter) => [letter.id, letter]));
    first.ids.forEach((id, i) => {
      expect(byId.get(id)).toMatchObject({ queue: "latchkey-refresh", body: bodies[i], attempts: 4 });
    });
    expect(byId.get(second.ids[0] ?? "")).toMatchObject({ queue: "latchkey-projection" });
    const instants = letters.map((letter) => letter.failed_at);
    expect(instants).toEqual([...instants].sort());
  });

  it("[I5] are stored once, however often they are delivered", async () => {
    const id = crypto.randomUUID();
    for (let time = 0; time < 2; time += 1) {
      const { acked } = await bury("latchkey-refresh-dead", [{ type: "unknown" }], env, [id]);
      expect(acked).toEqual([id]);
    }
    expect(await all("SELECT id FROM dead_letters WHERE id = ?", id)).toHaveLength(1);
  });

  it("[I1] are not acknowledged while D1 does not answer, so the queue keeps them", async () => {
    const bindings = bindingsWith({ ...everywhere(brokenDatabase) });
    const { ids, acked, retried } = await bury("latchkey-projection-dead", ["garbage"], bindings);
    expect({ acked, retried }).toEqual({ acked: [], retried: ids });
  });

  it("[I10] are replayed to their own queue and then really processed", async () => {
    const slug = freshSlug("dead");
    await publish(pair(slug));
    await enroll(slug, "ada");
    await project(slug, "ada");
    await publishAndMark(pair(slug, "second"));
    const id = await lay("latchkey-refresh", { type: "refresh", enrollment_id: `${slug}:ada`, stale_mark: 1 });
    const { queue, sent } = collectingQueue();
    const path = `/system/dead-letters/${id}/replay`;
    const answer = await callWith({ REFRESH_QUEUE: queue }, "POST", path, { token: await adminToken() });
    expect(answer.status).toBe(202);
    expect(await answer.json()).toEqual({ id, queue: "latchkey-refresh" });
    expect((await openLetters()).map((letter) => letter.id)).not.toContain(id);
    expect(sent).toHaveLength(1);
    await deliver(
      "latchkey-refresh",
      sent.map(({ body }) => body),
    );
    expect(await rowOf(slug, "ada")).toMatchObject({ is_stale: 0, activation: 2 });
  });

  it("[I5] can be replayed twice without harm, and are sent once under one Idempotency-Key", async () => {
    const slug = freshSlug("dead");
    await publish(pair(slug));
    await enroll(slug, "ada");
    const id = await lay("latchkey-projection", { type: "project", enrollment_id: `${slug}:ada` });
    const { queue, sent } = collectingQueue();
    const bindings = bindingsWith({ PROJECTION_QUEUE: queue });
    const send = async (headers: Record<string, string>) => {
      const request = new Request(`http://latchkey.test/api/v1/system/dead-letters/${id}/replay`, {
        method: "POST",
        headers: { authorization: `Bearer ${await adminToken()}`, ...headers },
      });
      return worker.fetch(request, bindings, createExecutionContext());
    };
    for (let i = 0; i < 3; i += 1) expect((await send({ "idempotency-key": "again" })).status).toBe(202);
    expect(sent.map(({ body }) => body)).toEqual([{ type: "project", enrollment_id: `${slug}:ada` }]);
    expect((await send({})).status).toBe(202);
    expect(sent).toHaveLength(2);
    expect(await all("SELECT replayed_by FROM dead_letters WHERE id = ?", id)).toEqual([{ replayed_by: "root" }]);
  });

  it("[I8] are for admins only, and an unknown one is a 404", async () => {
    for (const role of ["learner", "author", "service"] as const) {
      const token = await tokenOf("someone", role);
      await problem(await call("GET", "/system/dead-letters", { token }), 403);
      await problem(await call("POST", "/system/dead-letters/x/replay", { token }), 403);
    }
    expect((await problem(await replay("no-such-letter"), 404)).code).toBe("not_found");
  });

  it("[I10] of a refresh let its snapshot rest, and it is swept later, or at once after a publish", async () => {
    const slug = freshSlug("dead");
    await publish(pair(slug));
    await enroll(slug, "ada");
    await publishAndMark(pair(slug, "second"));
    const { queue, sent } = collectingQueue();
    const bindings = bindingsWith({ REFRESH_QUEUE: queue });
    const swept = async (at: number) => {
      sent.length = 0;
      await sweep(bindings, "course", COURSE_SWEEP, at);
      return sent.filter(({ body }) => JSON.stringify(body).includes(`${slug}:ada`)).length;
    };
    const started = Date.now();
    expect(await swept(started)).toBe(1);
    await bury("latchkey-refresh-dead", [
      { type: "refresh", enrollment_id: `${slug}:ada`, stale_mark: 1 },
      "garbage beside it",
    ]);
    expect(await swept(started + LEASE_MS + 1_000)).toBe(0);
    expect(await swept(Date.now() + DEAD_LEASE_MS + 1_000)).toBe(1);
    await publishAndMark(pair(slug, "third"));
    expect(await swept(Date.now())).toBe(1);
  });
});
