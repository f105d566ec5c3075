import { createMessageBatch } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { consumeEvents } from "../../../src/events/archive.ts";
import { projectEnrollments } from "../../../src/mirror/projection.ts";
import { completed, submit } from "../../support/worker/learners.ts";
import { everywhere } from "../../support/worker/shards.ts";
import { archiveMessage, erase, makeCourse, makePerson, type Person, progressOf, traces } from "./support.ts";

let slug: string;
beforeAll(async () => {
  slug = await makeCourse();
});

/** A D1 whose writes wait until they are let through. */
function delayedDatabase() {
  const open: (() => void)[] = [];
  let waiting = 0;
  const gate = new Promise<void>((resolve) => {
    open.push(resolve);
  });
  const delayed = async <T>(write: () => Promise<T>): Promise<T> => {
    waiting += 1;
    await gate;
    return write();
  };
  // SAFETY: what the two writers of this file call.
  const wrap = (real: D1Database) =>
    ({
      prepare: (text: string) => {
        const statement = real.prepare(text);
        return {
          bind: (...values: unknown[]) => {
            const bound = statement.bind(...values);
            const reads = { first: () => bound.first(), all: () => bound.all() };
            return { ...reads, original: bound, run: () => delayed(() => bound.run()) };
          },
        };
      },
      batch: (statements: { original: D1PreparedStatement }[]) =>
        delayed(() => real.batch(statements.map(({ original }) => original))),
    }) as unknown as D1Database;
  const hasBegun = async () => {
    while (waiting === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  return { wrap, hasBegun, release: () => open.forEach((resolve) => void resolve()) };
}

it.each([
  [
    "a projection",
    async (bindings: Env, ada: Person) => {
      await projectEnrollments(bindings, [`${slug}:${ada.id}`]);
    },
  ],
  [
    "the archive of events",
    async (bindings: Env, ada: Person) => {
      const body = archiveMessage(ada.id, `late-${ada.marker}`);
      const message = { id: crypto.randomUUID(), timestamp: new Date(), attempts: 1, body };
      await consumeEvents(createMessageBatch("latchkey-events", [message]), bindings);
    },
  ],
])("[I5] [I8] %s that was running when an erasure began brings nothing back", async (_what, write) => {
  const ada = await makePerson(slug);
  // Pending: a fact, a submission and an announcement.
  await completed(slug, ada.id, "two");
  await submit(slug, ada.id, "p1", ada.marker);
  const { wrap, hasBegun, release } = delayedDatabase();
  const writing = write({ ...env, ...everywhere(wrap) }, ada);
  await hasBegun();
  await erase(ada.id);
  expect((await progressOf(ada.id)).state).toBe("settling");
  release();
  await writing;
  expect(await traces(ada)).toEqual(["D1 erasures"]);
});
