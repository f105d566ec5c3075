import { setTimeout as sleep } from "node:timers/promises";
import type { Case, CaseContext, OpenOptions } from "../lib/case.ts";
import { broadcastsOf, check, claims, difference, receives, same, series, TO_ALL, textsOf } from "../lib/expect.ts";
import type { SseStream } from "../lib/sse-stream.ts";

const GROUP = "resume";
/** More than any one page of a log. */
const LONG = 1_500;
/** Events published while streams come and go. */
const SEAM_EVENTS = 400;

/** The table of cursors. Where events are missing, the stream has to say so: silence is the one wrong answer. */
export const resumeCases: readonly Case[] = [
  {
    group: GROUP,
    name: "without a cursor: what is published from then on, nothing before",
    needs: [],
    async run(context) {
      const { target, user, open } = context;
      const own = user();
      await send(context, own, ["before"]);
      const stream = await open(own);
      await send(context, own, ["after"]);
      await receives(target, stream, ["after"], "received");
    },
  },
  {
    group: GROUP,
    name: "cursor is the newest event: nothing again, then live",
    needs: ["cursor"],
    run: (context) => resumesAt(context, 5),
  },
  { group: GROUP, name: "cursor in the middle: exactly the rest", needs: ["cursor"], run: (c) => resumesAt(c, 2) },
  { group: GROUP, name: "cursor is the oldest event: all after it", needs: ["cursor"], run: (c) => resumesAt(c, 1) },
  {
    group: GROUP,
    name: "the cursor as query parameter does the same",
    needs: ["cursor"],
    run: (context) => resumesAt(context, 2, { via: "query" }),
  },
  {
    group: GROUP,
    name: "header and query disagree: the header wins",
    needs: ["cursor"],
    async run(context) {
      const { user, open, target } = context;
      const { own, ids } = await published(context, user(), 5);
      const stream = await open(own, { cursor: at(ids, 3), via: "header", otherCursor: at(ids, 1) });
      await receives(target, stream, series("e", 2, 4), "received");
    },
  },
  {
    group: GROUP,
    name: "an empty cursor is none",
    needs: ["cursor"],
    async run(context) {
      const { user, open, target } = context;
      const { own } = await published(context, user(), 3);
      const stream = await open(own, { cursor: "", via: "query" });
      await send(context, own, ["after"]);
      await receives(target, stream, ["after"], "received");
      same(target.claim(stream), "silent", "word about a resume that is none");
    },
  },
  {
    group: GROUP,
    name: "the same cursor twice gives the same twice",
    needs: ["cursor"],
    async run(context) {
      const { user, open, target } = context;
      const { own, ids } = await published(context, user(), 5);
      for (let time = 0; time < 2; time += 1) {
        const stream = await open(own, { cursor: at(ids, 2) });
        await receives(target, stream, series("e", 3, 3), `received, time ${time + 1}`);
      }
    },
  },
  {
    group: GROUP,
    name: `${LONG} missed events: every one, in order`,
    needs: ["cursor"],
    async run(context) {
      const { user, open, target } = context;
      const { own, ids, stream: first } = await published(context, user(), 1);
      first.cut();
      await send(context, own, series("m", LONG));
      const stream = await open(own, { cursor: at(ids, 1) });
      if (target.claim(stream) === "reset") return;
      await stream.until(() => textsOf(target, stream).length >= LONG, "the missed events", 20_000).catch(() => {});
      await receives(target, stream, series("m", LONG), "received");
    },
  },
  {
    group: GROUP,
    name: "cursor of an event that is gone: the hole is told",
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
    name: "cursor from the future: told, and live goes on",
    needs: ["cursor"],
    async run(context) {
      const { user } = context;
      const { own, ids } = await published(context, user(), 3);
      await isTold(context, own, ahead(at(ids, 3)), []);
    },
  },
  {
    group: GROUP,
    name: "cursor of another user: told, and nothing of theirs",
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
      name: `malformed cursor (${what}): told or refused, never a silent hole`,
      needs: ["cursor"],
      async run(context) {
        const { own } = await published(context, context.user(), 3);
        await isTold(context, own, cursor, series("e", 3));
      },
    }),
  ),
  {
    group: GROUP,
    name: "published while streams are cut and resumed: no gap and no duplicate at the seam",
    needs: ["cursor"],
    run: noGapAtTheSeam,
  },
  {
    group: GROUP,
    name: "own and everybody's events mixed: both resume, each in order",
    needs: ["cursor", "broadcast"],
    async run(context) {
      const { user, open, target } = context;
      const own = user();
      const all = (round: number) => `${TO_ALL}${own}-${round}`;
      const first = await open(own);
      await send(context, own, ["u1"]);
      await target.publish([{ to: "everyone", text: all(1) }]);
      await first.until(
        () => textsOf(target, first).length + broadcastsOf(target, first, own).length === 2,
        "both events",
      );
      const cursor = target.received(first).at(-1)?.id ?? "";
      first.cut();
      for (const round of [2, 3]) {
        await send(context, own, [`u${round}`]);
        await target.publish([{ to: "everyone", text: all(round) }]);
      }
      const stream = await open(own, { cursor });
      await receives(target, stream, ["u2", "u3"], "own events");
      same(difference(broadcastsOf(target, stream, own), [all(2), all(3)]), "", "everybody's events");
    },
  },
  {
    group: GROUP,
    name: "cursor of everybody's event moves the own part not, and the other way round",
    needs: ["cursor", "broadcast"],
    async run(context) {
      const { user, open, target } = context;
      const own = user();
      const text = `${TO_ALL}${own}`;
      const first = await open(own);
      await send(context, own, ["u1"]);
      await first.until(() => textsOf(target, first).length === 1, "the own event");
      await target.publish([{ to: "everyone", text }]);
      await first.until(() => broadcastsOf(target, first, own).length === 1, "everybody's event");
      const received = target.received(first);
      const [behindOwn, behindAll] = ["u1", text].map((wanted) => received.find((event) => event.text === wanted)?.id);
      for (const [cursor = "", rest] of [
        [behindOwn, [text]],
        [behindAll, []],
      ] as const) {
        const stream = await open(own, { cursor });
        await sleep(200);
        same(broadcastsOf(target, stream, own), rest, "everybody's behind the cursor");
        same(textsOf(target, stream), [], "own behind the cursor");
      }
    },
  },
  {
    group: GROUP,
    name: "without a cursor: nothing of everybody's from before",
    needs: ["broadcast"],
    async run(context) {
      const { user, open, target } = context;
      const own = user();
      await target.publish([{ to: "everyone", text: `${TO_ALL}${own}-before` }]);
      await sleep(100);
      const stream = await open(own);
      await target.publish([{ to: "everyone", text: `${TO_ALL}${own}-after` }]);
      await stream.until(() => broadcastsOf(target, stream, `${own}-after`).length === 1, "the event");
      same(broadcastsOf(target, stream, own), [`${TO_ALL}${own}-after`], "received");
    },
  },
  {
    group: GROUP,
    name: "events of one user never reach another",
    needs: [],
    async run(context) {
      const { user, open, target } = context;
      const [one, two] = [user(), user()];
      const [first, second] = [await open(one), await open(two)];
      await send(context, one, ["for one"]);
      await send(context, two, ["for two"]);
      await receives(target, first, ["for one"], "the first user's");
      await receives(target, second, ["for two"], "the second user's");
    },
  },
  {
    group: GROUP,
    name: "after a crash: everything acknowledged is there, or the hole is told",
    needs: ["cursor", "crash"],
    isViolent: true,
    limitMs: 120_000,
    async run(context) {
      const { user, open, target } = context;
      const { own, ids, stream: first } = await published(context, user(), 4);
      first.cut();
      await send(context, own, ["late"]);
      await target.crash?.();
      const stream = await open(own, { cursor: at(ids, 2) });
      await stream.until(() => textsOf(target, stream).length >= 3, "what was stored", 3_000).catch(() => {});
      if (target.claim(stream) !== "reset") {
        same(difference(textsOf(target, stream), ["e3", "e4", "late"]), "", "received without a word about a hole");
      }
      await goesOn(context, own, stream);
    },
  },
];

