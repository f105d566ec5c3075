import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { call, read, tokenOf } from "../../support/worker/http.ts";
import { changesNothing, makeWorld, refused, type World } from "./support.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});

/** Free text that must come back as it went in. */
const HOSTILE_TEXTS = [
  "Robert'); DROP TABLE enrollments; --",
  '" OR "1"="1',
  "\u202Eright to left\u202C",
  "😀👩‍👩‍👧‍👦 中文 é",
  "line one\r\nset-cookie: stolen=1",
  "<script>alert(1)</script>",
  '{"json": ["text"]}',
  "__proto__",
  "{{7*7}} %s %n \\u0041",
  "a\u0000b",
];

describe("hostile text", () => {
  it.each(HOSTILE_TEXTS.map((text) => ({ text })))(
    "$text is returned unchanged, in every field for free text",
    async ({ text }) => {
      const slug = freshSlug("text");
      const title = { en: text, zh: text };
      await publish({
        slug,
        title,
        chapters: [{ id: `${slug}.a`, title, content: text, problems: [{ id: `${slug}.p`, title }] }],
      });
      await enroll(slug, "eve");
      const token = world.eve;
      const admin = await tokenOf("root", "admin");
      const grader = await tokenOf("grader", "service");
      const course = await read(await call("GET", `/courses/${slug}`, { token }), 200, z.object({ title: z.string() }));
      expect(course.title).toBe(text);
      const chapter = await read(
        await call("GET", `/courses/${slug}/chapters/${slug}.a`, { token }),
        200,
        z.object({ title: z.string(), content: z.string() }),
      );
      expect(chapter).toEqual({ title: text, content: text });
      const submitted = await read(
        await call("POST", `/problems/${slug}.p/submissions`, { token, body: { answer: text } }),
        201,
        z.object({ submission_id: z.string() }),
      );
      await project(slug, "eve");
      const pending = await read(
        await call("GET", "/submissions/pending?limit=1000", { token: grader }),
        200,
        z.object({ results: z.array(z.object({ id: z.string(), answer: z.string() })) }),
      );
      expect(pending.results.find(({ id }) => id === submitted.submission_id)?.answer).toBe(text);
      const verdict = { passed: false, score: 0, feedback: text };
      const judged = await read(
        await call("POST", `/submissions/${submitted.submission_id}/verdict`, { token: grader, body: verdict }),
        200,
        z.object({ feedback: z.string() }),
      );
      expect(judged.feedback).toBe(text);
      await call("PUT", `/enrollments/${slug}:eve/overrides/${slug}.a`, {
        token: admin,
        body: { kind: "lock", reason: text },
      });
      const inspected = await read(
        await call("GET", `/enrollments/${slug}:eve`, { token: admin }),
        200,
        z.object({ overrides: z.array(z.object({ reason: z.string() })) }),
      );
      expect(inspected.overrides).toEqual([{ reason: text }]);
    },
  );

  it("[I9] that is not Unicode is refused in every field for free text, and changes nothing", async () => {
    const { slug, eve } = world;
    const lone = "a\ud800b";
    const admin = await tokenOf("root", "admin");
    const document = { slug, title: lone, chapters: [{ id: `${slug}.a`, title: lone, content: lone }] };
    const attempts: [string, string, string, unknown][] = [
      ["POST", `/courses/${slug}/versions`, admin, { document, policy: "grandfather" }],
      ["POST", `/problems/${slug}.sum/submissions`, eve, { answer: lone }],
      ["PUT", `/enrollments/${slug}:eve/overrides/${slug}.one`, admin, { kind: "lock", reason: `${lone} reason` }],
      ["POST", "/auth/sign-up", eve, { email: "lone@example.org", name: lone, password: "correct horse battery" }],
      ["POST", "/auth/sign-in", eve, { email: "lone@example.org", password: `${lone}${lone}` }],
      ["POST", "/auth/token", eve, { session_token: lone }],
    ];
    await changesNothing(world, async () => {
      for (const [method, path, token, body] of attempts) {
        const document = await refused(await call(method, path, { token, body }), `${method} ${path}`);
        expect(document.errors?.[0]?.rule, `${method} ${path}`).toBe("lone_surrogate");
      }
    });
  });

  it("[I9] in an Idempotency-Key is refused, or is only a key", async () => {
    const { slug, eve } = world;
    await changesNothing(world, async () => {
      for (const key of ["a b", "a".repeat(201), "x'; DROP TABLE enrollments; --", "\té"]) {
        const headers = { "idempotency-key": key };
        const document = await refused(
          await call("POST", `/problems/${slug}.sum/submissions`, { token: eve, headers, body: { answer: "4" } }),
          key,
        );
        expect(document.errors?.[0]?.path).toBe("header.idempotency-key");
        await refused(await call("POST", `/courses/${slug}/enrollments`, { token: eve, headers, body: {} }), key);
      }
      for (const key of ["';DROP/**/TABLE/**/enrollments;--", "__proto__", "%00"]) {
        const answer = await call("POST", `/problems/${slug}.gate/submissions`, {
          token: eve,
          headers: { "idempotency-key": key },
          body: { answer: "4" },
        });
        expect((await refused(answer, key)).code).toBe("locked");
      }
    });
  });

  it("in headers that the answer repeats is left out of the answer", async () => {
    const { eve } = world;
    for (const id of [
      "short",
      "a".repeat(65),
      "has space in it",
      "<script>alert(1)</script>",
      "x;set-cookie:a=b",
      "%0d%0aset-cookie:a=b",
      "é".repeat(10),
    ]) {
      const answer = await call("GET", "/courses", { token: eve, headers: { "x-request-id": id } });
      expect(answer.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
      expect(answer.headers.get("set-cookie")).toBeNull();
      await answer.body?.cancel();
    }
    const kept = await call("GET", "/courses", { token: eve, headers: { "x-request-id": "client-1234" } });
    expect(kept.headers.get("x-request-id")).toBe("client-1234");
    const odd = {
      "accept-language": `${"zh;q=".repeat(2_000)}`,
      "if-none-match": `${'"x",'.repeat(3_000)}'`,
      range: "bytes=-1",
    };
    expect((await call("GET", `/courses/${world.slug}/chapters`, { token: eve, headers: odd })).status).toBe(200);
  });

  it("[I8] a user called __proto__ or constructor is a user like any other", async () => {
    const { slug } = world;
    for (const user of ["__proto__", "constructor", "hasOwnProperty", "-", "_"]) {
      const token = await tokenOf(user);
      const enrolled = await enroll(slug, user);
      expect(enrolled.unlocked).toContain(`${slug}.one`);
      const answer = await call("GET", `/courses/${slug}/unlocks`, { token });
      expect(await answer.json()).toMatchObject({ states: { [`${slug}.one`]: "unlocked", [`${slug}.two`]: "locked" } });
      expect((await refused(await call("GET", `/enrollments/${slug}:ada`, { token }), user)).code).toBe("forbidden");
    }
  });
});
