// Over 350 lines: each way to ask at the edge is compared with the same object.

import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { edgeMemory } from "../../../src/enrollment/edge/memory.ts";
import { enroll, freshSlug, objectOf, publish } from "../../support/worker/courses.ts";
import { brokenObjects, callWith } from "../../support/worker/faults.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import {
  author,
  completed,
  ladder,
  override,
  removeOverride,
  setClock,
  unlocks,
  unlocksSchema,
} from "../../support/worker/learners.ts";

afterEach(() => {
  vi.useRealTimers();
});

const ACTOR = { id: "elsewhere", role: "admin" };
const broken = () => ({ ENROLLMENTS: brokenObjects().namespace });

async function learner(document = ladder) {
  const slug = freshSlug("edge");
  await publish(document(slug));
  await enroll(slug, "ada");
  return { slug, token: await tokenOf("ada") };
}

/** Reads while no object answers: what comes back came from the edge, or from D1. */
async function fromEdge(path: string, token: string, headers: Record<string, string> = {}) {
  const answer = await callWith(broken(), "GET", path, { token, headers });
  return { status: answer.status, source: answer.headers.get("x-latchkey-source"), headers: answer.headers, answer };
}

/** A write that this isolate does not make: another one talks to the object. */
const lockElsewhere = (slug: string, item: string, kind: "lock" | "unlock" | null) =>
  objectOf(slug, "ada").override({
    item: `${slug}.${item}`,
    override:
      kind === null ? null : { item: `${slug}.${item}`, kind, reason: "test", expires_at: null, extend_to: null },
    actor: ACTOR,
    pointer: null,
    idempotency: null,
  });

