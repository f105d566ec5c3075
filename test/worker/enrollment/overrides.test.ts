// Over 350 lines: kinds of overrides are tried with each other, over one course.

import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { enroll, fireAlarm, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { brokenObjects, callWith, rowsOf } from "../../support/worker/faults.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import {
  author,
  completed,
  deltaSchema,
  ladder,
  override,
  removeOverride,
  revoke,
  service,
  setClock,
  statesOf,
  unlocks,
} from "../../support/worker/learners.ts";
import { spread } from "../../support/worker/shards.ts";

const HOUR_MS = 3_600_000;
const instant = (ms: number) => new Date(ms).toISOString();

afterEach(() => {
  vi.useRealTimers();
});

async function learner(options: Parameters<typeof ladder>[1] = {}, users = ["ada"]) {
  const slug = freshSlug("overrides");
  await publish(ladder(slug, options));
  for (const user of users) await enroll(slug, user);
  return slug;
}

const shown = async (slug: string) => {
  const inspected = await call("GET", `/enrollments/${slug}:ada`, { token: await author() });
  const detail = z.looseObject({ overrides: z.array(z.looseObject({ kind: z.string() })) });
  return (await read(inspected, 200, detail)).overrides;
};

const stateOf = async (slug: string, name: string) => (await statesOf(slug, "ada"))[`${slug}.${name}`];

