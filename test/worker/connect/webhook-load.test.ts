import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { pruneWebhooks } from "../../../src/connect/webhooks/sweep.ts";
import { everyShard } from "../../../src/platform/database/shards.ts";
import { deliver, enroll, project } from "../../support/worker/courses.ts";
import { completed } from "../../support/worker/learners.ts";
import { course, outside, Receiver, run, subscribe } from "./webhooks-support.ts";

beforeEach(outside);
afterEach(() => vi.restoreAllMocks());

/** Rows that an object writes for a completion, its confirmation and its share of an alarm: rows.test.ts counts them. */
const OBJECT_ROWS = 5;
/** Learners of one message. */
const GROUP = 25;

interface Counted {
  rows: number;
  texts: string[];
}

/** Counts the rows that are written to all databases while `work` runs; what returns rows writes one. */
async function counting(work: () => Promise<unknown>): Promise<Counted> {
  const counted: Counted = { rows: 0, texts: [] };
  const databases = everyShard(env).map(({ db }) => db);
  for (const db of databases) {
    const { batch, prepare } = db;
    Object.defineProperty(db, "batch", {
      configurable: true,
      value: async (statements: D1PreparedStatement[]) => {
        const results = await batch.call(db, statements);
        for (const { meta } of results) counted.rows += meta.rows_written;
        return results;
      },
    });
    Object.defineProperty(db, "prepare", {
      configurable: true,
      value: (text: string) => {
        counted.texts.push(text);
        const statement = prepare.call(db, text);
        if (!/^\s*(UPDATE|DELETE) /.test(text)) return statement;
        const { bind } = statement;
        statement.bind = (...values: unknown[]) => {
          const bound = bind.apply(statement, values);
          const { run: write, first } = bound;
          Reflect.set(bound, "run", async () => {
            const result = await write.call(bound);
            counted.rows += result.meta.rows_written;
            return result;
          });
          Reflect.set(bound, "first", async () => {
            counted.rows += 1;
            return first.call(bound);
          });
          return bound;
        };
        return statement;
      },
    });
  }
  try {
    await work();
  } finally {
    for (const db of databases) {
      Reflect.deleteProperty(db, "batch");
      Reflect.deleteProperty(db, "prepare");
    }
  }
  return counted;
}

/** A course in which each of a group has completed something that is not projected yet. */
async function busy(): Promise<{ slug: string; deliverAll: () => Promise<unknown> }> {
  const slug = await course();
  const users = Array.from({ length: GROUP }, (_, at) => `learner-${at}`);
  for (const user of users) {
    await enroll(slug, user);
    await project(slug, user);
  }
  for (const user of users) await completed(slug, user, "one");
  const [enrollment_id, ...others] = users.map((user) => `${slug}:${user}`);
  return { slug, deliverAll: () => deliver("latchkey-projection", [{ type: "project", enrollment_id, others }]) };
}

it("adds less than 15 % to the rows of completions, with what is delivered and pruned, and nothing where nobody listens", async () => {
  const plain = await busy();
  const alone = await counting(plain.deliverAll);
  expect(alone.texts.filter((text) => text.includes("webhook_pages"))).toEqual([]);

  const heard = await busy();
  const receiver = new Receiver("load");
  const { id } = await subscribe(heard.slug, receiver);
  const told = await counting(async () => {
    await heard.deliverAll();
    await run(id);
    await pruneWebhooks(env, Date.now() + 40 * 86_400_000);
  });
  // Each completion is two events: what was completed, and what opened.
  expect(receiver.got).toHaveLength(2 * GROUP);
  const before = alone.rows + OBJECT_ROWS * GROUP;
  const after = told.rows + OBJECT_ROWS * GROUP;
  console.info(`rows of ${GROUP} completions: ${before}; with webhooks ${after}; ratio ${after / before}`);
  expect(told.rows).toBeGreaterThan(alone.rows);
  expect(after / before).toBeLessThan(1.15);
});
