import { setTimeout as sleep } from "node:timers/promises";
import type { Case, CaseContext } from "../lib/case.ts";
import { check, difference, receives, same, series, TO_ALL, textsOf } from "../lib/expect.ts";
import { contractOf } from "./contract-of.ts";

const GROUP = "history";
const NEEDS = ["history", "contract"] as const;

/** Polling and streaming are one sequence, read in two ways. */
export const historyCases: readonly Case[] = [
  {
    group: GROUP,
    name: "history, then the stream at its cursor: nothing twice, nothing left out",
    needs: NEEDS,
    async run(context) {
      const { user, open, target } = context;
      const own = user();
      await send(context, own, series("h", 7));
      const page = await contractOf(context).history(own, { limit: 100 });
      same(difference(textsIn(page), series("h", 7)), "", "listed");
      await send(context, own, ["between"]);
      const stream = await open(own, { cursor: page.cursor });
      await send(context, own, ["live"]);
      await receives(target, stream, ["between", "live"], "received");
      same(target.claim(stream), "recovered", "word about the resume");
    },
  },
  {
    group: GROUP,
    name: "the stream, then history since its last frame",
    needs: NEEDS,
    async run(context) {
      const { user, open, target } = context;
      const own = user();
      const stream = await open(own);
      await send(context, own, series("s", 3));
      await receives(target, stream, series("s", 3), "received");
      stream.cut();
      await send(context, own, series("p", 3));
      const page = await contractOf(context).history(own, { since: stream.lastId ?? "" });
      same(difference(textsIn(page), series("p", 3)), "", "listed");
      same([page.recovered, page.next_cursor], [true, null], "recovered and next_cursor");
    },
  },
  {
    group: GROUP,
    name: "page by page: everything once, in order, while events are published",
    needs: NEEDS,
    async run(context) {
      const contract = contractOf(context);
      const own = context.user();
      await send(context, own, series("h", 25));
      const got: string[] = [];
      let since: string | undefined;
      for (let pages = 0; pages < 40; pages += 1) {
        const page = await contract.history(own, { limit: 4, ...(since === undefined ? {} : { since }) });
        got.push(...textsIn(page));
        if (pages === 2) await send(context, own, series("h", 5, 26));
        since = page.cursor;
        if (page.next_cursor === null) break;
        same(page.next_cursor, page.cursor, "next_cursor");
      }
      same(difference(got, series("h", 30)), "", "all pages");
    },
  },
  {
    group: GROUP,
    name: "a cursor from the middle of pages opens the stream there",
    needs: NEEDS,
    async run(context) {
      const own = context.user();
      await send(context, own, series("h", 10));
      const page = await contractOf(context).history(own, { limit: 4 });
      const first = textsIn(page);
      const stream = await context.open(own, { cursor: page.cursor });
      await receives(context.target, stream, series("h", 10 - first.length, first.length + 1), "the rest");
    },
  },
  {
    group: GROUP,
    name: "own and everybody's events are listed together, each once",
    needs: NEEDS,
    async run(context) {
      const { user, open, target } = context;
      const own = user();
      const all = (round: number) => `${TO_ALL}${own}-${round}`;
      const cursor = (await open(own)).lastId ?? "";
      for (let round = 1; round <= 3; round += 1) {
        await send(context, own, [`u${round}`]);
        await target.publish([{ to: "everyone", text: all(round) }]);
      }
      const got: string[] = [];
      let since = cursor;
      for (let pages = 0; pages < 20; pages += 1) {
        const page = await contractOf(context).history(own, { limit: 2, since });
        got.push(...bodiesIn(page));
        since = page.cursor;
        if (page.next_cursor === null) break;
      }
      const isAll = (text: string) => text.startsWith(TO_ALL);
      same(
        difference(
          got.filter((text) => !isAll(text)),
          series("u", 3),
        ),
        "",
        "own events",
      );
      const mine = got.filter((text) => isAll(text) && text.includes(own));
      same(difference(mine, [1, 2, 3].map(all)), "", "everybody's events");
    },
  },
  {
    group: GROUP,
    name: "304 while nothing is new, 200 as soon as something is",
    needs: NEEDS,
    async run(context) {
      const contract = contractOf(context);
      const own = context.user();
      await send(context, own, ["one"]);
      const path = `/api/v1/events/history?since_id=${encodeURIComponent((await contract.history(own)).cursor)}`;
      const first = await contract.get(path, own);
      const tag = first.headers.get("etag");
      check(tag !== null, "no ETag");
      same((await contract.get(path, own, "learner", { "if-none-match": tag })).status, 304, "again");
      await send(context, own, ["two"]);
      same((await contract.get(path, own, "learner", { "if-none-match": tag })).status, 200, "after an event");
    },
  },
  {
    group: GROUP,
    name: "an unknown cursor is reported, and listing starts where it can go on",
    needs: NEEDS,
    async run(context) {
      const contract = contractOf(context);
      const own = context.user();
      await send(context, own, series("h", 3));
      const { status, body } = await contract.get("/api/v1/events/history?since_id=b3f1c2d4e5a6", own);
      if (status === 400 || status === 422) return;
      same(status, 200, "status");
      check(typeof body === "object" && body !== null, "no object");
      same(Reflect.get(body, "recovered"), false, "recovered");
      check(typeof Reflect.get(body, "reset_reason") === "string", "no reset_reason");
    },
  },
  {
    group: GROUP,
    name: "wrong limits are refused, not guessed at",
    needs: NEEDS,
    async run(context) {
      const contract = contractOf(context);
      for (const limit of ["0", "-1", "x", "1e9"]) {
        const { status } = await contract.get(`/api/v1/events/history?limit=${limit}`, context.user());
        check(status === 400 || status === 422, `limit=${limit}: ${status}`);
      }
    },
  },
  {
    group: GROUP,
    name: "a user's history is theirs alone",
    needs: NEEDS,
    async run(context) {
      const contract = contractOf(context);
      const [own, other] = [context.user(), context.user()];
      await send(context, other, ["theirs"]);
      await sleep(50);
      const { body } = await contract.get(`/api/v1/events/history?user=${other}&user_id=${other}`, own);
      check(!JSON.stringify(body).includes("theirs"), "another user's event is listed");
      same(textsOf(context.target, await context.open(own)), [], "received");
    },
  },
];

async function send({ target }: CaseContext, user: string, texts: readonly string[]): Promise<void> {
  await target.publish(texts.map((text) => ({ to: { user }, text })));
}

interface Page {
  results: readonly { data: Record<string, unknown> }[];
}

/** The texts of a page that were published to the user alone. */
function textsIn(page: Page): string[] {
  return bodiesIn(page).filter((text) => !text.startsWith(TO_ALL));
}

function bodiesIn({ results }: Page): string[] {
  return results.flatMap(({ data: { body } }) => (typeof body === "string" ? [body] : []));
}
