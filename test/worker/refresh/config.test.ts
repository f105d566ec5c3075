import { createMessageBatch } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import worker from "../../../src/back.ts";
import { LAST_ATTEMPT } from "../../../src/platform/queue/last-attempt.ts";
import wrangler from "../../../wrangler.toml?raw";
import { bindingsWith, collectingQueue, run } from "./support.ts";

/** The tables of one kind that wrangler.toml has for the back, each as its `key = value` lines. */
function tablesNamed(name: string): Map<string, string>[] {
  const sections = wrangler.split(/^(?=\[)/m).filter((section) => section.startsWith(`[[env.back.${name}]]`));
  return sections.map(
    (section) =>
      new Map(
        [...section.matchAll(/^(\w+) *= *(.+)$/gm)].map(([, key = "", value = ""]) => [key, value.replaceAll('"', "")]),
      ),
  );
}

const crons = JSON.parse(/^\[env\.back\.triggers\]\ncrons *= *(\[.*\])$/m.exec(wrangler)?.[1] ?? "[]") as string[];
const consumers = tablesNamed("queues.consumers");
const queues = consumers.map((consumer) => consumer.get("queue") ?? "");

describe("wrangler.toml and src/back.ts", () => {
  it("have the same crons: each has its job, and any other is an error", async () => {
    const jobs = new Map<string, unknown[]>();
    for (const cron of crons) {
      const { queue, sent } = collectingQueue();
      await worker.scheduled({ cron, scheduledTime: Date.now(), noRetry() {} }, bindingsWith({ REFRESH_QUEUE: queue }));
      jobs.set(
        cron,
        sent.map(({ body }) => body),
      );
    }
    expect(Object.fromEntries(jobs)).toEqual({
      "* * * * *": [{ type: "sweep", scope: "problems" }],
      "0 2 * * *": [{ type: "cleanup" }],
    });
    for (const cron of ["*/5 * * * *", "0 3 * * *", ""]) {
      await expect(worker.scheduled({ cron, scheduledTime: Date.now(), noRetry() {} }, env)).rejects.toThrow(/no job/);
    }
  });

  it("report a failed cron, so that the platform counts it as failed", async () => {
    const { queue } = collectingQueue();
    queue.send = async () => {
      throw new Error("the queue is down");
    };
    const controller = { cron: "0 2 * * *", scheduledTime: Date.now(), noRetry() {} };
    await expect(worker.scheduled(controller, bindingsWith({ REFRESH_QUEUE: queue }))).rejects.toThrow(/queue is down/);
  });

  it("[I10] have a consumer for every queue, and a dead-letter queue for each but the last", async () => {
    const produced = tablesNamed("queues.producers").map((producer) => producer.get("queue") ?? "");
    expect(produced.length).toBeGreaterThan(0);
    for (const queue of produced) expect(queues).toContain(queue);
    for (const consumer of consumers) {
      const queue = consumer.get("queue") ?? "";
      const dead = consumer.get("dead_letter_queue");
      if (queue.endsWith("-dead")) {
        expect(Number(consumer.get("max_retries"))).toBe(100);
        continue;
      }
      expect(dead).toBe(`${queue}-dead`);
      expect(queues).toContain(dead);
      expect(consumer.get("max_retries")).toBe(String(LAST_ATTEMPT - 1));
      expect(consumer.get("retry_delay")).toBe("60");
    }
  });

  it("have the same queue names in staging", async () => {
    for (const queue of queues) {
      const batch = createMessageBatch(queue.replace("latchkey-", "latchkey-staging-"), []);
      await expect(worker.queue(batch, env)).resolves.toBeUndefined();
    }
    await run("DELETE FROM dead_letters");
    const dead = { id: "staging-1", timestamp: new Date(), attempts: 4, body: { type: "unknown" } };
    await worker.queue(createMessageBatch("latchkey-staging-refresh-dead", [dead]), env);
    const row = await env.DB.prepare("SELECT queue FROM dead_letters WHERE id = 'staging-1'").first();
    expect(row).toEqual({ queue: "latchkey-refresh" });
  });

  it("handle every configured queue, and no other", async () => {
    await run("DELETE FROM dead_letters");
    for (const queue of queues) {
      const batch = createMessageBatch(queue, []);
      await expect(worker.queue(batch, env)).resolves.toBeUndefined();
    }
    await expect(worker.queue(createMessageBatch("latchkey-unknown", []), env)).rejects.toThrow(/no consumer/);
  });
});
