import { setTimeout as sleep } from "node:timers/promises";
import type { Case } from "../lib/case.ts";
import { check, claims, receives, series, textsOf } from "../lib/expect.ts";
import { at, goesOn, isTold, published } from "./resume-steps.ts";

const GROUP = "resume";

/** Cursors that lead nowhere. Where events are missing, the stream has to say so: silence is the one wrong answer. */
export const lostCursorCases: readonly Case[] = [
  {
    group: GROUP,
    name: "cursor of an event that is gone: the hole is reported",
    needs: ["cursor", "eviction"],
    limitMs: 120_000,
    async run(context) {
      const { user, open, target } = context;
      const { own, ids, stream: first } = await published(context, user(), 5);
      first.cut();
      await target.evict?.(own);
      const stream = await open(own, { cursor: at(ids, 2) });
      await sleep(300);
      check(!textsOf(target, stream).includes("e3"), "nothing is gone: the case does not reach what it asks about");
      await claims(target, stream, "reset", "word about the hole");
      await goesOn(context, own, stream);
    },
  },
  {
    group: GROUP,
    name: "cursor from the future: reported, and live goes on",
    needs: ["cursor"],
    async run(context) {
      const { user } = context;
      const { own, ids } = await published(context, user(), 3);
      await isTold(context, own, ahead(at(ids, 3)), []);
    },
  },
  {
    group: GROUP,
    name: "cursor of another user: reported, and nothing of theirs",
    needs: ["cursor"],
    async run(context) {
      const { user, target } = context;
      const { own } = await published(context, user(), 3);
      const other = user("other");
      const theirs = await context.open(other);
      await target.publish(series("theirs", 6).map((text) => ({ to: { user: other }, text })));
      await receives(target, theirs, series("theirs", 6), "the other's own");
      await isTold(context, own, target.received(theirs)[0]?.id ?? "", []);
    },
  },
  ...(
    [
      ["random letters", "b3f1c2d4e5a6"],
      ["only signs", "---..."],
      ["another server's", "1764075600:12"],
      ["a negative number", "-5"],
      ["with percent signs and quotes", "%00'\"<x>"],
      ["of 4,000 characters", "9".repeat(4_000)],
    ] as const
  ).map(
    ([what, cursor]): Case => ({
      group: GROUP,
      name: `malformed cursor (${what}): reported or refused, never a silent hole`,
      needs: ["cursor"],
      async run(context) {
        const { own } = await published(context, context.user(), 3);
        await isTold(context, own, cursor, series("e", 3));
      },
    }),
  ),
];

/** A cursor of the same make, further on than anything published: its numbers are raised, its epochs stay. */
function ahead(id: string): string {
  const start = id.indexOf("-") + 1;
  return id.slice(0, start) + id.slice(start).replaceAll(/\d+/g, (digits) => String(Number(digits) + 100_000));
}
