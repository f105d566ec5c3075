import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fromRoot } from "../../../scripts/lib/paths.ts";

/** Every page that says what to do: the guides at the root and all of docs/. */
function pages(): string[] {
  const below = readdirSync(fromRoot("docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name));
  return ["README.md", "SECURITY.md", ...below];
}

/** A root secret in the environment of a command, or in the file of secrets of the machine one sits at. */
const ON_A_LAPTOP = [
  /(?:^|[\s"'`])(?:LATCHKEY_)?AUTH_SECRET(?:_PREVIOUS)?=/,
  /AUTH_SECRET[^.|]*\.dev\.vars|\.dev\.vars[^.|]*AUTH_SECRET/,
];

describe("[fault 5] the runbooks", () => {
  it("do not ask anybody to copy AUTH_SECRET of a deployment to a laptop", () => {
    const found = pages().flatMap((page) =>
      readFileSync(fromRoot(page), "utf8")
        .split(/\n\n/)
        .filter((paragraph) => ON_A_LAPTOP.some((pattern) => pattern.test(paragraph.replaceAll("\n", " "))))
        .map((paragraph) => `${page}: ${paragraph.slice(0, 200)}`),
    );
    expect(found).toEqual([]);
  });
});
