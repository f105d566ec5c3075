import { describe, expect, it } from "vitest";
import { jsonFaults } from "../../../src/platform/http/json-faults.ts";

const rulesOf = (text: string) => {
  JSON.parse(text); // only what is JSON is asked about
  return jsonFaults(text).map(({ path, rule }) => [path, rule]);
};

describe("[fault 34] JSON that a parser would change", () => {
  it.each<[string, string[][]]>([
    ['{"a":{"__proto__":{"x":1}}}', [["a.__proto__", "forbidden_name"]]],
    ['{"a":{"\\u005f_proto__":1}}', [["a.__proto__", "forbidden_name"]]],
    ['[{"b":1,"b":2}]', [["[0].b", "duplicate_name"]]],
    ['{"b":1,"\\u0062":2}', [["b", "duplicate_name"]]],
    ['{"t":["ok","\\ud800"]}', [["t[1]", "lone_surrogate"]]],
    ['{"t":"\\udc00\\ud83d"}', [["t", "lone_surrogate"]]],
    ['{"\\ud800":1}', [["", "lone_surrogate"]]],
    ['{"n":1e400}', [["n", "number_precision"]]],
    ['{"n":1e-400}', [["n", "number_precision"]]],
    ['{"n":12345678901234567890}', [["n", "number_precision"]]],
    ['{"n":9007199254740993}', [["n", "number_precision"]]],
    ['{"n":0.12345678901234567890123}', [["n", "number_precision"]]],
    ['"\\ud800"', [["", "lone_surrogate"]]],
    ['[[["\\ud800"]]]', [["[0][0][0]", "lone_surrogate"]]],
  ])("%s", (text, expected) => {
    expect(rulesOf(text)).toEqual(expected);
  });

  it.each([
    "{}",
    "[]",
    " [ ] ",
    "null",
    '{"constructor":1,"toString":{"prototype":2},"":3}',
    '{"a":"\\ud83d\\ude00","b":"😀","c":"a\\u0000b"}',
    '{"q":"\\\\","r":"\\\\\\"","s":"{\\"a\\":1,\\"a\\":2}"}',
    '{"n":[0,-0,0.1,0.30000000000000004,0.10000000000000001,1e2,1.50,9007199254740992,1e21,100000000000000000000]}',
    '{"a":1,"b":{"a":1},"c":[{"a":1},{"a":2}]}',
    '{"a" : [ 1 , 2 ] , "b" : true }',
  ])("is not found in %s", (text) => {
    expect(rulesOf(text)).toEqual([]);
  });
});