describe("overrides", () => {
  it.each([
    ["unlock", "three", "three", "locked", "unlocked"],
    ["lock", "one", "p1", "unlocked", "locked"],
    ["excuse", "one", "two", "locked", "unlocked"],
  ])("%s %s has its effect on %s exactly until it expires", async (kind, item, seen, without, during) => {
    const slug = await learner();
    const start = Date.now();
    expect(await stateOf(slug, seen)).toBe(without);
    await override(slug, "ada", item, { kind, expires_at: instant(start + HOUR_MS) });
    expect(await stateOf(slug, seen)).toBe(during);
    expect((await unlocks(slug, "ada")).snapshot.valid_until).toBe(instant(start + HOUR_MS));
    setClock(start + HOUR_MS - 1);
    expect(await stateOf(slug, seen)).toBe(during);
    setClock(start + HOUR_MS);
    expect(await stateOf(slug, seen)).toBe(without);
  });

  it("of the kind `extend` move the end of an until for one learner", async () => {
    const slug = freshSlug("extend");
    const start = Date.now();
    const end = start + HOUR_MS;
    await publish({
      slug,
      title: "Exam",
      chapters: [{ id: `${slug}.exam`, title: "Exam", rule: { until: instant(end) } }],
    });
    for (const user of ["ada", "bob"]) await enroll(slug, user);
    await override(slug, "ada", "exam", { kind: "extend", extend_to: instant(end + HOUR_MS) });
    setClock(end);
    expect([await statesOf(slug, "ada"), await statesOf(slug, "bob")]).toEqual([
      { [`${slug}.exam`]: "unlocked" },
      { [`${slug}.exam`]: "locked" },
    ]);
    setClock(end + HOUR_MS);
    expect(await stateOf(slug, "exam")).toBe("locked");
  });

  it("[fault 28] of different kinds work together, are removed by kind or all at once, and are shown with actor and reason", async () => {
    const slug = await learner();
    const first = await override(slug, "ada", "three", { kind: "unlock" });
    expect(first.unlocked).toEqual([`${slug}.three`]);
    const second = await override(slug, "ada", "three", { kind: "lock", reason: "cheated" });
    expect(second.locked).toEqual([`${slug}.three`]);
    expect(await shown(slug)).toMatchObject([
      { item: `${slug}.three`, kind: "unlock", reason: "for the test" },
      { item: `${slug}.three`, kind: "lock", reason: "cheated", actor: "author-of-tests" },
    ]);
    const path = `/enrollments/${slug}:ada/overrides/${slug}.three`;
    const lifted = await read(await call("DELETE", `${path}?kind=lock`, { token: await author() }), 200, deltaSchema);
    expect(lifted.unlocked).toEqual([`${slug}.three`]);
    expect((await call("DELETE", `${path}?kind=open`, { token: await author() })).status).toBe(400);
    expect((await override(slug, "ada", "three", { kind: "lock", reason: "again" })).locked).toEqual([`${slug}.three`]);
    const gone = await removeOverride(slug, "ada", "three");
    expect(gone.policy_seq).toBe(second.policy_seq + 3);
    expect(await shown(slug)).toEqual([]);
    expect(await removeOverride(slug, "ada", "three")).toMatchObject({
      policy_seq: gone.policy_seq,
      unlocked: [],
      locked: [],
    });
    expect(await rowsOf(slug, "ada", "SELECT kind FROM overrides ORDER BY id")).toEqual([
      { kind: "unlock" },
      { kind: "lock" },
      { kind: "lock" },
    ]);
  });

  it("[fault 25] change nothing when the same PUT comes twice: an excuse keeps its instant, and no waiting period begins again", async () => {
    const slug = freshSlug("excuse");
    const id = (name: string) => `${slug}.${name}`;
    const start = Date.now();
    await publish({
      slug,
      title: "Drip",
      options: { sticky: false },
      chapters: [
        { id: id("one"), title: "One" },
        { id: id("drip"), title: "Drip", rule: { after: { item: id("one"), days: 1 } } },
      ],
    });
    await enroll(slug, "ada");
    const first = await override(slug, "ada", "one", { kind: "excuse" });
    setClock(start + 25 * HOUR_MS);
    expect(await stateOf(slug, "drip")).toBe("unlocked");
    const { snapshot } = await unlocks(slug, "ada");
    const again = await override(slug, "ada", "one", { kind: "excuse" });
    expect(again).toMatchObject({ unlocked: [], locked: [], policy_seq: first.policy_seq, version: snapshot.version });
    expect(await stateOf(slug, "drip")).toBe("unlocked");
    // Another end or another reason does not start it again either.
    const ends = await override(slug, "ada", "one", { kind: "excuse", expires_at: instant(start + 99 * HOUR_MS) });
    expect(ends).toMatchObject({ locked: [], policy_seq: first.policy_seq + 1 });
    const why = { kind: "excuse", expires_at: instant(start + 99 * HOUR_MS), reason: "a better reason" };
    expect(await override(slug, "ada", "one", why)).toMatchObject({ locked: [], policy_seq: ends.policy_seq });
    expect(await shown(slug)).toMatchObject([{ kind: "excuse", reason: "a better reason" }]);
    expect(await stateOf(slug, "drip")).toBe("unlocked");
    await project(slug, "ada");
    const mirrored = await callWith({ ENROLLMENTS: brokenObjects().namespace }, "GET", `/courses/${slug}/unlocks`, {
      token: await tokenOf("ada"),
    });
    expect(await mirrored.json()).toMatchObject({ states: { [id("drip")]: "unlocked" } });
    // After it has ended, an excuse is a new one.
    setClock(start + 100 * HOUR_MS);
    expect(await stateOf(slug, "drip")).toBe("locked");
    await override(slug, "ada", "one", { kind: "excuse" });
    expect(await stateOf(slug, "drip")).toBe("locked");
  });

  it.each([
    ["unlock", { kind: "unlock" }],
    ["lock", { kind: "lock" }],
    ["excuse", { kind: "excuse" }],
  ])("[fault 25] %s twice bumps nothing and writes no second row", async (_kind, body) => {
    const slug = await learner();
    const item = body.kind === "unlock" ? "three" : "one";
    const first = await override(slug, "ada", item, body);
    const second = await override(slug, "ada", item, body);
    expect(second).toEqual({ ...first, unlocked: [], locked: [] });
    expect(await rowsOf(slug, "ada", "SELECT kind FROM overrides")).toHaveLength(1);
  });

  it("[I7] are in D1 before they are acknowledged", async () => {
    const slug = await learner();
    await override(slug, "ada", "one", { kind: "lock" });
    const row = await spread
      .prepare("SELECT policy FROM enrollments WHERE id = ?")
      .bind(`${slug}:ada`)
      .first<{ policy: string }>();
    expect(JSON.parse(row?.policy ?? "{}").overrides).toMatchObject([{ item: `${slug}.one`, kind: "lock" }]);
  });

  it("[I8][I9] need staff of the course, a reason, a known item and possible dates", async () => {
    const slug = await learner();
    const before = await unlocks(slug, "ada");
    const put = async (item: string, body: object, token?: string) =>
      call("PUT", `/enrollments/${slug}:ada/overrides/${item}`, { token: token ?? (await author()), body });
    const good = { kind: "unlock", reason: "for the test" };
    for (const token of [await tokenOf("ada"), await tokenOf("other-author", "author")]) {
      expect((await put(`${slug}.two`, good, token)).status).toBe(403);
    }
    expect((await problem(await put(`${slug}.ghost`, good), 404)).code).toBe("item_not_found");
    expect((await problem(await put("other.two", good), 404)).code).toBe("item_not_found");
    for (const bad of [
      { kind: "unlock" },
      { ...good, kind: "open" },
      { ...good, kind: "extend" },
      { ...good, extend_to: instant(Date.now() + HOUR_MS) },
      { ...good, expires_at: instant(Date.now() - 1) },
      { ...good, expires_at: "tomorrow" },
      { ...good, surplus: 1 },
    ]) {
      expect((await put(`${slug}.two`, bad)).status).toBe(400);
    }
    expect(await unlocks(slug, "ada")).toEqual(before);
  });

  it("practice mode opens everything that staff did not lock, and keeps nothing open afterwards", async () => {
    const slug = await learner({ sticky: true });
    await override(slug, "ada", "three", { kind: "lock" });
    const patch = async (body: object) =>
      read(await call("PATCH", `/enrollments/${slug}:ada`, { token: await author(), body }), 200, deltaSchema);
    const on = await patch({ practice_mode: true });
    expect(on.unlocked.sort()).toEqual([`${slug}.four`, `${slug}.p3`, `${slug}.two`].sort());
    const off = await patch({ practice_mode: false });
    expect(off.locked.sort()).toEqual(on.unlocked.sort());
  });
});

