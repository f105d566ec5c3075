import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { enroll, freshSlug, publish as publishCourse } from "../../support/worker/courses.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { admin, ladder, service, unlocks } from "../../support/worker/learners.ts";
import { connectWith, SocketReader } from "../../support/worker/sockets.ts";
import {
  askToken,
  broadcastLog,
  history,
  openWith,
  publish,
  StreamReader,
  streamToken,
  titlesOf,
  wholeHistory,
} from "../../support/worker/streams.ts";

const toCourse = (course: string, title: string, rest: object = {}) => ({
  key: encodeURIComponent(`${course}-${title}`),
  to: { topic: `course:${course}` },
  type: "system.notification",
  data: { title },
  ...rest,
});

/** A published course with these learners. */
async function courseWith(...users: string[]): Promise<string> {
  const course = freshSlug("topics");
  await publishCourse(ladder(course));
  for (const user of users) await enroll(course, user);
  return course;
}

/** Opens a stream, and a socket, that bring topics. */
const openings = {
  stream: async (user: string, topics: string[], cursor?: string) =>
    new StreamReader(await openWith(await streamToken(user, "learner", topics), cursor)),
  socket: async (user: string, topics: string[], cursor?: string) =>
    new SocketReader(await connectWith(await streamToken(user, "learner", topics), cursor)),
};

describe.each(Object.keys(openings) as (keyof typeof openings)[])("a topic over a %s", (kind) => {
  const open = openings[kind];
  const user = (name: string) => `t-${kind}-${name}`;

  it("brings the messages of a course to those who asked for it, and to nobody else, as one event in one log", async () => {
    const course = await courseWith(user("asks"), user("silent"));
    const [asks, silent] = [await open(user("asks"), [`course:${course}`]), await open(user("silent"), [])];
    await asks.expect("stream.opened");
    await silent.expect("stream.opened");
    const before = await seqOfLog();
    expect(await publish([toCourse(course, "one"), toCourse(course, "one")])).toMatchObject([
      { status: "stored", topic: `course:${course}` },
      { status: "duplicate" },
    ]);
    expect(await seqOfLog()).toBe(before + 1);
    expect(titlesOf([await asks.expect("system.notification")])).toEqual(["one"]);
    // It holds a socket of its own: an event that is for none of its topics does not even wake its channel.
    await publish([{ ...toCourse(course, "to all"), to: { everyone: true } }]);
    expect(titlesOf([await silent.expect("system.notification")])).toEqual(["to all"]);
  });

  it("resumes with exactly the events that came meanwhile", async () => {
    const course = await courseWith(user("resumes"));
    const first = await open(user("resumes"), [`course:${course}`]);
    const { id } = await first.expect("stream.opened");
    await first.leave();
    await publish([toCourse(course, "missed"), toCourse(await courseWith(), "of another course")]);
    const again = await open(user("resumes"), [`course:${course}`], id);
    expect((await again.expect("stream.resumed")).data).toMatchObject({ missed: 1 });
    expect(titlesOf([await again.expect("system.notification")])).toEqual(["missed"]);
  });

  it("[I8] ends when the learner withdraws, and no earlier token opens it again", async () => {
    const course = await courseWith(user("leaves"));
    const early = await streamToken(user("leaves"), "learner", [`course:${course}`]);
    const reader = await open(user("leaves"), [`course:${course}`]);
    await reader.expect("stream.opened");
    const withdrawn = await call("DELETE", `/courses/${course}/enrollments`, { token: await tokenOf(user("leaves")) });
    expect(withdrawn.status).toBe(200);
    const frames = await reader.until(({ event }) => event === "stream.closing");
    expect(frames.at(-1)?.data).toMatchObject({ reason: "rights_changed" });
    expect((await openWith(early)).status).toBe(401);
    await problem(await askToken(user("leaves"), [`course:${course}`]), 403);
  });

  it("says the state of a task, and then each change of it", async () => {
    const task = `${kind}-import`;
    const about = (type: string, data: object, key?: string) => ({
      ...(key === undefined ? {} : { key }),
      to: { topic: `task:${task}`, readers: [user("watches")] },
      type: `task.progress-${type}`,
      data: { task_id: task, ...data },
    });
    await publish([about("started", { kind: "import", total: 10 }, `${task}-s`), about("updated", { done: 4 })]);
    const reader = await open(user("watches"), [`task:${task}`]);
    await reader.expect("stream.opened");
    expect((await reader.expect("stream.topic")).data).toMatchObject({
      topic: `task:${task}`,
      state: { type: "task.progress-updated", data: { task_id: task, done: 4 } },
    });
    await publish([about("completed", {}, `${task}-e`)]);
    expect((await reader.expect("task.progress-completed")).data).toMatchObject({ data: { task_id: task } });
    const late = await open(user("watches"), [`task:${task}`]);
    await late.expect("stream.opened");
    expect((await late.expect("stream.topic")).data).toMatchObject({ state: { type: "task.progress-completed" } });
  });
});

