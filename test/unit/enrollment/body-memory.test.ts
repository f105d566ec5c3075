import { describe, expect, it } from "vitest";
import { BodyMemory } from "../../../src/enrollment/body-memory.ts";

const body = (etag: string, bytes: number) => ({ etag, body: new Uint8Array(bytes) });

describe("the memory of bodies", () => {
  it("keeps the newest of each key", () => {
    const memory = new BodyMemory();
    memory.set("a", body("1", 10));
    memory.set("a", body("2", 20));
    expect(memory.get("a")?.etag).toBe("2");
    expect(memory.get("b")).toBeUndefined();
  });

  it("stays within its limit of bytes, and the body used last stays longest", () => {
    const memory = new BodyMemory();
    for (let key = 0; key < 8; key += 1) memory.set(String(key), body("x", 1_000_000));
    memory.get("0");
    memory.set("8", body("x", 1_000_000));
    expect(memory.get("0")).toBeDefined();
    expect(memory.get("1")).toBeUndefined();
    // Replacing gives the old bytes back.
    for (let again = 0; again < 20; again += 1) memory.set("8", body("y", 1_000_000));
    expect(memory.get("2")).toBeDefined();
    memory.set("whole", body("z", 8_000_001));
    expect(memory.get("whole")).toBeUndefined();
    expect(memory.get("2")).toBeDefined();
  });
});
