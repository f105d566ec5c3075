import { DrizzleQueryError } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { describeFault } from "../../../src/platform/log.ts";

describe("the description of an error", () => {
  it("has no parameter of a failed query, because it may be an address or a name", () => {
    const cause = new Error("D1_ERROR: no such table: users");
    const fault = new DrizzleQueryError("SELECT * FROM users WHERE email = ?", ["ada@example.org"], cause);
    expect(fault.message).toContain("ada@example.org");
    expect(describeFault(fault)).toBe("database: D1_ERROR: no such table: users");
  });

  it("is the name and the message of any other error", () => {
    expect(describeFault(new RangeError("too far"))).toBe("RangeError: too far");
    expect(describeFault("text")).toBe("a non-error was thrown");
  });
});
