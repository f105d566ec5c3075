import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { rowsOf } from "../../support/worker/faults.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import {
  advanceClock,
  author,
  complete,
  completed,
  deltaOf,
  deltaSchema,
  differenceOf,
  ladder,
  openItems,
  revoke,
  service,
  statesOf,
  submit,
  unlocks,
} from "../../support/worker/learners.ts";
import { spread } from "../../support/worker/shards.ts";

afterEach(() => {
  vi.useRealTimers();
});

async function learner(options: Parameters<typeof ladder>[1] = {}) {
  const slug = freshSlug("writes");
  await publish(ladder(slug, options));
  await enroll(slug, "ada");
  return slug;
}

const events = (slug: string) =>
  rowsOf(slug, "ada", "SELECT ref, payload FROM outbox WHERE kind = 'event' ORDER BY id");
const submissionSchema = deltaSchema.extend({
  submission_id: z.string(),
  item: z.string(),
  status: z.string(),
  score: z.number().nullable(),
  feedback: z.string().nullable(),
});

describe("completions", () => {
  it("[I5][I6] change nothing the second time: no sequence, no version, no delta, no event", async () => {
    const slug = await learner();
    const first = await completed(slug, "ada", "one");
    expect(first).toMatchObject({ progress_seq: 1, unlocked: [`${slug}.two`], locked: [] });
    const announced = await events(slug);
    const before = await unlocks(slug, "ada");
    const second = await completed(slug, "ada", "one");
    expect(second).toEqual({ ...first, unlocked: [], locked: [], completed: [] });
    expect(await events(slug)).toEqual(announced);
    expect(await unlocks(slug, "ada")).toEqual(before);
  });

  it("[fault 44] of a locked chapter are refused with dates in the requested time zone", async () => {
    const slug = freshSlug("writes");
    await publish({
      slug,
      title: slug,
      chapters: [{ id: `${slug}.a`, title: "A", rule: { from: "2030-01-01T20:00:00Z" } }],
    });
    await enroll(slug, "ada");
    const told = async (query: string) => {
      const path = `/courses/${slug}/chapters/${slug}.a/mark_as_completed${query}`;
      return (await problem(await call("POST", path, { token: await tokenOf("ada") }), 403)).detail;
    };
    expect(await told("")).toContain("2030-01-01 20:00 UTC");
    expect(await told("?tz=Asia/Shanghai")).toContain("2030-01-02 04:00 GMT+8");
  });

  it("[I7][I9] of a locked chapter are refused with the reasons, and change nothing", async () => {
    const slug = await learner();
    const before = await unlocks(slug, "ada");
    const answer = await complete(slug, "ada", "three");
    const text = await answer.clone().text();
    expect((await problem(answer, 403)).code).toBe("locked");
    expect(JSON.parse(text)).toMatchObject({
      item: `${slug}.three`,
      reasons: [{ code: "not_completed", item: `${slug}.two` }],
    });
    expect(await unlocks(slug, "ada")).toEqual(before);
    expect(await rowsOf(slug, "ada", "SELECT 1 FROM fact_log")).toEqual([]);
  });

  it("of a problem, of a chapter in another course, or of no item are refused", async () => {
    const slug = await learner();
    expect((await problem(await complete(slug, "ada", "p1"), 404)).code).toBe("item_not_found");
    expect((await problem(await complete(slug, "ada", "ghost"), 404)).code).toBe("item_not_found");
    expect((await problem(await complete(slug, "eve", "one"), 404)).code).toBe("not_enrolled");
    const other = await learner();
    const path = `/courses/${slug}/chapters/${other}.one/mark_as_completed/`;
    expect((await problem(await call("POST", path, { token: await tokenOf("ada") }), 404)).code).toBe("item_not_found");
    expect((await problem(await complete(slug, "ada", "one", { body: { at: "2020" } }), 400)).code).toBe(
      "invalid_input",
    );
  });
});

