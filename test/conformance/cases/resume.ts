import { setTimeout as sleep } from "node:timers/promises";
import type { Case, CaseContext } from "../lib/case.ts";
import { broadcastsOf, difference, receives, same, series, TO_ALL, textsOf } from "../lib/expect.ts";
import { at, goesOn, published, resumesAt, send } from "./resume-steps.ts";

const GROUP = "resume";
/** More than any one page of a log. */
const LONG = 1_500;
/** Events published while streams come and go. */
const SEAM_EVENTS = 400;

/** Cursors that lead somewhere: exactly what follows them, once, in order. */
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
    name: "after a crash: everything acknowledged is there, or the hole is reported",
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
