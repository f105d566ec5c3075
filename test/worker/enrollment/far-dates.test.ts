import { evictDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import { enroll, fireAlarm, freshSlug, objectOf, project, publish } from "../../support/worker/courses.ts";
import { statesOf, unlocks } from "../../support/worker/learners.ts";

it("[I7] an object answers after it slept, also with a date that is too far away for an alarm", async () => {
  const slug = freshSlug("far");
  await publish({
    slug,
    title: "Far",
    chapters: [
      { id: `${slug}.now`, title: "Now" },
      { id: `${slug}.far`, title: "Far", rule: { from: "2999-01-01T00:00:00Z" } },
    ],
  });
  await enroll(slug, "ada");
  // Nothing is pending any more: the date is all that the object waits for.
  await project(slug, "ada");
  await fireAlarm(slug, "ada");
  await evictDurableObject(objectOf(slug, "ada"));
  const { states, snapshot } = await unlocks(slug, "ada");
  expect(states).toEqual({ [`${slug}.now`]: "unlocked", [`${slug}.far`]: "locked" });
  expect(snapshot.source).toBe("snapshot");
  // Firing early does nothing, and the object still waits.
  expect(await fireAlarm(slug, "ada")).toBe(true);
  expect(await fireAlarm(slug, "ada")).toBe(true);
  expect((await statesOf(slug, "ada"))[`${slug}.far`]).toBe("locked");
});
