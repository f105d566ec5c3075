import { setTimeout as sleep } from "node:timers/promises";
import type { Case } from "../lib/case.ts";
import { broadcastsOf, check, receives, same, series, TO_ALL } from "../lib/expect.ts";
import { freshKey, MAX_BATCH } from "../targets/contract.ts";
import { notification } from "../targets/latchkey.ts";
import { contractOf } from "./contract-of.ts";

const GROUP = "publishing";
const NEEDS = ["contract"] as const;

/** Publishing that can be repeated, and filters that cost no event its place. */
export const publishingCases: readonly Case[] = [
  {
    group: GROUP,
    name: "a repeated key is one event, with the same id",
    needs: NEEDS,
    async run(context) {
      const contract = contractOf(context);
      const own = context.user();
      const stream = await context.open(own);
      const event = { ...notification({ to: { user: own }, text: "once" }), key: freshKey() };
      const [first] = await contract.publish([event]);
      const [second] = await contract.publish([event]);
      same([first?.status, second?.status], ["stored", "duplicate"], "statuses");
      same(second?.id, first?.id, "the id of the duplicate");
      await receives(context.target, stream, ["once"], "received");
    },
  },
  {
    group: GROUP,
    name: "a repeated key within one publish, and in ten at the same moment, is one event",
    needs: NEEDS,
    async run(context) {
      const contract = contractOf(context);
      const own = context.user();
      const stream = await context.open(own);
      const twice = { ...notification({ to: { user: own }, text: "twice" }), key: freshKey() };
      same(
        (await contract.publish([twice, twice])).map(({ status }) => status),
        ["stored", "duplicate"],
        "in one",
      );
      const raced = { ...notification({ to: { user: own }, text: "raced" }), key: freshKey() };
      const answers = await Promise.all(Array.from({ length: 10 }, () => contract.publish([raced])));
      same(answers.flat().filter(({ status }) => status === "stored").length, 1, "stored of ten");
      await receives(context.target, stream, ["twice", "raced"], "received");
    },
  },
  {
    group: GROUP,
    name: "a repeated key to everybody is one event",
    needs: NEEDS,
    async run(context) {
      const contract = contractOf(context);
      const stream = await context.open(context.user());
      const text = `${TO_ALL}${freshKey()}`;
      const event = { ...notification({ to: "everyone", text }), key: freshKey() };
      const statuses = [await contract.publish([event]), await contract.publish([event])].flat();
      same(
        statuses.map(({ status }) => status),
        ["stored", "duplicate"],
        "statuses",
      );
      await stream.until(() => broadcastsOf(context.target, stream, text).length > 0, "the event");
      await sleep(200);
      same(broadcastsOf(context.target, stream, text).length, 1, "times received");
    },
  },
  {
    group: GROUP,
    name: "one key to several users is one event for each",
    needs: NEEDS,
    async run(context) {
      const contract = contractOf(context);
      const users = [context.user(), context.user(), context.user()];
      const streams = await Promise.all(users.map((user) => context.open(user)));
      const event = { ...notification({ to: { user: "" }, text: "for all three" }), to: { users } };
      const results = await contract.publish([event]);
      same(results.map(({ user }) => user).sort(), [...users].sort(), "receivers");
      for (const stream of streams) await receives(context.target, stream, ["for all three"], "received");
    },
  },
  {
    group: GROUP,
    name: "to everyone with a role reaches that role alone",
    needs: NEEDS,
    async run(context) {
      const { keep, user, open, target } = context;
      const contract = contractOf(context);
      const learner = await open(user());
      const admin = keep(await contract.openWith(await contract.streamToken(user("admin"), "admin")));
      await admin.until(() => admin.frames.length > 0, "a first frame");
      const [secret, forAll] = [`${TO_ALL}${freshKey()}`, `${TO_ALL}${freshKey()}`];
      const toAdmins = { ...notification({ to: "everyone", text: secret }), to: { everyone: true, roles: ["admin"] } };
      await contract.publish([toAdmins, notification({ to: "everyone", text: forAll })]);
      for (const stream of [learner, admin]) {
        await stream.until(() => broadcastsOf(target, stream, forAll).length > 0, "the event for all");
      }
      check(broadcastsOf(target, admin, secret).length > 0, "the admin did not get it");
      check(!learner.raw.includes(secret), "a learner got it");
    },
  },
  {
    group: GROUP,
    name: "wrong batches are refused whole, with a reason",
    needs: NEEDS,
    async run(context) {
      const contract = contractOf(context);
      const own = context.user();
      const stream = await context.open(own);
      const good = notification({ to: { user: own }, text: "good" });
      const { key: _, ...keyless } = good;
      const wrong: [string, unknown[]][] = [
        ["an unknown type", [{ ...good, type: "stream.reset" }]],
        ["a reserved heartbeat", [{ ...good, type: "stream.heartbeat", data: { head: "x" } }]],
        ["no key", [keyless]],
        ["no receiver", [{ ...good, to: {} }]],
        ["too many users", [{ ...good, to: { users: series("u", 101) } }]],
        [`more than ${MAX_BATCH}`, Array.from({ length: MAX_BATCH + 1 }, () => good)],
        ["data that is no object", [{ ...good, data: "text" }]],
      ];
      for (const [what, events] of wrong) {
        const { status } = await contract.post("/api/v1/events/publish", { events }, "kit-service", "service");
        check(status === 400 || status === 413 || status === 422, `${what}: ${status}`);
      }
      await context.target.publish([{ to: { user: own }, text: "behind" }]);
      await receives(context.target, stream, ["behind"], "received");
    },
  },
  {
    group: GROUP,
    name: "muted types are neither sent nor listed, high priority is; ids go on",
    needs: NEEDS,
    async run(context) {
      const { user, open, target } = context;
      const contract = contractOf(context);
      const own = user();
      const wish = { min_level: "info", min_priority: "low", muted_types: ["system.notification"] };
      const { status } = await contract.put("/api/v1/events/preferences", wish, own);
      same(status, 200, "PUT preferences");
      const stream = await open(own);
      const cursor = stream.lastId ?? "";
      const loud = { ...notification({ to: { user: own }, text: "loud" }), priority: "high" };
      await contract.publish([notification({ to: { user: own }, text: "muted" }), loud]);
      await receives(target, stream, ["loud"], "received live");
      stream.cut();
      const again = await open(own, { cursor });
      await receives(target, again, ["loud"], "received again");
      same(
        (await contract.history(own, { since: cursor })).results.map(({ data }) => data.body),
        ["loud"],
        "listed",
      );
    },
  },
];