describe("an override without effect", () => {
  const start = Date.now();
  const soon = instant(start + HOUR_MS);
  const later = instant(start + 48 * HOUR_MS);
  async function course() {
    const slug = freshSlug("useless");
    const id = (name: string) => `${slug}.${name}`;
    await publish({
      slug,
      title: "Useless",
      options: { sticky: false },
      chapters: [
        { id: id("one"), title: "One" },
        { id: id("two"), title: "Two", rule: { completed: id("one") } },
        { id: id("ends"), title: "Ends", rule: { until: soon } },
        { id: id("not"), title: "Not", rule: { not: { completed: id("two") } } },
        {
          id: id("window"),
          title: "Window",
          rule: { until: soon },
          problems: [
            { id: id("bare"), title: "Bare", content: "?" },
            { id: id("own"), title: "Own", content: "?", rule: { until: soon } },
          ],
        },
        { id: id("draft"), title: "Draft", status: "draft" },
        {
          id: id("either"),
          title: "Either",
          rule: { any: [{ until: soon }, { completed: id("one") }] },
          problems: [{ id: id("inner"), title: "Inner", content: "?", rule: { until: soon } }],
        },
        { id: id("denied"), title: "Denied", rule: { not: { from: soon } } },
        { id: id("twice"), title: "Twice", rule: { not: { not: { until: soon } } } },
        { id: id("span"), title: "Span", rule: { not: { after_enrollment: { days: 1 / 24 } } } },
        { id: id("period"), title: "Period", rule: { not: { after: { item: id("one"), days: 1 / 24 } } } },
        { id: id("due"), title: "Due", due: soon },
        { id: id("begins"), title: "Begins", rule: { not: { until: soon } } },
        { id: id("graded"), title: "Graded", problems: [{ id: id("q"), title: "Q", content: "?" }] },
        { id: id("after-q"), title: "After Q", rule: { score: { item: id("q"), min: 70 } } },
      ],
    });
    await enroll(slug, "ada");
    return slug;
  }
  const put = async (slug: string, item: string, body: object) =>
    call("PUT", `/enrollments/${slug}:ada/overrides/${slug}.${item}`, {
      token: await author(),
      body: { reason: "for the test", ...body },
    });

  it.each([
    ["one", { kind: "unlock" }, "kind", "already_open"],
    ["draft", { kind: "unlock" }, "kind", "draft"],
    ["ends", { kind: "unlock", expires_at: instant(start + HOUR_MS / 2) }, "kind", "already_open"],
    ["one", { kind: "extend", extend_to: later }, "kind", "no_end"],
    ["begins", { kind: "extend", extend_to: later }, "kind", "no_end"], // a beginning, though it is spelled with until
    ["ends", { kind: "extend", extend_to: instant(start + HOUR_MS / 2) }, "extend_to", "not_later"],
    ["denied", { kind: "extend", extend_to: instant(start + HOUR_MS / 2) }, "extend_to", "not_later"],
    ["period", { kind: "extend", extend_to: instant(start + HOUR_MS / 2) }, "extend_to", "not_later"],
    ["due", { kind: "extend", extend_to: instant(start + HOUR_MS / 2) }, "extend_to", "not_later"],
    ["due", { kind: "extend", extend_to: instant(start - HOUR_MS) }, "extend_to", "in_past"],
    ["ends", { kind: "extend", extend_to: instant(start - HOUR_MS) }, "extend_to", "in_past"],
    ["ends", { kind: "extend", extend_to: later, expires_at: instant(start + HOUR_MS / 2) }, "expires_at", "too_early"],
    ["bare", { kind: "extend", extend_to: later }, "kind", "chapter_closes"],
    ["own", { kind: "extend", extend_to: later }, "kind", "chapter_closes"],
    ["ends", { kind: "excuse" }, "kind", "nothing_asks"],
  ])("[fault 28] %s %o is refused, naming %s and %s, and changes nothing", async (item, body, path, rule) => {
    const slug = await course();
    const before = await unlocks(slug, "ada");
    const refusal = await problem(await put(slug, item, body), 409);
    expect(refusal).toMatchObject({ code: "no_effect", errors: [{ path, rule }] });
    expect(await unlocks(slug, "ada")).toEqual(before);
    expect(await shown(slug)).toEqual([]);
  });

  it.each([
    ["two", { kind: "unlock" }], // locked
    ["ends", { kind: "unlock" }], // open, and will close
    ["not", { kind: "unlock" }], // open until the learner completes something
    ["own", { kind: "unlock" }], // its chapter will close
    ["one", { kind: "lock" }],
    ["draft", { kind: "lock" }], // for when it is published
    ["two", { kind: "excuse" }], // what is not completed and asked for
    ["q", { kind: "excuse" }],
    ["ends", { kind: "extend", extend_to: later }],
    ["window", { kind: "extend", extend_to: later }],
    ["due", { kind: "extend", extend_to: later }], // it does not close, and is due later
    ["inner", { kind: "extend", extend_to: later }], // its chapter ends, but not for who completes something
  ])("[fault 28] %s %o may change something, and is taken", async (item, body) => {
    expect((await put(await course(), item, body)).status).toBe(200);
  });

  it("an extension moves the due date of an item that never closes, until it is removed", async () => {
    const slug = await course();
    const due = async () => {
      const token = await tokenOf("ada");
      const list = await call("GET", `/courses/${slug}/chapters?limit=100`, { token });
      const { results } = await list.json<{ results: { id: string; window?: { due: string; closes: null } }[] }>();
      return results.find((row) => row.id === `${slug}.due`)?.window;
    };
    expect(await due()).toMatchObject({ due: soon, closes: null });
    expect((await put(slug, "due", { kind: "extend", extend_to: later })).status).toBe(200);
    expect(await due()).toMatchObject({ due: later, closes: null });
    const path = `/enrollments/${slug}:ada/overrides/${slug}.due?kind=extend`;
    expect((await call("DELETE", path, { token: await author() })).status).toBe(200);
    expect(await due()).toMatchObject({ due: soon, closes: null });
  });

  it.each(["denied", "twice", "span", "period"])(
    "[fault 28] the end of %s is moved, in whatever way it is written",
    async (item) => {
      const slug = await course();
      await completed(slug, "ada", "one");
      expect(await stateOf(slug, item)).toBe("unlocked");
      const end = instant(start + 2 * HOUR_MS);
      expect((await put(slug, item, { kind: "extend", extend_to: end })).status).toBe(200);
      setClock(start + 1.5 * HOUR_MS);
      expect(await stateOf(slug, item)).toBe("unlocked");
      setClock(start + 2 * HOUR_MS);
      expect(await stateOf(slug, item)).toBe("locked");
      vi.useRealTimers();
    },
  );

  it("[fault 28] an excuse for an item that is done is refused, unless the score of the item is too low", async () => {
    const slug = await course();
    await completed(slug, "ada", "one");
    const refusal = await problem(await put(slug, "one", { kind: "excuse" }), 409);
    expect(refusal.errors).toMatchObject([{ path: "kind", rule: "already_done" }]);
    const facts = (score: number) => [
      { user_id: "ada", item: `${slug}.q`, completed: true, score, at: instant(Date.now() - 1_000) },
    ];
    await call("POST", "/progress/import", { token: await service(), body: { facts: facts(50) } });
    expect((await put(slug, "q", { kind: "excuse" })).status).toBe(200);
    await removeOverride(slug, "ada", "q");
    await call("POST", "/progress/import", { token: await service(), body: { facts: facts(70) } });
    expect((await put(slug, "q", { kind: "excuse" })).status).toBe(409);
  });

  it("[fault 28] a problem can be extended after its chapter was; an unlock below a lock is refused, and the lock is named", async () => {
    const slug = await course();
    expect((await put(slug, "window", { kind: "extend", extend_to: later })).status).toBe(200);
    expect((await put(slug, "own", { kind: "extend", extend_to: later })).status).toBe(200);
    setClock(start + 2 * HOUR_MS);
    expect(await stateOf(slug, "own")).toBe("unlocked");
    vi.useRealTimers();
    expect((await put(slug, "two", { kind: "lock" })).status).toBe(200);
    const refusal = await problem(await put(slug, "two", { kind: "unlock" }), 409);
    expect(refusal.errors).toMatchObject([{ path: "kind", rule: "locked_by_staff" }]);
    // A lock that ends first leaves the unlock something to do.
    await removeOverride(slug, "ada", "two");
    expect((await put(slug, "two", { kind: "lock", expires_at: soon })).status).toBe(200);
    expect((await put(slug, "two", { kind: "unlock" })).status).toBe(200);
    expect(await stateOf(slug, "two")).toBe("locked");
    setClock(start + HOUR_MS);
    expect(await stateOf(slug, "two")).toBe("unlocked");
  });

  it("[fault 28] in practice mode, an unlock is refused because everything is open", async () => {
    const slug = await course();
    await call("PATCH", `/enrollments/${slug}:ada`, { token: await author(), body: { practice_mode: true } });
    const refusal = await problem(await put(slug, "two", { kind: "unlock" }), 409);
    expect(refusal.errors).toMatchObject([{ rule: "already_open" }]);
  });
});

