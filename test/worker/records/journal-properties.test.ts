import { env } from "cloudflare:workers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { brokenDatabase } from "../../support/worker/faults.ts";
import { read } from "../../support/worker/http.ts";
import {
  batchSchema,
  evict,
  fireAlarm,
  flush,
  ownerWithSession,
  replaceDatabase,
  send,
  stateOf,
  type TaskInput,
  taskOf,
} from "./support.ts";

const STATUSES = ["pending", "processing", "completed", "failed", "cancelled"] as const;
const ENDED = new Set<string>(["completed", "cancelled"]);
const TEXTS = ["one", "another"];

interface Write {
  task: number;
  version: number;
  status: number;
  text: number;
}

type Step =
  | { kind: "put"; writes: Write[] }
  | { kind: "again"; which: number }
  | { kind: "flush" | "evict" | "dark" | "back" | "alarm" };

const write = fc.record({
  task: fc.nat({ max: 7 }),
  version: fc.integer({ min: 1, max: 6 }),
  status: fc.nat({ max: STATUSES.length - 1 }),
  text: fc.nat({ max: TEXTS.length - 1 }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.array(write, { minLength: 1, maxLength: 12 }).map((writes) => ({ kind: "put" as const, writes })),
  },
  { weight: 3, arbitrary: fc.nat().map((which) => ({ kind: "again" as const, which })) },
  {
    weight: 5,
    arbitrary: fc.constantFrom<Step>(
      { kind: "flush" },
      { kind: "evict" },
      { kind: "dark" },
      { kind: "back" },
      { kind: "alarm" },
    ),
  },
);

/** What a journal should make of writes, in a dozen lines. */
class Model {
  readonly tasks = new Map<string, TaskInput>();

  put(task: TaskInput): string {
    const before = this.tasks.get(task.task_id);
    if (before !== undefined) {
      if (task.version < before.version) return "stale";
      if (task.version === before.version) {
        return JSON.stringify(task) === JSON.stringify(before) ? "duplicate" : "version_reused";
      }
      if (ENDED.has(before.status) && task.status !== before.status) return "illegal_status";
    }
    this.tasks.set(task.task_id, task);
    return before === undefined ? "created" : "updated";
  }
}

describe("[I1] [I4] [I5] items that are repeated, reordered, flushed, evicted and cut off in any way", () => {
  it("are answered as in the model, and D1 ends with the content of the model", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const owner = await ownerWithSession("model");
        const model = new Model();
        const sent: { items: TaskInput[]; key: string; answer: z.infer<typeof batchSchema> }[] = [];
        let isDown = false;
        for (const [at, now] of steps.entries()) {
          if (now.kind === "put") {
            const items = now.writes.map(({ task, version, status, text }) =>
              taskOf(owner, task, {
                version,
                status: STATUSES[status] ?? "pending",
                translated_text: TEXTS[text] ?? null,
              }),
            );
            const key = `batch-${at}`;
            const answer = await read(
              await send(owner, "tasks", items, { headers: { "idempotency-key": key } }),
              200,
              batchSchema,
            );
            const words = answer.results.map(({ status, error }) => error?.rule ?? status);
            expect(words).toEqual(items.map((item) => model.put(item)));
            sent.push({ items, key, answer });
          } else if (now.kind === "again") {
            // A retry that comes late: the stored answer, whatever has happened since.
            const old = sent[now.which % Math.max(sent.length, 1)];
            if (old === undefined) continue;
            const headers = { "idempotency-key": old.key };
            expect(await read(await send(owner, "tasks", old.items, { headers }), 200, batchSchema)).toEqual(
              old.answer,
            );
          } else if (now.kind === "flush") {
            await flush(owner).catch((fault: unknown) => {
              if (!isDown) throw fault;
            });
          } else if (now.kind === "evict") {
            await stateOf(owner); // it may have been evicted just before
            await evict(owner);
            isDown = false; // an object that wakes has the bindings of the deployment
          } else if (now.kind === "alarm") {
            await fireAlarm(owner);
          } else {
            isDown = now.kind === "dark";
            await replaceDatabase(owner, isDown ? brokenDatabase() : env.DB);
          }
        }
        await replaceDatabase(owner, env.DB);
        await flush(owner);
        expect((await stateOf(owner)).parked).toBe(0);
        const { results } = await env.DB.prepare(
          "SELECT id, version, status, body FROM translation_tasks WHERE owner = ? ORDER BY id",
        )
          .bind(owner)
          .all<{ id: string; version: number; status: string; body: string }>();
        const stored = results.map(({ id, version, status, body }) => {
          const { translated_text } = z.looseObject({ translated_text: z.string() }).parse(JSON.parse(body));
          return [id, version, status, translated_text];
        });
        const expected = [...model.tasks.values()]
          .sort((a, b) => (a.task_id < b.task_id ? -1 : 1))
          .map((task) => [task.task_id, task.version, task.status, task.translated_text]);
        expect(stored).toEqual(expected);
      }),
      { numRuns: 25 },
    );
  });
});
