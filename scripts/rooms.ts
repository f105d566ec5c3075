import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { parseArgs } from "node:util";
import { ROOMS, type RoomGraph, roomGraph, trespasses } from "./lib/rooms.ts";
import { sourceFiles } from "./lib/source-files.ts";
import { strayStatements } from "./lib/stray-statements.ts";

const HELP = `Shows the rooms of src/, their imports from each other, and every forbidden import.

  npm run -s rooms             the rooms from the ground up, their files and arrows, circles, and long files
  npm run -s rooms -- --check  only shows what is forbidden; exit code 1 if there is anything
  npm run -s rooms -- --dot    the graph for Graphviz

Forbidden: circles among files, imports upward, and imports past a room's public API (its index.ts). platform/ has no
index: each of its files may be imported. Also forbidden: a statement of D1 outside the statements.ts of its room and outside
its folder statements, because its plan is written there (scripts/lib/stray-statements.ts lists the exceptions).`;

const { values } = parseArgs({
  options: { check: { type: "boolean" }, dot: { type: "boolean" }, help: { type: "boolean" } },
});

if (values.help) console.log(HELP);
else {
  const files = new Map(sourceFiles("src").map((path) => [path, readFileSync(path, "utf8")]));
  const graph = roomGraph(files);
  const found = trespasses(graph);
  if (values.dot) printDot(graph);
  else if (!values.check) printRooms(graph, files);
  for (const { rule, from, to } of found) console.log(`${rule}: ${from} -> ${to}`);
  const stray = strayStatements(files);
  for (const path of stray) console.log(`a statement outside statements.ts: ${path}`);
  if (!values.dot) console.log(`${graph.circles.length} circles, ${found.length} forbidden imports`);
  if (values.check && found.length + stray.length > 0) process.exitCode = 1;
}

function printRooms(graph: RoomGraph, files: ReadonlyMap<string, string>): void {
  const lengths = [...files].map(([path, text]) => ({ path, lines: text.split("\n").length - 1 }));
  for (const room of ROOMS) {
    const own = lengths.filter(({ path }) => path.startsWith(`src/${room}/`));
    const lines = own.reduce((sum, file) => sum + file.lines, 0);
    const arrows = [...(graph.arrows.get(room) ?? [])].map(([to, count]) => `${to} ${count}`);
    console.log(`${room.padEnd(12)} ${String(own.length).padStart(3)} files ${String(lines).padStart(6)} lines`);
    if (arrows.length > 0) console.log(`             imports ${arrows.join(", ")}`);
  }
  const sorted = lengths.map(({ lines }) => lines).sort((a, b) => a - b);
  console.log(`\n${sorted.length} files; the median has ${sorted[Math.floor(sorted.length / 2)]} lines`);
  for (const { path, lines } of lengths.filter((file) => file.lines > 350)) console.log(`over 350: ${path} ${lines}`);
  for (const circle of graph.circles)
    console.log(`circle: ${circle.map((path) => posix.relative("src", path)).join(" ")}`);
}

function printDot(graph: RoomGraph): void {
  console.log("digraph rooms {\n  rankdir=BT;");
  for (const [from, to] of graph.arrows) {
    for (const [room, count] of to) console.log(`  "${from}" -> "${room}" [label=${count}];`);
  }
  console.log("}");
}
