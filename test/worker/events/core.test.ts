import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { enroll, freshSlug, objectOf, project, publish } from "../../support/worker/courses.ts";
import { call, read, tokenOf } from "../../support/worker/http.ts";
import { completed, deltaOf, ladder, override } from "../../support/worker/learners.ts";
import { channelOf, type Frame, history, open, openWith, StreamReader } from "../../support/worker/streams.ts";
import { signedInSchema } from "../identity/support.ts";

const unlockSchema = z.object({
  enrollment_id: z.string(),
  course_id: z.string(),
  snapshot_version: z.number(),
  unlocked: z.array(z.string()),
  locked: z.array(z.string()),
  cause: z.string(),
  announced_at: z.string(),
});
const unlockOf = (frame: Frame) => unlockSchema.parse(frame.data.data);

/** When it enrolled, nobody read the learner's events, and the object believes that for a while. */
function forgetNobody(slug: string, user: string): Promise<void> {
  return evictDurableObject(objectOf(slug, user));
}

describe("what the core tells live", () => {
  it("[I6] a completion announces exactly what the learner's answer said, once, also after the queue has been by", async () => {
    const slug = freshSlug("live");
    await publish(ladder(slug));
    const user = `${slug}-ada`;
    await enroll(slug, user);
    await project(slug, user);
    const reader = await open(user);
    await reader.expect("stream.opened");
    await forgetNobody(slug, user);

    const first = await completed(slug, user, "one");
    const told = unlockOf(await reader.expect("unlock.changed"));
    expect(deltaOf(told)).toEqual(deltaOf(first));
    expect(told).toMatchObject({
      enrollment_id: `${slug}:${user}`,
      course_id: slug,
      snapshot_version: first.version,
      cause: "progress",
    });
    await project(slug, user);
    await project(slug, user);
    const second = await completed(slug, user, "two");
    expect(deltaOf(unlockOf(await reader.expect("unlock.changed")))).toEqual(deltaOf(second));
    expect((await history(user)).results.map(({ type }) => type)).not.toContain("content.chapter-updated");
    const ofCourse = (await history(user)).results.filter(({ type }) => type === "unlock.changed");
    expect(new Set(ofCourse.map(({ data }) => data.snapshot_version)).size).toBe(ofCourse.length);
  });

  it("[I6] stores nothing early for who does not listen, and tells at once whoever has opened a page and its stream", async () => {
    const slug = freshSlug("page");
    await publish(ladder(slug));
    const user = `${slug}-ada`;
    await enroll(slug, user);
    await project(slug, user);
    const first = await completed(slug, user, "one");
    const told = async () =>
      (await history(user)).results.filter(({ data }) => Number(data.snapshot_version) >= first.version);
    expect(await told()).toEqual([]);
    await project(slug, user);
    expect((await told()).map(({ data }) => data.snapshot_version)).toEqual([first.version]);
    // As a page does: what is open now, then what changes. What comes is not the queue's doing.
    expect((await call("GET", `/courses/${slug}/chapters`, { token: await tokenOf(user) })).status).toBe(200);
    const reader = await open(user);
    await reader.expect("stream.opened");
    const second = await completed(slug, user, "two");
    expect(unlockOf(await reader.expect("unlock.changed")).snapshot_version).toBe(second.version);
    await project(slug, user);
    expect(await told()).toHaveLength(2);
  });

  it("[I6] what the object could not tell itself comes through the queue, once", async () => {
    const slug = freshSlug("crash");
    await publish(ladder(slug));
    const user = `${slug}-ada`;
    await enroll(slug, user);
    await project(slug, user);
    const reader = await open(user);
    await reader.expect("stream.opened");
    await forgetNobody(slug, user);
    // Everything the object did right after its commit is undone: the channel never heard of it.
    await completed(slug, user, "one");
    await reader.expect("unlock.changed");
    const owed = await objectOf(slug, user).pendingProjection();
    expect(owed).toMatchObject({ ok: true, value: { notices: [] } });
    await runInDurableObject(channelOf(user), (_channel, state) => {
      state.storage.sql.exec("DELETE FROM log");
      state.storage.sql.exec("DELETE FROM keys");
    });
    await evictDurableObject(objectOf(slug, user)); // its memory of having told is gone, as after a crash
    await project(slug, user);
    const told = unlockOf(await reader.expect("unlock.changed"));
    expect(told.cause).toBe("progress");
    await project(slug, user);
    expect((await history(user)).results.filter(({ type }) => type === "unlock.changed")).toHaveLength(1);
  });

  it("an author's override reaches the learner, a publish tells what changed and what it opened", async () => {
    const slug = freshSlug("author");
    const document = ladder(slug);
    await publish(document);
    const user = `${slug}-bob`;
    await enroll(slug, user);
    await project(slug, user);
    const reader = await open(user);
    await reader.expect("stream.opened");
    await forgetNobody(slug, user);
    const delta = await override(slug, user, "three", { kind: "unlock" });
    expect(deltaOf(unlockOf(await reader.expect("unlock.changed")))).toEqual(deltaOf(delta));

    const [first, second, ...others] = document.chapters ?? [];
    if (first === undefined || second === undefined) throw new Error("the ladder has four chapters");
    const { rule: _rule, ...free } = second;
    await publish({ ...document, chapters: [first, free, ...others] });
    await call("GET", `/courses/${slug}/unlocks`, { token: await tokenOf(user) });
    const frames = await reader.until(({ event }) => event === "content.chapter-updated");
    const content = frames.at(-1)?.data.data;
    expect(content).toMatchObject({ course_id: slug, course_version: 2, items: [`${slug}.two`] });
    const unlocked = frames
      .filter(({ event }) => event === "unlock.changed")
      .flatMap((frame) => unlockOf(frame).unlocked);
    expect(unlocked).toContain(`${slug}.two`);
  });

  it("[I8] signing out ends the session's streams at once, and no other's", async () => {
    const signUp = await call("POST", "/auth/sign-up", {
      body: { email: `u${crypto.randomUUID()}@example.org`, name: "Ada", password: "correct horse battery" },
    });
    const { access_token, session_token, user } = await read(signUp, 201, signedInSchema);
    const minted = await call("POST", "/auth/sse-token", { token: access_token });
    const { sse_token } = await read(minted, 200, z.object({ sse_token: z.string() }));
    const ofSession = new StreamReader(await openWith(sse_token));
    const ofOther = await open(user.id);
    await ofSession.expect("stream.opened");
    await ofOther.expect("stream.opened");
    expect((await call("POST", "/auth/sign-out", { body: { session_token } })).status).toBe(204);
    expect((await ofSession.expect("stream.evicted")).data).toEqual({ reason: "session_ended" });
    expect(await ofSession.next()).toBeNull();
    await ofOther.expect("stream.heartbeat");
  });
});
