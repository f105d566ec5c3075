import { describe, expect, test } from "vitest";
import source from "../../../samples/algorithms/course.json" with { type: "json" };
import { courseDocumentSchema } from "../../../src/courses/document.ts";
import { judge } from "../../../src/unlock/judge.ts";

/** Every answer key is worked out again here by running the algorithm the problem is about. */

const course = courseDocumentSchema.parse(source);
const problems = [...course.chapters.flatMap((chapter) => chapter.problems), ...course.problems];
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const at = <T>(list: readonly T[], index: number): T => {
  const value = list[index];
  if (value === undefined) throw new RangeError(`no element ${index}`);
  return value;
};

function nestedLoop(): number {
  let steps = 0;
  for (let i = 1; i < 9; i += 1) for (let j = i; j < 9; j += 1) steps += 1;
  return steps;
}

function halvings(n: number): number {
  return n === 1 ? 0 : 1 + halvings(Math.floor(n / 2));
}

function bestStretch(a: number[]): number {
  const sums = a.flatMap((_, i) => a.slice(i).map((_, length) => a.slice(i, i + length + 1).reduce((x, y) => x + y)));
  return Math.max(...sums);
}

function substrings(text: string): number {
  return new Set([...text].flatMap((_, i) => range(i + 1, text.length).map((end) => text.slice(i, end)))).size;
}

function postfix(expression: string): number {
  const stack: number[] = [];
  for (const token of expression.split(" ")) {
    if (/\d/.test(token)) stack.push(Number(token));
    else {
      const [a, b] = stack.splice(-2);
      if (a === undefined || b === undefined) throw new RangeError("too few operands");
      stack.push(token === "+" ? a + b : token === "-" ? a - b : a * b);
    }
  }
  return at(stack, 0);
}

const factorialCalls = (n: number): number => (n === 0 ? 1 : 1 + factorialCalls(n - 1));
const fibCalls = (n: number): number => (n < 2 ? 1 : 1 + fibCalls(n - 1) + fibCalls(n - 2));
const hanoi = (disks: number): number => (disks === 0 ? 0 : 2 * hanoi(disks - 1) + 1);
const ways = (n: number): number => (n < 0 ? 0 : n === 0 ? 1 : ways(n - 1) + ways(n - 3));
const stairs = (n: number): number => (n < 0 ? 0 : n === 0 ? 1 : stairs(n - 1) + stairs(n - 2));

function probes(a: number[], target: number): number[] {
  const seen: number[] = [];
  let low = 0;
  let high = a.length - 1;
  while (low <= high) {
    const middle = Math.floor((low + high) / 2);
    seen.push(at(a, middle));
    if (at(a, middle) === target) break;
    if (at(a, middle) < target) low = middle + 1;
    else high = middle - 1;
  }
  return seen;
}

function worstSearch(n: number): number {
  const a = range(1, n);
  // Also the gaps between the elements, where a search fails.
  return Math.max(...[...a, 0, ...a.map((x) => x + 0.5)].map((target) => probes(a, target).length));
}

function inversions(a: number[]): number {
  return a.flatMap((x, i) => a.slice(i + 1).filter((y) => y < x)).length;
}

function mergeComparisons(left: number[], right: number[]): number {
  let compared = 0;
  let i = 0;
  let j = 0;
  for (; i < left.length && j < right.length; compared += 1) {
    if (at(left, i) <= at(right, j)) i += 1;
    else j += 1;
  }
  return compared;
}

function probing(keys: number[], size: number): number {
  const table = new Map<number, number>();
  let place = 0;
  for (const key of keys) {
    place = key % size;
    while (table.has(place)) place = (place + 1) % size;
    table.set(place, key);
  }
  return place;
}

interface Node {
  value: number;
  left: Node | null;
  right: Node | null;
}
const insert = (node: Node | null, value: number): Node => {
  if (node === null) return { value, left: null, right: null };
  return value < node.value
    ? { ...node, left: insert(node.left, value) }
    : { ...node, right: insert(node.right, value) };
};
const inorder = (node: Node | null): number[] =>
  node === null ? [] : [...inorder(node.left), node.value, ...inorder(node.right)];
