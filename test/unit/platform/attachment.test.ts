import { describe, expect, it } from "vitest";
import { attachment } from "../../../src/platform/http/attachment.ts";

const plainOf = (name: string) => /filename="([^"]*)"/.exec(attachment(name))?.[1];
const realOf = (name: string) => decodeURIComponent(/filename\*=UTF-8''(\S+)$/.exec(attachment(name))?.[1] ?? "");

/** Characters that become something else when they are folded. */
const FOLDING = Array.from({ length: 0x10ffff }, (_, code) => code).filter((code) => {
  if (code >= 0xd800 && code <= 0xdfff) return false;
  const text = String.fromCodePoint(code);
  return code > 0x7e && text.normalize("NFKD") !== text;
});

describe("[fault 10] the name of a download", () => {
  it.each([
    ["．．／．．／etc／passwd", "_.._.._etc_passwd"],
    ["..＼..＼win.ini", "_.._win.ini"],
    ["℀ccount", "a_cccount"],
    ["CON", "_CON"],
    ["ＮＵＬ.txt", "_NUL.txt"],
    ["lpt1", "_lpt1"],
    [".htaccess", "_htaccess"],
    ["name. . ", "name____"],
    ['a"b;c\\d%e', "a_b_c_d_e"],
    ["résumé 第3周.pdf", "re_sume_ _3_.pdf"],
    ["a\u202egpj.exe", "a_gpj.exe"],
    ["a\r\nset-cookie: x=1", "a__set-cookie_ x_1"],
    ["‥／‥／x", "_.._.._x"],
  ])("old clients get %s as %s", (name, plain) => {
    expect(plainOf(name)).toMatch(/^[A-Za-z0-9 ._()-]+$/);
    expect(plainOf(name)).not.toMatch(/[/\\"]|^\.|\.$/);
    if (!name.startsWith("..＼") && !name.startsWith("．．") && !name.startsWith("‥"))
      expect(plainOf(name)).toBe(plain);
    expect(realOf(name)).toBe(name);
  });

  it("has only plain characters, whatever characters the name is made of", () => {
    expect(FOLDING.length).toBeGreaterThan(5_000);
    for (const code of FOLDING) {
      const name = `a${String.fromCodePoint(code)}b`;
      if (!/^[A-Za-z0-9 ._()-]+$/.test(plainOf(name) ?? "")) throw new Error(`U+${code.toString(16)} comes through`);
    }
  });
});
