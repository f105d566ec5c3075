import { Graph, layout } from "@dagrejs/dagre";
import type { Need } from "../../api/needs.ts";
import type { ChapterRow, ProblemRow } from "../../api/types.ts";

/** Below this width a list says more than a map, CSS pixels. */
export const NARROW = "(max-width: 45rem)";

/** One card of the map: a chapter with its problems, or a problem that is in no chapter. */
export interface MapNode {
  id: string;
  row: ChapterRow | ProblemRow;
  /** Of a chapter; empty for a problem. */
  problems: readonly ProblemRow[];
}

export interface Placed {
  /** Centre of the card. */
  x: number;
  y: number;
}

interface MapEdge {
  from: string;
  to: string;
  points: readonly { x: number; y: number }[];
}

export interface MapLayout {
  width: number;
  height: number;
  places: ReadonlyMap<string, Placed>;
  edges: readonly MapEdge[];
}

/** Size of a card, in CSS pixels at 100 %. */
export const CARD = { width: 172, height: 96 };
const GAP = { across: 18, down: 44 };
const MARGIN = 20;

/** The cards of a course, in course order. */
export function mapNodes(chapters: readonly ChapterRow[], problems: readonly ProblemRow[]): MapNode[] {
  const inside = new Map<string | null, ProblemRow[]>();
  for (const problem of problems) {
    const list = inside.get(problem.chapter_id);
    if (list === undefined) inside.set(problem.chapter_id, [problem]);
    else list.push(problem);
  }
  return [
    ...chapters.map((row) => ({ id: row.id, row, problems: inside.get(row.id) ?? [] })),
    ...(inside.get(null) ?? []).map((row) => ({ id: row.id, row, problems: [] })),
  ];
}

/**
 * Which card waits for which, drawn from the card that a needed item stands on. What everything waits for (the tutorial,
 * the chapter before) is left out where other lines lead there already, and for
 * problems outside the chapters: it would cover the map and say nothing.
 */
export function mapEdges(nodes: readonly MapNode[], needs: readonly Need[]): { from: string; to: string }[] {
  const cardOf = new Map<string, string>();
  for (const node of nodes) {
    cardOf.set(node.id, node.id);
    for (const problem of node.problems) cardOf.set(problem.id, node.id);
  }
  const drawn = new Set(nodes.map(({ id }) => id));
  const edges = new Map<string, { from: string; to: string; isGeneral: boolean }>();
  for (const { item, on, code } of needs) {
    const from = cardOf.get(on);
    if (from === undefined || !drawn.has(item) || from === item) continue;
    const isGeneral = code === "tutorial_not_completed" || code === "previous_chapter_not_completed";
    const key = `${from} ${item}`;
    const known = edges.get(key);
    edges.set(key, { from, to: item, isGeneral: isGeneral && (known?.isGeneral ?? true) });
  }
  const all = [...edges.values()];
  const isChapter = new Set(nodes.flatMap((node) => ("is_locked" in node.row ? [node.id] : [])));
  return all.filter((edge) => !edge.isGeneral || (isChapter.has(edge.to) && !isReachedOtherwise(edge, all)));
}

function isReachedOtherwise(
  edge: { from: string; to: string },
  edges: readonly { from: string; to: string }[],
): boolean {
  const seen = new Set<string>();
  const queue = edges.filter((other) => other.from === edge.from && other.to !== edge.to).map((other) => other.to);
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    if (at === edge.to) return true;
    if (seen.has(at)) continue;
    seen.add(at);
    for (const other of edges) if (other.from === at) queue.push(other.to);
  }
  return false;
}

/**
 * Places the cards in layers from top to bottom, so that every line runs downwards. Problems that no line leads to stand
 * in rows of their own below: among the layers they would only push the others apart.
 */
export function placeNodes(nodes: readonly MapNode[], edges: readonly { from: string; to: string }[]): MapLayout {
  const joined = new Set(edges.flatMap(({ from, to }) => [from, to]));
  const isLoose = (node: MapNode) => !("is_locked" in node.row) && !joined.has(node.id);
  const graph = new Graph();
  graph.setGraph({
    rankdir: "TB",
    nodesep: GAP.across,
    edgesep: 10,
    ranksep: GAP.down,
    marginx: MARGIN,
    marginy: MARGIN,
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) if (!isLoose(node)) graph.setNode(node.id, { ...CARD });
  for (const { from, to } of edges) graph.setEdge(from, to);
  layout(graph);
  const { width: layersWidth = 0, height: layersHeight = 0 } = graph.graph();
  const width = Math.max(layersWidth, CARD.width + 2 * MARGIN);
  const places = new Map<string, Placed>();
  for (const node of nodes) {
    if (isLoose(node)) continue;
    const { x = 0, y = 0 } = graph.node(node.id);
    places.set(node.id, { x, y });
  }
  const step = CARD.width + GAP.across;
  const perRow = Math.max(1, Math.floor((width - 2 * MARGIN + GAP.across) / step));
  const loose = nodes.filter(isLoose);
  loose.forEach((node, index) => {
    const inRow = Math.min(perRow, loose.length - Math.floor(index / perRow) * perRow);
    const left = (width - inRow * step + GAP.across) / 2 + CARD.width / 2;
    const y = layersHeight + CARD.height / 2 + Math.floor(index / perRow) * (CARD.height + GAP.across);
    places.set(node.id, { x: left + (index % perRow) * step, y });
  });
  const rows = Math.ceil(loose.length / perRow);
  return {
    width,
    height: layersHeight + (rows === 0 ? 0 : rows * (CARD.height + GAP.across) + MARGIN - GAP.across),
    places,
    edges: edges.map(({ from, to }) => ({ from, to, points: graph.edge(from, to).points ?? [] })),
  };
}

/** A line through points, rounded at its corners. */
export function pathOf(points: readonly { x: number; y: number }[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  let path = `M${first.x} ${first.y}`;
  for (const [index, point] of rest.entries()) {
    const next = rest[index + 1];
    if (next === undefined) path += ` L${point.x} ${point.y}`;
    else path += ` Q${point.x} ${point.y} ${(point.x + next.x) / 2} ${(point.y + next.y) / 2}`;
  }
  return path;
}

export type Direction = "up" | "down" | "left" | "right";

/** The card one meets first in a direction: near, and rather straight ahead than aside. */
export function neighbour(places: ReadonlyMap<string, Placed>, from: string, direction: Direction): string | null {
  const here = places.get(from);
  if (here === undefined) return null;
  let best: { id: string; cost: number } | null = null;
  for (const [id, place] of places) {
    const across = place.x - here.x;
    const down = place.y - here.y;
    const ahead = { up: -down, down, left: -across, right: across }[direction];
    const aside = Math.abs(direction === "up" || direction === "down" ? across : down);
    if (id === from || ahead <= 1) continue;
    const cost = ahead + aside * 2;
    if (best === null || cost < best.cost) best = { id, cost };
  }
  return best?.id ?? null;
}
