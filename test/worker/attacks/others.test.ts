import { env } from "cloudflare:workers";
import { SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { mintAccessToken } from "../../../src/identity/tokens.ts";
import { deriveKey } from "../../../src/platform/secrets.ts";
import { freshSlug, publish } from "../../support/worker/courses.ts";
import { type Call, call, problem, tokenOf } from "../../support/worker/http.ts";
import { changesNothing, everything, makeWorld, refused, type World } from "./support.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});

const SCHEDULE = { module: "m", period: "p", starts_at: "2024-01-01T00:00:00Z", length_days: 10, assessments: [] };

type Attack = [method: string, path: string, options?: Call];

/** Every way to reach ada's enrollment that is not ada's own. */
function waysToAda({ slug, pending }: World): Attack[] {
  const at = new Date().toISOString();
  const fact = { user_id: "ada", item: `${slug}.two`, completed: true, at };
  return [
    ["GET", `/courses/${slug}/chapters?learner=ada`],
    ["GET", `/courses/${slug}/problems?learner=ada`],
    ["GET", `/chapters/${slug}.one/problems?learner=ada`],
    ["GET", `/courses/${slug}/chapters/${slug}.one?learner=ada`],
    ["GET", `/problems/${slug}.free?learner=ada`],
    ["GET", `/courses/${slug}/unlocks?learner=ada`],
    ["GET", `/courses/${slug}/unlocks?learner=ada&at=2030-01-01T00:00:00Z`],
    ["GET", `/courses/${slug}/items/${slug}.two/why?learner=ada`],
    ["GET", `/courses/${slug}/class`],
    ["GET", `/courses/${slug}/class/export`],
    ["GET", `/courses/${slug}/items/${slug}.one/audience`],
    ["GET", `/courses/${slug}/enrollments`],
    ["GET", `/enrollments/${slug}:ada`],
    ["PATCH", `/enrollments/${slug}:ada`, { body: { practice_mode: true } }],
    ["PUT", `/enrollments/${slug}:ada/overrides/${slug}.one`, { body: { kind: "lock", reason: "an attack" } }],
    ["DELETE", `/enrollments/${slug}:ada/overrides/${slug}.gate`],
    ["POST", `/enrollments/${slug}:ada/revocations`, { body: { item: `${slug}.free`, reason: "an attack" } }],
    ["POST", `/enrollments/${slug}:ada/relock`],
    ["POST", `/courses/${slug}/enrollments/batch`, { body: { enrollments: [{ user_id: "ada", cohorts: ["x"] }] } }],
    ["POST", `/enrollments/${slug}:ada/rebuild`],
    ["POST", `/enrollments/${slug}:ada/stale`],
    ["POST", `/courses/${slug}/stale`],
    ["POST", `/courses/${slug}/enrollments`, { body: { user_id: "ada" } }],
    ["POST", `/courses/${slug}/enrollments`, { body: { user_id: "somebody-else" } }],
    ["DELETE", `/courses/${slug}/enrollments?user_id=ada`],
    ["POST", `/submissions/${pending}/verdict`, { body: { passed: true, score: 100 } }],
    ["GET", `/submissions/pending?course=${slug}`],
    ["GET", `/submissions/${pending}`],
    ["POST", "/progress/import", { body: { facts: [fact] } }],
    ["GET", "/system/dead-letters"],
    ["GET", "/system/switches/realtime-reads"],
    ["PUT", "/system/switches/realtime-reads", { body: { realtime_percent: 100, reason: "an attack" } }],
    ["GET", "/system/metrics"],
    ...waysToBackups(),
    ["GET", `/courses/${slug}/insight/at-risk`],
    ["PUT", `/courses/${slug}/insight/schedule`, { body: SCHEDULE }],
    ["POST", `/courses/${slug}/insight/learners`, { body: { learners: [{ user_id: "ada", passed: false }] } }],
    ["GET", `/enrollments/${slug}:ada/insight`],
    ["GET", `/enrollments/${slug}:ada/insight/lineage`],
    ["PUT", `/enrollments/${slug}:ada/insight/exclusion`, { body: { excluded: true } }],
    ["GET", "/insight/status"],
    ["POST", "/insight/runs", { body: {} }],
    ["GET", "/users/ada"],
    ["PATCH", "/users/ada", { body: { name: "Owned" } }],
    ["POST", "/users", { body: { email: "x@example.org", name: "X", role: "admin" } }],
  ];
}

/** A backup has everybody's everything in it: admins only, whatever is asked. */
function waysToBackups(): Attack[] {
  const backup = "/system/backups/20260101T000000Z-0a1b2c3d";
  return [
    ["GET", "/system/backups"],
    ["POST", "/system/backups"],
    ["GET", backup],
    ...["backup", "check", "verify", "restore"].map(
      (task): Attack => ["POST", `${backup}/work`, { body: { task, job: `${task}-x` } }],
    ),
    ["GET", `${backup}/files/manifest.json`],
    ["PUT", `${backup}/files/manifest.json`, { body: { manifest: {} } }],
  ];
}

async function allRefused(attacks: readonly Attack[], token: string, code = "forbidden"): Promise<void> {
  for (const [method, path, options] of attacks) {
    const document = await refused(await call(method, path, { ...options, token }), `${method} ${path}`);
    expect(document.code, `${method} ${path}`).toBe(code);
  }
}

describe("[I8] another learner's enrollment", () => {
  it("cannot be read or changed by a learner, by any route", async () => {
    await changesNothing(world, () => allRefused(waysToAda(world), world.eve));
  });

  it("cannot be read or changed by the author of another course", async () => {
    const other = freshSlug("other");
    await publish({ slug: other, title: "Other", chapters: [{ id: `${other}.a`, title: "A" }] }, { author: "mallory" });
    const { slug } = world;
    const document = { slug, title: "Stolen", chapters: [{ id: `${slug}.one`, title: "One" }] };
    const asAuthor: Attack[] = [
      ...waysToAda(world),
      ["POST", `/courses/${slug}/versions`, { body: { document } }],
      ["POST", `/courses/${slug}/versions?dry_run=true`, { body: { document } }],
      ["GET", `/courses/${slug}/working-copy`],
      ["PUT", `/courses/${slug}/working-copy`, { body: { text: "stolen", revision: 0 } }],
      ["POST", `/courses/${slug}/working-copy/writers`],
      ["POST", `/courses/${slug}/preview`, { body: { document } }],
      ["GET", `/courses/${slug}/versions`],
      ["GET", `/courses/${slug}/versions/1`],
      ["POST", `/courses/${slug}/versions/1/activate`, { body: {} }],
    ];
    const token = await tokenOf("mallory", "author");
    await changesNothing(world, () => allRefused(asAuthor, token));
  });

  it("cannot be read through an enrollment of one's own course", async () => {
    const { slug } = world;
    const token = await tokenOf("mallory", "author");
    const own = freshSlug("own");
    await publish({ slug: own, title: "Own", chapters: [{ id: `${own}.a`, title: "A" }] }, { author: "mallory" });
    await changesNothing(world, async () => {
      const override = { kind: "unlock", reason: "an attack" };
      const attacks: Attack[] = [
        ["PUT", `/enrollments/${own}:ada/overrides/${slug}.two`, { body: override }],
        ["PUT", `/enrollments/${own}:ada/overrides/${own}.a`, { body: override }],
        ["GET", `/courses/${own}/class?chapter=${slug}.two`],
        ["GET", `/courses/${own}/items/${slug}.two/audience`],
        ["GET", `/courses/${own}/chapters/${slug}.two`],
        ["GET", `/courses/${own}/items/${slug}.two/why`],
        ["POST", `/courses/${own}/chapters/${slug}.one/mark_as_completed`],
      ];
      for (const [method, path, options] of attacks) {
        const document = await refused(await call(method, path, { ...options, token }), `${method} ${path}`);
        expect(["item_not_found", "not_enrolled"]).toContain(document.code);
      }
    });
  });

  it("an unpublished course of another author gets the answer of a course that does not exist", async () => {
    const secret = freshSlug("secret");
    await call("POST", "/courses", {
      token: await tokenOf("alice", "author"),
      body: { slug: secret, title: "Secret" },
    });
    const token = await tokenOf("mallory", "author");
    for (const path of ["", "/versions", "/versions/1"]) {
      const document = await refused(await call("GET", `/courses/${secret}${path}`, { token }), path);
      expect(document.code).toBe("course_not_found");
    }
  });

  it("a role or a user smuggled into body, query or header is refused or has no effect", async () => {
    const { slug, eve } = world;
    await changesNothing(world, async () => {
      const smuggled: Attack[] = [
        ["POST", `/problems/${slug}.sum/submissions`, { body: { answer: "4", user_id: "ada" } }],
        ["POST", `/problems/${slug}.sum/submissions`, { body: { answer: "4", role: "admin" } }],
        ["POST", `/courses/${slug}/enrollments`, { body: { role: "admin" } }],
        ["POST", `/courses/${slug}/enrollments`, { body: { cohorts: ["vip"] } }],
        ["POST", `/courses/${slug}/enrollments`, { body: { practice_mode: true } }],
        ["POST", `/courses/${slug}/chapters/${slug}.one/mark_as_completed`, { body: { user_id: "ada" } }],
        ["PATCH", "/users/eve", { body: { role: "admin" } }],
        [
          "POST",
          "/auth/sign-up",
          { body: { email: "e@example.org", name: "E", password: "correct horse", role: "admin" } },
        ],
      ];
      for (const [method, path, options] of smuggled) {
        await refused(
          await call(method, path, { ...options, token: eve }),
          `${method} ${path} ${JSON.stringify(options)}`,
        );
      }
      const headers = { "x-user-id": "ada", "x-role": "admin", "do-name": `${slug}:ada`, "x-forwarded-user": "ada" };
      const smuggling = `/courses/${slug}/unlocks?role=admin&user_id=ada&user=ada`;
      expect(await problem(await call("GET", smuggling, { token: eve, headers }), 400)).toMatchObject({
        errors: [{ path: "query.role" }, { path: "query.user_id" }, { path: "query.user" }],
      });
      const read = await call("GET", `/courses/${slug}/unlocks`, { token: eve, headers });
      expect(await read.json()).toMatchObject({ states: { [`${slug}.one`]: "unlocked", [`${slug}.gate`]: "locked" } });
      expect((await refused(await call("GET", `/enrollments/${slug}:eve`, { token: eve, headers }), "role")).code).toBe(
        "forbidden",
      );
    });
  });
});

describe("[I8] tokens of another issuer", () => {
  it("write nothing", async () => {
    const { slug } = world;
    const now = Math.floor(Date.now() / 1_000);
    const claims = { sub: "ada", role: "admin", iss: "latchkey", aud: "latchkey-api", iat: now, exp: now + 600 };
    const encode = (value: object) =>
      new TextEncoder().encode(JSON.stringify(value)).toBase64({ alphabet: "base64url", omitPadding: true });
    const [header = "", payload = "", signature = ""] = (await tokenOf("eve")).split(".");
    const signed = (key: Uint8Array, alg = "HS256", typ = "at+jwt", over: object = {}) =>
      new SignJWT({ ...claims, ...over }).setProtectedHeader({ alg, typ }).sign(key);
    const right = await deriveKey(env.AUTH_SECRET, "access-token");
    const forged: Record<string, string> = {
      "no algorithm": `${encode({ alg: "none", typ: "at+jwt" })}.${encode(claims)}.`,
      "payload exchanged": `${header}.${encode(claims)}.${signature}`,
      "signature cut": `${header}.${payload}.${signature.slice(0, -4)}`,
      "signature missing": `${header}.${payload}.`,
      "another key": await signed(new TextEncoder().encode("x".repeat(32))),
      "the secret itself as key": await signed(new TextEncoder().encode(env.AUTH_SECRET)),
      "the key of cursors": await signed(await deriveKey(env.AUTH_SECRET, "cursor")),
      "another algorithm": await signed(new Uint8Array([...right, ...right]), "HS512"),
      "another type": await signed(right, "HS256", "JWT"),
      "another audience": await signed(right, "HS256", "at+jwt", { aud: "elsewhere" }),
      "another issuer": await signed(right, "HS256", "at+jwt", { iss: "elsewhere" }),
      "an unknown role": await signed(right, "HS256", "at+jwt", { role: "root" }),
      "a hostile user": await signed(right, "HS256", "at+jwt", { sub: "ada:x/../y" }),
      "not valid yet": await signed(right, "HS256", "at+jwt", { iat: now + 3_600, exp: now + 7_200 }),
      expired: await mintAccessToken(env.AUTH_SECRET, { sub: "ada", role: "learner", session: null }, now - 7_200),
      garbage: "garbage",
      "very long": "a".repeat(9_000),
    };
    const writes: Attack[] = [
      ["POST", `/courses/${slug}/chapters/${slug}.one/mark_as_completed`],
      ["POST", `/problems/${slug}.sum/submissions`, { body: { answer: "4" } }],
      ["POST", `/courses/${slug}/enrollments`, { body: {} }],
      ["DELETE", `/courses/${slug}/enrollments`],
      ["POST", "/courses", { body: { slug: "forged", title: "Forged" } }],
      ["PATCH", `/enrollments/${slug}:ada`, { body: { practice_mode: true } }],
      ["POST", `/courses/${slug}/stale`],
    ];
    await changesNothing(world, async () => {
      for (const [name, token] of Object.entries(forged)) {
        for (const [method, path, options] of writes) {
          const answer = await call(method, path, { ...options, token });
          expect(answer.headers.get("www-authenticate"), name).toBe("Bearer");
          expect((await refused(answer, `${name}: ${method} ${path}`)).code).toBe("unauthenticated");
        }
      }
      for (const [method, path, options] of writes) {
        expect((await refused(await call(method, path, options), "no token")).code).toBe("unauthenticated");
        const twice = { ...options, headers: { authorization: `Bearer ${world.ada}, Bearer ${world.ada}` } };
        expect((await refused(await call(method, path, twice), "two tokens")).code).toBe("unauthenticated");
      }
    });
    expect(Object.keys(await everything(slug))).toContain("enrollments");
  });
});