const preorder = (node: Node | null): number[] =>
  node === null ? [] : [node.value, ...preorder(node.left), ...preorder(node.right)];
const height = (node: Node | null): number =>
  node === null ? -1 : 1 + Math.max(height(node.left), height(node.right));
const tree = (values: number[]) => values.reduce<Node | null>(insert, null);

function permutations<T>(list: readonly T[]): T[][] {
  if (list.length === 0) return [[]];
  return list.flatMap((x, i) => permutations(list.toSpliced(i, 1)).map((rest) => [x, ...rest]));
}

/** Roots of the lowest search trees with the values 1 to n; all of them. */
function lowestRoots(n: number): Set<number> {
  const trees = permutations(range(1, n)).map(tree);
  const least = Math.min(...trees.map(height));
  return new Set(trees.flatMap((root) => (root !== null && height(root) === least ? [root.value] : [])));
}

/** Bellman and Ford's algorithm on an undirected graph; edges like "S-A 4", length 1 where none is given. */
function shortest(from: string, to: string, description: string): number {
  const edges = description.split(", ").map((edge) => {
    const [ends = "", length = "1"] = edge.split(" ");
    const [a = "", b = ""] = ends.split("-");
    return { a, b, length: Number(length) };
  });
  const distance = new Map([[from, 0]]);
  const relax = (a: string, b: string, length: number) => {
    const there = (distance.get(a) ?? Number.POSITIVE_INFINITY) + length;
    if (there < (distance.get(b) ?? Number.POSITIVE_INFINITY)) distance.set(b, there);
  };
  for (const _ of edges) {
    for (const { a, b, length } of edges) {
      relax(a, b, length);
      relax(b, a, length);
    }
  }
  return distance.get(to) ?? Number.NaN;
}

const topologicalOrders = (edges: string[]) =>
  permutations(["A", "B", "C", "D"])
    .map((order) => order.join(""))
    .filter((order) => edges.every((edge) => order.indexOf(at([...edge], 0)) < order.indexOf(at([...edge], 1))));

function fewestCoins(coins: number[], amount: number): number {
  if (amount === 0) return 0;
  return 1 + Math.min(...coins.filter((coin) => coin <= amount).map((coin) => fewestCoins(coins, amount - coin)));
}

function greedyCoins(coins: number[], amount: number): number {
  if (amount === 0) return 0;
  return 1 + greedyCoins(coins, amount - Math.max(...coins.filter((coin) => coin <= amount)));
}

function editDistance(a: string, b: string): number {
  if (a === "" || b === "") return a.length + b.length;
  if (a[0] === b[0]) return editDistance(a.slice(1), b.slice(1));
  return 1 + Math.min(editDistance(a.slice(1), b), editDistance(a, b.slice(1)), editDistance(a.slice(1), b.slice(1)));
}

const subsets = <T>(list: readonly T[]): T[][] =>
  list.reduce<T[][]>((all, x) => all.concat(all.map((subset) => [...subset, x])), [[]]);

function knapsack(capacity: number, things: [weight: number, value: number][]): number {
  const total = (list: number[]) => list.reduce((a, b) => a + b, 0);
  const fitting = subsets(things).filter((subset) => total(subset.map(([weight]) => weight)) <= capacity);
  return Math.max(...fitting.map((subset) => total(subset.map(([, value]) => value))));
}

function mostTalks(talks: [start: number, end: number][]): number {
  const possible = subsets(talks).filter((subset) =>
    subset.every(([start, end], i) => subset.slice(i + 1).every(([s, e]) => end <= s || e <= start)),
  );
  return Math.max(...possible.map((subset) => subset.length));
}

const isLeap = (year: number) => new Date(Date.UTC(year, 1, 29)).getUTCMonth() === 1;
const words = ["listen", "stone", "night", "silent", "notes", "apple", "thing", "enlist", "onset", "tones"];

