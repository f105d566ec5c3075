import { posix } from "node:path";

/**
 * The rooms of src/ from the ground up. A room imports `platform/` and the public API (`index.ts`) of rooms that stand
 * before it here. `client` and `web` stand apart: they run elsewhere, and know the API alone; the pages
 * also run the engine, which is pure, to show authors what a rule would do.
 */
export const ROOMS: readonly string[] = [
  "platform",
  "unlock",
  "audit",
  "hooks",
  "courses",
  "mail",
  "identity",
  "files",
  "events",
  "mirror",
  "staleness",
  "enrollment",
  "records",
  "imports",
  "insight",
  "presence",
  "people",
  "connect",
  "learner",
  "privacy",
  "backup",
  "ops",
  "maintenance",
  "client",
  "web",
];

/** Rooms that may import nothing of the Worker's but these. */
const APART: Readonly<Record<string, readonly string[]>> = { client: [], web: ["client", "unlock"] };

export interface RoomGraph {
  /** Each file with the files of src/ that it imports, types included. */
  imports: ReadonlyMap<string, readonly string[]>;
  /** Imports from room to room, counted. */
  arrows: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Files that import each other, however far round. */
  circles: readonly (readonly string[])[];
}

export interface Trespass {
  rule: "circle" | "upward" | "past the public API" | "unknown room";
  from: string;
  to: string;
}

/** @param files text of every source file by its path from the repository (`src/…`). */
export function roomGraph(files: ReadonlyMap<string, string>): RoomGraph {
  const imports = new Map<string, string[]>();
  const arrows = new Map<string, Map<string, number>>();
  for (const [path, text] of files) {
    const targets = importsOf(path, text).filter((target) => files.has(target));
    imports.set(path, targets);
    for (const target of targets) {
      const [from, to] = [roomOf(path), roomOf(target)];
      if (from === to) continue;
      const row = arrows.get(from) ?? new Map<string, number>();
      arrows.set(from, row.set(to, (row.get(to) ?? 0) + 1));
    }
  }
  return { imports, arrows, circles: circlesOf(imports) };
}

/** Everything the house forbids, one line for each import. */
export function trespasses({ imports, circles }: RoomGraph): Trespass[] {
  const found: Trespass[] = circles.map((circle) => ({
    rule: "circle",
    from: circle[0] ?? "",
    to: circle.slice(1).join(" "),
  }));
  for (const [from, targets] of imports) {
    for (const to of targets) {
      const rule = ruleBroken(from, to);
      if (rule !== null) found.push({ rule, from, to });
    }
  }
  return found;
}

function ruleBroken(from: string, to: string): Trespass["rule"] | null {
  const [own, other] = [roomOf(from), roomOf(to)];
  if (own === other) return null;
  // src/index.ts and src/api.ts put the rooms together; no room knows them.
  if (other === "") return own === "" ? null : "upward";
  const height = ROOMS.indexOf(other);
  if (height < 0) return "unknown room";
  // What puts the rooms together names files: classes of objects, middleware, features. A start evaluates nothing that was
  // not asked for.
  if (own === "") return null;
  if (other !== "platform" && !isPublic(other, to)) return "past the public API";
  const apart = APART[own];
  if (apart !== undefined) return apart.includes(other) ? null : "upward";
  return height < ROOMS.indexOf(own) ? null : "upward";
}

/**
 * A room has one public API: what it does in index.ts, and in shapes.ts the schemas that others check with, so that who only
 * calls it evaluates none of them. The client is a published package with more entries, among them the generated types.
 */
function isPublic(room: string, path: string): boolean {
  const more = ["src/client/react/index.ts", "src/client/api-types.ts"];
  return path === `src/${room}/index.ts` || path === `src/${room}/shapes.ts` || more.includes(path);
}

/** `src/unlock/rules.ts` is in `unlock`; files of src/ itself are in no room, "". */
function roomOf(path: string): string {
  const [, room, ...rest] = path.split("/");
  return rest.length === 0 ? "" : (room ?? "");
}

function importsOf(path: string, text: string): string[] {
  const found = text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)"(\.{1,2}\/[^"]+)"/g);
  return [...new Set([...found].map(([, target]) => posix.join(posix.dirname(path), target ?? "")))];
}

/** Strongly connected components of more than one file (Tarjan, Depth-first search and linear graph algorithms, 1972). */
function circlesOf(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string): number => {
    const mine = order.size;
    order.set(file, mine);
    low.set(file, mine);
    stack.push(file);
    for (const target of imports.get(file) ?? []) {
      const reached = order.has(target) ? (stack.includes(target) ? (order.get(target) ?? mine) : mine) : visit(target);
      low.set(file, Math.min(low.get(file) ?? mine, reached));
    }
    const lowest = low.get(file) ?? mine;
    if (lowest === mine) {
      const circle = stack.splice(stack.indexOf(file));
      if (circle.length > 1) circles.push(circle.sort());
    }
    return lowest;
  };
  for (const file of imports.keys()) if (!order.has(file)) visit(file);
  return circles;
}
