import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { enroll, freshSlug, objectOf, project, publish } from "../../support/worker/courses.ts";
import { call, read, tokenOf } from "../../support/worker/http.ts";
import { completed, deltaOf, ladder, override, service, submit } from "../../support/worker/learners.ts";
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

describe("live events of an enrollment", () => {
  it("[I6] a completion announces exactly the delta in the learner's answer, once, also after the queue has delivered", async () => {
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

  it("[I6] without a listener events are in the history at once; a learner with an open page and its stream is notified at once", async () => {
    const slug = freshSlug("page");
    await publish(ladder(slug));
    const user = `${slug}-ada`;
    await enroll(slug, user);
    await project(slug, user);
    const first = await completed(slug, user, "one");
    const told = async () =>
      (await history(user)).results.filter(({ data }) => Number(data.snapshot_version) >= first.version);
    expect((await told()).map(({ data }) => data.snapshot_version)).toEqual([first.version]);
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

  it("[I6] events that the object could not send itself come through the queue, once", async () => {
    const slug = freshSlug("crash");
    await publish(ladder(slug));
    const user = `${slug}-ada`;
    await enroll(slug, user);
    await project(slug, user);
    const reader = await open(user);
    await reader.expect("stream.opened");
    await forgetNobody(slug, user);
    // Everything the object did right after its commit is undone: the channel never got it.
    await completed(slug, user, "one");
    await reader.expect("unlock.changed");
    const pending = await objectOf(slug, user).pendingProjection();
    expect(pending).toMatchObject({ ok: true, value: { notices: [] } });
    await runInDurableObject(channelOf(user), (_channel, state) => {
      state.storage.sql.exec("DELETE FROM log");
      state.storage.sql.exec("DELETE FROM keys");
    });
    await evictDurableObject(objectOf(slug, user)); // its memory of having notified is gone, as after a crash
    await project(slug, user);
    const told = unlockOf(await reader.expect("unlock.changed"));
    expect(told.cause).toBe("progress");
    await project(slug, user);
    expect((await history(user)).results.filter(({ type }) => type === "unlock.changed")).toHaveLength(1);
  });

  it("an override by the author reaches the learner, and a publish says what changed and what it opened", async () => {
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

  describe("events for the other devices of a learner", () => {
    const ownSchema = z.looseObject({ enrollment_id: z.string(), course_id: z.string() });
    const dataOf = (frame: Frame) => ownSchema.parse(frame.data.data);

    /** A learner, and the stream of a second device. In the course, p1 has an answer key and p2 waits for a grader. */
    async function listener(name: string) {
      const slug = freshSlug(name);
      const document = ladder(slug);
      const spare = { id: `${slug}.spare`, title: "Leads nowhere" };
      await publish({ ...document, chapters: [...(document.chapters ?? []), spare] });
      const user = `${slug}-ada`;
      await enroll(slug, user);
      await project(slug, user);
      const reader = await open(user);
      await reader.expect("stream.opened");
      await forgetNobody(slug, user);
      return { slug, user, reader };
    }
    /** Everything of the enrollment that is in the history, by type; each once, however often the queue has been by. */
    const told = async (slug: string, user: string, type: string) => {
      await project(slug, user);
      await project(slug, user);
      return (await history(user)).results.filter((event) => event.type === type);
    };

    it("[fault 37] progress that opens nothing is sent once", async () => {
      const { slug, user, reader } = await listener("quiet");
      const before = (await told(slug, user, "progress.changed")).length;
      const answer = await completed(slug, user, "spare");
      expect(deltaOf(answer)).toEqual({ unlocked: [], locked: [] });
      const frame = await reader.expect("progress.changed");
      expect(dataOf(frame)).toMatchObject({
        enrollment_id: `${slug}:${user}`,
        course_id: slug,
        snapshot_version: answer.version,
        items: [`${slug}.spare`],
      });
      expect(await told(slug, user, "progress.changed")).toHaveLength(before + 1);
    });

    it("[fault 37] progress that opens something is sent with what it opened", async () => {
      const { slug, user, reader } = await listener("loud");
      await completed(slug, user, "one");
      const frame = await reader.expect("unlock.changed");
      expect(dataOf(frame)).toMatchObject({ progressed: [`${slug}.one`] });
      expect(await told(slug, user, "progress.changed")).toEqual([]);
    });

    it("[fault 37] a verdict is sent, and so is a submission judged at once", async () => {
      const { slug, user, reader } = await listener("judged");
      const submitAnswer = async (problem: string, answer: string) =>
        read(await submit(slug, user, problem, answer), 201, z.looseObject({ submission_id: z.string() }));
      const { submission_id } = await submitAnswer("p2", "my essay");
      expect(dataOf(await reader.expect("progress.changed"))).toMatchObject({ items: [`${slug}.p2`] });
      const verdict = await call("POST", `/submissions/${submission_id}/verdict`, {
        token: await service(),
        body: { passed: true, score: 90, feedback: "well done" },
      });
      expect(verdict.status).toBe(200);
      const frames = await reader.until(({ event }) => event === "progress.changed" || event === "unlock.changed");
      expect(frames.filter(({ event }) => event === "submission.judged").map(dataOf)).toMatchObject([
        { submission_id, item: `${slug}.p2`, status: "passed", score: 90 },
      ]);
      // The second wrong answer changes no score: still the other device has one more submission to show.
      await submitAnswer("p1", "5");
      await reader.expect("progress.changed");
      const second = await submitAnswer("p1", "6");
      expect(dataOf(await reader.expect("submission.judged"))).toMatchObject({
        submission_id: second.submission_id,
        status: "failed",
      });
      expect(await told(slug, user, "submission.judged")).toHaveLength(2);
    });

    it("[fault 37] a withdrawal, a return, an enrollment and a policy are each sent once", async () => {
      const { slug, user, reader } = await listener("moved");
      const token = await tokenOf("boss", "admin");
      const changes: [string, string | null, object | undefined, string][] = [
        ["PATCH", "", { cohorts: ["spring"] }, "policy"],
        ["DELETE", null, undefined, "withdrawn"],
      ];
      for (const [method, path, body, change] of changes) {
        const address =
          path === null ? `/courses/${slug}/enrollments?user_id=${user}` : `/enrollments/${slug}:${user}${path}`;
        const answer = await call(method, address, {
          token,
          ...(body === undefined ? {} : { body }),
        });
        expect(answer.status).toBeLessThan(300);
        expect(dataOf(await reader.expect("enrollment.changed"))).toMatchObject({ course_id: slug, change });
        await forgetNobody(slug, user);
      }
      await enroll(slug, user);
      expect(dataOf(await reader.expect("enrollment.changed"))).toMatchObject({ change: "returned", status: "active" });
      const events = await told(slug, user, "enrollment.changed");
      expect(events.map(({ data }) => data.change)).toEqual(["enrolled", "policy", "withdrawn", "returned"]);
    });

    it("[fault 37] facts that a lost object reads from D1 send no event", async () => {
      const { slug, user } = await listener("lost");
      await completed(slug, user, "spare");
      const before = (await told(slug, user, "progress.changed")).length;
      await runInDurableObject(objectOf(slug, user), async (_object, state) => {
        await state.storage.deleteAlarm();
        await state.storage.deleteAll();
      });
      await evictDurableObject(objectOf(slug, user));
      expect((await call("GET", `/courses/${slug}/chapters`, { token: await tokenOf(user) })).status).toBe(200);
      expect(await told(slug, user, "progress.changed")).toHaveLength(before);
      expect(await told(slug, user, "enrollment.changed")).toHaveLength(1);
    });
  });

  it("[I8] signing out ends the streams of the session at once, and no others", async () => {
    const account = { email: `u${crypto.randomUUID()}@example.org`, password: "correct horse battery" };
    await call("POST", "/auth/sign-up", { body: { ...account, name: "Ada" } });
    const signIn = await call("POST", "/auth/sign-in", { body: account });
    const { access_token, session_token, user } = await read(signIn, 200, signedInSchema);
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