describe("an import of facts", () => {
  const resultSchema = z.object({
    results: z.array(z.object({ index: z.number(), outcome: z.string(), progress_seq: z.number().nullable() })),
    recorded: z.number(),
    deltas: z.array(
      z.object({ enrollment_id: z.string(), unlocked: z.array(z.string()), locked: z.array(z.string()) }),
    ),
  });
  const send = async (facts: object[], headers: Record<string, string> = {}) =>
    call("POST", "/progress/import", { token: await service(), body: { facts }, headers });
  const outcomes = async (facts: object[]) =>
    (await read(await send(facts), 200, resultSchema)).results.map((entry) => entry.outcome);

  it("[I5] gives an outcome for each fact: locked items, duplicates, unknown people, the future, revoked items", async () => {
    const slug = await learner();
    const now = Date.now();
    const fact = (name: string, rest: object = {}) => ({
      user_id: "ada",
      item: `${slug}.${name}`,
      completed: true,
      at: instant(now - 1_000),
      ...rest,
    });
    expect(
      await outcomes([
        fact("three"),
        fact("three"),
        fact("ghost"),
        fact("one", { user_id: "nobody" }),
        fact("one", { at: instant(now + 10 * 60_000) }),
        fact("p2", { completed: false, score: 40 }),
        fact("p2", { completed: false, score: 30 }),
      ]),
    ).toEqual(["recorded", "unchanged", "item_not_found", "not_enrolled", "in_future", "recorded", "unchanged"]);
    expect(await statesOf(slug, "ada")).toMatchObject({ [`${slug}.three`]: "completed", [`${slug}.p2`]: "started" });
    await revoke(slug, "ada", "three");
    expect(await outcomes([fact("three")])).toEqual(["superseded"]);
    expect(await stateOf(slug, "three")).toBe("locked");
    setClock(Date.now() + 5_000);
    expect(await outcomes([fact("three", { at: instant(Date.now()) })])).toEqual(["recorded"]);
  });

  it("[I5] accepts 1,000 facts for many learners, and the same facts again change nothing", async () => {
    const users = Array.from({ length: 20 }, (_, n) => `learner-${n}`);
    const slug = freshSlug("bulk");
    const chapters = Array.from({ length: 50 }, (_, n) => ({
      id: `${slug}.c${n}`,
      title: `C${n}`,
      ...(n === 0 ? {} : { rule: { completed: `${slug}.c${n - 1}` } }),
    }));
    await publish({ slug, title: "Bulk", chapters });
    for (const user_id of users)
      await call("POST", `/courses/${slug}/enrollments`, { token: await author(), body: { user_id } });
    const at = instant(Date.now() - 1_000);
    const facts = users.flatMap((user_id) => chapters.map(({ id }) => ({ user_id, item: id, completed: true, at })));
    const first = await read(await send(facts), 200, resultSchema);
    expect([first.recorded, first.deltas.length]).toEqual([1_000, users.length]);
    expect(first.deltas[0]?.unlocked).toHaveLength(49);
    const again = await read(await send(facts.toReversed()), 200, resultSchema);
    expect([again.recorded, again.deltas]).toEqual([0, []]);
    expect((await send([...facts, ...facts.slice(0, 1)])).status).toBe(400);
    expect(
      (await call("POST", "/progress/import", { token: await author(), body: { facts: facts.slice(0, 1) } })).status,
    ).toBe(403);
  });

  it("[I5] repeats its answer for the same Idempotency-Key, and refuses the key for other facts", async () => {
    const slug = await learner();
    const fact = { user_id: "ada", item: `${slug}.one`, completed: true, at: instant(Date.now() - 1_000) };
    const headers = { "idempotency-key": "import-1" };
    const first = await read(await send([fact], headers), 200, resultSchema);
    expect(first.deltas).toMatchObject([{ unlocked: [`${slug}.two`] }]);
    expect(await read(await send([fact], headers), 200, resultSchema)).toEqual(first);
    const other = await send([{ ...fact, item: `${slug}.p1` }], headers);
    expect((await problem(other, 422)).code).toBe("idempotency_key_reused");
  });
});

