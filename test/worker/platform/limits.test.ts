import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { PLATFORM } from "../../../src/platform/http/limits.ts";
import { enroll, freshSlug, objectOf, publish } from "../../support/worker/courses.ts";
import { ladder } from "../../support/worker/learners.ts";
import { inObject } from "../../support/worker/objects.ts";

// The limits that all worker tests run under, one by one: a test that binds more than the platform takes fails.

const MOST = "x".repeat(PLATFORM.value_bytes);
const CHINESE = "课".repeat(PLATFORM.value_bytes / 3 + 1);

describe("D1 in tests", () => {
  it("accepts a value of 2,000,000 bytes, and refuses one more, counted as UTF-8", async () => {
    const length = (text: string) => env.DB.prepare("SELECT length(?) AS n").bind(text).first<{ n: number }>();
    expect(await length(MOST)).toEqual({ n: PLATFORM.value_bytes });
    await expect(length(`${MOST}x`)).rejects.toThrow("SQLITE_TOOBIG");
    await expect(length(CHINESE)).rejects.toThrow("SQLITE_TOOBIG");
    await expect(env.DB.batch([env.DB.prepare("SELECT ? AS n").bind(CHINESE)])).rejects.toThrow("SQLITE_TOOBIG");
    await expect(env.DB.prepare("SELECT ? AS n").bind(new Uint8Array(2_000_001)).all()).rejects.toThrow("TOOBIG");
  });

  it("refuses a larger row, though each of its values is small enough", async () => {
    const half = MOST.slice(PLATFORM.value_bytes / 2);
    const insert = (...values: string[]) =>
      env.DB.prepare("INSERT INTO divergences VALUES (?, 'nobody', ?, ?, 1)")
        .bind(crypto.randomUUID(), ...values)
        .run();
    await expect(insert("one", half)).resolves.toMatchObject({ success: true });
    await expect(insert(half, `${half}x`)).rejects.toThrow("row too big");
    // Two rows in one statement are two rows.
    const both = "INSERT INTO divergences VALUES (?, 'nobody', '', ?, 1), (?, 'nobody', '', ?, 1)";
    const statement = env.DB.prepare(both).bind(crypto.randomUUID(), half, crypto.randomUUID(), half);
    await expect(statement.run()).resolves.toMatchObject({ success: true });
  });

  it("refuses 101 parameters and a statement of more than 100 KB", async () => {
    const many = Array.from({ length: PLATFORM.parameters + 1 }, () => 1);
    const select = `SELECT ${many.map(() => "?").join(", ")}`;
    await expect(
      env.DB.prepare(select)
        .bind(...many)
        .all(),
    ).rejects.toThrow("too many");
    await expect(env.DB.prepare(`SELECT 1 -- ${"x".repeat(PLATFORM.statement_bytes)}`).all()).rejects.toThrow(
      "too long",
    );
  });
});

describe("an object in tests", () => {
  it("refuses the same in its SQLite, and a call of more than 32 MiB", async () => {
    const slug = freshSlug("limits");
    await publish(ladder(slug));
    await enroll(slug, "ada");
    await inObject(objectOf(slug, "ada"), ({ sql }) => {
      expect(sql.exec("SELECT length(?) AS n", MOST).one()).toEqual({ n: PLATFORM.value_bytes });
      expect(() => sql.exec("SELECT ? AS n", CHINESE)).toThrow("SQLITE_TOOBIG");
    });
    // The runtime's own limit: it is the same here and there.
    let refusal = "";
    try {
      await objectOf(slug, "ada").markStale("x".repeat(PLATFORM.call_bytes + 1));
    } catch (fault) {
      refusal = String(fault);
    }
    expect(refusal).toContain("limited to 32MiB");
  });
});

describe("a queue in tests", () => {
  const send = (...bodies: string[]) => env.REFRESH_QUEUE.sendBatch(bodies.map((body) => ({ body })));
  it("refuses a message of more than 128 KB, 101 messages, and 256 KB in one call", async () => {
    await expect(env.REFRESH_QUEUE.send("x".repeat(PLATFORM.message_bytes))).rejects.toThrow("message of");
    await expect(send("课".repeat(50_000))).rejects.toThrow("message of");
    await expect(send(...Array.from({ length: 101 }, () => "x"))).rejects.toThrow("101 messages");
    await expect(send(...Array.from({ length: 3 }, () => "x".repeat(100_000)))).rejects.toThrow("batch of");
  });
});