describe("Idempotency-Key", () => {
  it("[I5] repeats the stored answer and says so; another body or address is 422; keys belong to their actor", async () => {
    const slug = await learner();
    await completed(slug, "ada", "one");
    const headers = { "idempotency-key": "k1" };
    const first = await submit(slug, "ada", "p1", "4", { headers });
    expect(first.headers.get("idempotency-replayed")).toBeNull();
    const body = await read(first, 201, submissionSchema);
    const again = await submit(slug, "ada", "p1", "4", { headers });
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(await read(again, 201, submissionSchema)).toEqual(body);
    expect(await rowsOf(slug, "ada", "SELECT id FROM submissions")).toHaveLength(1);
    const other = await submit(slug, "ada", "p1", "5", { headers });
    expect((await problem(other, 422)).code).toBe("idempotency_key_reused");
    expect((await problem(await complete(slug, "ada", "two", { headers }), 422)).code).toBe("idempotency_key_reused");
    expect((await statesOf(slug, "ada"))[`${slug}.two`]).toBe("unlocked");
    await enroll(slug, "bob");
    expect((await submit(slug, "bob", "p1", "5", { headers })).status).toBe(201);
  });

  it.each(["", "two words", "x".repeat(201)])("[I9] %j is not a valid key", async (key) => {
    const slug = await learner();
    const answer = await complete(slug, "ada", "one", { headers: { "idempotency-key": key } });
    expect((await problem(answer, 400)).errors?.[0]?.path).toContain("idempotency-key");
    expect((await unlocks(slug, "ada")).snapshot.progress_seq).toBe(0);
  });

  it("does not store a refusal: the same key works after the item has opened", async () => {
    const slug = await learner();
    const headers = { "idempotency-key": "later" };
    expect((await complete(slug, "ada", "two", { headers })).status).toBe(403);
    await completed(slug, "ada", "one");
    expect((await complete(slug, "ada", "two", { headers })).status).toBe(200);
  });
});

