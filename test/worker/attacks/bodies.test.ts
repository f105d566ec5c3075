// Over 350 lines: every write and every kind of body, tried on one course that must not change.
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import worker from "../../../src/back.ts";
import type { Role } from "../../../src/platform/roles.ts";
import { call, request, tokenOf } from "../../support/worker/http.ts";
import { changesNothing, makeWorld, refused, timed, type World } from "./support.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});

interface Write {
  method: string;
  path: string;
  as: [string, Role];
  /** Whether a missing body is refused. */
  required: boolean;
}

/** Every route that takes a body, as somebody who may use it, so that nothing but the body can be wrong. */
function writes({ slug, pending }: World): Write[] {
  const one = (method: string, path: string, as: [string, Role], required = true): Write => ({
    method,
    path,
    as,
    required,
  });
  const alice: [string, Role] = ["alice", "author"];
  return [
    one("POST", "/courses", alice),
    one("POST", `/courses/${slug}/versions`, alice),
    one("POST", `/courses/${slug}/versions?dry_run=true`, alice),
    one("PUT", `/courses/${slug}/working-copy`, alice),
    one("POST", `/courses/${slug}/preview`, alice),
    one("POST", `/courses/${slug}/versions/1/activate`, alice, false),
    one("POST", `/courses/${slug}/enrollments`, ["eve", "learner"], false),
    one("POST", `/courses/${slug}/chapters/${slug}.one/mark_as_completed`, ["eve", "learner"], false),
    one("POST", `/problems/${slug}.sum/submissions`, ["eve", "learner"]),
    one("POST", `/submissions/${pending}/verdict`, ["grader", "service"]),
    one("POST", "/progress/import", ["importer", "service"]),
    one("PUT", `/courses/${slug}/insight/schedule`, alice),
    one("POST", `/courses/${slug}/insight/learners`, alice),
    one("PUT", `/enrollments/${slug}:ada/insight/exclusion`, alice),
    one("POST", "/insight/runs", ["root", "admin"], false),
    one("PATCH", `/enrollments/${slug}:ada`, alice),
    one("PUT", `/enrollments/${slug}:ada/overrides/${slug}.two`, alice),
    one("POST", `/enrollments/${slug}:ada/revocations`, alice),
    one("POST", `/enrollments/${slug}:ada/relock`, alice, false),
    one("POST", `/courses/${slug}/enrollments/batch`, alice),
    one("POST", "/auth/sign-up", ["eve", "learner"]),
    one("POST", "/auth/sign-in", ["eve", "learner"]),
    one("POST", "/auth/token", ["eve", "learner"]),
    one("POST", "/auth/sign-out", ["eve", "learner"]),
    one("POST", "/users", ["root", "admin"]),
    one("PATCH", "/users/eve", ["root", "admin"]),
  ];
}

/** Sends a raw body. */
async function send(write: Write, body: BodyInit | null, headers: Record<string, string> = {}): Promise<Response> {
  const { url, headers: own } = request(write.method, write.path, { token: await tokenOf(...write.as) });
  const all = new Headers(own);
  all.set("content-type", "application/json");
  for (const [name, value] of Object.entries(headers)) all.set(name, value);
  if (headers["content-type"] === "") all.delete("content-type");
  const sent = new Request(url, { method: write.method, headers: all, body });
  return worker.fetch(sent, env, createExecutionContext());
}

/** More than the largest body of JSON: a working copy of 8 MB, with a backslash before each quote. */
const TOO_MUCH = 17_000_000;

