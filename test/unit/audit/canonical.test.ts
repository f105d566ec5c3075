import { describe, expect, it } from "vitest";
import { canonicalize } from "../../../src/audit/canonical.ts";

describe("canonical JSON (RFC 8785)", () => {
  it("sorts names by UTF-16 code units at every depth, and has no white space", () => {
    const value = {
      "\u20ac": 1,
      "\r": 2,
      "\ufb33": 3,
      "1": 4,
      "\u{1f600}": 5,
      "\u0080": 6,
      "\u00f6": { b: [], a: {} },
    };
    expect(canonicalize(value)).toBe(
      '{"\\r":2,"1":4,"\u0080":6,"\u00f6":{"a":{},"b":[]},"\u20ac":1,"\u{1f600}":5,"\ufb33":3}',
    );
  });

  it.each([
    [Number("333333333.33333329"), "333333333.3333333"],
    [1e30, "1e+30"],
    [4.5, "4.5"],
    [2e-3, "0.002"],
    [1e-27, "1e-27"],
    [-0, "0"],
    [Number("9007199254740993"), "9007199254740992"],
  ])("writes the number %s as ECMAScript does", (number, text) => {
    expect(canonicalize(number)).toBe(text);
  });

  it("escapes only what must be escaped", () => {
    expect(canonicalize('\u20ac$\u000f\nA\'B"\\\\"/')).toBe('"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"');
    expect(canonicalize([null, true, false])).toBe("[null,true,false]");
  });

  it("refuses values that JSON does not have", () => {
    expect(() => canonicalize(Number.NaN)).toThrow(TypeError);
    expect(() => canonicalize(Number.POSITIVE_INFINITY)).toThrow(TypeError);
    expect(() => canonicalize("half \ud800")).toThrow(TypeError);
    expect(() => canonicalize({ "\udc00": 1 })).toThrow(TypeError);
  });
});
