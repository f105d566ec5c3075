import { describe, expect, it } from "vitest";
import { archiveFiles } from "../../../../src/courses/importers/archive/index.ts";
import { blobSource } from "../../../../src/courses/importers/archive/source.ts";
import { EXERCISM } from "../../../../src/courses/importers/exercism.ts";
import { importCourse } from "../../../../src/courses/importers/format.ts";

const track = (text: string) =>
  importCourse(EXERCISM, archiveFiles(blobSource(new Blob([text]), "tracks/config.json")));

describe("a track among the other formats", () => {
  it("reports each exercise with prerequisites as a gate, and what nobody teaches", async () => {
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
          content: { elements: { concept: 1, practice: 1 }, left_out: [{ count: 1 }] },
        },
      },
    });
  });

  it("is refused with its file and place where it is none", async () => {
    expect(await track("{")).toMatchObject({ refusal: { errors: [{ path: "config.json", rule: "invalid_json" }] } });
    expect(await track("{}")).toMatchObject({ refusal: { errors: [{ path: "config.json: slug" }] } });
  });
});