describe("reads that may be some seconds old", () => {
  it("are answered without the object, with source, instant and age, for every list and state", async () => {
    const { slug, token } = await learner();
    for (const path of [
      `/courses/${slug}/chapters`,
      `/courses/${slug}/problems`,
      `/chapters/${slug}.one/problems`,
      `/courses/${slug}/unlocks`,
      `/courses/${slug}/items/${slug}.four/why`,
    ]) {
      const started = Date.now();
      const first = await (await call("GET", `${path}?max_stale=30`, { token })).text();
      const { status, source, headers, answer } = await fromEdge(`${path}?max_stale=30`, token);
      expect([path, status, source]).toEqual([path, 200, "edge"]);
      expect(headers.get("age")).toMatch(/^\d+$/);
      const { snapshot: exact, ...rows } = JSON.parse(first);
      const { snapshot, ...again } = JSON.parse(await answer.text());
      expect(again).toEqual(rows);
      expect(snapshot).toEqual({ ...exact, source: "edge", as_of: snapshot.as_of });
      expect(Date.parse(snapshot.as_of)).toBeGreaterThanOrEqual(started);
    }
  });

  it("are exact when nothing is kept, and when the request does not allow old answers", async () => {
    const { slug, token } = await learner();
    const path = `/courses/${slug}/unlocks`;
    expect((await call("GET", `${path}?max_stale=60`, { token })).headers.get("x-latchkey-source")).toBe("snapshot");
    expect((await call("GET", path, { token })).headers.get("x-latchkey-source")).toBe("snapshot");
    expect((await fromEdge(path, token)).source).not.toBe("edge");
  });

  it("[I9] refuse an invalid age, another instant and another viewer, and name the parameter", async () => {
    const { slug, token } = await learner();
    const path = `/courses/${slug}/chapters`;
    for (const bad of ["0", "61", "-1", "1.5", "soon", ""]) {
      const refused = await problem(await call("GET", `${path}?max_stale=${bad}`, { token }), 400);
      expect(refused.errors?.[0]?.path).toBe("query.max_stale");
    }
    for (const other of ["at=2026-01-01T00:00:00Z", "as=learner", "learner=ada"]) {
      const refused = await problem(await call("GET", `${path}?max_stale=5&${other}`, { token }), 400);
      expect(refused.errors).toMatchObject([{ path: "query.max_stale", rule: "own_present" }]);
    }
    for (const item of [`/courses/${slug}/chapters/${slug}.one`, `/problems/${slug}.p1`]) {
      const refused = await problem(await call("GET", `${item}?max_stale=5`, { token }), 400);
      expect(refused.errors).toMatchObject([{ path: "query.max_stale", rule: "unrecognized_keys" }]);
    }
  });

  it("carry a weak ETag for the same states as the exact answer", async () => {
    const { slug, token } = await learner();
    const path = `/courses/${slug}/chapters`;
    const exact = (await call("GET", `${path}?max_stale=30`, { token })).headers.get("etag") ?? "";
    const { headers } = await fromEdge(`${path}?max_stale=30`, token);
    expect(headers.get("etag")).toBe(`W/${exact}`);
    for (const tag of [exact, `W/${exact}`]) {
      const again = await fromEdge(`${path}?max_stale=30`, token, { "if-none-match": tag });
      expect([again.status, again.source, await again.answer.text()]).toEqual([304, "edge", ""]);
    }
    expect((await call("GET", path, { token, headers: { "if-none-match": `W/${exact}` } })).status).toBe(304);
    await completed(slug, "ada", "one");
    const other = await call("GET", `${path}?max_stale=30`, { token, headers: { "if-none-match": `W/${exact}` } });
    expect(other.status).toBe(200);
  });

  it("[I7] are never older than the request allows", async () => {
    const { slug, token } = await learner();
    const path = `/courses/${slug}/unlocks`;
    // What is asked in the millisecond of a write may be from before it, and is not kept.
    const start = Date.now() + 1;
    setClock(start);
    await call("GET", `${path}?max_stale=10`, { token });
    setClock(start + 10_000);
    const last = await fromEdge(`${path}?max_stale=10`, token);
    expect([last.source, last.headers.get("age")]).toEqual(["edge", "10"]);
    setClock(start + 10_001);
    expect((await fromEdge(`${path}?max_stale=10`, token)).source).not.toBe("edge");
    expect((await fromEdge(`${path}?max_stale=11`, token)).source).toBe("edge");
  });

  it("[I7] are not kept past a date of the course", async () => {
    const start = Date.now();
    const opens = start + 20_000;
    const { slug, token } = await learner((name) => ({
      slug: name,
      title: "Dated",
      chapters: [{ id: `${name}.a`, title: "A", rule: { until: new Date(opens).toISOString() } }],
      options: { sticky: false },
    }));
    const path = `/courses/${slug}/unlocks?max_stale=60`;
    setClock(opens - 2);
    await call("GET", path, { token });
    setClock(opens - 1);
    expect((await fromEdge(path, token)).source).toBe("edge");
    setClock(opens);
    expect((await fromEdge(path, token)).source).not.toBe("edge");
    const exact = await read(await call("GET", path, { token }), 200, unlocksSchema);
    expect(exact.states[`${slug}.a`]).toBe("locked");
  });

  it("[I3] are never older than the write whose min_seq the request sends, wherever that write was made", async () => {
    const { slug, token } = await learner();
    const path = `/courses/${slug}/unlocks?max_stale=60`;
    await call("GET", path, { token });
    const facts = [{ item: `${slug}.one`, completed: true, score: null, at: null }];
    const written = await objectOf(slug, "ada").record({
      facts,
      chapters_only: true,
      actor: { id: "ada", role: "learner" },
      mode: "own",
      language: "en",
      pointer: null,
      idempotency: null,
    });
    if (!written.ok) throw new Error("the write was refused");
    const { progress_seq } = written.value;
    const before = await read(await call("GET", path, { token }), 200, unlocksSchema);
    expect([before.snapshot.source, before.states[`${slug}.two`]]).toEqual(["edge", "locked"]);
    const after = await read(await call("GET", `${path}&min_seq=${progress_seq}`, { token }), 200, unlocksSchema);
    expect([after.snapshot.source, after.states[`${slug}.two`]]).toEqual(["snapshot", "unlocked"]);
    // From now on this isolate knows better.
    expect((await read(await call("GET", path, { token }), 200, unlocksSchema)).states[`${slug}.two`]).toBe("unlocked");
    expect((await problem(await call("GET", `${path}&min_seq=99`, { token }), 409)).code).toBe("sequence_ahead");
  });

  it("[I3] show at once a write that passed through the same isolate, by the learner or by staff", async () => {
    const { slug } = await learner();
    const edge = () => unlocks(slug, "ada", "?max_stale=60");
    const is = async (item: string, state: string) => expect((await edge()).states[`${slug}.${item}`]).toBe(state);
    await is("two", "locked");
    await completed(slug, "ada", "one");
    await is("two", "unlocked");
    await override(slug, "ada", "two", { kind: "lock" });
    await is("two", "locked");
    await publish({ ...ladder(slug), chapters: [{ id: `${slug}.new`, title: "New" }] });
    await is("new", "unlocked");
  });

  it("[I7] forget kept answers when an exact read has seen a newer snapshot", async () => {
    const { slug } = await learner();
    await unlocks(slug, "ada", "?max_stale=60");
    await lockElsewhere(slug, "one", "lock");
    expect((await unlocks(slug, "ada")).states[`${slug}.one`]).toBe("locked");
    expect((await unlocks(slug, "ada", "?max_stale=60")).states[`${slug}.one`]).toBe("locked");
  });

  it("[I7] never contain the content of an item, because only the present instant decides about it", async () => {
    const { slug, token } = await learner();
    await unlocks(slug, "ada", "?max_stale=60");
    await lockElsewhere(slug, "one", "lock");
    expect((await unlocks(slug, "ada", "?max_stale=60")).states[`${slug}.one`]).toBe("unlocked");
    expect((await call("GET", `/courses/${slug}/chapters/${slug}.one`, { token })).status).toBe(403);
    expect((await call("POST", `/courses/${slug}/chapters/${slug}.one/mark_as_completed`, { token })).status).toBe(403);
  });

  it("keep no answer that did not come from the object", async () => {
    const { slug, token } = await learner();
    const path = `/courses/${slug}/unlocks?max_stale=60`;
    for (let time = 0; time < 2; time += 1) expect((await fromEdge(path, token)).source).not.toBe("edge");
  });
});

