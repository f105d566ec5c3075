import { createClient } from "../../../src/client/create-client.ts";
import { fileSpool } from "../../../src/client/records/node.ts";
import { RecordWriter } from "../../../src/client/records/writer.ts";

// node spool-writer.ts <url> <spool> <first> <count>
// Writes tasks, and prints the number of each as soon as `write` says it is kept. To be killed.

const [url = "", spool = "", first = "0", count = "0"] = process.argv.slice(2);
const writer = await RecordWriter.open({
  client: createClient({ baseUrl: url, getToken: () => "t" }),
  spool: fileSpool(spool),
  batchSize: 10,
  lingerMs: 5,
  onInvalid: ({ error }) => {
    throw new Error(error.message);
  },
});
console.log(`left ${writer.status.held}`);
for (let number = Number(first); number < Number(first) + Number(count); number += 1) {
  await writer.write("tasks", {
    session_id: "ada:s",
    task_id: `ada:s:t${number}`,
    version: 1,
    source_text: `text ${number}`,
  });
  console.log(`kept ${number}`);
}
await writer.flush();
console.log(`stopped ${(await writer.stop()).left}`);