describe("submissions", () => {
  async function judged() {
    const slug = freshSlug("judge");
    const id = (name: string) => `${slug}.${name}`;
    await publish({
      slug,
      title: "Judge",
      problems: [
        { id: id("exact"), title: "E", answer: { kind: "exact", values: ["Dijkstra", "迪杰斯特拉"] } },
        { id: id("number"), title: "N", answer: { kind: "numeric", value: 0.3, tolerance: 0.01 } },
        { id: id("regex"), title: "R", answer: { kind: "regex", pattern: "a+b" } },
        { id: id("essay"), title: "S" },
        { id: id("next"), title: "X", rule: { score: { item: id("essay"), min: 60 } } },
      ],
    });
    await enroll(slug, "ada");
    return slug;
  }

  it.each([
    ["exact", " dijkstra ", "passed"],
    ["exact", "迪杰斯特拉", "passed"],
    ["exact", "Prim", "failed"],
    ["number", "3/10", "passed"],
    ["number", "0.32", "failed"],
    ["regex", "aaab", "passed"],
    ["regex", "aaabc", "failed"],
  ])("%s answered with %j has %s", async (item, answer, status) => {
    const slug = await judged();
    const result = await read(await submit(slug, "ada", item, answer), 201, submissionSchema);
    expect(result).toMatchObject({ item: `${slug}.${item}`, status, score: status === "passed" ? 100 : 0 });
    expect((await statesOf(slug, "ada"))[`${slug}.${item}`]).toBe(status === "passed" ? "completed" : "started");
  });

  it("[I5] without an answer key wait for a verdict; the verdict counts once, and a conflicting one is refused", async () => {
    const slug = await judged();
    const pending = await read(await submit(slug, "ada", "essay", "my essay"), 201, submissionSchema);
    expect(pending).toMatchObject({ status: "pending", score: null, unlocked: [] });
    await project(slug, "ada");
    const listed = async () => {
      const answer = await call("GET", "/submissions/pending?limit=1000", { token: await service() });
      const schema = z.object({ results: z.array(z.object({ id: z.string(), answer: z.string() })) });
      return (await read(answer, 200, schema)).results.filter(({ id }) => id.startsWith(`${slug}:`));
    };
    expect(await listed()).toEqual([{ id: pending.submission_id, answer: "my essay" }]);
    const path = `/submissions/${pending.submission_id}/verdict`;
    const judge = async (body: object, token?: string) =>
      call("POST", path, { token: token ?? (await service()), body });
    expect((await judge({ passed: true, score: 75 }, await tokenOf("ada"))).status).toBe(403);
    expect((await judge({ passed: true, score: 101 })).status).toBe(400);
    const first = await read(await judge({ passed: true, score: 75, feedback: "good" }), 200, submissionSchema);
    expect(first).toMatchObject({ status: "passed", score: 75, feedback: "good", unlocked: [`${slug}.next`] });
    const again = await read(await judge({ passed: true, score: 75, feedback: "good" }), 200, submissionSchema);
    expect(again).toEqual({ ...first, unlocked: [], completed: [] });
    expect((await problem(await judge({ passed: false, score: 75 }), 409)).code).toBe("already_judged");
    await project(slug, "ada");
    expect(await listed()).toEqual([]);
    const unknown = `${slug}:ada:${"0".repeat(32)}`;
    for (const id of [unknown, unknown.replace(":ada:", ":eve:")]) {
      const ghost = await call("POST", `/submissions/${id}/verdict`, {
        token: await service(),
        body: { passed: true, score: 1 },
      });
      expect((await problem(ghost, 404)).code).toBe("submission_not_found");
    }
  });

  it("keep a score and a pass apart: neither decides about rules that ask for the other", async () => {
    const slug = freshSlug("writes");
    const id = (name: string) => `${slug}.${name}`;
    const judged = (name: string) => ({ id: id(name), title: name, content: "?" });
    await publish({
      slug,
      title: "Score and pass",
      problems: [judged("essay"), judged("talk")],
      chapters: ["essay", "talk"].flatMap((name) => [
        { id: id(`${name}-scored`), title: "Scored", rule: { score: { item: id(name), min: 70 } } },
        { id: id(`${name}-done`), title: "Done", rule: { completed: id(name) } },
      ]),
    });
    await enroll(slug, "ada");
    const verdict = async (name: string, body: object) => {
      const { submission_id } = await read(await submit(slug, "ada", name, "mine"), 201, submissionSchema);
      const answer = await call("POST", `/submissions/${submission_id}/verdict`, { token: await service(), body });
      return deltaOf(await read(answer, 200, submissionSchema));
    };
    const failed = await verdict("essay", { passed: false, score: 90 });
    expect(failed.unlocked).toEqual([id("essay-scored")]);
    const passed = await verdict("talk", { passed: true, score: 10 });
    expect(passed.unlocked).toEqual([id("talk-done")]);
    // An import says the same of the same.
    const at = new Date().toISOString();
    const facts = [
      { user_id: "ada", item: id("talk"), completed: false, score: 90, at },
      { user_id: "ada", item: id("essay"), completed: true, score: 10, at },
    ];
    await call("POST", "/progress/import", { token: await service(), body: { facts } });
    expect(await statesOf(slug, "ada")).toMatchObject({
      [id("talk-scored")]: "unlocked",
      [id("essay-done")]: "unlocked",
      [id("essay-scored")]: "unlocked",
    });
  });

  it("count as attempts when they fail; a better one raises the best score, and a worse one lowers nothing", async () => {
    const slug = await judged();
    const verdict = async (score: number, passed: boolean) => {
      const { submission_id } = await read(await submit(slug, "ada", "essay", `try ${score}`), 201, submissionSchema);
      const path = `/submissions/${submission_id}/verdict`;
      return read(await call("POST", path, { token: await service(), body: { passed, score } }), 200, submissionSchema);
    };
    expect(await verdict(40, false)).toMatchObject({ status: "failed", unlocked: [] });
    expect((await statesOf(slug, "ada"))[`${slug}.essay`]).toBe("started");
    expect(await verdict(60, true)).toMatchObject({ unlocked: [`${slug}.next`] });
    expect(await verdict(10, false)).toMatchObject({ unlocked: [], locked: [] });
    expect(await statesOf(slug, "ada")).toMatchObject({ [`${slug}.essay`]: "completed", [`${slug}.next`]: "unlocked" });
  });

  it("[I9] are refused if they are empty, too long or for a chapter", async () => {
    const slug = await learner();
    expect((await submit(slug, "ada", "p1", "")).status).toBe(400);
    expect((await submit(slug, "ada", "p1", "x".repeat(10_001))).status).toBe(400);
    expect((await problem(await submit(slug, "ada", "one", "4"), 404)).code).toBe("item_not_found");
    expect(await rowsOf(slug, "ada", "SELECT 1 FROM submissions")).toEqual([]);
  });
});

