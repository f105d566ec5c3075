import { existsSync, statSync } from "node:fs";
import { posix } from "node:path";
import { describe, expect, it } from "vitest";
import { fromRoot } from "../../../scripts/lib/paths.ts";
import { documents, proseOf, readDocument } from "../../support/node/documents.ts";

/** The anchors of a page, as GitHub makes them from its headings. */
function anchorsOf(file: string): Set<string> {
  const headings = [...proseOf(file).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .replace(/[^\p{L}\p{N}\p{M}\p{Pc} -]/gu, "")
      .trim()
      .replaceAll(" ", "-"),
  );
  return new Set(headings);
}

/** Targets of the links and pictures of a page that lead into the checkout. */
function linksOf(file: string): { target: string; anchor: string }[] {
  return [...proseOf(file).matchAll(/\]\(([^)\s#]*)(?:#([^)\s]*))?\)/g)]
    .map(([, target = "", anchor = ""]) => ({ target, anchor }))
    .filter(({ target }) => !/^[a-z]+:/.test(target));
}

describe.each(documents())("%s", (file) => {
  it("links to files and headings that exist", () => {
    const broken = linksOf(file).filter(({ target, anchor }) => {
      const path = target === "" ? file : posix.join(posix.dirname(file), target);
      if (!existsSync(fromRoot(path))) return true;
      return anchor !== "" && !(path.endsWith(".md") && anchorsOf(path).has(anchor));
    });
    expect(broken).toEqual([]);
  });
});

it("every page can be reached from the README", () => {
  const reached = new Set(["README.md"]);
  for (const file of reached) {
    for (const { target } of linksOf(file)) {
      const path = posix.join(posix.dirname(file), target);
      if (path.endsWith(".md") && statSync(fromRoot(path), { throwIfNoEntry: false })?.isFile()) reached.add(path);
    }
  }
  expect(documents().filter((file) => !reached.has(file))).toEqual([]);
});

it("the README is short", () => {
  expect(readDocument("README.md").split("\n").length).toBeLessThan(80);
});
