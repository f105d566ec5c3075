import { beforeAll, describe, expect, it } from "vitest";
import { createApi } from "../../../src/api.ts";
import { openApiDocument } from "../../../src/ops/api-document.ts";
import { userIdSchema } from "../../../src/platform/ids.ts";
import { type Call, call, tokenOf } from "../../support/worker/http.ts";
import { changesNothing, makeWorld, refused, type World } from "./support.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});

/** Ids that nothing has. Each is percent-encoded into the path as one segment. */
const HOSTILE_IDS = [
  "\u0000",
  "a\u0000b",
  "\u202Egnp.exe",
  "😀",
  "课程",
  "ａｌｇｏ",
  "a".repeat(5_000),
  "__proto__",
  "../../etc/passwd",
  "..%2f..%2f",
  "%00",
  "%",
  "' OR 1=1 --",
  "x'; DROP TABLE enrollments; --",
  "a\n",
  "a\r\nset-cookie: x=1",
  " a",
  "A.B",
  "a:b:c",
  "a.b.c",
  "-",
  "<script>alert(1)</script>",
  "{{7*7}}",
  "a/b",
  "null.",
  "NaN",
  "[object Object]",
];

const paths = Object.entries((await openApiDocument(createApi(), "http://latchkey.test")).paths ?? {}).flatMap(
  ([path, methods]) =>
    Object.keys(methods ?? {}).map((method) => ({
      method: method.toUpperCase(),
      path: path.replace(/^\/api\/v1/, ""),
    })),
);

/** The form of the id of an upload. */
const UPLOAD = "0".repeat(32);

/** A valid value of each path parameter, so that only one is hostile at a time. */
function valid(name: string, path: string): string {
  const { slug, pending } = world;
  const values: Record<string, string> = {
    course: slug,
    chapter: `${slug}.one`,
    problem: `${slug}.sum`,
    item: `${slug}.two`,
    key: `${slug}.two`,
    enrollment: `${slug}:ada`,
    submission: pending,
    version: "1",
    id: path.endsWith("/parts/{part}") ? UPLOAD : "nobody",
    user: "ada",
    learner: "ada",
    part: "1",
    list: "0",
    source: "school",
    organization: "no-such-school",
    backup: "20260101T000000Z-0a1b2c3d",
    file: "manifest.json",
    webhook: "0".repeat(32),
    delivery: `0.1.evt_${"0".repeat(32)}`,
  };
  const value = values[name];
  if (value === undefined) throw new Error(`no valid value for {${name}}`);
  return value;
}

/** What an operation needs in its query, so that nothing but the parameter of its path is wrong. */
const QUERIES: Readonly<Record<string, string>> = {
  "POST /courses/{course}/files": "?name=a.txt",
  "GET /courses/{course}/search": "?q=words",
};

describe("[I9] hostile path parameters", () => {
  const withParameters = paths.filter(({ path }) => path.includes("{"));

  it("are tried on every route of the API", () => {
    expect(withParameters.length).toBeGreaterThan(25);
  });

  it.each(withParameters)("of $method $path are refused and change nothing", async ({ method, path }) => {
    // An admin of this test alone (a service for what only directories call): the rate limit of writes counts per user.
    const role = path.startsWith("/scim/") ? "service" : "admin";
    const token = await tokenOf(`${role}-${crypto.randomUUID()}`, role);
    const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
    await changesNothing(world, async () => {
      for (const hostile of names) {
        for (const id of HOSTILE_IDS) {
          // The enrollment of the user `b:c` in the course `a`: an id like any other.
          if (hostile === "enrollment" && id === "a:b:c") continue;
          // Users of another identity provider are not listed here: whatever has the form of their ids may be given a right.
          if (["user", "learner"].includes(hostile) && userIdSchema.safeParse(id).success) continue;
          const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
            encodeURIComponent(name === hostile ? id : valid(name, path)),
          );
          const body: Call =
            method === "GET" || method === "DELETE" ? {} : { body: path === "/users/{id}" ? { name: "Owned" } : {} };
          const attack = `${method} ${path} with ${hostile} = ${JSON.stringify(id).slice(0, 60)}`;
          const query = QUERIES[`${method} ${path}`] ?? "";
          const document = await refused(await call(method, `${filled}${query}`, { ...body, token }), attack);
          // A user may be called __proto__, and nobody is; a name of 5,000 characters is no name.
          expect(["invalid_input", "not_found", "user_not_found", "upload_url_invalid"], attack).toContain(
            document.code,
          );
          // Ids of a directory have any form: what breaks a rule is what the request lacks.
          if (document.code === "invalid_input" && !path.startsWith("/scim/")) {
            expect(document.errors?.[0]?.path, attack).toBe(`param.${hostile}`);
          }
        }
      }
    });
  });
});
