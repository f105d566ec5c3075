/** Directed graph as lists: `edges[a]` holds each `b` that `a` depends on. */
export type Edges = readonly (readonly number[])[];

/** The shortest cycle is searched from at most this many nodes of a component. More would cost time for little gain. */
const MAX_STARTS = 32;

/**
 * Strongly connected components with more than one node (Tarjan, SIAM J. Comput. 1, 1972), each in ascending order.
 * Keeps its own stack, so a chain of any length costs memory and not the call stack. Edges from a node to itself are
 * not components here.
 */
export function cyclicComponents(edges: Edges): number[][] {
  const size = edges.length;
  const order = new Int32Array(size).fill(-1);
  const low = new Int32Array(size);
  const cursor = new Int32Array(size);
  const isOnStack = new Uint8Array(size);
  const stack: number[] = [];
  const components: number[][] = [];
  let visited = 0;

  const enter = (node: number, trail: number[]) => {
    order[node] = visited;
    low[node] = visited;
    visited += 1;
    stack.push(node);
    isOnStack[node] = 1;
    trail.push(node);
  };
  const lower = (node: number, to: number) => {
    if (to < (low[node] ?? 0)) low[node] = to;
  };

  for (let root = 0; root < size; root += 1) {
    if (order[root] !== -1) continue;
    const trail: number[] = [];
    enter(root, trail);
    for (let node = trail.at(-1); node !== undefined; node = trail.at(-1)) {
      const position = cursor[node] ?? 0;
      const next = edges[node]?.[position];
      if (next !== undefined) {
        cursor[node] = position + 1;
        if (order[next] === -1) enter(next, trail);
        else if (isOnStack[next] === 1) lower(node, order[next] ?? 0);
        continue;
      }
      trail.pop();
      const parent = trail.at(-1);
      if (parent !== undefined) lower(parent, low[node] ?? 0);
      if (low[node] !== order[node]) continue;
      const component = stack.splice(stack.lastIndexOf(node));
      for (const member of component) isOnStack[member] = 0;
      if (component.length > 1) components.push(component.sort((a, b) => a - b));
    }
  }
  return components.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
}

/**
 * A short cycle within one component: the shortest through any of its first {@link MAX_STARTS} nodes.
 * @param component ascending numbers of strongly connected nodes.
 * @returns the nodes in order, without repeating the first at the end.
 */
export function shortCycle(edges: Edges, component: readonly number[]): number[] {
  const inside = new Set(component);
  let best: number[] = [];
  for (const start of component.slice(0, MAX_STARTS)) {
    const cycle = cycleThrough(edges, inside, start);
    if (best.length === 0 || cycle.length < best.length) best = cycle;
    if (best.length === 2) break;
  }
  return best;
}

function cycleThrough(edges: Edges, inside: ReadonlySet<number>, start: number): number[] {
  const cameFrom = new Map<number, number>();
  const queue = [start];
  for (let head = 0; head < queue.length; head += 1) {
    const node = queue[head] ?? start;
    for (const next of edges[node] ?? []) {
      if (next === start) {
        const way = [node];
        for (let at = node; at !== start; way.push(at)) at = cameFrom.get(at) ?? start;
        return way.reverse();
      }
      if (!inside.has(next) || cameFrom.has(next)) continue;
      cameFrom.set(next, node);
      queue.push(next);
    }
  }
  return [];
}

/**
 * Nodes in an order in which each comes after everything it depends on. Nodes in a cycle, or behind one, are left out.
 */
export function ordered(edges: Edges): number[] {
  const waiting = edges.map((targets) => targets.length);
  const followers: number[][] = edges.map(() => []);
  edges.forEach((targets, node) => {
    for (const target of targets) followers[target]?.push(node);
  });
  const order = waiting.flatMap((count, node) => (count === 0 ? [node] : []));
  for (let head = 0; head < order.length; head += 1) {
    for (const follower of followers[order[head] ?? 0] ?? []) {
      const left = (waiting[follower] ?? 0) - 1;
      waiting[follower] = left;
      if (left === 0) order.push(follower);
    }
  }
  return order;
}