async function send({ target }: CaseContext, user: string, texts: readonly string[]): Promise<void> {
  await target.publish(texts.map((text) => ({ to: { user }, text })));
}

/** A user with `count` events e1, e2, …, and the ids with which they arrived. */
async function published(context: CaseContext, own: string, count: number) {
  const stream = await context.open(own);
  await send(context, own, series("e", count));
  await receives(context.target, stream, series("e", count), "live");
  const ids = context.target.received(stream).flatMap(({ id, text }) => (text.startsWith(TO_ALL) ? [] : id));
  return { own, stream, ids };
}

async function resumesAt(context: CaseContext, position: number, options: OpenOptions = {}): Promise<void> {
  const { user, open, target } = context;
  const { own, ids, stream: first } = await published(context, user(), 5);
  first.cut();
  const stream = await open(own, { ...options, cursor: at(ids, position) });
  await receives(target, stream, series("e", 5 - position, position + 1), "missed ones");
  await send(context, own, ["live"]);
  await receives(target, stream, [...series("e", 5 - position, position + 1), "live"], "with a live one");
  if (target.features.has("contract")) same(target.claim(stream), "recovered", "word about the resume");
}

/**
 * Resumes at a cursor that belongs to nothing here: a refusal and a reset are fine; so is sending everything there is
 * (`all`), for then nothing is missing.
 */
