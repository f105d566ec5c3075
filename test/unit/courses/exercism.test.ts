import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { courseDocumentSchema, documentPaths, splitDocument } from "../../../src/courses/document.ts";
import { importExercism } from "../../../src/courses/importers/exercism.ts";
import { analyze } from "../../../src/unlock/analyze.ts";
import { compile, evaluate, type Fact, layOut, NO_POLICY } from "../../../src/unlock/index.ts";
import { type Config, type Exercise, openByTheTracksRule } from "../../support/exercism-oracle.ts";

const exercise = (slug: string, rest: Partial<Exercise> = {}): Exercise => ({
  slug,
  name: slug.toUpperCase(),
  ...rest,
});
const config = (concept: Exercise[], practice: Exercise[] = []): Config => ({
  slug: "track",
  language: "Track",
  exercises: { concept, practice },
});

function imported(source: unknown, course?: string) {
  const result = importExercism(source, course);
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.refusal)}`);
  return result.value;
}

function refusedAt(source: unknown, course?: string) {
  const result = importExercism(source, course);
  if (result.ok) throw new Error("this should have been refused");
  expect(result.refusal.code).toBe("invalid_input");
  return result.refusal.errors?.map(({ path, rule }) => `${path} ${rule}`);
}

/** The same question to the imported course and the engine. Sticky is played by the facts themselves. */
function engineFor(source: Config) {
  const document = courseDocumentSchema.parse(imported(source).document);
  const program = compile(splitDocument(document).outline);
  return (completed: ReadonlySet<string>): Set<string> => {
    const ids = [...completed].map((slug) => `${document.slug}.${slug}`);
    const fact: Fact = { attempted_at: 0, completed_at: 0, best_score: null };
    const record = {
      enrolled_at: 0,
      facts: new Map(ids.map((id) => [id, fact])),
      opened: new Set(ids),
      policy: NO_POLICY,
    };
    const { open, visible } = evaluate(program, layOut(program, record), 1);
    const slugs = program.ids.filter((_, i) => open[i] === 1 && visible[i] === 1);
    return new Set(slugs.map((id) => id.slice(document.slug.length + 1)));
  };
}

describe("the mapping", () => {
  it("makes a chapter of each concept exercise and a problem of each practice exercise, in the order of the file", () => {
    const { document, warnings } = imported(
      config(
        [
          exercise("basics", { concepts: ["numbers"] }),
          exercise("later", { status: "wip" }),
          exercise("loops", { status: "beta" }),
        ],
        [
          exercise("hello-world"),
          exercise("old", { status: "deprecated" }),
          exercise("sum", { status: "active", difficulty: 4 }),
        ],
      ),
    );
    expect(warnings).toEqual([]);
    expect(document.slug).toBe("track");
    expect(document.title).toEqual({ en: "Track" });
    expect(document.options).toEqual({
      sequential: false,
      tutorial: "track.hello-world",
      sticky: true,
      problems_follow_chapter: false,
    });
    const common = { rule: null, content: null };
    expect(document.chapters).toEqual([
      { id: "track.basics", title: { en: "BASICS" }, status: "active", ...common },
      { id: "track.loops", title: { en: "LOOPS" }, status: "beta", ...common },
    ]);
    const problem = { ...common, answer: null };
    expect(document.problems).toEqual([
      { id: "track.hello-world", title: { en: "HELLO-WORLD" }, status: "active", difficulty: 1, ...problem },
      { id: "track.old", title: { en: "OLD" }, status: "deprecated", difficulty: 1, ...problem },
      { id: "track.sum", title: { en: "SUM" }, status: "active", difficulty: 4, ...problem },
    ]);
  });

  it("replaces a concept by one of the exercises that teach it", () => {
    const { document } = imported(
      config(
        [
          exercise("a", { concepts: ["x"] }),
          exercise("b", { concepts: ["x", "y"] }),
          exercise("gone", { concepts: ["y"], status: "deprecated" }),
          exercise("c", { concepts: ["z"], prerequisites: ["x", "z2"] }),
          exercise("d", { concepts: ["z2"] }),
        ],
        [
          exercise("one", { prerequisites: ["z"] }),
          exercise("either", { prerequisites: ["x", "x"] }),
          exercise("both", { prerequisites: ["y", "z"] }),
        ],
      ),
    );
    const completed = (slug: string) => ({ completed: `track.${slug}` });
    const anyOf = (...slugs: string[]) => ({ any: slugs.map(completed) });
    expect(document.chapters?.[3]?.rule).toEqual({ all: [anyOf("a", "b"), completed("d")] });
    expect(document.problems?.map((each) => each.rule)).toEqual([
      completed("c"),
      anyOf("a", "b"),
      { all: [anyOf("b", "gone"), completed("c")] },
    ]);
  });

  it("leaves out a concept that no new learner can learn, and names its place", () => {
    const { document, warnings } = imported(
      config(
        [exercise("a", { concepts: ["x"], status: "wip" }), exercise("b", { concepts: ["y"], status: "deprecated" })],
        [exercise("p", { prerequisites: ["x", "y"] }), exercise("q", { prerequisites: ["z"], status: "wip" })],
      ),
    );
    expect(document.problems?.[0]?.rule).toBeNull();
    expect(warnings.map(({ path, rule }) => `${path} ${rule}`)).toEqual([
      "exercises.practice[0].prerequisites[0] ignored_prerequisite",
      "exercises.practice[0].prerequisites[1] ignored_prerequisite",
    ]);
  });

  it("names places by their position in the file, and counts invisible exercises too", () => {
    const { warnings } = imported(
      config([], [exercise("p", { status: "wip" }), exercise("q", { prerequisites: ["z"] })]),
    );
    expect(warnings[0]?.path).toBe("exercises.practice[1].prerequisites[0]");
  });

  it("has no tutorial item where the track has none for new learners, and opens such an item whatever it lists", () => {
    expect(imported(config([], [exercise("p")])).document.options?.tutorial).toBeNull();
    const old = config([], [exercise("hello-world", { status: "deprecated" })]);
    expect(imported(old).document.options?.tutorial).toBeNull();
    const listed = config([exercise("a", { concepts: ["x"] })], [exercise("hello-world", { prerequisites: ["x"] })]);
    expect(imported(listed).document.problems?.[0]?.rule).toBeNull();
  });

  it("limits the difficulty to its range, and accepts another course slug", () => {
    const source = config(
      [],
      [-3, 0, 7, 12].map((difficulty, i) => exercise(`p${i}`, { difficulty })),
    );
    const { document } = imported({ ...source, slug: "Not A Slug" }, "my-course");
    expect(document.problems?.map((each) => each.difficulty)).toEqual([1, 1, 7, 10]);
    expect(document.problems?.[0]?.id).toBe("my-course.p0");
  });
});

describe("[I9] a file that is not such a config is refused, naming the place", () => {
  it.each<[string, unknown, string | undefined, string[]]>([
    ["not an object", [], undefined, [" invalid_type"]],
    ["no exercises", { slug: "t", language: "T" }, undefined, ["exercises invalid_type"]],
    ["a track slug that is none", { ...config([]), slug: "C#" }, undefined, ["slug invalid_format"]],
    ["a course slug that is none", config([]), "C#", ["course invalid_format"]],
    [
      "an exercise without a name",
      { ...config([]), exercises: { concept: [{ slug: "a" }] } },
      undefined,
      ["exercises.concept[0].name invalid_type"],
    ],
    [
      "an unknown status",
      config([], [exercise("p"), exercise("q", { status: "secret" })]),
      undefined,
      ["exercises.practice[1].status invalid_value"],
    ],
    [
      "names no item can have",
      config(
        [exercise("Loops")],
        [exercise("two words"), exercise("x".repeat(65)), exercise("hidden one", { status: "wip" })],
      ),
      undefined,
      [
        "exercises.concept[0].slug invalid_format",
        "exercises.practice[0].slug invalid_format",
        "exercises.practice[1].slug invalid_format",
      ],
    ],
    [
      "the same name twice, also once as concept and once as practice",
      config([exercise("a"), exercise("b"), exercise("a")], [exercise("b"), exercise("c")]),
      undefined,
      ["exercises.concept[2].slug duplicate_id", "exercises.practice[0].slug duplicate_id"],
    ],
  ])("%s", (_, source, course, expected) => {
    expect(refusedAt(source, course)).toEqual(expected);
  });

  it("never throws, whatever the file contains", () => {
    fc.assert(
      fc.property(fc.anything(), (source) => {
        importExercism(source);
      }),
    );
  });
});

it("the imported course opens what the track's own rule opens, on random tracks and histories", () => {
  const concepts = fc.subarray(["x", "y", "z"]);
  const slugs = ["a", "b", "c", "d", "hello-world", "p", "q"];
  const random = fc.tuple(
    fc.array(fc.record({ concepts, prerequisites: concepts }), { minLength: 7, maxLength: 7 }),
    fc.array(fc.constantFrom("active", "beta", "wip", "deprecated"), { minLength: 7, maxLength: 7 }),
    fc.subarray(slugs),
  );
  fc.assert(
    fc.property(random, ([drawn, statuses, picked]) => {
      const all = slugs.map((slug, i) => exercise(slug, { ...drawn[i], status: statuses[i] ?? "active" }));
      // An invisible tutorial would be a track nobody can begin.
      const visible = all.map((each) =>
        each.slug === "hello-world" ? { ...each, status: "active", prerequisites: [] } : each,
      );
      const source = config(visible.slice(0, 4), visible.slice(4));
      const completed = new Set(
        picked.filter((slug) => visible.some((each) => each.slug === slug && each.status !== "wip")),
      );
      expect(engineFor(source)(completed)).toEqual(openByTheTracksRule(source, completed));
    }),
  );
});

/** Relative to the root of the checkout, where the test runner stands. Not part of the product; see its README. */
const DATA = "../shared/data/exercism";
const read = (track: string): Config => JSON.parse(readFileSync(`${DATA}/${track}.json`, "utf8"));

describe.skipIf(!existsSync(DATA))("real tracks", () => {
  /** Open items after nothing, then after completing everything open, again and again until nothing is new. */
  function walk(open: (completed: ReadonlySet<string>) => Set<string>): { sizes: number[]; completed: Set<string> } {
    const sizes: number[] = [];
    let completed = new Set<string>();
    for (;;) {
      const now = open(completed);
      sizes.push(now.size);
      if (now.size === completed.size) return { sizes, completed };
      completed = now;
    }
  }

  it.each([
    ["python", [1, 2, 4, 10, 16, 25, 31, 34, 67, 70, 87, 97, 146, 146]],
    ["javascript", [1, 38, 41, 47, 52, 63, 66, 68, 75, 82, 126, 159, 159]],
  ])("%s: opens step by step as its rule says", (track, sizes) => {
    const source = read(track);
    expect(walk((completed) => openByTheTracksRule(source, completed)).sizes).toEqual(sizes);
    const engine = walk(engineFor(source));
    expect(engine.sizes).toEqual(sizes);
    expect(engine.completed.size).toBe(sizes.at(-1));
  });

  it.each(["python", "javascript"])("%s: agrees item by item on random legal histories", (track) => {
    const source = read(track);
    const open = engineFor(source);
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 60 }), (choices) => {
        const completed = new Set<string>();
        for (const choice of choices) {
          const now = openByTheTracksRule(source, completed);
          expect(open(completed)).toEqual(now);
          const fresh = [...now].filter((slug) => !completed.has(slug));
          const chosen = fresh[choice % Math.max(1, fresh.length)];
          if (chosen !== undefined) completed.add(chosen);
        }
      }),
      { numRuns: 20 },
    );
  });

  it.each(["python", "javascript"])("%s: can be published without an error or a warning", (track) => {
    const { document, warnings } = imported(read(track));
    const parsed = courseDocumentSchema.parse(document);
    expect(warnings).toEqual([]);
    expect(analyze(splitDocument(parsed).outline, documentPaths(parsed))).toEqual({ errors: [], warnings: [] });
  });
});