const NUMERIC: Record<string, number> = {
  "off-by-one": range(3, 12).length,
  "day-two": subsets(range(1, 8)).filter((pair) => pair.length === 2).length,
  "count-loop": nestedLoop(),
  halvings: halvings(1000),
  "last-index": range(1, 25).length - 1,
  "prefix-sums": [4, -1, 6, 2, -5, 3].slice(1, 5).reduce((a, b) => a + b),
  "max-subarray": bestStretch([2, -3, 4, -1, 2, 1, -5, 4]),
  "count-substrings": substrings("abcdef"),
  postfix: postfix("6 2 3 + * 4 -"),
  "factorial-calls": factorialCalls(5),
  "fib-calls": fibCalls(6),
  hanoi: hanoi(7),
  "binary-search-steps": worstSearch(1000),
  "insertion-point": [3, 7, 7, 7, 12, 20, 8].toSorted((a, b) => a - b).indexOf(8),
  inversions: inversions([5, 2, 4, 1, 3]),
  "merge-step": mergeComparisons([1, 4, 9], [2, 3, 10]),
  "sorting-revisited": range(1, 11).reduce((a, b) => a + b),
  "empty-buckets": 11 - new Set([10, 22, 31, 4, 15, 28, 17].map((key) => key % 11)).size,
  "linear-probing": probing([9, 16, 4, 11, 23], 7),
  "anagram-groups": new Set(words.map((word) => [...word].toSorted().join(""))).size,
  "heap-parent": range(0, 22).findIndex((parent) => 2 * parent + 1 === 22 || 2 * parent + 2 === 22),
  "balanced-root": at([...lowestRoots(7)], 0),
  "bfs-distance": shortest("A", "F", "A-B, A-C, B-D, C-D, C-E, D-E, E-F"),
  dijkstra: shortest("S", "T", "S-A 4, S-B 1, A-B 2, A-T 5, B-T 8"),
  // Two separate paths: each carries what its narrowest pipe does.
  "max-flow": Math.min(3, 2) + Math.min(2, 4),
  stairs: stairs(10),
  "coin-change": fewestCoins([1, 4, 5], 13),
  "edit-distance": editDistance("binary", "bakery"),
  knapsack: knapsack(10, [
    [6, 30],
    [3, 14],
    [4, 16],
    [2, 9],
  ]),
  "most-talks": mostTalks([
    [1, 3],
    [2, 5],
    [4, 6],
    [6, 8],
    [5, 9],
    [7, 10],
    [8, 11],
  ]),
  "greedy-coins": greedyCoins([1, 4, 5], 13),
  "final-trace": ways(7),
  "warm-up": range(1, 100).reduce((a, b) => a + b),
  "mentor-circle": range(1, 5).flatMap((a) => range(1, 5).filter((b) => a !== b)).length,
  "leap-years": range(2030, 2060).filter(isLeap).length,
};

const EXACT: Record<string, string> = {
  hello: "ready",
  "odd-palindrome": ["level", "noon", "sorted", "stats"].find((word) => [...word].toReversed().join("") !== word) ?? "",
  "run-length": "aaabccdddd".replaceAll(/(.)\1*/g, (run) => `${run[0]}${run.length}`),
  "reverse-word": [..."algorithm"].toReversed().join(""),
  // Definitions, not computations: only B closes each bracket with its own kind; the other two follow the chapters.
  "balanced-brackets": "B",
  "stable-sort": "merge sort",
  "pick-the-structure": "stack",
};

/** What a reader of the Chinese text answers, where the answer is a word. */
const EXACT_ZH: Record<string, string[]> = {
  hello: ["准备好了"],
  "stable-sort": ["归并排序"],
  "pick-the-structure": ["栈"],
};

