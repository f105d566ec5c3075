import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { channelStub } from "../../../src/events/stubs.ts";
import { deliver, enroll, freshSlug, objectOf, publish } from "../../support/worker/courses.ts";
import { call, tokenOf } from "../../support/worker/http.ts";
import { completed, ladder, statesOf } from "../../support/worker/learners.ts";
import { databaseOfCourse } from "../../support/worker/shards.ts";
import { open } from "../../support/worker/streams.ts";

// What the platform bills by: docs/design/cost.md and scale.md compute with these numbers.

/**
 * Counts rows written by an object's own database while `work` runs; the platform counts index entries too, and an alarm that
 * is set as a row.
 */
async function rowsWritten(slug: string, user: string, work: () => Promise<unknown>): Promise<number> {
  return rowsOf(objectOf(slug, user), work);
}

async function rowsOf(stub: DurableObjectStub, work: () => Promise<unknown>): Promise<number> {
  let rows = 0;
  const cursors: { rowsWritten: number }[] = [];
  await runInDurableObject(stub, (_instance, { storage }) => {
    const { sql } = storage;
    const setAlarm = storage.setAlarm.bind(storage);
    Object.defineProperty(storage, "setAlarm", {
      configurable: true,
      value: (...args: Parameters<typeof setAlarm>) => {
        rows += 1;
        return setAlarm(...args);
      },
    });
    const exec = sql.exec.bind(sql);
    Object.defineProperty(sql, "exec", {
      configurable: true,
      value: (...args: Parameters<typeof exec>) => {
        const cursor = exec(...args);
        cursors.push(cursor);
        return cursor;
      },
    });
  });
  await work();
  await runInDurableObject(stub, (_instance, { storage }) => {
    Reflect.deleteProperty(storage, "setAlarm");
    Reflect.deleteProperty(storage.sql, "exec");
    rows += cursors.reduce((sum, cursor) => sum + cursor.rowsWritten, 0);
  });
  return rows;
}

/** Counts rows written by batches to a course's database, and to the directory where that is another, while `work` runs. */
async function rowsOfD1(slug: string, work: () => Promise<unknown>): Promise<number> {
  let rows = 0;
  const databases = new Set([await databaseOfCourse(slug), env.DB]);
  for (const db of databases) {
    const before = db.batch;
    Object.defineProperty(db, "batch", {
      configurable: true,
      value: async (statements: D1PreparedStatement[]) => {
        const results = await before.call(db, statements);
        for (const { meta } of results) rows += meta.rows_written;
        return results;
      },
    });
  }
  try {
    await work();
  } finally {
    for (const db of databases) Reflect.deleteProperty(db, "batch");
  }
  return rows;
}

const projected = (slug: string, user: string) =>
  deliver("latchkey-projection", [{ type: "project", enrollment_id: `${slug}:${user}` }]);

it("an enrollment, an answer judged at once, and a publish without changes for a learner write few rows", async () => {
  const slug = freshSlug("rows");
  const chapter = (title: string) => ({
    slug,
    title,
    chapters: [
      {
        id: `${slug}.a`,
        title,
        problems: [{ id: `${slug}.p`, title, answer: { kind: "exact" as const, values: ["4"] } }],
      },
    ],
  });
  await publish(chapter("One"));
  let object = 0;
  const enrolling = await rowsOfD1(slug, async () => {
    object = await rowsWritten(slug, "ada", async () => {
      await enroll(slug, "ada");
      await projected(slug, "ada");
    });
  });
  const submit = async () => {
    const token = await tokenOf("ada");
    const answer = await call("POST", `/problems/${slug}.p/submissions`, { token, body: { answer: "4" } });
    expect(answer.status).toBe(201);
    await projected(slug, "ada");
  };
  let submitted = 0;
  const submitting = await rowsOfD1(slug, async () => {
    submitted = await rowsWritten(slug, "ada", submit);
  });
  for (const user of ["ben", "cai"]) {
    await enroll(slug, user);
    await projected(slug, user);
  }
  await publish(chapter("Two"));
  const standing = await rowsOfD1(slug, () => deliver("latchkey-refresh", [{ type: "mark", course: slug }]));
  console.info(
    `rows written: enrolling ${object} + ${enrolling}, submitting ${submitted} + ${submitting}, standing ${standing}`,
  );
  // Of the object, most is its tables.
  expect(object).toBe(47);
  expect(enrolling).toBe(13);
  // Beside what a completion writes, the answer itself, here and there.
  expect(submitted).toBe(7);
  expect(submitting).toBe(4);
  // A row a learner, and two of the page.
  expect(standing).toBe(3 + 2);
});

it("a completion that opens one item writes few rows, in the object and in D1", async () => {
  const slug = freshSlug("rows");
  await publish(ladder(slug, { sticky: true }));
  await enroll(slug, "ada");
  const project = () => projected(slug, "ada");
  await project();
  // The alarm that enrolling has set is over: this completion is the first of a burst.
  await runInDurableObject(objectOf(slug, "ada"), (_instance, { storage }) => storage.deleteAlarm());
  await evictDurableObject(objectOf(slug, "ada"));
  await statesOf(slug, "ada");
  const write = await rowsWritten(slug, "ada", () => completed(slug, "ada", "one"));
  let confirm = 0;
  let d1 = 0;
  const event = await rowsOf(channelStub(env, "ada"), async () => {
    d1 = await rowsOfD1(slug, async () => {
      confirm = await rowsWritten(slug, "ada", project);
    });
  });
  console.info(
    `rows written: ${write} by the write, ${confirm} by its confirmation, ${d1} in D1, ${event} by the event`,
  );
  // The log, the fact, what it opened, the enrollment with its pending rows; and the alarm.
  expect(write).toBe(5);
  expect(confirm).toBe(1);
  // The enrollment, the fact, the announcement; no entry of an index.
  expect(d1).toBe(3);
  // The learner's live event waits in the enrollment's row, because nobody listens.
  expect(event).toBe(0);
  const reader = await open("ada");
  await reader.expect("stream.opened");
  const heard = await rowsOf(channelStub(env, "ada"), async () => {
    await completed(slug, "ada", "two");
    await reader.until(({ event: type }) => type === "unlock.changed");
  });
  // The event and its key, in the learner's own object.
  expect(heard).toBe(2);
});
