import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { call, read, tokenOf } from "../../support/worker/http.ts";
import { changesNothing, makeWorld, refused, type World } from "./support.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});

describe("[I9] hostile query parameters", () => {
  it("are refused by name on every list and read", async () => {
    const { slug, eve } = world;
    const admin = await tokenOf("root", "admin");
    const lists: [string, string][] = [
      [`/courses/${slug}/chapters`, eve],
      [`/courses/${slug}/problems`, eve],
      [`/chapters/${slug}.one/problems`, eve],
      ["/courses", eve],
      ["/auth/sessions", eve],
      [`/courses/${slug}/enrollments`, admin],
      [`/courses/${slug}/versions`, admin],
      [`/courses/${slug}/items/${slug}.one/audience`, admin],
      ["/submissions/pending", admin],
      ["/system/dead-letters", admin],
    ];
    const foreign = z.object({ next_cursor: z.string() });
    const first = await call("GET", `/courses/${slug}/chapters?limit=1`, { token: admin });
    const stolen = (await read(first, 200, foreign)).next_cursor;
    const cursors = [
      "x",
      "x.y",
      "a.b.c",
      "'; DROP TABLE courses; --",
      "..",
      `${stolen}x`,
      `x${stolen}`,
      stolen.replace(".", ".A"),
      "A".repeat(500),
      "\u0000",
      "😀",
    ];
    await changesNothing(world, async () => {
      for (const [path, token] of lists) {
        for (const limit of [
          "-1",
          "0",
          "1001",
          "NaN",
          "Infinity",
          "1e309",
          "1.5",
          "1;DROP TABLE x",
          "٣",
          "ten",
          "[]",
          "9".repeat(400),
        ]) {
          const attack = `${path}?limit=${limit.slice(0, 20)}`;
          const document = await refused(
            await call("GET", `${path}?limit=${encodeURIComponent(limit)}`, { token }),
            attack,
          );
          expect(document.errors?.[0]?.path, attack).toBe("query.limit");
        }
        for (const cursor of cursors) {
          const attack = `${path}?cursor=${cursor.slice(0, 30)}`;
          const document = await refused(
            await call("GET", `${path}?cursor=${encodeURIComponent(cursor)}`, { token }),
            attack,
          );
          expect(document.code, attack).toBe("invalid_cursor");
        }
        const long = await refused(
          await call("GET", `${path}?cursor=${"A".repeat(501)}`, { token }),
          `${path}, long cursor`,
        );
        expect(long.errors?.[0]?.path).toBe("query.cursor");
        if (!path.endsWith("/chapters")) {
          const document = await refused(
            await call("GET", `${path}?cursor=${encodeURIComponent(stolen)}`, { token }),
            `${path}, another list's cursor`,
          );
          expect(document.code).toBe("invalid_cursor");
        }
      }
    });
  });

  it("for times and sequences of reads are refused by name", async () => {
    const { slug, eve } = world;
    const attacks: [string, string][] = [
      ...["-1", "NaN", "1.5", "1e20", "Infinity", "x", "9".repeat(30)].map((value): [string, string] => [
        "min_seq",
        value,
      ]),
      ...[
        "now",
        "0",
        "1767225600000",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00+99:99",
        "0000-01-01T00:00:00Z",
        "' OR 1=1",
      ].map((value): [string, string] => ["at", value]),
      ...["xx", "en'", "../zh"].map((value): [string, string] => ["lang", value]),
      ...["admin", "author", ""].map((value): [string, string] => ["as", value]),
      ...["", "a b", "ada'--", "a".repeat(65), "a\n"].map((value): [string, string] => ["learner", value]),
    ];
    await changesNothing(world, async () => {
      for (const path of [
        `/courses/${slug}/unlocks`,
        `/courses/${slug}/chapters`,
        `/problems/${slug}.sum`,
        `/courses/${slug}/items/${slug}.two/why`,
      ]) {
        for (const [name, value] of attacks) {
          const attack = `${path}?${name}=${value}`;
          const document = await refused(
            await call("GET", `${path}?${name}=${encodeURIComponent(value)}`, { token: eve }),
            attack,
          );
          expect(document.errors?.[0]?.path, attack).toBe(`query.${name}`);
        }
        const ahead = await call("GET", `${path}?min_seq=999`, { token: eve });
        expect((await refused(ahead, "ahead")).code).toBe("sequence_ahead");
        // The far ends of time answer or are refused; they never break.
        for (const at of ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59"]) {
          const answer = await call("GET", `${path}?at=${encodeURIComponent(at)}`, { token: eve });
          expect(answer.status, `${path} at ${at}: ${await answer.text()}`).toBeLessThan(500);
        }
      }
    });
  });
});