describe("a kept answer of another request", () => {
  it("[I8] is never shown to another user or role, or for another course, version, language, zone, page, item or list", async () => {
    const [slug, other] = [freshSlug("edge"), freshSlug("edge")];
    for (const course of [slug, other]) {
      await publish(ladder(course));
      await enroll(course, "ada");
    }
    await enroll(slug, "eve");
    await enroll(slug, "ada:eve");
    await completed(slug, "ada", "one");
    const token = await tokenOf("ada");
    const lists = ["/chapters", "/problems", "/unlocks", `/items/${slug}.four/why`];
    const ways = ["", "&lang=zh", "&tz=Asia/Tokyo"];
    const pages = ["", "&limit=1"];
    const asked = lists.flatMap((list) =>
      ways.flatMap((way) => {
        const isList = list === "/chapters" || list === "/problems";
        return (isList ? pages : [""]).map((page) => `${list}?max_stale=60${way}${page}`);
      }),
    );
    const bodyOf = async (path: string, as: string) => {
      const answer = await call("GET", path, { token: as });
      const { snapshot: _snapshot, ...rest } = JSON.parse(await answer.text());
      return { source: answer.headers.get("x-latchkey-source"), rest, status: answer.status };
    };
    // Ada fills the memory and the cache; every other way of asking must get its own answer nevertheless.
    for (const path of asked) await bodyOf(`/courses/${slug}${path}`, token);
    const callers = [
      { as: await tokenOf("eve"), course: slug },
      { as: await tokenOf("ada:eve"), course: slug },
      { as: await author(), course: slug },
      { as: await tokenOf("ada", "author"), course: slug },
      { as: await tokenOf("mallory"), course: slug },
      { as: token, course: other },
      { as: token, course: slug },
    ];
    for (const { as, course } of callers) {
      for (const path of asked.map((one) => one.replace(slug, course))) {
        const shown = await bodyOf(`/courses/${course}${path}`, as);
        const exact = await bodyOf(`/courses/${course}${path.replace("max_stale=60", "")}`.replace("?&", "?"), as);
        expect({ path, status: shown.status, rest: shown.rest }).toEqual({
          path,
          status: exact.status,
          rest: { ...exact.rest, ...(exact.status === 200 ? {} : { request_id: shown.rest.request_id }) },
        });
      }
    }
    const anonymous = await call("GET", `/courses/${slug}/unlocks?max_stale=60`);
    expect(anonymous.status).toBe(401);
  }, 120_000);

  it("[I8] is never shown to the same learner after withdrawing, enrolling again, changing the cohort or the version", async () => {
    const slug = freshSlug("edge");
    const document = ladder(slug);
    const [first, ...rest] = document.chapters ?? [];
    if (first === undefined) throw new Error("the ladder has chapters");
    await publish({ ...document, chapters: [{ ...first, rule: { cohort: "spring" } }, ...rest] });
    await enroll(slug, "ada");
    const token = await tokenOf("ada");
    const edge = () => call("GET", `/courses/${slug}/unlocks?max_stale=60`, { token });
    const state = async () => (await read(await edge(), 200, unlocksSchema)).states[`${slug}.one`];
    expect(await state()).toBe("locked");
    const patched = { token: await author(), body: { cohorts: ["spring"] } };
    expect((await call("PATCH", `/enrollments/${slug}:ada`, patched)).status).toBe(200);
    expect(await state()).toBe("unlocked");
    expect((await call("DELETE", `/courses/${slug}/enrollments`, { token })).status).toBe(200);
    expect((await problem(await edge(), 404)).code).toBe("not_enrolled");
    await enroll(slug, "ada");
    const exact = await unlocks(slug, "ada");
    expect(await state()).toBe(exact.states[`${slug}.one`]);
    await publish({ ...document, chapters: [{ ...first, rule: { cohort: "autumn" } }, ...rest] }, { policy: "relock" });
    expect(await state()).toBe("locked");
  });

  it("[I8] is not used if the cache returns the answer of somebody else", async () => {
    const { slug, token } = await learner();
    await enroll(slug, "eve");
    await completed(slug, "eve", "one");
    const cache = await caches.open("latchkey-edge-reads");
    const put = vi.spyOn(Object.getPrototypeOf(cache), "put");
    const path = `/courses/${slug}/unlocks?max_stale=60`;
    await callWith({}, "GET", path, { token: await tokenOf("eve") });
    expect(put).toHaveBeenCalledOnce();
    const address = String(put.mock.calls[0]?.[0]);
    put.mockRestore();
    const found = await cache.match(address);
    const match = vi.spyOn(Object.getPrototypeOf(cache), "match").mockImplementation(async () => found?.clone());
    const shown = await read(await callWith({}, "GET", path, { token }), 200, unlocksSchema);
    match.mockRestore();
    expect(shown.snapshot.source).not.toBe("edge");
    expect(shown.states[`${slug}.two`]).toBe("locked");
  });

  it("is shared by the isolates of a location, for no longer than its age allows", async () => {
    const { slug, token } = await learner();
    const path = `/courses/${slug}/unlocks?max_stale=60`;
    await callWith({}, "GET", path, { token });
    // Another isolate: its memory is empty.
    const emptied = () => edgeMemory.forget(`${slug}:ada`, 0);
    emptied();
    expect((await fromEdge(path, token)).source).toBe("edge");
    emptied();
    setClock(Date.now() + 60_001);
    expect((await fromEdge(path, token)).source).not.toBe("edge");
    vi.useRealTimers();
    // After a write of its own, it takes nothing from before out of the cache either.
    edgeMemory.forget(`${slug}:ada`, Date.now());
    expect((await fromEdge(path, token)).source).not.toBe("edge");
  });
});

