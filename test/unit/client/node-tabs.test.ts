import { afterEach, expect, it } from "vitest";
import { browserSurroundings } from "../../../src/client/stream/surroundings.ts";
import { EventServer } from "../../support/client/event-server.ts";
import { listen, stopAll, until } from "../../support/client/stream-bench.ts";

afterEach(stopAll);

it("tabs in Node share one stream over the locks and channels of the platform", async () => {
  const server = await EventServer.start();
  const options = { channelName: `test-${process.pid}`, surroundings: browserSurroundings() };
  const [first, second] = [listen(server, options), listen(server, options)];
  await until("both live", () => [first, second].every(({ stream }) => stream.status.state === "live"));
  expect(server.streams).toBe(1);
  server.publish("system.notification", { n: 1 });
  await until("both received it", () => first.numbers.length === 1 && second.numbers.length === 1);
  const [leader, heir] = first.stream.status.leader ? [first, second] : [second, first];
  leader.stream.stop();
  server.publish("system.notification", { n: 2 });
  await until("the heir leads", () => heir.stream.status.leader && heir.numbers.length === 2);
  expect(heir.numbers).toEqual([1, 2]);
  stopAll();
  await server.stop();
});