describe("deltas", () => {
  it("[I6] are the difference between the items open before and after, for every kind of write", async () => {
    const slug = await learner();
    const base = `/enrollments/${slug}:ada`;
    const token = await author();
    const put = (item: string, body: object) =>
      call("PUT", `${base}/overrides/${slug}.${item}`, { token, body: { reason: "for the test", ...body } });
    const steps: (() => Promise<Response>)[] = [
      () => complete(slug, "ada", "one"),
      () => submit(slug, "ada", "p1", "4"),
      () => put("four", { kind: "unlock" }),
      () => put("one", { kind: "lock" }),
      () => call("PATCH", base, { token, body: { practice_mode: true } }),
      () => call("PATCH", base, { token, body: { practice_mode: false } }),
      () => call("DELETE", `${base}/overrides/${slug}.one`, { token }),
      () => put("two", { kind: "excuse" }),
      () => call("POST", `${base}/revocations`, { token, body: { item: `${slug}.one`, reason: "taken back" } }),
    ];
    let sawOpening = 0;
    let sawLocking = 0;
    for (const step of steps) {
      const before = await openItems(slug, "ada");
      const answer = await step();
      const delta = await read(answer, answer.status === 201 ? 201 : 200, deltaSchema);
      expect(deltaOf(delta)).toEqual(differenceOf(before, await openItems(slug, "ada")));
      sawOpening += delta.unlocked.length;
      sawLocking += delta.locked.length;
    }
    expect(Math.min(sawOpening, sawLocking)).toBeGreaterThan(3);
  });

  it("[I6] of a revocation take back, a repeat changes nothing, and later facts count again", async () => {
    const slug = await learner();
    await completed(slug, "ada", "one");
    const gone = await revoke(slug, "ada", "one");
    expect(gone.locked).toEqual([`${slug}.two`]);
    expect(await revoke(slug, "ada", "one")).toEqual({ ...gone, locked: [] });
    expect((await completed(slug, "ada", "one")).unlocked).toEqual([`${slug}.two`]);
    const nothing = { item: `${slug}.four`, reason: "never done" };
    const answer = await call("POST", `/enrollments/${slug}:ada/revocations`, { token: await author(), body: nothing });
    expect((await problem(answer, 404)).code).toBe("item_not_found");
  });
});

describe("enrollments", () => {
  it("that are withdrawn close everything and keep the facts; returning brings them back", async () => {
    const slug = await learner();
    await completed(slug, "ada", "one");
    const token = await tokenOf("ada");
    const before = await statesOf(slug, "ada");
    expect((await call("DELETE", `/courses/${slug}/enrollments`, { token })).status).toBe(200);
    for (const path of [`/courses/${slug}/chapters/`, `/courses/${slug}/unlocks`]) {
      expect((await problem(await call("GET", path, { token }), 404)).code).toBe("not_enrolled");
    }
    expect((await problem(await complete(slug, "ada", "two"), 404)).code).toBe("not_enrolled");
    expect((await problem(await call("DELETE", `/courses/${slug}/enrollments`, { token }), 404)).code).toBe(
      "not_enrolled",
    );
    advanceClock(1_000);
    const back = await call("POST", `/courses/${slug}/enrollments`, { token, body: {} });
    expect(back.status).toBe(200);
    expect(await statesOf(slug, "ada")).toEqual(before);
    const row = await spread
      .prepare("SELECT status, withdrawn_at FROM enrollments WHERE id = ?")
      .bind(`${slug}:ada`)
      .first();
    expect(row).toEqual({ status: "active", withdrawn_at: null });
  });

  it("[I8] in a course without self-enrollment are made by staff only", async () => {
    const slug = freshSlug("closed");
    await publish({ ...ladder(slug, { open_enrollment: false }) });
    const path = `/courses/${slug}/enrollments`;
    expect((await problem(await call("POST", path, { token: await tokenOf("ada"), body: {} }), 403)).code).toBe(
      "forbidden",
    );
    const by = await call("POST", path, { token: await author(), body: { user_id: "ada", cohorts: ["spring"] } });
    expect(by.status).toBe(201);
    expect((await unlocks(slug, "ada")).snapshot.progress_seq).toBe(0);
    for (const body of [{ user_id: "bob" }, { cohorts: ["x"] }, { practice_mode: true }]) {
      const open = await learner();
      const answer = await call("POST", `/courses/${open}/enrollments`, { token: await tokenOf("eve"), body });
      expect((await problem(answer, 403)).code).toBe("forbidden");
    }
  });
});