describe("rights to topics", () => {
  it("[I8] are refused topic by topic, without saying whether such a thing exists", async () => {
    const course = await courseWith("t-enrolled");
    const topics = [`course:${course}`, "course:there-is-none", `cohort:${course}/spring`, "task:nobodys"];
    const mine = await problem(await askToken("t-enrolled", topics), 403);
    expect(mine.errors?.map(({ path }) => path)).toEqual(["topics[1]", "topics[2]", "topics[3]"]);
    const theirs = await problem(await askToken("t-stranger", [`course:${course}`]), 403);
    const none = await problem(await askToken("t-stranger", ["course:there-is-none"]), 403);
    expect(theirs).toEqual({ ...none, request_id: theirs.request_id });
    expect((await askToken("t-anybody", topics, "admin")).status).toBe(403);
    expect((await askToken("t-anybody", [`course:${course}`, `cohort:${course}/spring`], "admin")).status).toBe(200);
  });

  it("[I9] refuse an invalid topic, too many topics, and events that do not fit their topic", async () => {
    const wrong = await problem(await askToken("t-wrong", ["courses:x"]), 400);
    expect(wrong.errors).toMatchObject([{ path: "topics[0]", rule: "topic" }]);
    const many = Array.from({ length: 17 }, (_, n) => `task:${n}`);
    expect((await problem(await askToken("t-wrong", many), 400)).errors).toMatchObject([{ path: "topics" }]);
    const events = [
      { key: "a", to: { topic: "course:x" }, type: "task.progress-completed", data: { task_id: "x" } },
      { key: "b", to: { topic: "task:x" }, type: "task.progress-completed", data: { task_id: "y" } },
      { key: "c", to: { topic: "course:x", readers: ["ada"] }, type: "system.notification", data: { title: "t" } },
    ];
    const refused = await problem(
      await call("POST", "/events/publish", { token: await service(), body: { events } }),
      400,
    );
    expect(refused.errors?.map(({ path, rule }) => `${path} ${rule}`)).toEqual([
      "events[0].to.topic topic_of_type",
      "events[1].to.topic topic_of_type",
      "events[2].to.readers only_for_tasks",
    ]);
    await problem(await call("GET", "/events/history?topics=nothing", { token: await tokenOf("t-wrong") }), 400);
  });

  it("give a cohort's messages to its members, until they leave it", async () => {
    const course = await courseWith("t-member");
    const patch = async (cohorts: string[]) => {
      const answer = await call("PATCH", `/enrollments/${course}:t-member`, {
        token: await admin(),
        body: { cohorts },
      });
      expect(answer.status).toBe(200);
      // The change has reached the learner's devices: what is opened from now on is opened after it.
      await vi.waitFor(async () => {
        const last = (await wholeHistory("t-member")).findLast(({ type }) => type === "enrollment.changed");
        expect(last?.data).toMatchObject({
          change: "policy",
          snapshot_version: (await unlocks(course, "t-member")).snapshot.version,
        });
      });
    };
    const topic = `cohort:${course}/spring`;
    await problem(await askToken("t-member", [topic]), 403);
    await patch(["spring"]);
    const reader = await openings.stream("t-member", [topic]);
    await reader.expect("stream.opened");
    await publish([{ ...toCourse(course, "to spring"), to: { topic } }]);
    expect(titlesOf(await reader.until(({ event }) => event === "system.notification")).at(-1)).toBe("to spring");
    await patch([]);
    await reader.until(({ event }) => event === "stream.closing");
    await problem(await askToken("t-member", [topic]), 403);
  });

  it("leave a task to the publisher that named it first, and its readers to those it named", async () => {
    const started = (key: string, readers: string[]) => ({
      key,
      to: { topic: "task:owned", readers },
      type: "task.progress-started",
      data: { task_id: "owned", kind: "k" },
    });
    await publish([started("owned-1", ["t-reader"])]);
    const other = await call("POST", "/events/publish", {
      token: await admin(),
      body: { events: [started("owned-2", ["t-spy"])] },
    });
    const answer = await read(other, 200, z.object({ results: z.array(z.looseObject({})) }));
    expect(answer.results).toMatchObject([{ status: "refused", code: "task_of_another" }]);
    expect((await askToken("t-reader", ["task:owned"])).status).toBe(200);
    await problem(await askToken("t-spy", ["task:owned"]), 403);
    await broadcastLog().forgetReader("t-reader");
    await problem(await askToken("t-reader", ["task:owned"]), 403);
  });

  it("also hold in the history: topics are in it for those who ask for them", async () => {
    const course = await courseWith("t-history");
    const { cursor } = await history("t-history", "?since_id=latest");
    await publish([toCourse(course, "in the history")]);
    const since = `?since_id=${encodeURIComponent(cursor)}`;
    expect((await history("t-history", since)).results.filter(({ type }) => type === "system.notification")).toEqual(
      [],
    );
    const asked = await history("t-history", `${since}&topics=course:${course}`);
    expect(asked.results.map(({ data }) => data.title)).toContain("in the history");
    const spy = await call("GET", `/events/history?topics=course:${course}`, { token: await tokenOf("t-spy") });
    await problem(spy, 403);
  });

  it("end a silent task, and its topic is notified", async () => {
    const start = {
      key: "silent-1",
      to: { topic: "task:silent", readers: ["t-waits"] },
      type: "task.progress-started",
      data: { task_id: "silent", kind: "k", timeout_s: 1 },
    };
    const reader = await openings.stream("t-waits", []);
    await reader.expect("stream.opened");
    await publish([start]);
    const watcher = await openings.stream("t-waits", ["task:silent"]);
    await watcher.expect("stream.opened");
    await watcher.expect("stream.topic");
    expect((await watcher.expect("task.progress-failed")).data).toMatchObject({
      data: { error: { code: "timed_out" } },
    });
  });
});

/** The number of the broadcast log's newest event. */
function seqOfLog(): Promise<number> {
  return runInDurableObject(
    broadcastLog(),
    (_log, { storage }) => storage.sql.exec<{ n: number }>("SELECT coalesce(max(seq), 0) AS n FROM log").one().n,
  );
}
