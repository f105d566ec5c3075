import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import { type DocumentInput, enroll, freshSlug, objectOf, project, publish } from "../../support/worker/courses.ts";
import { completed } from "../../support/worker/learners.ts";
import { channelOf, history, open } from "../../support/worker/streams.ts";

// Events of a learner whom nobody listens for stay in the enrollment; the channel takes them when somebody reads.

const LENGTH = 45;

/** Each chapter opens the next. */
function chain(slug: string): DocumentInput {
  const chapters = Array.from({ length: LENGTH }, (_, n) => ({
    id: `${slug}.c${n}`,
    title: `Chapter ${n}`,
    ...(n === 0 ? {} : { rule: { completed: `${slug}.c${n - 1}` } }),
  }));
  return { slug, title: slug, chapters };
}

async function learner(name: string) {
  const slug = freshSlug(name);
  await publish(chain(slug));
  const user = `${slug}-ada`;
  await enroll(slug, user);
  await project(slug, user);
  let next = 0;
  /** Completes the next chapters, and lets the queue come by after each. @returns the versions they made. */
  const complete = async (count: number) => {
    const versions: number[] = [];
    for (let step = 0; step < count; step += 1) {
      versions.push((await completed(slug, user, `c${next}`)).version);
      next += 1;
      await project(slug, user);
    }
    return versions;
  };
  /** What the channel has stored of it. */
  const stored = () =>
    runInDurableObject(
      channelOf(user),
      (_channel, { storage }) =>
        storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM log WHERE type = 'unlock.changed'").one().n,
    );
  const told = async () =>
    (await history(user, "?limit=1000")).results
      .filter(({ type, data }) => type === "unlock.changed" && data.cause === "progress")
      .map(({ data }) => Number(data.snapshot_version));
  await told();
  return { slug, user, complete, stored, told };
}

describe("a learner without a stream", () => {
  it("[I6] does no work in the channel, and finds each event in the history, once and in order", async () => {
    const { slug, user, complete, stored, told } = await learner("idle");
    // With the first event it is asked whether somebody listens; the queue may come by before the answer.
    const versions = await complete(1);
    const before = await stored();
    versions.push(...(await complete(3)));
    expect(await stored()).toBe(before);
    expect(await told()).toEqual(versions);
    await project(slug, user);
    expect(await told()).toEqual(versions);
    versions.push(...(await complete(2)));
    expect(await told()).toEqual(versions);
  });

  it("[I6] opens a stream and gets all kept events before the new ones", async () => {
    const { user, complete } = await learner("back");
    const first = await open(user);
    const { id } = await first.expect("stream.opened");
    await first.leave();
    // Until the channel knows that nobody listens, events are sent as ever.
    await vi.waitFor(async () => {
      expect(await channelOf(user).endSession(null)).toMatchObject({ value: { ended: 0 } });
    });
    const versions = await complete(4);
    const again = await open(user, id);
    expect((await again.expect("stream.resumed")).data).toMatchObject({ recovered: true, missed: 4 });
    versions.push(...(await complete(1)));
    for (const version of versions) {
      expect((await again.expect("unlock.changed")).data.data).toMatchObject({ snapshot_version: version });
    }
  });

  it("[I5] gets an event once, also if the channel never confirmed it or either object was lost in between", async () => {
    const { slug, user, complete, told } = await learner("lost");
    const versions = await complete(2);
    const kept = await objectOf(slug, user).keptEvents();
    expect(kept.ok && kept.value?.events.length).toBeGreaterThan(0);
    await evictDurableObject(objectOf(slug, user));
    expect(await told()).toEqual(versions);
    await evictDurableObject(objectOf(slug, user));
    await evictDurableObject(channelOf(user));
    expect(await told()).toEqual(versions);
    versions.push(...(await complete(2)));
    await evictDurableObject(channelOf(user));
    await evictDurableObject(objectOf(slug, user));
    expect(await told()).toEqual(versions);
  });

  it("[I11] has as many kept events as fit in one row; the others are sent to the channel", async () => {
    const { slug, user, complete, stored, told } = await learner("full");
    const before = await stored();
    const versions = await complete(LENGTH - 1);
    expect(await stored()).toBeGreaterThan(before);
    const length = await runInDurableObject(
      objectOf(slug, user),
      (_object, { storage }) =>
        storage.sql.exec<{ n: number }>("SELECT coalesce(length(unsent), 0) AS n FROM enrollment").one().n,
    );
    expect(length).toBeLessThan(12_000);
    expect(await told()).toEqual(versions);
  });
});
