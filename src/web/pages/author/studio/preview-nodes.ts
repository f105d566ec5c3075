import type { Need } from "../../../api/needs.ts";
import type { ChapterRow, CoursePreview, ProblemRow, ReasonCode } from "../../../api/types.ts";
import type { Language } from "../../../lib/preferences.ts";
import { type MapNode, mapNodes } from "../../map/layout.ts";
import type { Check } from "./check.ts";
import { titleIn } from "./text.ts";
import type { Fields } from "./tree.ts";

/** The data for the learners' map of a course that is not published. */
export function previewNodes({ tree, preview }: Check, language: Language): { nodes: MapNode[]; needs: Need[] } {
  if (preview === null) return { nodes: [], needs: [] };
  const seen = new Map(preview.items.map((item) => [item.item, item]));
  let order = 0;
  const common = (fields: Fields, state: CoursePreview["items"][number]["state"]) => {
    order += 1;
    return {
      id: String(fields.id),
      title: titleIn(fields.title, language),
      order,
      status: state === "hidden" ? ("locked" as const) : state,
      item_status: statusOf(fields.status),
      prerequisite_progress: { met: 0, total: 0, percent: 0 },
      unlock_condition_description: "",
      completed_at: null,
    };
  };
  const problemRow = (fields: Fields, chapter_id: string | null): ProblemRow[] => {
    const item = seen.get(String(fields.id));
    if (item === undefined || item.state === "hidden") return [];
    const is_unlocked = item.state !== "locked";
    const difficulty = typeof fields.difficulty === "number" ? fields.difficulty : 1;
    return [{ ...common(fields, item.state), chapter_id, difficulty, kind: "problem", is_unlocked, best_score: null }];
  };
  const chapters: ChapterRow[] = [];
  const problems: ProblemRow[] = [];
  for (const { fields, problems: inner } of tree.chapters) {
    const item = seen.get(String(fields.id));
    if (item === undefined || item.state === "hidden") continue;
    const rows = inner.flatMap((leaf) => problemRow(leaf.fields, String(fields.id)));
    problems.push(...rows);
    chapters.push({
      ...common(fields, item.state),
      is_locked: item.state === "locked",
      problems_completed: rows.filter(({ status }) => status === "completed").length,
      problems_total: rows.length,
    });
  }
  problems.push(...tree.loose.flatMap(({ fields }) => problemRow(fields, null)));
  const needs = preview.items.flatMap(({ item, needs: waits }) =>
    // SAFETY: the codes of the API's explanations.
    waits.map(({ on, code }) => ({ item, on, code: code as ReasonCode })),
  );
  return { nodes: mapNodes(chapters, problems), needs };
}

function statusOf(status: unknown): ChapterRow["item_status"] {
  return (["draft", "beta", "deprecated"] as const).find((each) => each === status) ?? "active";
}
