import { setTimeout as sleep } from "node:timers/promises";
import type { Case } from "../lib/case.ts";
import { check, same, textsOf } from "../lib/expect.ts";
import type { SseStream } from "../lib/sse-stream.ts";
import { contractOf } from "./contract-of.ts";

const GROUP = "tokens";
const NEEDS = ["contract"] as const;
/** A token lives 60 s; clocks and timers get a few more. */
const EXPIRED_MS = 66_000;
const RACERS = 10;

/** Admission: once, within a minute, for one user, and closed without a word about why. */
export const tokenCases: readonly Case[] = [
  {
    group: GROUP,
    name: "a token opens one stream and no second",
    needs: NEEDS,
    async run(context) {
      const contract = contractOf(context);
      const token = await contract.streamToken(context.user());
      same(context.keep(await contract.openWith(token)).status, 200, "the first use");
      same(context.keep(await contract.openWith(token)).status, 401, "the second use");
    },
  },
  {
    group: GROUP,
    name: `of ${RACERS} uses at the same moment one wins`,
    needs: NEEDS,
    async run(context) {
      const contract = contractOf(context);
      const token = await contract.streamToken(context.user());
      const streams = await Promise.all(Array.from({ length: RACERS }, () => contract.openWith(token)));
      const statuses = streams.map((stream) => context.keep(stream).status);
      same(statuses.filter((status) => status === 200).length, 1, `streams opened (${statuses})`);
    },
  },
  {
    group: GROUP,
    name: "an open stream outlives its token; an unused token does not open after a minute",
    needs: NEEDS,
    isSlow: true,
    limitMs: EXPIRED_MS + 30_000,
    async run(context) {
      const { target, user } = context;
      const contract = contractOf(context);
      const own = user();
      const [used, unused] = [await contract.streamToken(own), await contract.streamToken(own)];
      const stream = context.keep(await contract.openWith(used));
      await sleep(EXPIRED_MS);
      same(context.keep(await contract.openWith(unused)).status, 401, "the expired token");
      await target.publish([{ to: { user: own }, text: "still here" }]);
      await stream.until(() => textsOf(target, stream).includes("still here"), "an event after the token's end");
    },
  },
  {
    group: GROUP,
    name: "used, forged, foreign and missing tokens are all answered the same",
    needs: NEEDS,
    async run(context) {
      const contract = contractOf(context);
      const own = context.user();
      const used = await contract.streamToken(own);
      context.keep(await contract.openWith(used));
      const fresh = await contract.streamToken(own);
      const bearer = (await contract.headers(own)).authorization?.replace("Bearer ", "") ?? "";
      const tokens: [string, string | null][] = [
        ["used", used],
        ["last letter changed", swapped(fresh, -1)],
        ["a letter in the middle changed", swapped(fresh, Math.floor(fresh.length / 2))],
        ["cut short", fresh.slice(0, -8)],
        ["random", "x".repeat(fresh.length)],
        ["empty", ""],
        ["missing", null],
        ["an access token", bearer],
        ["very long", "a".repeat(6_000)],
      ];
      const shapes = new Map<string, string[]>();
      for (const [what, token] of tokens) {
        const shape = await shapeOf(context.keep(await contract.openWith(token)));
        shapes.set(shape, [...(shapes.get(shape) ?? []), what]);
      }
      same(shapes.size, 1, `answers differ: ${[...shapes].map(([shape, who]) => `${who}: ${shape}`).join(" | ")}`);
      check([...shapes.keys()][0]?.startsWith("401") === true, `answered ${[...shapes.keys()][0]}`);
    },
  },
  {
    group: GROUP,
    name: "a stream is that of the token's user, whatever else the request says",
    needs: NEEDS,
    async run(context) {
      const { target, user, keep } = context;
      const contract = contractOf(context);
      const [own, other] = [user(), user("other")];
      const token = await contract.streamToken(own);
      // Another's name in the address is refused, and uses up nothing.
      const named = keep(await contract.openWith(token, {}, `&user_id=${other}`));
      same(named.status, 400, "with another's name");
      const stream = keep(await contract.openWith(token, await contract.headers(other)));
      await stream.until(() => stream.frames.length > 0, "a first frame");
      await target.publish([
        { to: { user: other }, text: "theirs" },
        { to: { user: own }, text: "mine" },
      ]);
      await stream.until(() => textsOf(target, stream).length > 0, "an event");
      await sleep(100);
      same(textsOf(target, stream), ["mine"], "received");
    },
  },
  {
    group: GROUP,
    name: "no stream token without a bearer token, none in an address",
    needs: NEEDS,
    async run(context) {
      const contract = contractOf(context);
      const answer = await fetch(`${contract.url}/api/v1/auth/sse-token`, { method: "POST" });
      await answer.text();
      same(answer.status, 401, "without a bearer token");
      const bearer = (await contract.headers(context.user())).authorization?.replace("Bearer ", "") ?? "";
      const inAddress = await fetch(`${contract.url}/api/v1/auth/sse-token?access_token=${bearer}`, { method: "POST" });
      await inAddress.text();
      same(inAddress.status, 401, "with the bearer token in the address");
    },
  },
  {
    group: GROUP,
    name: "publishing and health are refused to learners",
    needs: NEEDS,
    async run(context) {
      const contract = contractOf(context);
      const own = context.user();
      const event = { key: "k", to: { user: own }, type: "system.notification", data: { title: "x" } };
      same((await contract.publishRaw([event], "learner")).status, 403, "publish");
      same((await contract.get("/api/v1/events/health", own)).status, 403, "health");
    },
  },
];

/** Status, headers that could tell, and the body without what differs in every answer. */
async function shapeOf(stream: SseStream): Promise<string> {
  if (stream.status === 200) return "200";
  const body = (await stream.body())
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "*")
    .replaceAll(/"(request_id|instance|trace_id|at|timestamp)":\s*"[^"]*"/g, '"$1":"*"');
  const named = ["content-type", "www-authenticate", "retry-after", "cache-control"];
  return `${stream.status} ${named.map((name) => String(stream.headers[name] ?? "-")).join(" ")} ${body}`;
}

function swapped(token: string, position: number): string {
  const index = position < 0 ? token.length + position : position;
  // The last letter of base64url may hold spare bits: far enough away changes bits that count.
  const letter = "AQgw"[("AQgw".indexOf(token[index] ?? "") + 1) % 4] ?? "A";
  return `${token.slice(0, index)}${letter === token[index] ? "Z" : letter}${token.slice(index + 1)}`;
}