async function isTold(context: CaseContext, own: string, cursor: string, all: readonly string[]): Promise<void> {
  const { open, target } = context;
  let stream: SseStream;
  try {
    stream = await open(own, { cursor, via: "query" });
  } catch (fault) {
    check(/refused: 4\d\d/.test(String(fault)), String(fault));
    return;
  }
  await sleep(200);
  const got = textsOf(target, stream);
  check(!got.some((text) => text.startsWith("theirs")), "another user's events were sent");
  if (target.claim(stream) !== "reset") {
    check(
      all.length > 0 && difference(got, all) === "",
      `silent: ${JSON.stringify(got)} came, and no word about the rest`,
    );
  }
  await goesOn(context, own, stream);
}

async function goesOn(context: CaseContext, own: string, stream: SseStream): Promise<void> {
  await send(context, own, ["goes on"]);
  await stream.until(() => textsOf(context.target, stream).includes("goes on"), "a live event afterwards");
}

async function noGapAtTheSeam(context: CaseContext): Promise<void> {
  const { user, open, target } = context;
  const own = user();
  const first = await open(own);
  const got: string[] = [];
  let isOver = false;
  const publishing = (async () => {
    for (let next = 1; next <= SEAM_EVENTS; next += 4) {
      await send(context, own, series("s", 4, next));
      await sleep(3);
    }
    isOver = true;
  })();
  let stream = first;
  let cursor = "";
  let resumes = 0;
  const take = () => {
    const received = target.received(stream);
    got.push(...textsOf(target, stream));
    cursor = received.at(-1)?.id ?? cursor;
  };
  while (!isOver || resumes < 3) {
    await stream.until(() => target.received(stream).length > 0 || isOver, "an event");
    await sleep(20);
    stream.cut();
    take();
    stream = await open(own, cursor === "" ? {} : { cursor });
    resumes += 1;
  }
  await publishing;
  await stream
    .until(() => got.length + textsOf(target, stream).length >= SEAM_EVENTS, "the rest", 5_000)
    .catch(() => {});
  await sleep(60);
  take();
  same(difference(got, series("s", SEAM_EVENTS)), "", `after ${resumes} resumes`);
}

/** Counted from 1, as the texts are. */
function at(ids: readonly string[], position: number): string {
  const id = ids[position - 1];
  check(id !== undefined && id !== "", `event ${position} has no id`);
  return id;
}

/** A cursor of the same make, further on than anything published: its numbers are raised, its epochs stay. */
function ahead(id: string): string {
  const start = id.indexOf("-") + 1;
  return id.slice(0, start) + id.slice(start).replaceAll(/\d+/g, (digits) => String(Number(digits) + 100_000));
}
