import { describe, expect, it } from "vitest";
import { z } from "zod";
import { archiveFiles } from "../../../../src/courses/importers/archive/index.ts";
import { blobSource } from "../../../../src/courses/importers/archive/source.ts";
import { EXERCISM } from "../../../../src/courses/importers/exercism.ts";
import { importCourse } from "../../../../src/courses/importers/format.ts";
import { engineStates, programOf } from "../../../support/courses/engine.ts";
import { courseJson, hasCourses, importedFile } from "../../../support/courses/sources.ts";

const track = (text: string) =>
  importCourse(EXERCISM, archiveFiles(blobSource(new Blob([text]), "tracks/config.json")));

describe("a track among the other formats", () => {
  it("reports each exercise with prerequisites as an unlock rule, and each concept that no exercise teaches", async () => {
    const concept = [{ slug: "basics", name: "Basics", concepts: ["numbers"] }];
    const practice = [
      { slug: "leap", name: "Leap", prerequisites: ["numbers", "dates"] },
      { slug: "soon", name: "Soon", status: "wip" },
    ];
    const imported = await track(JSON.stringify({ slug: "fox", language: "Fox", exercises: { concept, practice } }));
    expect(imported).toMatchObject({
      value: {
        document: { source: { platform: "exercism" }, problems: [{ rule: { completed: "fox.basics" } }] },
        report: {
          gates: [
            {
              source: "exercises.practice[0]",
              mapped: { completed: "fox.basics" },
              verdict: "exact",
              why: expect.stringContaining('"dates"'),
            },
          ],
          content: { elements: { concept: 1, practice: 2 }, left_out: [{ count: 1 }] },
        },
      },
    });
  });

  it("is refused with file and place if it is not a track", async () => {
    expect(await track("{")).toMatchObject({ refusal: { errors: [{ path: "config.json", rule: "invalid_json" }] } });
    expect(await track("{}")).toMatchObject({ refusal: { errors: [{ path: "config.json: slug" }] } });
  });
});

const expectedSchema = z.record(
  z.string(),
  z.object({
    concept_exercises: z.number(),
    practice_exercises: z.number(),
    prerequisite_edges: z.number(),
    prerequisites_nobody_teaches: z.array(z.string()),
    open_before_hello_world: z.array(z.string()),
    open_after_hello_world_only: z.array(z.string()),
  }),
);

describe.skipIf(!hasCourses)("real tracks", () => {
  it.each(["fsharp", "julia", "clojure", "ruby"])(
    "%s: every exercise and prerequisite is in the report, and opens as there",
    async (name) => {
      const expected = expectedSchema.parse(courseJson("exercism/EXPECTED.json"))[name];
      const { document, report } = await importedFile(EXERCISM, `exercism/${name}.json`);
      expect(report.content.elements).toEqual({
        concept: expected?.concept_exercises,
        practice: expected?.practice_exercises,
      });
      const asked = report.gates.flatMap(({ rule }) => z.array(z.string()).parse(rule));
      expect(asked).toHaveLength(expected?.prerequisite_edges ?? -1);
      const ignored = report.gates.flatMap(({ why }) =>
        [...(why ?? "").matchAll(/teaches "([^"]+)"/g)].map(([, concept]) => concept),
      );
      expect([...new Set(ignored)].toSorted()).toEqual(expected?.prerequisites_nobody_teaches.toSorted());
      const program = programOf(document);
      const openAfter = (...completed: string[]) => {
        const facts = completed.map((slug) => ({
          user: "ada",
          at: "2026-01-01T00:00:00Z",
          item: `${document.slug}.${slug}`,
          state: "complete" as const,
        }));
        const states = engineStates(program, { now: Date.parse("2026-01-02T00:00:00Z"), facts });
        return [...states]
          .filter(([, state]) => state === "open")
          .map(([id]) => id.slice(document.slug.length + 1))
          .toSorted();
      };
      expect(openAfter()).toEqual(expected?.open_before_hello_world.toSorted());
      expect(openAfter("hello-world")).toEqual(expected?.open_after_hello_world_only.toSorted());
    },
  );
});
