import { expect, it } from "vitest";
import type { Presented, Verdict } from "../../../src/identity/standing.ts";
import { VerdictMemory } from "../../../src/identity/verdict-memory.ts";

const token: Presented = { session: "s1", role: "learner", issued_at: 1 };
const open: Verdict = { standing: "open", role: "learner" };

it("the memory keeps that a token is valid, for this token only, until something changes", () => {
  const memory = new VerdictMemory();
  memory.keep(token, open, memory.changes);
  expect(memory.of({ ...token })).toEqual(open);
  for (const other of [
    { ...token, session: "s2" },
    { ...token, session: null },
    { ...token, role: "admin" } as const,
    { ...token, issued_at: 2 },
  ]) {
    expect(memory.of(other)).toBeUndefined();
  }
  memory.forget();
  expect(memory.of(token)).toBeUndefined();
});

it("the memory does not keep a verdict that is older than a change, nor one that refuses", () => {
  const memory = new VerdictMemory();
  const { changes } = memory;
  memory.forget();
  memory.keep(token, open, changes);
  expect(memory.of(token)).toBeUndefined();
  for (const standing of ["ended", "banned", "erased"] as const) {
    memory.keep(token, { standing, role: "learner" }, memory.changes);
    expect(memory.of(token)).toBeUndefined();
  }
});

it("the memory has room for the tokens of a few devices of a user", () => {
  const memory = new VerdictMemory();
  for (let at = 0; at < 1_000; at += 1) memory.keep({ ...token, issued_at: at }, open, memory.changes);
  const held = Array.from({ length: 1_000 }, (_, at) => memory.of({ ...token, issued_at: at })).filter(Boolean);
  expect(held.length).toBeLessThanOrEqual(16);
  expect(memory.of({ ...token, issued_at: 999 })).toEqual(open);
});
