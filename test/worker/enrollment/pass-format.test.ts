import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ItemOrder, isRevoked, subjectOf, verifyPass } from "../../../src/client/pass/index.ts";
import { checkPass } from "../../../src/enrollment/pass/check.ts";
import {
  decodePass,
  encodePass,
  isOpenIn,
  MAX_PASS_LENGTH,
  type PassFacts,
} from "../../../src/enrollment/pass/format.ts";
import { passKeys } from "../../../src/enrollment/pass/keys.ts";
import { subjectHash } from "../../../src/enrollment/pass/order.ts";
import { isRevoked as isRevokedHere, type Revoked } from "../../../src/enrollment/pass/revoked.ts";
import vector from "../../support/pass.json";

const freshSecret = () => crypto.getRandomValues(new Uint8Array(32)).toBase64({ alphabet: "base64url" });
const AUTH_SECRET = freshSecret();
const NOW = Date.UTC(2026, 10, 29, 12);
const SECOND = NOW / 1_000;
const ITEMS = 5_000;
const NOTHING: Revoked = { asked: NOW, issued_before: null, before_version: new Map() };

const keySet = async (env: { AUTH_SECRET: string } = { AUTH_SECRET }) => ({
  keys: (await passKeys(env)).map(({ jwk }) => jwk),
});

async function factsOf(over: Partial<PassFacts> = {}): Promise<PassFacts> {
  return {
    subject: await subjectHash("demo:ada"),
    issued_at: SECOND,
    lasts: 300,
    items_digest: new Uint8Array(12).fill(7),
    course_version: 1,
    version: 3,
    progress_seq: 2,
    policy_seq: 0,
    engine: 1,
    open: Uint8Array.of(0b101),
    ...over,
  };
}

async function signed(over: Partial<PassFacts> = {}, env = { AUTH_SECRET }): Promise<string> {
  const [key] = await passKeys(env);
  return encodePass(await factsOf(over), key);
}

