import { inParallel } from "../../src/platform/parallel.ts";
import { addressSchema, type Command, commandSchema, type Opened } from "./protocol.ts";
import { Publisher } from "./publisher.ts";
import { Reader, Tally } from "./reader.ts";

// A process of its own that reads streams, or publishes. The server's address comes as JSON in the first argument,
// commands over the channel to the parent; each is answered with one message.

const address = addressSchema.parse(JSON.parse(process.argv[2] ?? "null"));
const tally = new Tally();
const publisher = new Publisher(address);

process.on("message", (message) => {
  const command = commandSchema.parse(message);
  run(command).then(
    (value) => process.send?.({ value }),
    (fault: unknown) => process.send?.({ fault: fault instanceof Error ? fault.message : String(fault) }),
  );
});
process.on("disconnect", () => process.exit(0));

async function run(command: Command): Promise<unknown> {
  switch (command.do) {
    case "open":
      return open(command.from, command.count, command.width);
    case "freeze":
      return new Reader(address, command.user, tally).open(true);
    case "begin":
      return tally.begin(command.run);
    case "report":
      return tally.report();
    case "unicast":
      return publisher.unicast(command.run, command.users, command.perSecond, command.seconds);
    case "broadcast":
      return publisher.broadcast(command.run, command.perSecond, command.count);
    case "flood":
      return publisher.flood(command.user, command.count);
  }
}

async function open(from: number, count: number, width: number): Promise<Opened> {
  const opened: Opened = { tokenMs: [], connectMs: [], failed: 0 };
  const users = Array.from({ length: count }, (_, at) => from + at);
  await inParallel(users, width, async (user) => {
    try {
      const { tokenMs, connectMs } = await new Reader(address, user, tally).open();
      opened.tokenMs.push(tokenMs);
      opened.connectMs.push(connectMs);
    } catch {
      opened.failed += 1;
    }
  });
  return opened;
}