const deeds = fc.record({
  wait: fc.integer({ min: 1, max: 9_000 }),
  deed: fc.constantFrom("read", "read", "read", "lock", "open"),
  isHere: fc.boolean(),
  bound: fc.integer({ min: 1, max: 20 }),
});

it("[I7] on random schedules, a read shows nothing that was taken away longer ago than the request allows", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(deeds, { minLength: 20, maxLength: 25 }), async (schedule) => {
      const { slug, token } = await learner();
      // From when on the chapter was open or not, in order.
      const states = [{ from: 0, isOpen: true }];
      let now = Date.now();
      try {
        for (const { wait, deed, isHere, bound } of schedule) {
          now += wait;
          setClock(now);
          if (deed !== "read") {
            const isOpen = deed === "open";
            if (states.at(-1)?.isOpen === isOpen) continue;
            if (!isHere) await lockElsewhere(slug, "one", isOpen ? null : "lock");
            else if (isOpen) await removeOverride(slug, "ada", "one");
            else await override(slug, "ada", "one", { kind: "lock" });
            states.push({ from: now, isOpen });
            continue;
          }
          const path = `/courses/${slug}/unlocks?max_stale=${bound}`;
          const answer = await read(await call("GET", path, { token }), 200, unlocksSchema);
          const isShownOpen = answer.states[`${slug}.one`] !== "locked";
          const within = states.filter((_, at) => (states[at + 1]?.from ?? now) >= now - bound * 1_000);
          expect(within.map(({ isOpen }) => isOpen)).toContain(isShownOpen);
        }
      } finally {
        vi.useRealTimers();
      }
    }),
    { numRuns: 6 },
  );
}, 60_000);
