import { expect, it, vi } from "vitest";
import { enroll, freshSlug, publish } from "../../support/worker/courses.ts";
import { completed } from "../../support/worker/learners.ts";
import { bindingsWith, collectingQueue, consume, outboxOf, pair, rebind, rowOf, run, type Sent } from "./support.ts";

const PROJECTION = "latchkey-projection";

/** Learners of one isolate whose objects announce to one queue, and from whom nothing is pending. */
async function quietLearners(users: readonly string[]) {
  const slug = freshSlug("group");
  await publish(pair(slug));
  const { queue, sent } = collectingQueue();
  for (const user of users) {
    await rebind(slug, user, { PROJECTION_QUEUE: queue });
    await enroll(slug, user);
  }
  await consume(
    PROJECTION,
    users.map((user) => ({ type: "project", enrollment_id: `${slug}:${user}` })),
  );
  await announced(sent, slug, users);
  sent.length = 0;
  return { slug, queue, sent };
}

const namesIn = (sent: readonly Sent[]) =>
  sent.flatMap(({ body }) => {
    // SAFETY: the objects of this test send nothing else.
    const { enrollment_id, others = [] } = body as { enrollment_id: string; others?: string[] };
    return [enrollment_id, ...others];
  });

/** Waits until each of them has been announced. */
function announced(sent: readonly Sent[], slug: string, users: readonly string[]): Promise<void> {
  return vi.waitFor(
    () => expect(new Set(namesIn(sent))).toEqual(new Set(users.map((user) => `${slug}:${user}`))),
    20_000,
  );
}

it("many objects announce in one message, and everything of each is delivered", async () => {
  const users = Array.from({ length: 8 }, (_, at) => `u${at}`);
  const { slug, sent } = await quietLearners(users);
  await Promise.all(users.map((user) => completed(slug, user, "one")));
  await announced(sent, slug, users);
  // Nobody is named twice, and a message names several.
  expect(namesIn(sent)).toHaveLength(users.length);
  expect(sent.length).toBeLessThan(users.length);
  const { acked, retried } = await consume(
    PROJECTION,
    sent.map(({ body }) => body),
  );
  expect({ acked: acked.length, retried }).toEqual({ acked: sent.length, retried: [] });
  for (const user of users) {
    expect(await rowOf(slug, user)).toMatchObject({ progress_seq: 1 });
    expect(await outboxOf(slug, user)).toBe(0);
  }
});

it("[I10] an enrollment that cannot be delivered comes again alone, and does not delay the others of its message", async () => {
  const users = ["a", "poison", "c"];
  const { slug } = await quietLearners(users);
  for (const user of users) await completed(slug, user, "one");
  await run(
    `CREATE TRIGGER poison BEFORE INSERT ON progress WHEN NEW.enrollment_id = '${slug}:poison'
     BEGIN SELECT RAISE(ABORT, 'poison'); END`,
  );
  const again = collectingQueue();
  const body = { type: "project", enrollment_id: `${slug}:a`, others: [`${slug}:poison`, `${slug}:c`] };
  const result = await consume(PROJECTION, [body], bindingsWith({ PROJECTION_QUEUE: again.queue }));
  expect(result).toMatchObject({ acked: ["m0"], retried: [] });
  expect(again.sent.map((one) => one.body)).toEqual([{ type: "project", enrollment_id: `${slug}:poison` }]);
  expect(await rowOf(slug, "a")).toMatchObject({ progress_seq: 1 });
  expect(await rowOf(slug, "c")).toMatchObject({ progress_seq: 1 });
  expect(await outboxOf(slug, "poison")).toBeGreaterThan(0);
  await run("DROP TRIGGER IF EXISTS poison");
  await consume(
    PROJECTION,
    again.sent.map((one) => one.body),
  );
  expect(await rowOf(slug, "poison")).toMatchObject({ progress_seq: 1 });
});

it("[I1] a message is retried when its enrollments cannot be announced one by one", async () => {
  const { slug } = await quietLearners(["a", "poison"]);
  await completed(slug, "poison", "one");
  await run(
    `CREATE TRIGGER poison BEFORE INSERT ON progress WHEN NEW.enrollment_id = '${slug}:poison'
     BEGIN SELECT RAISE(ABORT, 'poison'); END`,
  );
  const sendBatch = () => Promise.reject(new Error("the queue does not answer"));
  const body = { type: "project", enrollment_id: `${slug}:a`, others: [`${slug}:poison`] };
  const queue: Queue = { ...collectingQueue().queue, sendBatch };
  const result = await consume(PROJECTION, [body], bindingsWith({ PROJECTION_QUEUE: queue }));
  expect(result).toMatchObject({ acked: [], retried: ["m0"] });
  await run("DROP TRIGGER IF EXISTS poison");
});

it("[I1] an announcement that the queue refused is sent by the next write", async () => {
  const { slug, sent, queue } = await quietLearners(["ada"]);
  vi.spyOn(console, "error").mockImplementation(() => {});
  let tries = 0;
  const send = () => {
    tries += 1;
    return Promise.reject(new Error("the queue does not answer"));
  };
  await rebind(slug, "ada", { PROJECTION_QUEUE: { ...queue, send } });
  await completed(slug, "ada", "one");
  await vi.waitFor(() => expect(tries).toBe(1), 20_000);
  await rebind(slug, "ada", { PROJECTION_QUEUE: queue });
  await completed(slug, "ada", "two");
  await announced(sent, slug, ["ada"]);
  // It follows another closely, so it waits for what the learner does next.
  expect(sent.map(({ delaySeconds }) => delaySeconds)).toEqual([2]);
});
