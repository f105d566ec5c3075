import { parseArgs } from "node:util";
import { bundleWorker, gzipBytes, partOf, sharesOf } from "./lib/worker-bundle.ts";

const HELP = `Shows what the upload of a Worker contains: of the edge, or with --back of the one behind it.

  npm run -s bundle [-- --back]        packages and rooms
  npm run -s bundle -- --files [part]  files, of all or of one part: drizzle-orm, src/records

The second column says how much smaller the upload (gzip) would be without that part. Similar parts compress each
other, so the sum of the column is less than the whole.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { back: { type: "boolean" }, files: { type: "boolean" }, help: { type: "boolean", short: "h" } },
});
const kib = (bytes: number) => (bytes / 1_024).toFixed(1).padStart(8);

if (values.help === true) console.log(HELP);
else {
  const bundle = await bundleWorker(values.back === true ? "back" : "edge");
  const [part] = positionals;
  const nameOf =
    values.files === true
      ? (file: string | null) =>
          part === undefined || partOf(file) === part ? (file ?? partOf(file)) : "(other parts)"
      : partOf;
  console.log(" KiB     KiB gzip");
  for (const { name, bytes, gzip } of sharesOf(bundle, nameOf)) console.log(`${kib(bytes)} ${kib(gzip)}  ${name}`);
  console.log(`${kib(Buffer.byteLength(bundle.code))} ${kib(gzipBytes(bundle.code))}  the whole`);
}