const unsorted = [8, 3, 10, 1, 6, 14, 4];
const TWO_SUM = subsets([3, 8, 11, 14, 20, 27]).filter((pair) => pair.length === 2 && at(pair, 0) + at(pair, 1) === 31);
const REGEX: Record<string, { right: string[]; wrong: string[] }> = {
  "name-the-growth": {
    right: ["O(n^2)", "o( n ^ 2 )", "O(n²)", "O(n**2)", "O(n*n)", "O（n^2）"],
    wrong: ["O(n)", "O(n^3)", "n^2", "O(n^2) or so", "O(n^22)", "O(2^n)"],
  },
  "two-sum": {
    right: [at(TWO_SUM, 0).join(" "), at(TWO_SUM, 0).toReversed().join(", "), "[11, 20]", "11，20"],
    wrong: ["1120", "11 20 27", "11", "14 17"],
  },
  "stack-order": { right: ["2 4 3", "2,4,3", "2、4、3", "[2, 4, 3]"], wrong: ["243", "2 3 4", "1 2 4 3", "2 4 3 1"] },
  "binary-search-trace": {
    right: [probes([2, 5, 8, 12, 16, 23, 38, 56, 72, 91], 23).join(" "), "16, 56, 23"],
    wrong: ["16 23", "16 56 38 23", "4 7 5"],
  },
  "search-second-chance": {
    right: [probes([1, 3, 5, 7, 9, 11, 13], 11).join(", ")],
    wrong: ["11", "711", "7 9 11"],
  },
  inorder: { right: [inorder(tree(unsorted)).join(" ")], wrong: [preorder(tree(unsorted)).join(" "), "1 3 4 6 8 10"] },
  preorder: { right: [preorder(tree(unsorted)).join(", ")], wrong: [inorder(tree(unsorted)).join(" "), "8 3 1"] },
  "topological-order": {
    right: [...topologicalOrders(["CA", "AD", "CB", "BA"]), "c b a d", "C, B, A, D", "C→B→A→D", "C -> B -> A -> D"],
    wrong: ["CABD", "ABCD", "CBADA", "CBA"],
  },
  "sort-growth": {
    right: ["O(n log n)", "O(n*log(n))", "o(nlogn)", "O(n lg n)", "O(n log2 n)", "O（n log n）"],
    wrong: ["O(n)", "O(log n)", "O(n^2)", "n log n", "O(n log n^2)", "O(n^2 log n)"],
  },
};

describe("the answer keys of the sample course", () => {
  test("are all worked out here, each by its own method", () => {
    const byKind = (kind: string | undefined) =>
      problems.flatMap((problem) => (problem.answer?.kind === kind ? [problem.id.replace("algorithms.", "")] : []));
    expect(byKind("numeric").toSorted()).toEqual(Object.keys(NUMERIC).toSorted());
    expect(byKind("exact").toSorted()).toEqual(Object.keys(EXACT).toSorted());
    expect(byKind("regex").toSorted()).toEqual(Object.keys(REGEX).toSorted());
  });

  test("have exactly one solution where the problem says so", () => {
    expect(TWO_SUM).toHaveLength(1);
    expect(topologicalOrders(["CA", "AD", "CB", "BA"])).toHaveLength(1);
    expect(lowestRoots(7).size).toBe(1);
  });

  test.each(problems.filter((problem) => problem.answer !== null))("$id gives the right verdicts", ({ id, answer }) => {
    const name = id.replace("algorithms.", "");
    if (answer === null) return;
    const { right, wrong } = examples(name);
    for (const text of right) expect(judge(answer, text).passed, `${text} is right`).toBe(true);
    for (const text of wrong) expect(judge(answer, text).passed, `${text} is wrong`).toBe(false);
  });
});

/** Answers that must pass and answers that must not. */
function examples(name: string): { right: string[]; wrong: string[] } {
  const value = NUMERIC[name];
  if (value !== undefined)
    return { right: [` ${value} `], wrong: [`${value - 1}`, `${value + 1}`, `${value} steps`, ""] };
  const text = EXACT[name];
  const chinese = EXACT_ZH[name] ?? [];
  if (text !== undefined)
    return { right: [text, ` ${text.toUpperCase()} `, ...chinese], wrong: [`${text}x`, `not ${text}`, ""] };
  return at(
    [REGEX[name]].filter((example) => example !== undefined),
    0,
  );
}