describe("a date that passes", () => {
  it("[I6] is seen by a read at once; the alarm announces it, and each opening is announced once", async () => {
    const slug = freshSlug("dates");
    const opens = Date.now() + HOUR_MS;
    await publish({
      slug,
      title: "Dates",
      chapters: [
        { id: `${slug}.now`, title: "Now" },
        { id: `${slug}.later`, title: "Later", rule: { from: instant(opens) } },
      ],
    });
    for (const user of ["ada", "bob"]) await enroll(slug, user);
    setClock(opens - 1);
    expect(await stateOf(slug, "later")).toBe("locked");
    setClock(opens);
    expect(await stateOf(slug, "later")).toBe("unlocked");
    setClock(opens + 10_000);
    expect(await fireAlarm(slug, "bob")).toBe(true);
    for (const user of ["ada", "bob"]) {
      await fireAlarm(slug, user);
      await statesOf(slug, user);
      await project(slug, user);
      const { results } = await spread
        .prepare("SELECT cause, unlocked FROM unlock_events WHERE enrollment_id = ? ORDER BY version")
        .bind(`${slug}:${user}`)
        .all();
      expect(results).toEqual([
        { cause: "enrollment", unlocked: JSON.stringify([`${slug}.now`]) },
        { cause: "date", unlocked: JSON.stringify([`${slug}.later`]) },
      ]);
    }
  });

  it("[I6] opens its items in a write right after it, once", async () => {
    const slug = freshSlug("dates");
    const opens = Date.now() + HOUR_MS;
    await publish({
      slug,
      title: "Dates",
      chapters: [
        { id: `${slug}.later`, title: "Later", rule: { from: instant(opens) } },
        { id: `${slug}.last`, title: "Last", rule: { completed: `${slug}.later` } },
      ],
    });
    await enroll(slug, "ada");
    setClock(opens);
    const delta = await completed(slug, "ada", "later");
    expect(delta.unlocked.sort()).toEqual([`${slug}.last`, `${slug}.later`]);
    expect(await statesOf(slug, "ada")).toEqual({ [`${slug}.later`]: "completed", [`${slug}.last`]: "unlocked" });
  });
});