describe("[I9] request bodies", () => {
  it("of 17 MB are refused on every write, with and without a length in the header", async () => {
    const text = `{"answer":"${"a".repeat(TOO_MUCH)}"}`;
    const chunk = new TextEncoder().encode("a".repeat(100_000));
    await changesNothing(world, async () => {
      for (const write of writes(world)) {
        const known = await send(write, text, { "content-length": String(text.length) });
        expect((await refused(known, `${write.path}, length known`)).code).toBe("body_too_large");
        let sent = 0;
        const endless = new ReadableStream<Uint8Array>({
          pull(controller) {
            sent += chunk.length;
            if (sent > TOO_MUCH) controller.close();
            else controller.enqueue(chunk);
          },
        });
        const chunked = await send(write, endless);
        expect((await refused(chunked, `${write.path}, chunked`)).code).toBe("body_too_large");
      }
      const bodiless = {
        method: "POST",
        path: `/enrollments/${world.slug}:ada/stale`,
        as: ["root", "admin"] as [string, Role],
        required: false,
      };
      expect((await refused(await send(bodiless, text), bodiless.path)).code).toBe("body_too_large");
    });
  });

  it("that are not JSON are refused as such", async () => {
    await changesNothing(world, async () => {
      for (const write of writes(world)) {
        for (const text of [
          "{",
          "{'a':1}",
          "undefined",
          "NaN",
          '{"a":1}}',
          "\u0000",
          "[".repeat(60_000),
          '{"a":"\\u12"}',
          "﻿x",
        ]) {
          const document = await refused(await send(write, text), `${write.path} ${text.slice(0, 20)}`);
          expect(document.code, `${write.path} ${text.slice(0, 20)}`).toBe("malformed_json");
        }
        if (write.required) await refused(await send(write, null), `${write.path} without a body`);
        if (write.required) await refused(await send(write, ""), `${write.path} with an empty body`);
      }
    });
  });

  it("of another type are refused, whatever its name", async () => {
    const types = [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "application/xml",
      "application/jsonx",
      "application/json-seq",
      "text/json",
      "application/octet-stream",
      "json",
      "*/*",
      "",
    ];
    await changesNothing(world, async () => {
      for (const write of writes(world)) {
        for (const type of types) {
          const document = await refused(
            await send(write, '{"cohorts":["vip"]}', { "content-type": type }),
            `${write.path} as ${type}`,
          );
          expect(document.code, `${write.path} as ${type}`).toBe("unsupported_media_type");
        }
        // Odd but near: read as JSON or refused, never ignored (then the defaults would be what was asked for).
        for (const type of [
          "application/json;",
          "application/json ; a=b",
          "application/vnd.api2+json",
          "application/a_b+json",
          'application/json; charset="utf-8',
        ]) {
          await refused(
            await send(write, '{"cohorts":["vip"],"nonsense":1}', { "content-type": type }),
            `${write.path} as ${type}`,
          );
        }
        if (write.required) {
          await refused(
            await send(write, null, { "content-type": "text/plain" }),
            `${write.path}, no body, text/plain`,
          );
        }
      }
    });
  });

  it("of the wrong form are refused, and the field is named", async () => {
    await changesNothing(world, async () => {
      for (const write of writes(world)) {
        for (const text of ["null", "[]", "1", '"text"', "true", "[[]]"]) {
          const document = await refused(await send(write, text), `${write.path} ${text}`);
          expect(document.code, `${write.path} ${text}`).toBe("invalid_input");
          expect(document.errors?.length, `${write.path} ${text}`).toBeGreaterThan(0);
        }
        for (const key of ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "is_admin"]) {
          const text = `{"${key}":{"role":"admin","is_staff":true,"polluted":1}}`;
          const document = await refused(await send(write, text), `${write.path} ${key}`);
          expect(document.code, `${write.path} ${key}`).toBe("invalid_input");
          expect(JSON.stringify(document.errors), `${write.path} ${key}`).toContain(key);
        }
      }
      expect(Reflect.get({}, "polluted")).toBeUndefined();
      expect(Reflect.get({}, "role")).toBeUndefined();
    });
  });
});