describe("the format of a pass", () => {
  it("is the documented one, byte for byte", async () => {
    const env = { AUTH_SECRET: "a secret of this test vector alone" };
    expect((await keySet(env)).keys).toEqual(vector.keys);
    const items_digest = Uint8Array.fromHex(vector.items_digest);
    const numbers = { issued_at: vector.issued_at, course_version: 2, version: 5, progress_seq: 3, policy_seq: 1 };
    expect(await signed({ ...numbers, items_digest }, env)).toBe(vector.pass);
  });

  it("has at most 1,024 characters for 5,000 items, whatever is open and however large its numbers are", async () => {
    const largest = {
      course_version: 2 ** 32 - 1,
      version: 2 ** 32 - 1,
      progress_seq: 2 ** 32 - 1,
      policy_seq: 2 ** 32 - 1,
    };
    const worst = await signed({ ...largest, engine: 255, open: new Uint8Array(ITEMS / 8).fill(255) });
    expect(worst.length).toBe(1_022);
    expect(worst.length).toBeLessThanOrEqual(MAX_PASS_LENGTH);
    expect((await signed({ open: new Uint8Array(ITEMS / 8) })).length).toBeLessThan(200);
  });

  it("is read in the same way by the server and by the checker, bit for bit", async () => {
    const keys = await passKeys({ AUTH_SECRET });
    const items = Array.from({ length: 200 }, (_, index) => `demo.i${index}`);
    const order = await ItemOrder.of("demo", 1, items);
    const items_digest = Uint8Array.fromHex(order.digest);
    const number = fc.nat(2 ** 32 - 1);
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 25 }),
        fc.record({
          course_version: number,
          version: number,
          progress_seq: number,
          policy_seq: number,
          engine: fc.nat(999),
        }),
        async (open, numbers) => {
          const text = await signed({ ...numbers, items_digest, open });
          const here = await decodePass(text, keys);
          const there = await verifyPass(text, await keySet(), NOW);
          if (here === null || !there.ok) throw new Error("a genuine pass was refused");
          expect(here).toMatchObject(numbers);
          const { courseVersion, version, progressSeq, policySeq, engine } = there.pass;
          expect({
            course_version: courseVersion,
            version,
            progress_seq: progressSeq,
            policy_seq: policySeq,
            engine,
          }).toEqual(numbers);
          for (const [index, item] of items.entries()) {
            const isOpen = (((open[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;
            expect([isOpenIn(here.open, index), there.pass.mayOpen(order, item, NOW)]).toEqual([isOpen, isOpen]);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it("makes a pass invalid if a single character differs", async () => {
    const text = await signed();
    const keys = await passKeys({ AUTH_SECRET });
    const set = await keySet();
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    // The last character may hold bits that mean nothing.
    const bytes = (value: string) => Uint8Array.fromBase64(value, { alphabet: "base64url" }).toHex();
    for (let at = 0; at < text.length; at += 1) {
      const other = alphabet[(alphabet.indexOf(text[at] ?? "") + 21) % 64];
      const changed = text.slice(0, at) + other + text.slice(at + 1);
      if (bytes(changed) === bytes(text)) continue;
      expect([(await verifyPass(changed, set, NOW)).ok, await decodePass(changed, keys)]).toEqual([false, null]);
    }
    for (const bad of ["", "x", "====", "a".repeat(1_025), text.slice(0, -4), `${text}AAAA`, "é".repeat(40)]) {
      expect([(await verifyPass(bad, set, NOW)).ok, await decodePass(bad, keys)]).toEqual([false, null]);
    }
  });

  it("is accepted with the current key and the previous key, and with no other", async () => {
    const old = { AUTH_SECRET: freshSecret() };
    const text = await signed({}, old);
    expect(await verifyPass(text, await keySet(), NOW)).toEqual({ ok: false, fault: "unknown_key" });
    const rotating = { AUTH_SECRET, AUTH_SECRET_PREVIOUS: old.AUTH_SECRET };
    const set = await keySet(rotating);
    expect(set.keys).toHaveLength(2);
    expect((await verifyPass(text, set, NOW)).ok).toBe(true);
    // A key by the right name, with another's hands.
    const [first, second] = set.keys;
    const swapped = { keys: [{ ...second, x: first?.x ?? "" }] };
    expect(await verifyPass(text, swapped, NOW)).toEqual({ ok: false, fault: "bad_signature" });
    expect(JSON.stringify(set)).not.toContain('"d"');
  });

  it("names the learner and the order of items by hashes that both sides compute", async () => {
    expect(await subjectOf("demo", "ada")).toBe((await subjectHash("demo:ada")).toHex());
    const items = ["demo.a", "demo.b"];
    const { digest } = await ItemOrder.of("demo", 3, items);
    expect((await ItemOrder.of("demo", 3, [...items])).digest).toBe(digest);
    for (const [course, version, order] of [
      ["other", 3, items],
      ["demo", 4, items],
      ["demo", 3, items.toReversed()],
      ["demo", 3, ["demo.a"]],
    ] as const) {
      expect((await ItemOrder.of(course, version, order)).digest).not.toBe(digest);
    }
  });
});

describe("a pass", () => {
  it("[I7] opens nothing after its end, nothing if it is from the future, and nothing if it is valid for more than five minutes", async () => {
    const order = await ItemOrder.of("demo", 1, ["demo.a"]);
    const items_digest = Uint8Array.fromHex(order.digest);
    const text = await signed({ items_digest, lasts: 10 });
    const set = await keySet();
    const found = await verifyPass(text, set, NOW);
    if (!found.ok) throw new Error(found.fault);
    expect([
      found.pass.mayOpen(order, "demo.a", NOW + 9_999),
      found.pass.mayOpen(order, "demo.a", NOW + 10_000),
    ]).toEqual([true, false]);
    expect(await verifyPass(text, set, NOW + 10_000)).toEqual({ ok: false, fault: "over" });
    expect(await verifyPass(text, set, NOW - 5_001)).toEqual({ ok: false, fault: "over" });
    expect(await verifyPass(await signed({ lasts: 301 }), set, NOW)).toEqual({ ok: false, fault: "malformed" });
    expect(found.pass.mayOpen(await ItemOrder.of("demo", 2, ["demo.a"]), "demo.a", NOW)).toBe(false);
    expect(found.pass.mayOpen(order, "demo.unknown", NOW)).toBe(false);
  });

  it("[I8] belongs to the caller, or the server refuses it", async () => {
    const env = { AUTH_SECRET };
    const text = await signed();
    const ask = (enrollment: string, revoked = NOTHING, now = NOW) => checkPass(env, enrollment, text, revoked, now);
    expect((await ask("demo:ada")).ok).toBe(true);
    for (const other of ["demo:eve", "other:ada", "demo:Ada", "demo:ada "]) {
      expect(await ask(other)).toMatchObject({ ok: false, refusal: { code: "pass_refused" } });
    }
    expect((await ask("demo:ada", NOTHING, NOW + 300_000)).ok).toBe(false);
    expect((await ask("demo:ada", { ...NOTHING, issued_before: NOW + 1 })).ok).toBe(false);
  });

  it("[I7] is revoked if its snapshot version is lower than the one in the list, on both sides", async () => {
    const found = await verifyPass(await signed(), await keySet(), NOW);
    if (!found.ok) throw new Error(found.fault);
    const { pass } = found;
    const subject = await subjectOf("demo", "ada");
    for (const [before_version, isVoid] of [
      [3, false],
      [4, true],
    ] as const) {
      expect(isRevoked(pass, { issued_before: null, learners: [{ subject, before_version }] })).toBe(isVoid);
      expect(isRevokedHere({ ...NOTHING, before_version: new Map([[subject, before_version]]) }, pass)).toBe(isVoid);
    }
    for (const [at, isVoid] of [
      [NOW, false],
      [NOW + 1, true],
    ] as const) {
      expect(isRevoked(pass, { issued_before: new Date(at).toISOString(), learners: [] })).toBe(isVoid);
      expect(isRevokedHere({ ...NOTHING, issued_before: at }, pass)).toBe(isVoid);
    }
  });
});