describe("[I9] hostile numbers and instants in bodies", () => {
  it("are refused by the name of their field", async () => {
    const { slug, pending } = world;
    const grader = await tokenOf("grader", "service");
    const alice = await tokenOf("alice", "author");
    const verdict = (score: string) => `{"passed":true,"score":${score}}`;
    const fact = (rest: string) => `{"facts":[{"user_id":"eve","item":"${slug}.one",${rest}}]}`;
    const override = (rest: string) => `{"kind":"extend","reason":"an attack",${rest}}`;
    const attacks: [string, string, string, string, string][] = [
      ...["-1", "100.1", "1e400", '"100"', "null", "[]", "true"].map(
        (score): [string, string, string, string, string] => [
          "POST",
          `/submissions/${pending}/verdict`,
          verdict(score),
          grader,
          "score",
        ],
      ),
      ...['"score":101,"at":"2026-01-01T00:00:00Z"', '"score":"NaN","at":"2026-01-01T00:00:00Z"'].map(
        (rest): [string, string, string, string, string] => [
          "POST",
          "/progress/import",
          fact(rest),
          grader,
          "facts[0].score",
        ],
      ),
      ...['"at":"yesterday"', '"at":1', '"at":"2026-02-31T00:00:00Z"'].map(
        (rest): [string, string, string, string, string] => [
          "POST",
          "/progress/import",
          fact(rest),
          grader,
          "facts[0].at",
        ],
      ),
      ["POST", "/progress/import", `{"facts":[]}`, grader, "facts"],
      ["POST", "/progress/import", `{"facts":[${Array.from({ length: 1_001 }, () => "1").join()}]}`, grader, "facts"],
      ["PUT", `/enrollments/${slug}:ada/overrides/${slug}.two`, override('"extend_to":"never"'), alice, "extend_to"],
      [
        "PUT",
        `/enrollments/${slug}:ada/overrides/${slug}.two`,
        override('"expires_at":"2026-12-01T00:00:00Z"'),
        alice,
        "extend_to",
      ],
      [
        "PUT",
        `/enrollments/${slug}:ada/overrides/${slug}.two`,
        '{"kind":"lock","reason":"an attack","expires_at":"2001-01-01T00:00:00Z"}',
        alice,
        "expires_at",
      ],
      ["PUT", `/enrollments/${slug}:ada/overrides/${slug}.two`, '{"kind":"lock","reason":"  "}', alice, "reason"],
      ["PATCH", `/enrollments/${slug}:ada`, `{"cohorts":["a'; DROP TABLE enrollments; --"]}`, alice, "cohorts[0]"],
      [
        "PATCH",
        `/enrollments/${slug}:ada`,
        `{"cohorts":[${Array.from({ length: 21 }, (_, i) => `"c${i}"`).join()}]}`,
        alice,
        "cohorts",
      ],
      ["PATCH", `/enrollments/${slug}:ada`, '{"practice_mode":"true"}', alice, "practice_mode"],
      ["POST", "/courses", '{"slug":"../x","title":"T"}', alice, "slug"],
      ["POST", "/courses", '{"slug":"x\\n","title":"T"}', alice, "slug"],
    ];
    await changesNothing(world, async () => {
      for (const [method, path, text, token, field] of attacks) {
        const answer = await call(method, path, { token, body: JSON.parse(text.replace("1e400", "1e308")) });
        const document = await refused(answer, `${method} ${path} ${text.slice(0, 80)}`);
        expect(document.code).toBe("invalid_input");
        expect(
          document.errors?.map((error) => error.path),
          text.slice(0, 80),
        ).toContain(field);
      }
    });
  });
});

describe("[I5] a refusal under an Idempotency-Key", () => {
  it("is repeated as the same problem document", async () => {
    const { slug } = world;
    const token = await tokenOf("alice", "author");
    const send = () =>
      call("POST", "/courses", { token, headers: { "idempotency-key": "taken" }, body: { slug, title: "Taken" } });
    const first = await refused(await send(), "first");
    const again = await send();
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(await refused(again, "replayed")).toEqual(first);
    expect(first.code).toBe("course_exists");
  });
});