describe("[I9] course documents", () => {
  const chapter = (slug: string, rule: unknown) => ({
    slug,
    title: "T",
    chapters: [
      { id: `${slug}.a`, title: "A" },
      { id: `${slug}.b`, title: "B", rule },
    ],
  });
  const publishRaw = async (text: string) =>
    send({ method: "POST", path: `/courses/${world.slug}/versions`, as: ["alice", "author"], required: true }, text);
  const publishDocument = (document: unknown) => publishRaw(JSON.stringify({ document }));

  const nested = (levels: number): unknown => {
    let rule: unknown = { completed: `${world.slug}.a` };
    for (let level = 1; level < levels; level += 1) rule = { not: rule };
    return rule;
  };

  it("with rules that are too deep are refused with their place; a hundred thousand brackets cost nothing", async () => {
    const { slug } = world;
    await changesNothing(world, async () => {
      const deep = await refused(await publishDocument(chapter(slug, nested(17))), "17 levels");
      expect(deep.errors?.map((error) => error.rule)).toContain("too_deep");
      for (const levels of [40, 1_000, 10_000]) {
        const groups = `${'{"all":['.repeat(levels)}${"]}".repeat(levels)}`;
        const text = `{"document":{"slug":"${slug}","title":"T","chapters":[{"id":"${slug}.a","title":"A","rule":${groups}}]}}`;
        await refused(await publishRaw(text), `${levels} groups`);
      }
      const brackets = 100_000;
      const tower = "[".repeat(brackets) + "]".repeat(brackets);
      const plain = await timed(async () => refused(await publishRaw(`"${"x".repeat(2 * brackets)}"`), "no brackets"));
      const took = await timed(async () => {
        for (const text of [
          tower,
          `{"document":${tower}}`,
          `{"note":${tower}}`,
          `{"document":{"slug":"${slug}","title":${tower}}}`,
        ]) {
          const document = await refused(await publishRaw(text), "brackets");
          expect(document.code).toBe("invalid_input");
        }
      });
      expect(took).toBeLessThan(10_000 + 20 * plain);
    });
  });

  it("with rules of the allowed depth pass", async () => {
    const { slug } = world;
    await changesNothing(world, async () => {
      const { url, headers } = request("POST", `/courses/${slug}/versions?dry_run=true`, {
        token: await tokenOf("alice", "author"),
        body: {},
      });
      const document = chapter(slug, nested(15));
      const answer = await worker.fetch(
        new Request(url, { method: "POST", headers, body: JSON.stringify({ document }) }),
        env,
        createExecutionContext(),
      );
      expect(answer.status, await answer.text()).toBe(200);
    });
  });

  it("with too many items are refused, not shortened", async () => {
    const { slug } = world;
    const items = Array.from({ length: 10_000 }, (_, i) => ({ id: `${slug}.p${i}`, title: "P" }));
    await changesNothing(world, async () => {
      const inOne = await refused(await publishDocument({ slug, title: "T", problems: items }), "10,000 problems");
      expect(inOne.errors).toMatchObject([{ path: "document.problems", rule: "too_big" }]);
      const spread = {
        slug,
        title: "T",
        problems: items.slice(0, 4_000),
        chapters: [{ id: `${slug}.c`, title: "C", problems: items.slice(4_000, 8_000) }],
      };
      const inTwo = await refused(await publishDocument(spread), "8,000 problems in two lists");
      expect(inTwo.errors?.map((error) => error.rule)).toContain("too_many_items");
      const wide = { all: Array.from({ length: 501 }, () => ({ completed: `${slug}.a` })) };
      await refused(await publishDocument(chapter(slug, wide)), "501 conditions");
    });
  });

  it("with hostile rules, ids and patterns are refused with their path", async () => {
    const { slug } = world;
    const rules: Record<string, unknown> = {
      "two operators": { all: [], any: [] },
      "no operator": {},
      "an unknown operator": { sql: "DROP TABLE enrollments" },
      prototype: JSON.parse('{"__proto__":{"all":[]}}'),
      constructor: { constructor: [] },
      "a string": "completed",
      "a list": [],
      "an endless score": { score: { item: `${slug}.a`, min: 1e308 } },
      "a negative delay": { after_enrollment: { days: -1 } },
      "another course's item": { completed: "other.item" },
      itself: { completed: `${slug}.b` },
      "an impossible instant": { from: "2026-02-30T00:00:00Z" },
      "a hostile cohort": { cohort: "x'; DROP TABLE enrollments; --" },
      "a hostile id": { completed: `${slug}.a\n` },
      "a count as text": { at_least: { count: "1", of: [] } },
    };
    await changesNothing(world, async () => {
      for (const [name, rule] of Object.entries(rules)) {
        const document = await refused(await publishDocument(chapter(slug, rule)), name);
        expect(
          document.errors?.some((error) => /chapters\[1\]/.test(error.path)),
          `${name}: ${JSON.stringify(document.errors)}`,
        ).toBe(true);
      }
      const refusedPattern = async (pattern: string) => {
        const problems = [{ id: `${slug}.p`, title: "P", answer: { kind: "regex", pattern } }];
        const document = await refused(await publishDocument({ slug, title: "T", problems }), pattern);
        expect(document.errors?.[0]).toMatchObject({ rule: "invalid_pattern", path: "problems[0].answer.pattern" });
      };
      const plain = await timed(() => refusedPattern("("));
      for (const pattern of [
        "(a+)+$(",
        "((a{100}){100}){100}",
        "a{100000}",
        "(?<=x)y",
        "\\1",
        "[",
        "(a?){1000}",
        "(".repeat(500),
      ]) {
        const took = await timed(() => refusedPattern(pattern));
        expect(took).toBeLessThan(2_000 + 20 * plain);
      }
    });
  });

  it("with a pattern that backtracks in other engines are judged in linear time", async () => {
    const { slug, eve } = world;
    const evil = `${slug}x`;
    const problems = [
      { id: `${evil}.p`, title: "P", answer: { kind: "regex", pattern: "(a+)+b" } },
      { id: `${evil}.q`, title: "Q", answer: { kind: "regex", pattern: "b" } },
    ];
    const alice = await tokenOf("alice", "author");
    await call("POST", "/courses", { token: alice, body: { slug: evil, title: "T" } });
    expect(
      (
        await call("POST", `/courses/${evil}/versions`, {
          token: alice,
          body: { document: { slug: evil, title: "T", problems } },
        })
      ).status,
    ).toBe(201);
    await call("POST", `/courses/${evil}/enrollments`, { token: eve, body: {} });
    const answered = (problem: string) =>
      timed(async () => {
        const body = { answer: "a".repeat(10_000) };
        const answer = await call("POST", `/problems/${evil}.${problem}/submissions`, { token: eve, body });
        expect(await answer.json()).toMatchObject({ status: "failed" });
      });
    const plain = await answered("q");
    expect(await answered("p")).toBeLessThan(3_000 + 20 * plain);
  });
});
