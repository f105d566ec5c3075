import { env, exports } from "cloudflare:workers";
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { type DocumentInput, enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { loseStorage } from "../../support/worker/faults.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { admin, author, completed, revoke } from "../../support/worker/learners.ts";

const ORIGIN = "http://latchkey.test";

function course(slug: string, certificate?: { for: "course" } | { for: "item"; item: string }): DocumentInput {
  const id = (name: string) => `${slug}.${name}`;
  return {
    slug,
    title: { en: "Knots", zh: "绳结" },
    options: certificate === undefined ? {} : { certificate },
    chapters: [
      { id: id("one"), title: "One" },
      { id: id("two"), title: "Two", rule: { completed: id("one") } },
    ],
  };
}

const certificateSchema = z.object({
  id: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
  status: z.enum(["valid", "revoked"]),
  course: z.string(),
  title: z.string(),
  holder: z.string(),
  issued_at: z.string(),
  revoked_at: z.string().nullable(),
  address: z.string(),
});
const ownSchema = z.object({ certificate: certificateSchema.nullable() });

let slug = "";
let ada = "";
beforeEach(async () => {
  slug = freshSlug("knots");
  ada = `ada-${crypto.randomUUID().slice(0, 8)}`;
  await publish(course(slug, { for: "course" }));
  await enroll(slug, ada);
});

const own = async (user = ada) =>
  (await read(await call("GET", `/courses/${slug}/certificate`, { token: await tokenOf(user) }), 200, ownSchema))
    .certificate;
/** Completes the course and returns its certificate. */
async function earned() {
  await completed(slug, ada, "one");
  await completed(slug, ada, "two");
  const certificate = await own();
  if (certificate === null) throw new Error("no certificate");
  return certificate;
}
const listSchema = z.object({
  results: z.array(
    z.looseObject({ id: z.string(), user_id: z.string(), status: z.string(), reason: z.string().nullable() }),
  ),
  next_cursor: z.string().nullable(),
});
const listed = async (user: string) =>
  (
    await read(
      await call("GET", `/courses/${slug}/certificates?user_id=${user}`, { token: await author() }),
      200,
      listSchema,
    )
  ).results;
const seen = (id: string) => call("GET", `/certificates/${id}`);
const revoked = async (id: string, token: string) =>
  call("POST", `/courses/${slug}/certificates/${id}/revoke`, { token, body: { reason: "copied" } });

// The shape of an AchievementCredential of Open Badges 3.0, as its JSON schema asks for it, written down by hand: what is
// required, and the form of each field that is used. https://purl.imsglobal.org/spec/ob/v3p0/schema/json/
const instant = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
const badgeSchema = z.looseObject({
  "@context": z
    .array(z.string())
    .refine(
      ([first, second]) =>
        first === "https://www.w3.org/ns/credentials/v2" &&
        /^https:\/\/purl\.imsglobal\.org\/spec\/ob\/v3p0\/context-3\.0\.\d+\.json$/.test(second ?? ""),
    ),
  id: z.url(),
  type: z
    .array(z.string())
    .refine(
      (types) =>
        types.includes("VerifiableCredential") &&
        (types.includes("OpenBadgeCredential") || types.includes("AchievementCredential")),
    ),
  name: z.string(),
  issuer: z.strictObject({
    id: z.url(),
    type: z.array(z.string()).refine((types) => types.includes("Profile")),
    name: z.string(),
    url: z.url(),
  }),
  validFrom: instant,
  credentialSubject: z.strictObject({
    type: z.array(z.string()).refine((types) => types.includes("AchievementSubject")),
    identifier: z.array(
      z.strictObject({
        type: z.literal("IdentityObject"),
        identityType: z.literal("name"),
        hashed: z.boolean(),
        identityHash: z.string(),
      }),
    ),
    achievement: z.strictObject({
      id: z.url(),
      type: z.array(z.string()).refine((types) => types.includes("Achievement")),
      achievementType: z.literal("Course"),
      name: z.string(),
      description: z.string(),
      criteria: z.strictObject({ narrative: z.string() }),
    }),
  }),
  credentialStatus: z.strictObject({
    id: z.url(),
    type: z.literal("BitstringStatusListEntry"),
    statusPurpose: z.literal("revocation"),
    statusListIndex: z.string().regex(/^\d+$/),
    statusListCredential: z.url(),
  }),
});

/** Checks a signed credential as a stranger would: with nothing but the public keys. */
async function verified(path: string): Promise<Record<string, unknown>> {
  const answer = await call("GET", path);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/vc+jwt"]);
  const jwt = await answer.text();
  const keys = await (await exports.default.fetch(new Request(`${ORIGIN}/.well-known/jwks.json`))).json<{ keys: [] }>();
  const { payload } = await jwtVerify(jwt, createLocalJWKSet(keys), { issuer: ORIGIN });
  expect(decodeProtectedHeader(jwt)).toMatchObject({ alg: "EdDSA", typ: "JWT" });
  return payload;
}

/** Whether a certificate's bit in the public list is set. */
async function isListed(badge: z.infer<typeof badgeSchema>): Promise<boolean> {
  const { statusListCredential, statusListIndex } = badge.credentialStatus;
  const list = await verified(statusListCredential.slice(`${ORIGIN}/api/v1`.length));
  const { encodedList } = z.looseObject({ encodedList: z.string() }).parse(list.credentialSubject);
  expect(encodedList.charAt(0)).toBe("u");
  const packed = Uint8Array.fromBase64(encodedList.slice(1), { alphabet: "base64url" });
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bits = new Uint8Array(await new Response(stream).arrayBuffer());
  expect(bits.byteLength).toBe(131_072 / 8);
  const index = Number(statusListIndex);
  return ((bits[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0;
}

describe("a certificate on the staff's page of its learner", () => {
  it("appears as soon as it is earned, even if the learner has not looked; before that, and for strangers, there is none", async () => {
    await completed(slug, ada, "one");
    expect(await listed(ada)).toEqual([]);
    expect(await listed("nobody")).toEqual([]);
    await completed(slug, ada, "two");
    const [certificate] = await listed(ada);
    expect(certificate).toMatchObject({ user_id: ada, status: "valid", reason: null });
    expect((await own())?.id).toBe(certificate?.id);
    expect((await revoked(certificate?.id ?? "", await author())).status).toBe(200);
    expect(await listed(ada)).toMatchObject([{ id: certificate?.id, status: "revoked", reason: "copied" }]);
  });

  it("[I8] is issued by and shown to only the course's staff", async () => {
    await completed(slug, ada, "one");
    await completed(slug, ada, "two");
    const token = await tokenOf("eve");
    const path = `/courses/${slug}/certificates?user_id=${ada}`;
    expect((await problem(await call("GET", path, { token }), 403)).code).toBe("forbidden");
  });
});

describe("a certificate", () => {
  it("is issued once, when the course is complete, and anybody can verify it without signing in", async () => {
    expect(await own()).toBeNull();
    const certificate = await earned();
    expect(certificate).toMatchObject({ status: "valid", course: slug, title: "Knots", holder: ada });
    expect((await Promise.all([own(), own(), own()])).map((again) => again?.id)).toEqual(Array(3).fill(certificate.id));
    const answer = await seen(certificate.id);
    expect(answer.headers.get("x-robots-tag")).toBe("noindex");
    expect(await read(answer, 200, certificateSchema)).toEqual(certificate);
    await problem(await seen("A".repeat(22)), 404);
    await problem(await seen("short"), 400);
  });

  it("is an Open Badges 3.0 credential whose signature and status a stranger can check", async () => {
    const certificate = await earned();
    const badge = badgeSchema.parse(await verified(`/certificates/${certificate.id}/credential`));
    expect(badge).toMatchObject({ id: certificate.address, jti: certificate.address, name: "Knots" });
    expect(badge.credentialSubject.identifier[0]?.identityHash).toBe(ada);
    expect(Date.parse(badge.validFrom)).toBe(Math.floor(Date.parse(certificate.issued_at) / 1_000) * 1_000);
    expect(await isListed(badge)).toBe(false);
  });

  it("stays when the course changes, when facts are revoked, and when the object is lost", async () => {
    await completed(slug, ada, "one");
    await completed(slug, ada, "two");
    // It is earned by now, though nobody has asked for it.
    const longer = course(slug, { for: "course" });
    longer.chapters?.push({ id: `${slug}.three`, title: "Three" });
    await publish(longer);
    await revoke(slug, ada, "two");
    await project(slug, ada);
    await loseStorage(slug, ada);
    const certificate = await own();
    expect(certificate).toMatchObject({ status: "valid" });
    await publish(course(slug));
    expect((await own())?.id).toBe(certificate?.id);
  });

  it("can be for one item; a course that offers no certificate issues none", async () => {
    const other = freshSlug("item");
    await publish(course(other, { for: "item", item: `${other}.one` }));
    await enroll(other, ada);
    slug = other;
    expect(await own()).toBeNull();
    await completed(other, ada, "one");
    expect(await own()).toMatchObject({ course: other });
    const none = freshSlug("none");
    await publish(course(none));
    await enroll(none, ada);
    slug = none;
    await completed(none, ada, "one");
    await completed(none, ada, "two");
    expect(await own()).toBeNull();
    const dangling = course(none, { for: "item", item: `${none}.nowhere` });
    const refused = await call("POST", `/courses/${none}/versions`, {
      token: await author(),
      body: { document: dangling },
    });
    expect((await problem(refused, 422)).errors).toMatchObject([
      { path: "options.certificate.item", rule: "dangling" },
    ]);
  });

  it("[I8] can be revoked by those who manage the course, with a reason that its page does not show", async () => {
    const certificate = await earned();
    await problem(await revoked(certificate.id, await tokenOf(ada)), 403);
    await problem(await revoked(certificate.id, await tokenOf("eve", "author")), 403);
    await problem(await call("GET", `/courses/${slug}/certificates`, { token: await tokenOf(ada) }), 403);
    const outcome = z.object({ id: z.string(), changed: z.boolean() });
    expect(await read(await revoked(certificate.id, await author()), 200, outcome)).toMatchObject({ changed: true });
    expect(await read(await revoked(certificate.id, await author()), 200, outcome)).toMatchObject({ changed: false });
    const text = await (await seen(certificate.id)).text();
    expect(JSON.parse(text)).toMatchObject({ status: "revoked" });
    expect(text).not.toContain("copied");
    const badge = badgeSchema.parse(await verified(`/certificates/${certificate.id}/credential`));
    expect(await isListed(badge)).toBe(true);
    const page = z.object({ results: z.array(z.looseObject({ user_id: z.string(), reason: z.string().nullable() })) });
    const list = await read(await call("GET", `/courses/${slug}/certificates`, { token: await author() }), 200, page);
    expect(list.results).toMatchObject([{ user_id: ada, reason: "copied", status: "revoked" }]);
    // One of another course is not this course's to revoke.
    const other = freshSlug("other");
    await publish(course(other));
    const path = `/courses/${other}/certificates/${certificate.id}/revoke`;
    await problem(await call("POST", path, { token: await author(), body: { reason: "x" } }), 404);
  });

  it("ends when its learner is erased: its address says so, and the name is gone", async () => {
    const certificate = await earned();
    const badge = badgeSchema.parse(await verified(`/certificates/${certificate.id}/credential`));
    const erased = await call("DELETE", `/users/${ada}`, { token: await admin(), body: {} });
    expect(erased.status, await erased.text()).toBeLessThan(300);
    await vi.waitFor(async () => expect((await seen(certificate.id)).status).toBe(410));
    expect((await problem(await seen(certificate.id), 410)).code).toBe("certificate_gone");
    const rows = await env.DB.prepare("SELECT * FROM certificates WHERE id = ?").bind(certificate.id).all();
    expect(JSON.stringify(rows.results)).not.toContain(ada);
    expect(await isListed(badge)).toBe(true);
  });
});
