import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { clean } from "../src/insight/clean.ts";
import { OPTIONS } from "../src/insight/model.ts";
import { courseOfParts } from "../src/insight/snapshot-text.ts";
import { decodeTable, encodeTable } from "../src/insight/table-bytes.ts";
import { labelledTable, modulesOf, scoreBlends, sharesOf, thinned, trainStage } from "../src/insight/training.ts";

// One step of a run in a process of its own, so that its time and memory are its own: node bench/insight-step.ts
// <features|choose|train> <folder> <rows known>. Prints a line of JSON.

const [step, folder = "", known = "1"] = process.argv.slice(2);
const files = readdirSync(folder).sort();
const bytesOf = (file: string) => {
  const bytes = readFileSync(join(folder, file));
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
};
const tables = () =>
  files
    .filter((file) => file.endsWith(".bin"))
    .map((file) => thinned(decodeTable(bytesOf(file)), OPTIONS.maxRows / Number(known)));

let peak = 0;
const look = () => {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  peak = Math.max(peak, heapUsed + arrayBuffers);
};
look();
const base = peak;
const before = process.cpuUsage();
if (step === "features") {
  const parts = files
    .filter((file) => file.endsWith(".ndjson"))
    .map((file) => readFileSync(join(folder, file), "utf8"));
  const { course } = clean(courseOfParts(parts), new Set());
  look();
  if (course === null) throw new Error("the course is unusable");
  for (const share of OPTIONS.stages.flatMap((stage) => sharesOf(stage, OPTIONS))) {
    encodeTable(labelledTable(course, share));
    look();
  }
} else {
  const loaded = tables();
  look();
  if (step === "choose") scoreBlends(OPTIONS.stages[0] ?? 0, loaded, OPTIONS);
  else trainStage(OPTIONS.stages[0] ?? 0, loaded, modulesOf(loaded), OPTIONS);
}
look();
const { user, system } = process.cpuUsage(before);
process.stdout.write(`${JSON.stringify({ cpu_ms: (user + system) / 1_000, peak_mb: (peak - base) / 1_048_576 })}\n`);
