import { exports } from "cloudflare:workers";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { PassVerifier, verifyPass } from "../../../src/client/pass/index.ts";
import { enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { brokenDatabase, brokenObjects, callWith } from "../../support/worker/faults.ts";
import { API, call, problem, read, tokenOf } from "../../support/worker/http.ts";
import {
  author,
  completed,
  ladder,
  openItems,
  override,
  removeOverride,
  setClock,
} from "../../support/worker/learners.ts";
import { everywhere } from "../../support/worker/shards.ts";

afterEach(() => {
  vi.useRealTimers();
});

const ORIGIN = new URL(API).origin;
const passSchema = z.looseObject({
  pass: z.string(),
  issued_at: z.string(),
  valid_until: z.string(),
  items_digest: z.string(),
});
const contentSchema = z.strictObject({
  question: z.null(),
  id: z.string(),
  content: z.string().nullable(),
  course_version: z.number(),
  decided_by: z.string(),
});

async function learner(document = ladder) {
  const slug = freshSlug("pass");
  await publish(document(slug));
  await enroll(slug, "ada");
  return { slug, token: await tokenOf("ada") };
}

async function passOf(slug: string, user = "ada") {
  return read(await call("GET", `/courses/${slug}/pass`, { token: await tokenOf(user) }), 200, passSchema);
}

const contentOf = (slug: string, item: string, pass: string, token: string, bindings: Partial<Env> = {}) =>
  callWith(bindings, "GET", `/courses/${slug}/items/${slug}.${item}/content`, {
    token,
    headers: { "x-latchkey-pass": pass },
  });

/** Another service, which talks to this one over HTTP alone. */
function verifier(now?: () => number) {
  const asked: string[] = [];
  const send: typeof fetch = async (input, init) => {
    asked.push(String(input));
    return exports.default.fetch(new Request(input, init));
  };
  const make = async () => new PassVerifier({ baseUrl: ORIGIN, key: await author(), fetch: send, ...(now && { now }) });
  return { make, asked };
}

describe("a pass from the API", () => {
  it("says of every item what the lists say, to everybody who has the public keys and the order", async () => {
    const { slug } = await learner();
    await completed(slug, "ada", "one");
    const { pass } = await passOf(slug);
    const other = verifier();
    const shown = await (await other.make()).verify(slug, pass);
    if (!shown.ok) throw new Error(shown.fault);
    const open = await openItems(slug, "ada");
    for (const name of ["one", "two", "three", "four", "p1", "p2", "p3", "none"]) {
      expect([name, shown.mayOpen(`${slug}.${name}`)]).toEqual([name, open.has(`${slug}.${name}`)]);
    }
    expect(open.size).toBeGreaterThan(2);
    const paths = other.asked.map((url) => url.slice(ORIGIN.length));
    expect(paths).toEqual([
      "/.well-known/jwks.json",
      `/api/v1/courses/${slug}/versions/1/items`,
      `/api/v1/courses/${slug}/pass/revoked`,
    ]);
  });

  it("[I7] lasts at most five minutes, and never past a date of the course", async () => {
    const start = Math.floor(Date.now() / 1_000) * 1_000;
    const ends = new Date(start + 90_000).toISOString();
    const { slug } = await learner((name) => ({
      slug: name,
      title: "Dated",
      chapters: [{ id: `${name}.a`, title: "A", rule: { until: ends } }],
      options: { sticky: false },
    }));
    setClock(start);
    expect(Date.parse((await passOf(slug)).valid_until)).toBe(start + 90_000);
    setClock(start + 91_000);
    expect(Date.parse((await passOf(slug)).valid_until)).toBe(start + 91_000 + 300_000);
  });

  it("[I8] is given only to the enrolled learner: other users, keys and staff get none", async () => {
    const { slug } = await learner();
    for (const token of [await tokenOf("eve"), await author()]) {
      const refused = await call("GET", `/courses/${slug}/pass`, { token });
      expect((await problem(refused, 404)).code).toBe("not_enrolled");
    }
    expect((await call("GET", `/courses/${slug}/pass`)).status).toBe(401);
    for (const path of [`/courses/${slug}/versions/1/items`, `/courses/${slug}/pass/revoked`]) {
      expect((await call("GET", path, { token: await tokenOf("ada") })).status).toBe(403);
      expect((await call("GET", path, { token: await tokenOf("other", "author") })).status).toBe(403);
      expect((await call("GET", path, { token: await author() })).status).toBe(200);
    }
  });

  it("is not given from D1, because D1 may not have a lock yet", async () => {
    const { slug, token } = await learner();
    await project(slug, "ada");
    const answer = await callWith({ ENROLLMENTS: brokenObjects().namespace }, "GET", `/courses/${slug}/pass`, {
      token,
    });
    expect((await problem(answer, 503)).code).toBe("unavailable");
  });

  it("names items by an order that never changes", async () => {
    const { slug } = await learner();
    const path = `/courses/${slug}/versions/1/items`;
    const answer = await call("GET", path, { token: await author() });
    expect(answer.headers.get("cache-control")).toContain("immutable");
    const etag = answer.headers.get("etag") ?? "";
    const { items, items_digest } = z
      .object({ items: z.array(z.string()), items_digest: z.string() })
      .parse(await answer.json());
    expect([etag, items.length, items[0]]).toEqual([`"${items_digest}"`, 7, `${slug}.one`]);
    const again = await call("GET", path, { token: await author(), headers: { "if-none-match": etag } });
    expect(again.status).toBe(304);
    const missing = await call("GET", `/courses/${slug}/versions/2/items`, { token: await author() });
    expect((await problem(missing, 404)).code).toBe("version_not_found");
    expect((await passOf(slug)).items_digest).toBe(items_digest);
  });

  it("is revoked for other services within seconds after an item was locked", async () => {
    const { slug } = await learner();
    let now = Date.now();
    const other = await verifier(() => now).make();
    const { pass } = await passOf(slug);
    expect((await other.verify(slug, pass)).ok).toBe(true);
    await override(slug, "ada", "one", { kind: "lock" });
    now += 5_000;
    expect(await other.verify(slug, pass)).toEqual({ ok: false, fault: "revoked" });
    expect((await other.verify(slug, (await passOf(slug)).pass)).ok).toBe(true);
    expect(await other.verify(slug, "nonsense")).toEqual({ ok: false, fault: "malformed" });
  });

  it("is revoked after a withdrawal, and after a publish that locks items", async () => {
    const { slug, token } = await learner();
    let now = Date.now();
    const other = await verifier(() => now).make();
    const { pass } = await passOf(slug);
    await call("DELETE", `/courses/${slug}/enrollments`, { token });
    now += 5_000;
    expect(await other.verify(slug, pass)).toEqual({ ok: false, fault: "revoked" });
    await enroll(slug, "ada");
    const again = (await passOf(slug)).pass;
    await publish({ ...ladder(slug), title: "Stricter" }, { policy: "relock" });
    now += 5_000;
    expect(await other.verify(slug, again)).toEqual({ ok: false, fault: "revoked" });
  });

  it("has public keys without a secret part", async () => {
    const answer = await exports.default.fetch(new Request(`${ORIGIN}/.well-known/jwks.json`));
    const { keys } = z.object({ keys: z.array(z.record(z.string(), z.string())) }).parse(await answer.json());
    expect(keys.map((key) => Object.keys(key).sort())).toEqual([["alg", "crv", "kid", "kty", "use", "x"]]);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    const { slug } = await learner();
    expect((await verifyPass((await passOf(slug)).pass, { keys })).ok).toBe(true);
  });
});

describe("content requested with a pass", () => {
  it("is read without the object, and is what the rules allow", async () => {
    const { slug, token } = await learner();
    const { pass } = await passOf(slug);
    const exact = await call("GET", `/courses/${slug}/items/${slug}.one/content`, { token });
    const { decided_by, ...text } = await read(exact, 200, contentSchema);
    expect([decided_by, text.content]).toEqual(["rules", "# Content of one"]);
    const { namespace, calls } = brokenObjects();
    const byPass = await contentOf(slug, "one", pass, token, { ENROLLMENTS: namespace });
    expect(await read(byPass, 200, contentSchema)).toEqual({ ...text, decided_by: "pass" });
    expect(calls()).toBe(0);
    const zh = await call("GET", `/courses/${slug}/items/${slug}.one/content?lang=zh`, {
      token,
      headers: { "x-latchkey-pass": pass },
    });
    expect((await read(zh, 200, contentSchema)).content).toBe("# 一的内容");
  });

  it("is 503, with or without a pass, while D1 does not answer, because revoked passes are not known then", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    const { slug, token } = await learner();
    const { pass } = await passOf(slug);
    const dbs = everywhere(brokenDatabase);
    const path = `/courses/${slug}/items/${slug}.one/content`;
    for (const answer of [
      await contentOf(slug, "one", pass, token, dbs),
      await callWith(dbs, "GET", path, { token }),
    ]) {
      expect((await problem(answer, 503)).code).toBe("unavailable");
    }
    logged.mockRestore();
    expect((await contentOf(slug, "one", pass, token)).status).toBe(200);
  });

  it("[I7] [I8] is refused with a pass of somebody else, of another version, after its end, or for an item that it does not open", async () => {
    const { slug, token } = await learner();
    await enroll(slug, "eve");
    await completed(slug, "eve", "one");
    const refused = async (item: string, pass: string, as = token) => {
      const answer = await contentOf(slug, item, pass, as);
      const text = await answer.clone().text();
      expect(text).not.toContain("Content of");
      return (await problem(answer, 403)).code;
    };
    const eve = (await passOf(slug, "eve")).pass;
    expect(await refused("two", eve)).toBe("pass_refused");
    expect(await refused("two", eve, await author())).toBe("pass_refused");
    const { pass } = await passOf(slug);
    expect(await refused("two", pass)).toBe("pass_refused");
    expect(await refused("one", `${pass.slice(0, -6)}AAAAAA`)).toBe("pass_refused");
    const other = (await learner()).slug;
    expect(await refused("one", (await passOf(other)).pass)).toBe("pass_refused");
    // A session that has ended opens nothing, whatever pass it shows.
    expect((await call("GET", `/courses/${slug}/items/${slug}.one/content`)).status).toBe(401);
    setClock(Date.now() + 300_000);
    expect(await refused("one", pass)).toBe("pass_refused");
    vi.useRealTimers();
    const fresh = (await passOf(slug)).pass;
    await publish({ ...ladder(slug), title: "Next" });
    expect(await refused("one", fresh)).toBe("pass_refused");
  });

  it("[I7] on random schedules is never shown for an item that was locked longer ago than the list of revoked passes may be old", async () => {
    const deed = fc.record({
      wait: fc.integer({ min: 1, max: 40_000 }),
      deed: fc.constantFrom("pass", "show", "show", "show", "lock", "open"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { minLength: 12, maxLength: 16 }), async (schedule) => {
        const { slug, token } = await learner();
        let { pass } = await passOf(slug);
        let lockedAt: number | null = null;
        let now = Date.now();
        try {
          for (const { wait, deed } of schedule) {
            now += wait;
            setClock(now);
            if (deed === "pass") pass = (await passOf(slug)).pass;
            else if (deed === "lock" && lockedAt === null) {
              await override(slug, "ada", "one", { kind: "lock" });
              lockedAt = now;
            } else if (deed === "open" && lockedAt !== null) {
              await removeOverride(slug, "ada", "one");
              lockedAt = null;
            } else if (deed === "show") {
              const { status } = await contentOf(slug, "one", pass, token);
              if (lockedAt !== null && now - lockedAt > 5_000) expect(status).toBe(403);
              expect([200, 403]).toContain(status);
            }
          }
        } finally {
          vi.useRealTimers();
        }
      }),
      { numRuns: 5 },
    );
  }, 120_000);

  it("has no part of the answer key", async () => {
    const { slug, token } = await learner();
    const { pass } = await passOf(slug);
    const answer = await contentOf(slug, "p1", pass, token);
    const text = await answer.text();
    expect(text).toContain("2 + 2?");
    expect(text).not.toMatch(/"answer"|numeric|tolerance/);
    expect(answer.headers.get("cache-control")).toBe("private, no-store");
  });
});
