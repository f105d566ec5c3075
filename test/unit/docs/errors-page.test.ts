import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { ERRORS } from "../../../src/platform/error-codes.ts";

it("[I9] docs/developers/errors.md has exactly the error codes of the registry, with status and title", () => {
  const page = readFileSync("docs/developers/errors.md", "utf8");
  const sections = [...page.matchAll(/^## (\w+)\n\n(\d+)\. (.+?)\. ?/gm)].map(([, code, status, title]) => ({
    code,
    status: Number(status),
    title,
  }));
  expect(sections).toEqual(Object.entries(ERRORS).map(([code, { status, title }]) => ({ code, status, title })));
});
