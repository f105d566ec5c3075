import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { ItemOrder, PassVerifier, subjectOf, verifyPass } from "../../../src/client/pass/index.ts";
import { blocksOf } from "../../support/node/documents.ts";

const ROOT = join(import.meta.dirname, "../../..");
/** A pass that the server once signed; a test of the Worker makes it again. */
const VECTOR = z
  .object({
    pass: z.string(),
    issued_at: z.number(),
    course: z.string(),
    version: z.number(),
    user: z.string(),
    items: z.array(z.string()),
    items_digest: z.string(),
    open: z.array(z.string()),
    keys: z.array(z.object({ kty: z.string(), crv: z.string(), x: z.string(), kid: z.string() })),
  })
  .parse(JSON.parse(readFileSync(join(ROOT, "test/support/pass.json"), "utf8")));
const NOW = VECTOR.issued_at * 1_000 + 1_000;

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A Latchkey that answers what a verifier asks; calls are counted by address. */
function latchkey(
  revoked: { issued_before: string | null; learners: object[] } = { issued_before: null, learners: [] },
) {
  const asked = new Map<string, number>();
  const answers: Record<string, unknown> = {
    "/.well-known/jwks.json": { keys: VECTOR.keys },
    "/api/v1/courses/demo/versions/2/items": { items_digest: VECTOR.items_digest, items: VECTOR.items },
    "/api/v1/courses/demo/pass/revoked": revoked,
  };
  const send: typeof fetch = async (input) => {
    const { pathname } = new URL(String(input));
    asked.set(pathname, (asked.get(pathname) ?? 0) + 1);
    const answer = answers[pathname];
    return answer === undefined ? new Response(null, { status: 404 }) : Response.json(answer);
  };
  return { send, asked, answers };
}

function verifierOf(send: typeof fetch, clock: { now: number }) {
  return new PassVerifier({ baseUrl: "http://latchkey.test/", key: "lk_test", fetch: send, now: () => clock.now });
}

describe("a pass of the server", () => {
  it("can be checked in any host with WebCrypto", async () => {
    const found = await verifyPass(VECTOR.pass, VECTOR, NOW);
    if (!found.ok) throw new Error(found.fault);
    const order = await ItemOrder.of(VECTOR.course, VECTOR.version, VECTOR.items);
    expect([found.pass.itemsDigest, order.digest]).toEqual([VECTOR.items_digest, VECTOR.items_digest]);
    expect(VECTOR.items.filter((item) => found.pass.mayOpen(order, item, NOW))).toEqual(VECTOR.open);
    expect(found.pass.subject).toBe(await subjectOf(VECTOR.course, VECTOR.user));
    expect(found.pass.validUntil).toBe((VECTOR.issued_at + 300) * 1_000);
  });

  it("can be checked with the ten lines of code of the page about passes", async () => {
    const block = blocksOf("docs/developers/pass.md").find(({ language }) => language === "ts");
    if (block === undefined) throw new Error("the page has no example");
    expect(block.text.trim().split("\n").length).toBeLessThanOrEqual(10);
    const place = mkdtempSync(join(tmpdir(), "latchkey-pass-"));
    const { send } = latchkey();
    vi.stubGlobal("fetch", send);
    vi.useFakeTimers({ toFake: ["Date"], now: NOW });
    try {
      const source = JSON.stringify(join(ROOT, "src/client/pass/index.ts"));
      writeFileSync(join(place, "check.ts"), block.text.replace('"@latchkey/client/pass"', source));
      const loaded: unknown = await import(join(place, "check.ts"));
      const isFunction = (value: unknown) => typeof value === "function";
      const { mayFetch } = z
        .object({ mayFetch: z.custom<(item: string, pass: string) => Promise<boolean>>(isFunction) })
        .parse(loaded);
      const answers = await Promise.all(VECTOR.items.map((item) => mayFetch(item, VECTOR.pass)));
      expect(answers).toEqual([true, false, true]);
      expect(await mayFetch("demo.one", "nonsense")).toBe(false);
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  });
});

describe("PassVerifier", () => {
  it("asks once for keys and for the order of items, and every five seconds for revoked passes", async () => {
    const clock = { now: NOW };
    const { send, asked } = latchkey();
    const passes = verifierOf(send, clock);
    for (let time = 0; time < 20; time += 1) {
      expect((await passes.verify("demo", VECTOR.pass)).ok).toBe(true);
      clock.now += 1_000;
    }
    expect(Object.fromEntries(asked)).toEqual({
      "/.well-known/jwks.json": 1,
      "/api/v1/courses/demo/versions/2/items": 1,
      "/api/v1/courses/demo/pass/revoked": 4,
    });
  });

  it("[I7] closes what it opened: when the pass ends, and when the pass is revoked", async () => {
    const clock = { now: NOW };
    const { send, answers } = latchkey();
    const passes = verifierOf(send, clock);
    const shown = await passes.verify("demo", VECTOR.pass);
    if (!shown.ok) throw new Error(shown.fault);
    expect(shown.mayOpen("demo.one")).toBe(true);
    answers["/api/v1/courses/demo/pass/revoked"] = {
      issued_before: null,
      learners: [{ subject: await subjectOf("demo", "ada"), before_version: 6 }],
    };
    clock.now += 5_000;
    expect(await passes.verify("demo", VECTOR.pass)).toEqual({ ok: false, fault: "revoked" });
    clock.now = VECTOR.issued_at * 1_000 + 300_000;
    expect(shown.mayOpen("demo.one")).toBe(false);
    expect(await passes.verify("demo", VECTOR.pass)).toEqual({ ok: false, fault: "over" });
  });

  it("asks again for an unknown key, but a flood of invented keys does not make it ask more", async () => {
    const clock = { now: NOW };
    const { send, asked, answers } = latchkey();
    answers["/.well-known/jwks.json"] = { keys: [] };
    const passes = verifierOf(send, clock);
    for (let time = 0; time < 50; time += 1) {
      expect(await passes.verify("demo", VECTOR.pass)).toEqual({ ok: false, fault: "unknown_key" });
    }
    expect(asked.get("/.well-known/jwks.json")).toBe(1);
    answers["/.well-known/jwks.json"] = { keys: VECTOR.keys };
    clock.now += 10_000;
    expect((await passes.verify("demo", VECTOR.pass)).ok).toBe(true);
  });

  it("throws when it cannot ask what is revoked: nobody gets in unchecked", async () => {
    const { send, answers } = latchkey();
    delete answers["/api/v1/courses/demo/pass/revoked"];
    await expect(verifierOf(send, { now: NOW }).verify("demo", VECTOR.pass)).rejects.toThrow("404");
  });
});
